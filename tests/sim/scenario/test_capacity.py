"""Reading what the load test measured: the right configuration, and every fault with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sim.errors import UserError
from sim.scenario import capacity
from sim.scenario.data import shipped
from tests.sim import capacities as made

SCHEMA = json.loads((shipped() / "capacity.schema.json").read_text(encoding="utf-8"))
LAW = {"rate_of_one": 100.0, "contention": 0.1, "coherency": 0.01, "error": 0.02}
THREE = (
    made.point(1, made.rate(100.0, 90.0, 120.0)),
    made.point(2, made.rate(180.0, 90.0, 198.0)),
    made.point(4, made.rate(150.0)),
)


def test_the_form_is_that_of_the_shipped_schema() -> None:
    jsonschema.validate(made.content(*THREE, scalability=LAW), SCHEMA)
    own = capacity.File.model_json_schema()
    for here, there in [
        (own, SCHEMA),
        *((own["$defs"][n], SCHEMA["$defs"][n]) for n in ("Rate", "Point", "Scalability")),
    ]:
        assert set(here["properties"]) == set(there["properties"])
        assert set(here["required"]) == set(there["required"])
        assert here["additionalProperties"] is there["additionalProperties"] is False


def test_the_configuration_with_the_highest_rate_is_taken_unless_another_is_asked_for(tmp_path: Path) -> None:
    path = made.write(tmp_path, *THREE)
    best = capacity.read(path)
    assert (best.instances, best.median, best.low, best.high, best.covers) == (2, 180.0, 90.0, 198.0, 0.75)
    assert (best.basis, best.bound) == ("measured", False)
    other = capacity.read(path, 4)
    assert (other.instances, other.median, other.low, other.high) == (4, 150.0, 150.0, 150.0)


def test_a_number_that_was_not_measured_follows_the_law_and_says_so(tmp_path: Path) -> None:
    path = made.write(tmp_path, *THREE, scalability=LAW)
    for n, basis in ((3, "law"), (9, "extrapolated")):
        found = capacity.read(path, n)
        theory = 100 * n / (1 + 0.1 * (n - 1) + 0.01 * n * (n - 1))
        assert found.median == pytest.approx(theory)
        assert found.low == pytest.approx(theory * 0.5)  # the widest measured: 90 of 180, 120 of 100
        assert found.high == pytest.approx(theory * 1.2)
        assert (found.basis, found.covers) == (basis, None)
    assert capacity.read(path, 2).median == 180.0  # measured wins


def test_a_rate_that_the_generator_ended_is_a_lower_bound(tmp_path: Path) -> None:
    limited = made.point(2, made.rate(180.0), "generator")
    path = made.write(tmp_path, THREE[0], limited, THREE[2], scalability=LAW)
    assert capacity.read(path).bound
    assert capacity.read(path, 3).bound
    assert not capacity.read(path, 1).bound


def test_without_a_law_an_unmeasured_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has measured 1, 2, 4 and holds no scalability law"):
        capacity.read(made.write(tmp_path, *THREE), 3)


def _without(key: str) -> dict[str, Any]:
    whole = made.content()
    del whole[key]
    return whole


BAD_RATE = made.rate(100.0) | {"median": -1.0}
FAULTS: list[tuple[object, str]] = [
    (_without("points"), "points: is missing"),
    (made.content(points=[]), "points"),
    (made.content(made.point(1, BAD_RATE)), r"capacity.json:\d+:\d+: points.0.rate.median"),
    (made.content(made.point(1, made.rate(100.0, 120.0, 130.0))), "points.0.rate: low, median and high must rise"),
    (made.content(made.point(1, made.rate(100.0) | {"median": "fast"})), "points.0.rate.median: must be a number"),
    (made.content(made.point(0, made.rate(100.0))), "points.0.processes"),
    (made.content(pionts=[]), "pionts: unknown key. Did you mean «points»"),
    (made.content(scalability=LAW | {"contention": -0.1}), "scalability: the numbers must be 0 or more"),
    (made.content(unit="requests"), "unit"),
    (made.content(format="kj-capacity/2"), "format: «kj-capacity/2» is not kj-capacity/1"),
    ([1, 2], "format: «None» is not kj-capacity/1"),
    ('{"format": \n  oops}', r"capacity.json:2:3: not valid JSON"),
    ("[" * 100_000, "not valid JSON"),
    ('{"format": ' + "9" * 5000 + "}", "not valid JSON"),
    (json.dumps(made.content()).replace("100.0", "NaN"), "must be a finite number"),
]


@pytest.mark.parametrize(("content", "said"), FAULTS)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, content: object, said: str) -> None:
    path = tmp_path / "capacity.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    with pytest.raises(UserError, match=said) as fault:
        capacity.read(path)
    assert str(path) in fault.value.render("nb")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: does not exist\. Make it with «kj-load capacity»"):
        capacity.read(tmp_path / "none.json")
    path = tmp_path / "capacity.json"
    path.write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(UserError, match="not UTF-8"):
        capacity.read(path)
