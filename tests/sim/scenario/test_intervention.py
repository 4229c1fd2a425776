"""Interventions: what is shipped, how one is moved and laid over a scenario, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError, UserError
from sim.model.draws import columns, table
from sim.scenario import data, intervention, text
from sim.scenario.data import shipped
from sim.scenario.jsonschema import INTERVENTION_NAME, intervention_schema
from sim.scenario.load import load
from sim.scenario.schema import milestones, parameters
from sim.scenario.whole import DATED, dated
from sim.vocabulary import DECIDERS, UNITS

KEYS = intervention.shipped()
RIVALS = {"eid-nurses-fast", "midt-ehds"}  # variants of others
TOGETHER = [key for key in KEYS if key not in RIVALS]
COST = "{value: 1, unit: MNOK, source: VURDERING, tag: assumption}"
SHARE = "{value: 0.5, unit: share, source: VURDERING, tag: assumption}"
HEAD = f"""\
title: Mitt
title_en: Mine
description: Prøve
gate: eid
decides: [trust]
start: 2026-03
months: 6
source: VURDERING
tag: assumption
costs: [{{name: Alt, payer: trust, amount: {COST}}}]
"""


def write(folder: Path, rest: str, name: str = "mine") -> str:
    path = folder / f"{name}.yaml"
    path.write_text(HEAD + rest, encoding="utf-8")
    return str(path)


def test_every_kind_of_intervention_is_shipped() -> None:
    wanted = (
        "eid-nurses eid-nurses-fast eid-all single-sign-on elearning ward-campaigns audit-feedback ehr-reminders "
        "consent-exemption split-api consent-before-care legacy-cleanup clean-on-touch ownership-guideline "
        "reporting-duty automatic-sync midt-early midt-ehds gp-vendors municipal-rollout"
    )
    assert set(KEYS) >= set(wanted.split())


@pytest.mark.parametrize("key", KEYS)
def test_a_shipped_intervention_says_what_it_is(key: str) -> None:
    one = intervention.find(key)
    known = data.sources(shipped() / "data")
    assert set(one.form.decides) <= {w.key for w in DECIDERS}
    assert one.form.note, "how the effect was put into numbers"
    assert data.source_key(one.form.source) in known
    units = {w.key for w in UNITS}
    for where, parameter in parameters(one.form):
        assert parameter.unit in units, where
        assert parameter.tag == "assumption", where  # nobody has published costs
        assert parameter.note, where
    assert one.path.read_text(encoding="utf-8").startswith("# $schema: ./intervention.schema.json\n")


def test_its_named_things_carry_its_name_so_that_their_draws_are_its_own() -> None:
    base = load("national")
    for key in KEYS:
        scenario = load("national", [key]).scenario
        for path in DATED:
            before = {item.name for item in dated(base.scenario, path)}
            for item in dated(scenario, path):
                assert item.name in before or item.name.startswith(key)


def test_the_shipped_schema_is_the_codes_and_the_files_fit_it() -> None:
    schema = intervention_schema()
    assert json.loads((shipped() / INTERVENTION_NAME).read_text(encoding="utf-8")) == schema
    validator = jsonschema.Draft202012Validator(schema)
    for key in KEYS:
        content = text.read(intervention.folder() / f"{key}.yaml")[0]
        assert [e.json_path for e in validator.iter_errors(content)] == []
        for wrong in ({"gate": "patient"}, {"adds": {"eid": {"lost": {"value": 1}}}}, {"cost": []}, {"months": 0}):
            assert list(validator.iter_errors(content | wrong))


def months_of(scenario: Any) -> list[int]:
    """Everything dated in a scenario, as a number of months."""
    found = [12 * m.date.year + m.date.month for _, m in milestones(scenario)]
    for path in DATED:
        starts = (re.fullmatch(r"(\d{4})-(\d{2})", item.start) for item in dated(scenario, path))
        found += [12 * int(m.group(1)) + int(m.group(2)) for m in starts if m]
    return found


@settings(max_examples=12, deadline=None)
@given(key=st.sampled_from(KEYS), later=st.integers(1, 24))
def test_moving_an_intervention_moves_all_its_dates_and_nothing_else(key: str, later: int) -> None:
    one = intervention.find(key)
    year, month = map(int, one.start.split("-"))
    moved = intervention.at(
        one, dt.date((12 * year + month - 1 + later) // 12, (month - 1 + later) % 12 + 1, 1).isoformat()[:7]
    )
    base, here, there = (load("national", chosen).scenario for chosen in ([], [one], [moved]))
    steps = {b - a for a, b in zip(months_of(here), months_of(there), strict=True)}
    assert steps <= {0, later}
    assert later in steps
    assert here != base
    assert intervention.at(moved, one.start) == one


def test_all_of_them_go_together_in_any_order_with_the_same_draws() -> None:
    def draws(keys: list[str]) -> dict[tuple[str, str], Any]:
        found = columns(load("national", keys).scenario)
        values = table(found, 7, 3)
        return {(c.stream, c.parameter.model_dump_json()): values[:, i].tolist() for i, c in enumerate(found)}

    everything, backwards = draws(TOGETHER), draws(TOGETHER[::-1])
    assert everything == backwards
    for key in ("eid-nurses", "split-api"):
        for stream, values in draws([key]).items():
            if not stream[0].startswith("golive."):
                assert everything[stream] == values
    for stream, values in draws([]).items():
        if not stream[0].startswith("golive."):  # only a plan can be replaced
            assert everything[stream] == values


def test_overlapping_programmes_of_different_files_combine_and_of_one_are_refused(tmp_path: Path) -> None:
    ordering = f"ordering: {SHARE}"
    one = write(tmp_path, f"adds: {{eid: {{programmes: [{{name: A, start: start, months: 6, {ordering}}}]}}}}\n", "one")
    two = write(
        tmp_path, f"adds: {{eid: {{programmes: [{{name: B, start: start+3, months: 6, {ordering}}}]}}}}\n", "two"
    )
    scenario = load("national", [one, two]).scenario
    assert [p.start for p in scenario.eid.programmes[-2:]] == ["2026-03", "2026-06"]
    both = write(
        tmp_path,
        "adds:\n  eid:\n    programmes:\n"
        f"      - {{name: A, start: start, months: 6, {ordering}}}\n"
        f"      - {{name: B, start: start+3, months: 6, {ordering}}}\n",
        "both",
    )
    with pytest.raises(ScenarioError, match="overlaps") as caught:
        load("national", [both])
    assert caught.value.problems[0].file.name == "both.yaml"
    assert caught.value.problems[0].line == 15


def test_shifts_of_one_file_may_overlap_only_when_they_shift_different_things(tmp_path: Path) -> None:
    def shifts(first: str, second: str) -> str:
        return (
            f"adds:\n  shifts:\n    - {{name: A, parameter: {first}, start: start, closes: {SHARE}}}\n"
            f"    - {{name: B, parameter: {second}, start: start+40, closes: {SHARE}}}\n"
        )

    load("national", [write(tmp_path, shifts("eid.session_active", "consent.granted"))])
    with pytest.raises(ScenarioError, match="overlaps"):
        load("national", [write(tmp_path, shifts("eid.session_active", "eid.session_active"))])


def test_the_reach_is_that_of_everything_it_adds_and_is_told_where_it_stands(tmp_path: Path) -> None:
    adds = f"adds: {{shifts: [{{name: A, parameter: consent.granted, start: start, closes: {SHARE}}}]}}\n"
    mine = write(tmp_path, "reach: {trusts: [Helse Fonna], strata: [nurse]}\nnot_before: golive+2\n" + adds)
    (shift,) = load("national", [mine]).scenario.shifts
    assert (shift.trusts, shift.strata, shift.not_before, shift.start) == (
        ["Helse Fonna"],
        ["nurse"],
        "golive+2",
        "2026-03",
    )
    for wrong, near in (("trusts: [Helse Fona]", "Helse Fonna"), ("strata: [nurses]", "nurse")):
        with pytest.raises(ScenarioError, match="is not in the scenario") as caught:
            load("national", [write(tmp_path, f"reach: {{{wrong}}}\n" + adds)])
        (problem,) = caught.value.problems
        assert (problem.file.name, problem.line, problem.suggestion) == ("mine.yaml", 11, near)


FAULTS = {
    "unknown key": ("adds: {}\ncolour: red\n", "colour: unknown key", 12),
    "changes the period": ("adds: {period: {start: 2024-01}}\n", "cannot be changed by an intervention", 11),
    "unknown key under adds": (
        "adds:\n  eid:\n    loost: " + SHARE + "\n",
        "eid.loost: unknown key. Did you mean «lost»",
        13,
    ),
    "factor and closes": (
        "adds:\n  shifts:\n    - {name: A, parameter: consent.granted, start: start}\n",
        "give either factor or closes",
        13,
    ),
    "closes on a rate": (
        f"adds:\n  shifts:\n    - {{name: A, parameter: sectors.*.touch, start: start, closes: {SHARE}}}\n",
        "is no share; use factor",
        13,
    ),
    "unknown parameter": (
        f"adds:\n  shifts:\n    - {{name: A, parameter: consent.grantd, start: start, closes: {SHARE}}}\n",
        "Did you mean «consent.granted»",
        13,
    ),
    "a start that is none": (
        f"adds:\n  shifts:\n    - {{name: A, parameter: consent.granted, start: soon, closes: {SHARE}}}\n",
        "must be a month",
        13,
    ),
    "unknown source": (
        f"adds:\n  shifts:\n    - {{name: A, parameter: consent.granted, start: start, closes: {SHARE.replace('VURDERING', 'HV-2052')}}}\n",
        "Did you mean «HV-2025»",
        13,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_file_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    rest, message, line = FAULTS[name]
    with pytest.raises(ScenarioError, match=re.escape(message)) as caught:
        load("national", [write(tmp_path, rest)])
    assert (caught.value.problems[0].file.name, caught.value.problems[0].line) == ("mine.yaml", line)


def test_costs_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    for amount, message in (
        ("{value: 1, unit: NOK/hour, source: VURDERING, tag: assumption}", "hours goes with NOK/hour"),
        ("{value: 1, unit: EUR, source: VURDERING, tag: assumption}", "the unit must be one of MNOK"),
        ("{value: -1, unit: MNOK, source: VURDERING, tag: assumption}", "must lie between 0"),
        ("{value: 1, unit: MNOK, source: X, tag: assumption}", "not in data/sources.csv"),
    ):
        path.write_text(HEAD.replace(COST, amount) + "adds: {}\n", encoding="utf-8")
        with pytest.raises(ScenarioError, match=message):
            intervention.read(path)


def test_what_cannot_go_together_is_refused() -> None:
    with pytest.raises(UserError, match=r"both settle golive\.hospital\.midt"):
        load("national", ["midt-early", "midt-ehds"])
    with pytest.raises(UserError, match="stands twice"):
        load("national", ["eid-nurses", "eid-nurses@2027-06"])
    with pytest.raises(UserError, match="Did you mean «eid-nurses»"):
        load("national", ["eid-nurse"])
    with pytest.raises(UserError, match="after @ comes a month"):
        load("national", ["eid-nurses@june"])
    with pytest.raises(ScenarioError, match="«gp» is not in the scenario"):
        load("helse-vest", ["gp-vendors"])


def test_a_file_can_build_on_a_shipped_one(tmp_path: Path) -> None:
    parent = intervention.folder() / "eid-nurses.yaml"
    mine = tmp_path / "fonna.yaml"
    mine.write_text(f"extends: {parent}\nreach: {{trusts: [Helse Fonna]}}\nstart: 2026-09\n", encoding="utf-8")
    programme = load("helse-vest", [str(mine)]).scenario.eid.programmes[-1]
    assert (programme.trusts, programme.strata, programme.start) == (
        ["Helse Fonna"],
        ["nurse", "oncology_nurse"],
        "2026-09",
    )
    assert np.isclose(programme.ordering.support(), (0.15, 0.4)).all()
