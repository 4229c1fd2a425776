"""What a saturated Kjernejournal loses, against hours counted one by one."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.experiments.demand import diurnal
from sim.model import saturation
from sim.model.calendar import Calendar
from sim.model.draws import table
from sim.model.rollout import Model, Record, Rollout
from sim.scenario.ceiling import Ceiling
from sim.scenario.data import shipped
from sim.scenario.schema import Period
from sim.vocabulary import GATE_KEYS
from tests.sim import small

HOURS = diurnal(shipped() / "data")
CALENDAR = Calendar(Period(start="2024-01", end="2024-06"))
TECHNICAL = GATE_KEYS.index("technical")
rates = st.floats(0, 1e9)


def by_hand(openings: float, label: str, capacity: float) -> float:
    """A month's lost share, hour of the month by hour of the month."""
    first = dt.date.fromisoformat(f"{label}-01")
    days = [first + dt.timedelta(days=i) for i in range(31)]
    shares = [HOURS[24 * d.weekday() + h] for d in days if d.month == first.month for h in range(24)]
    month, lost = sum(shares), 0.0
    for share in shares:
        demand = openings * share / month / 3600
        if demand > 0:
            lost += share / month * max(0.0, demand - capacity) / demand
    return lost


@settings(max_examples=30)
@given(st.lists(rates, min_size=6, max_size=6), st.floats(0, 1e3))
def test_the_lost_share_is_that_of_the_hours_counted_one_by_one(monthly: list[float], capacity: float) -> None:
    found = saturation.lost(np.array(monthly), CALENDAR, Ceiling(capacity, HOURS))
    theory = [by_hand(m, label, capacity) for m, label in zip(monthly, CALENDAR.labels, strict=True)]
    assert found == pytest.approx(theory, abs=1e-12)


@given(st.lists(rates, min_size=6, max_size=6), st.floats(0, 1e3), st.floats(0, 1e3))
def test_more_capacity_never_loses_more_and_more_demand_never_less(
    monthly: list[float], one: float, more: float
) -> None:
    demand = np.array(monthly)
    less, enough = (saturation.lost(demand, CALENDAR, Ceiling(c, HOURS)) for c in (one, one + more))
    busier = saturation.lost(1.5 * demand, CALENDAR, Ceiling(one, HOURS))
    assert (enough <= less + 1e-12).all()
    assert (busier >= less - 1e-12).all()
    assert ((less >= 0) & (less <= 1 + 1e-12)).all()


def test_nothing_is_lost_up_to_the_ceiling_and_all_of_it_without_any() -> None:
    demand = np.full(6, 3e7)
    peak = 3e7 * saturation.per_second(CALENDAR, HOURS).max(axis=1)
    assert (saturation.lost(demand, CALENDAR, Ceiling(float(peak.max()), HOURS)) == 0).all()
    assert (saturation.lost(demand, CALENDAR, Ceiling(float(peak.min()) * (1 - 1e-9), HOURS)) > 0).any()
    assert saturation.lost(demand, CALENDAR, Ceiling(0.0, HOURS)) == pytest.approx(1)
    assert (saturation.lost(np.zeros(6), CALENDAR, Ceiling(0.0, HOURS)) == 0).all()


def test_a_months_openings_are_the_sum_of_its_hours() -> None:
    per_second = saturation.per_second(CALENDAR, HOURS)
    days = saturation.days_of_hours(CALENDAR)
    assert (per_second * 3600 * days).sum(axis=1) == pytest.approx(1)
    assert days.sum(axis=1) == pytest.approx(24 * np.diff(CALENDAR.starts))


# --- in the model -----------------------------------------------------------------------------------------------------

FAULTLESS = {"technical": {"errors": 0.0, "outages": 0.0}}


def expected(capacity: float | None, *changes: small.Plain) -> tuple[Model, Record]:
    one = small.scenario(*changes)
    model = Model(one if capacity is None else one.with_ceiling(Ceiling(capacity, HOURS)))
    return model, Rollout(model, table(model.columns, 1, 1)[0], 1, 0, expected=True).run()


@pytest.mark.parametrize("retried", [0.0, 0.7])
def test_entries_stop_at_the_technical_gate_as_often_as_the_hours_say(retried: float) -> None:
    capacity = 0.03
    change = small.merged(FAULTLESS, {"technical": {"retried": retried}})
    model, record = expected(capacity, change)
    scenario = model.scenario
    hospital = scenario.sectors["hospital"]
    yearly = hospital.contacts.value * hospital.calls.value * scenario.regions["vest"].population.value
    w = scenario.weekend.value
    theory = []
    for month, label in enumerate(model.calendar.labels):
        days = [dt.date.fromisoformat(f"{label}-01") + dt.timedelta(days=i) for i in range(31)]
        weight = sum(w if d.weekday() >= 5 else 1.0 for d in days if d.strftime("%Y-%m") == label)
        openings = yearly * weight / (365.25 * (5 + 2 * w) / 7) * record.reading[month, 0]
        theory.append((1 - retried) * by_hand(openings, label, capacity))
    new = record.new.sum(axis=1)
    arriving = new[:, TECHNICAL:].sum(axis=1)
    live = arriving > 0
    assert live.sum() > 10
    assert new[live, TECHNICAL] / arriving[live] == pytest.approx(np.array(theory)[live], rel=1e-9)
    assert max(theory) > 0.04


def test_outages_and_saturation_are_independent_ways_to_fail() -> None:
    _, without = expected(None, {"technical": {"retried": 0.0}})
    _, faultless = expected(0.03, small.merged(FAULTLESS, {"technical": {"retried": 0.0}}))
    _, both = expected(0.03, {"technical": {"retried": 0.0}})

    def through(record: Record) -> np.ndarray:
        new = record.new.sum(axis=1)[6:]
        return np.asarray(1 - new[:, TECHNICAL] / new[:, TECHNICAL:].sum(axis=1))

    assert through(both) == pytest.approx(through(without) * through(faultless), rel=1e-9)


def test_less_capacity_never_syncs_more() -> None:
    synced = [expected(c)[1].new[:, :, -1].sum(axis=1) for c in (0.0, 0.01, 0.03, 0.06, 0.09, 1.0)]
    for less, more in pairwise(synced):
        assert (less <= more + 1e-9).all()
    assert synced[0].sum() < synced[-1].sum()


def test_ample_capacity_changes_no_bit() -> None:
    for replication in range(3):
        plain = small.run(small.scenario(), replication)
        assert small.same(small.run(small.scenario().with_ceiling(Ceiling(1e3, HOURS)), replication), plain)
        assert not small.same(small.run(small.scenario().with_ceiling(Ceiling(0.02, HOURS)), replication), plain)


def test_without_any_capacity_every_entry_that_comes_so_far_stops_there() -> None:
    one = small.scenario({"technical": {"retried": 0.0}}).with_ceiling(Ceiling(0.0, HOURS))
    new = small.run(one).new.sum(axis=(0, 1))
    assert new[TECHNICAL] > 0
    assert new[TECHNICAL + 1 :].sum() == 0


def test_a_ceiling_is_a_rate_and_168_hours() -> None:
    for rate, hours in ((-1.0, HOURS), (float("nan"), HOURS), (1.0, HOURS[:24])):
        with pytest.raises(ValueError, match="168"):
            Ceiling(rate, hours)
