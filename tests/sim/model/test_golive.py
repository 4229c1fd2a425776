"""The go-live programme: slots, order of milestones, delays, and the share of actors that are live."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.calendar import DAYS_PER_MONTH, Calendar
from sim.model.draws import table
from sim.model.golive import GoLive, Programme, shares
from sim.model.rollout import Model
from sim.model.trace import Trace
from sim.scenario.schema import Period, Scenario
from tests.sim import small

TRUSTS = {f"Sykehus {i}": 10.0 for i in range(7)}
FEW = settings(max_examples=40, deadline=None)


def programme(scenario: Scenario, seed: int = 1) -> tuple[dict[str, GoLive], list[tuple[float, str, str, str, str]]]:
    """The units' milestones by name, and the trace."""
    model = Model(scenario)
    trace = Trace(on=True)
    values = model.values(table(model.columns, seed, 1)[0])
    units = Programme(scenario, model.structure, model.calendar, values, trace, model.earliest).run()
    return dict(zip([u.name for u in model.structure.units], units, strict=True)), trace.ordered()


def between(low: float, high: float) -> small.Plain:
    return {
        "distribution": "uniform",
        "low": low,
        "high": high,
        "unit": "months",
        "source": "VURDERING",
        "tag": "assumption",
    }


@st.composite
def plans(draw: st.DrawFn) -> small.Plain:
    slots = draw(st.integers(1, 5))
    other = {
        "name": "Pasientens legemiddelliste",
        "start": small.dated("2024-07-01"),
        "months": small.p(draw(st.floats(0.5, 12)), "months"),
        "slots": draw(st.integers(1, slots)),
    }
    return small.project(
        "2024-05-12",
        local_months=between(0.5, 6),
        lead=draw(st.floats(0, 8)),
        slots=slots,
        competing=draw(st.sampled_from([[], [other]])),
        design_months=small.p(draw(st.floats(0, 9)), "months"),
    )


@given(plans(), st.integers(0, 1000))
@FEW
def test_a_region_never_runs_more_projects_than_it_has_slots(plan: small.Plain, seed: int) -> None:
    _, trace = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}, trusts=TRUSTS), seed)
    change = {"local_project": 1, "write": -1, "takes_slot": 1, "frees_slot": -1}
    moves = sorted((round(time, 9), change[event]) for time, _, _, event, _ in trace if event in change)  # ends first
    running = np.cumsum([c for _, c in moves])
    assert running.max() <= plan["simultaneous"]
    assert running.min() >= 0


@given(plans(), st.integers(0, 1000))
@FEW
def test_no_slot_is_idle_while_a_trust_waits(plan: small.Plain, seed: int) -> None:
    """A trust that waited starts at the moment when somebody else's project ends."""
    _, trace = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}, trusts=TRUSTS), seed)
    ends = {time for time, _, _, event, _ in trace if event in ("write", "frees_slot")}
    waited = [time for time, _, _, event, cause in trace if event == "local_project" and "waited" in cause]
    assert set(waited) <= ends
    if not plan["competing"]:
        assert len(waited) == max(0, len(TRUSTS) - plan["simultaneous"])


@given(plans(), st.integers(0, 1000))
@FEW
def test_milestones_come_in_their_order(plan: small.Plain, seed: int) -> None:
    units, _ = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}, trusts=TRUSTS), seed)
    for unit in units.values():
        assert unit.vendor_module <= unit.design_risk <= unit.technical <= unit.read <= unit.write < math.inf


def test_reading_comes_before_writing_by_the_lead() -> None:
    plan = small.project("2024-05-12", local=5, lead=2)
    units, _ = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}))
    (unit,) = units.values()
    technical = (np.datetime64("2024-05-12") - np.datetime64("2024-01-01")).astype(int)
    assert unit.technical == technical
    assert unit.read == pytest.approx(technical + 3 * DAYS_PER_MONTH)
    assert unit.write == pytest.approx(technical + 5 * DAYS_PER_MONTH)


