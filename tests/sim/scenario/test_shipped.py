"""What is shipped: every scenario loads, every number says where it comes from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.scenario import data
from sim.scenario.load import load
from sim.scenario.schema import parameters
from sim.vocabulary import TAG_KEYS

SCENARIOS = data.scenarios()
FOLDER = data.shipped() / "data"
FIGURES = sorted(f.stem for f in FOLDER.glob("*.csv") if f.stem not in ("sources", "conflicts"))


def test_the_scenarios_of_the_issue_are_shipped() -> None:
    names = {f.stem for f in SCENARIOS}
    assert {"helse-vest", "national"} <= names
    for variant in ("midt-never", "midt-ehds", "midt-early", "sor-ost", "gp-early"):
        assert any(variant in name for name in names), variant


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_parameter_has_unit_source_and_tag(path: Path) -> None:
    loaded = load(path)
    known = data.sources(FOLDER)
    found = list(parameters(loaded.scenario))
    assert len(found) > 100
    for where, parameter in found:
        assert parameter.unit.strip(), where
        assert parameter.tag in TAG_KEYS, where
        assert data.source_key(parameter.source) in known, where


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_a_shipped_scenario_loads_by_name_alone(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(path.stem).hash == load(path).hash


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_a_shipped_scenario_carries_its_schema_comment(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith(("# $schema:", "# yaml-language-server: $schema="))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_unit_source_tag_and_period(name: str) -> None:
    known = data.sources(FOLDER)
    table = data.figures(name, FOLDER)
    assert table
    for key, figure in table.items():
        assert figure.unit.strip(), key
        assert figure.period.strip(), key
        assert figure.tag in TAG_KEYS, key
        assert data.source_key(figure.source) in known, key


def test_every_source_is_described_and_used() -> None:
    known = data.sources(FOLDER)
    for source in known.values():
        assert source.title.strip(), source.key
        assert source.publisher.strip(), source.key
    with (FOLDER / "sources.csv").open(encoding="utf-8") as handle:
        keys = [row["key"] for row in csv.DictReader(handle)]
    assert len(keys) == len(set(keys))


def test_the_variants_differ_from_the_national_scenario() -> None:
    hashes = {f.stem: load(f).hash for f in SCENARIOS}
    assert len(set(hashes.values())) == len(hashes)


HEAD = ",".join(data.COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}\na,b,mye,count,2024,HV-2025,measured,\n", r"tall.csv:2: value «mye» is not a number"),
        (f"{HEAD}\na,b,1,,2024,HV-2025,measured,\n", r"tall.csv:2: the row lacks unit, source or tag"),
        (f"{HEAD}\na,b,1,count,2024,,measured,\n", r"tall.csv:2: the row lacks"),
        (f"{HEAD}\na,b,1,count,2024,HV-2025,guessed,\n", r"tall.csv:2: the row lacks"),
        (f"{HEAD}\na,b,1,count,2024,X,measured,\na,b,2,count,2024,X,measured,\n", r"tall.csv:3: a/b stands twice"),
        ("entity,value\na,1\n", r"tall.csv: the columns must be entity, measure"),
        (f"{HEAD}\na,b,nan,count,2024,HV-2025,measured,\n", r"tall.csv:2: value «nan» is not a number"),
    ],
)
def test_a_bad_row_of_figures_is_named_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "tall.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        data.figures("tall", tmp_path)


def test_a_missing_file_of_figures_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        data.figures("ingen", tmp_path)
