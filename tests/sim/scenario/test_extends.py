"""What a scenario may say on top of another."""

from pathlib import Path

import pytest

from sim.errors import ScenarioError, UserError
from sim.scenario.data import shipped
from sim.scenario.load import Loaded, load

ORDERING = "ordering: {value: 0.1, unit: share, source: VURDERING, tag: assumption}"


def on_national(folder: Path, text: str) -> Loaded:
    path = folder / "mine.yaml"
    path.write_text(f"extends: {shipped() / 'national.yaml'}\ntitle: Min\n{text}", encoding="utf-8")
    return load(path)


def names(loaded: Loaded) -> list[str]:
    return [p.name for p in loaded.scenario.eid.programmes]


def test_a_programme_is_added_to_those_of_the_parent(tmp_path: Path) -> None:
    base = names(load(shipped() / "national.yaml"))
    mine = on_national(
        tmp_path,
        f"eid:\n  programmes:\n    - {{name: Fonna, trusts: [Helse Fonna], strata: [midwife], start: 2024-02, months: 3, {ORDERING}}}\n",
    )
    assert names(mine) == [*base, "Fonna"]


def test_the_same_name_replaces_and_remove_takes_away(tmp_path: Path) -> None:
    base = names(load(shipped() / "national.yaml"))
    mine = on_national(
        tmp_path,
        f"eid:\n  programmes:\n    - {{name: {base[0]}, start: 2025-01, months: 7, regions: [vest], strata: [nurse], {ORDERING}}}\n"
        f"    - {{name: {base[1]}, remove: true}}\n",
    )
    assert names(mine) == [base[0], *base[2:]]
    assert mine.scenario.eid.programmes[0].months == 7


def test_a_fault_in_a_merged_list_is_told_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        on_national(
            tmp_path,
            f"eid:\n  programmes:\n    - {{name: A, start: 2025-01, months: 3, sectors: [gp], {ORDERING}, monts: 1}}\n",
        )
    (problem,) = caught.value.problems
    assert (problem.file.name, problem.line) == ("mine.yaml", 5)
    assert problem.suggestion == "months"


def test_an_unknown_trust_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    doctors = "{doctors: {value: 9, unit: persons, source: VURDERING, tag: assumption}}"
    with pytest.raises(ScenarioError) as caught:
        on_national(tmp_path, f"regions:\n  vest:\n    trusts:\n      Helse Fona: {doctors}\n")
    (problem,) = caught.value.problems
    assert problem.line == 6
    assert problem.suggestion == "Helse Fonna"
    private = on_national(
        tmp_path, f"regions:\n  vest:\n    trusts:\n      Nytt sykehus: {doctors[:-1]}, kind: private}}\n"
    )
    assert "Nytt sykehus" in private.scenario.regions["vest"].trusts


def test_what_is_no_file_is_not_read() -> None:
    with pytest.raises(UserError, match="not a regular file"):
        load("/dev/zero")