@given(st.floats(-3, 12))
@FEW
def test_a_delay_moves_the_date_by_its_months(delay: float) -> None:
    def write(technical: small.Plain) -> float:
        plan = small.project(local=1) | {"technical": technical}
        units, _ = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}))
        return units["Lite sykehus"].write

    assert write(small.dated("2024-05-12", delay)) - write(small.dated("2024-05-12")) == pytest.approx(
        delay * DAYS_PER_MONTH
    )


def test_a_late_design_delays_the_technical_go_live() -> None:
    plan = small.project("2024-05-12", design_months=small.p(8, "months"))
    units, _ = programme(small.scenario({"golive": {"hospital": {"vest": plan}}}))
    assert units["Lite sykehus"].technical == pytest.approx(-31 + 8 * DAYS_PER_MONTH)


def test_who_never_goes_live_never_does() -> None:
    scenario = small.scenario({"golive": {"hospital": {"vest": small.never()}}})
    units, trace = programme(scenario)
    assert vars(units["Lite sykehus"]) == vars(GoLive())
    assert trace == []
    record = small.run(scenario)
    assert record.writing.max() == 0
    assert record.new[:, :, 1:].sum() == 0


def test_vendors_delays_are_the_same_in_every_region_of_a_sector() -> None:
    delay = {"delay": between(-3, 12)}
    ramp = small.ramp("2024-06-01", "2025-01-01")
    ramp["first"] |= delay
    ramp["majority"] |= delay
    two = {
        "regions": {"nord": {"population": small.p(50_000, "persons"), "trusts": {}}},
        "sectors": {"gp": small.sector({"gp": small.stratum("doctor")})},
        "golive": {"hospital": {"nord": small.never()}, "gp": {"vest": ramp, "nord": ramp}},
    }
    for seed in range(5):
        units, _ = programme(small.scenario(two), seed)
        assert units["vest/gp"].write == units["nord/gp"].write


def test_a_ramp_has_half_its_actors_at_the_majoritys_date() -> None:
    gp = {
        "sectors": {"gp": small.sector({"gp": small.stratum("doctor")})},
        "golive": {"gp": {"vest": small.ramp("2024-04-01", "2024-10-01", reach=0.8, lead=2)}},
    }
    units, _ = programme(small.scenario(gp))
    unit = units["vest/gp"]
    _, ends = shares([unit], "write", Calendar(Period(start="2024-01", end="2026-12")))
    assert ends[8, 0] == pytest.approx(0.4)  # the end of September 2024
    assert ends[-1, 0] == pytest.approx(0.8)
    assert unit.write - unit.read == pytest.approx(2 * DAYS_PER_MONTH)


@given(st.floats(-200, 800), st.sampled_from([0.0, 40.0, 400.0]), st.floats(0, 1))
@FEW
def test_shares_are_the_averages_of_the_days(day: float, ramp_days: float, reach: float) -> None:
    calendar = Calendar(Period(start="2024-01", end="2025-06"))
    mean, end = shares([GoLive(write=day, ramp_days=ramp_days, reach=reach)], "write", calendar)

    def live(at: np.ndarray) -> np.ndarray:
        risen = np.clip((at - day) / ramp_days, 0, 1) if ramp_days else (at >= day).astype(float)
        return reach * risen

    steps = 20_000
    for month in range(calendar.months):
        begin, after = calendar.starts[month], calendar.starts[month + 1]
        middles = begin + (np.arange(steps) + 0.5) / steps * (after - begin)
        assert mean[month, 0] == pytest.approx(live(middles).mean(), abs=1e-4)
        if abs(after - day) > 1e-6:
            assert end[month, 0] == pytest.approx(live(np.array([after]))[0], abs=1e-9)


def test_nobody_is_live_before_an_infinite_date() -> None:
    mean, end = shares([GoLive()], "write", Calendar(Period(start="2024-01", end="2025-06")))
    assert mean.max() == end.max() == 0
