"""Levers: each is a ready intervention, scaled with its uncertainty; what they make is what the saved file says."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError, UserError
from sim.scenario import levers
from sim.scenario.levers import LEVERS, Lever, Setting, ground
from sim.scenario.load import load

NATIONAL = ground("national")
MONTHS = levers.months(NATIONAL.loaded.scenario.period)


def settings_of(lever: Lever) -> st.SearchStrategy[Setting | None]:
    doses = st.none()
    if lever.dose is not None:
        doses = st.integers(1, round(lever.dose.top / lever.dose.step)).map(lambda n: n * lever.dose.step)  # type: ignore[union-attr]
    return st.none() | st.builds(Setting, st.just(lever.key), doses, st.sampled_from(MONTHS))


chosen = st.tuples(*map(settings_of, LEVERS)).map(lambda some: tuple(s for s in some if s is not None))


def test_every_lever_fits_the_national_scenario() -> None:
    assert NATIONAL.levers == LEVERS


@settings(max_examples=12)
@given(chosen)
def test_the_saved_file_says_the_same_scenario(turned: tuple[Setting, ...]) -> None:
    text = levers.text_of(NATIONAL, turned, NATIONAL.loaded.scenario.title, "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "saved.yaml"
        file.write_text(text, encoding="utf-8")
        assert load(file).scenario == levers.build(NATIONAL, turned)


@given(chosen)
def test_a_setting_survives_its_address(turned: tuple[Setting, ...]) -> None:
    assert levers.read(NATIONAL, {s.key: str(s) for s in turned}) == turned


def test_no_setting_is_the_scenario_itself() -> None:
    assert levers.build(NATIONAL, ()) == NATIONAL.loaded.scenario
    assert levers.read(NATIONAL, {"eid-nurses": "0~2027-01"}) == ()


@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever.dose], ids=lambda lever: lever.key)
def test_a_dose_moves_the_middle_and_keeps_the_relative_spread(lever: Lever) -> None:
    assert lever.dose is not None
    low, middle, high = levers.known(lever)
    dose = lever.dose.top
    item = levers.chosen(Setting(lever.key, dose, "2027-01")).adds[lever.dose.section[0]][lever.dose.section[1]][0]
    stated = item[lever.dose.number]
    read = [
        lever.dose.scale * ((1 - v) if lever.dose.complement else v)
        for v in (stated["low"], stated["mode"], stated["high"])
    ]
    if lever.dose.complement:
        read.reverse()
    assert read == pytest.approx([v * dose / middle for v in (low, middle, high)], rel=1e-6)


@pytest.mark.parametrize(
    ("key", "text", "word"),
    [
        ("eid-nurse", "25~2027-01", "unknown intervention"),
        ("eid-nurses", "2027-01", "write it as"),
        ("eid-nurses", "61~2027-01", "0 to 60"),
        ("eid-nurses", "-1~2027-01", "write it as"),
        ("eid-nurses", "nan~2027-01", "write it as"),
        ("eid-nurses", "25~2027-13", "write it as"),
        ("midt-early", "2035-01", "start must be"),
        ("midt-early", "2027-06\n", "write it as"),
        ("midt-early", "<script>", "write it as"),
    ],
)
def test_what_is_no_setting_is_told(key: str, text: str, word: str) -> None:
    with pytest.raises(UserError, match=word):
        levers.read(NATIONAL, {key: text})


def test_a_scenario_without_the_reach_is_not_offered_the_lever() -> None:
    offered = {lever.key for lever in ground("helse-vest").levers}
    assert "midt-early" not in offered
    assert "eid-nurses" in offered


def test_a_saved_scenario_can_be_turned_further(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        levers.text_of(NATIONAL, (Setting("midt-early", None, "2027-06"),), "Min", "a\n\nb"), encoding="utf-8"
    )
    mine = ground(str(file))
    assert "midt-early" not in {lever.key for lever in mine.levers}
    more = (Setting("elearning", 5.0, "2027-01"),)
    again = tmp_path / "more.yaml"
    again.write_text(levers.text_of(mine, more, "Min", ""), encoding="utf-8")
    assert load(again).scenario == levers.build(mine, more)
    assert [i.name for i in load(again).interventions] == ["midt-early@2027-06", "elearning@2027-01"]


def test_a_file_that_names_an_intervention_wrongly_is_told_where(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("extends: national\ntitle: x\ninterventions:\n  - name: eid-nurse\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"wrong\.yaml:4:5: interventions\.0\.name.*Did you mean «eid-nurses»"):
        load(file)
    file.write_text(
        "extends: national\ntitle: x\ninterventions:\n  - {name: eid-nurses, begin: 2027-01}\n", encoding="utf-8"
    )
    with pytest.raises(ScenarioError, match=r"interventions\.0\.begin: unknown key"):
        load(file)
