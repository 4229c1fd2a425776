"""The JSON Schema that editors use: it is the one of the code, and says of scenarios what the code says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sim.scenario import text
from sim.scenario.data import scenarios, shipped
from sim.scenario.jsonschema import NAME, json_schema

SCENARIOS = scenarios()


def plain(path: Path) -> dict[str, Any]:
    return text.read(path)[0]


def faults(content: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(content)]


def test_the_shipped_schema_is_the_codes() -> None:
    assert json.loads((shipped() / NAME).read_text(encoding="utf-8")) == json_schema()
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_shipped_scenarios_name_the_schema_and_fit_it(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# $schema: ./scenario.schema.json\n")
    assert faults(plain(path)) == []


def test_the_schema_marks_what_the_code_refuses() -> None:
    good = plain(shipped() / "helse-vest.yaml")
    wrong = [
        good | {"knowlege": {}},
        good | {"weekend": {**good["weekend"], "unit": "share"}},
        good | {"weekend": {"value": 0.35, "unit": "factor"}},
        good | {"regions": good["regions"] | {"west": {}}},
        good | {"golive": {"hospital": {"vest": {"kind": "sometime"}}}},
        good | {"replications": 0},
        good | {"legacy": good["legacy"] | {"stock": {"from": "no-slashes"}}},
    ]
    for content in wrong:
        assert faults(content)


def test_titles_that_an_editor_shows_are_norwegian() -> None:
    definitions = json_schema()["$defs"]
    assert definitions["Eid"]["properties"]["validity"]["title"] == "Gyldighet"
    assert "title" in definitions["Stated"]["properties"]["tag"]
