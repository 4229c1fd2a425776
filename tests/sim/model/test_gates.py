"""The gates that hang on who acts, and rates that are bent from a date."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model import entries, entry_rates, months, numbers, staff_rates
from sim.model.dates import Dates
from sim.model.draws import table
from sim.model.entries import EntryRates
from sim.model.gates import stops
from sim.model.model import Model
from sim.model.months import Counts
from sim.model.shifts import Shifts
from sim.model.trace import Trace
from tests.sim import small

CHANCE = st.floats(0, 1)
BEND = 9  # the month from which a rate is bent; the trust went live in the fifth


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), CHANCE, CHANCE, CHANCE, CHANCE, CHANCE)
@settings(max_examples=100, deadline=None)
def test_the_gates_take_each_person_in_their_turn(
    count: list[int], automatic: float, eid_used: float, consent: float, owns: float, works: float
) -> None:
    """Theory by asking everybody: what one entry of each of them would meet."""
    share = stops(np.array([count]), 0, automatic, eid_used, consent, owns, works)
    theory = np.zeros(6)
    for state, people in enumerate(count):
        left = people / sum(count) if sum(count) else 0.0
        knows, has_eid = state >= 2, state % 2 == 1
        chances = (1.0 if knows else automatic, eid_used if has_eid else 0.0, consent, owns, works)
        for gate, chance in enumerate(chances):
            theory[gate] += left * (1 - chance)
            left *= chance
        theory[5] += left
    if sum(count) == 0:
        theory[0] = 1 - automatic
        theory[1] = automatic
    assert share == pytest.approx(theory, abs=1e-12)


def counted(bend: Callable[[EntryRates], object], *changes: small.Plain) -> Counts:
    """A replication whose rates are bent before its months are counted."""
    model = Model(small.scenario(small.strata({"exempt": False, "trained_at_golive": 0.4}), *changes))
    row = table(model.columns, 1, 1)[0]
    values = model.values(row)
    dates = Dates(model, values, 1, 0, Trace())
    shifts = Shifts(model, values, dates, model.entry_shares(row))
    streams = numbers.streams(model.hashes, 1, 0)
    moves, staff = staff_rates.prepare(model, row, values, dates, shifts, streams)
    rates, pools = entry_rates.prepare(model, row, values, dates, shifts, streams)
    bend(rates)
    counts = months.room(model)
    months.count(staff, moves, pools, rates, counts, streams)
    return counts


@pytest.mark.parametrize(
    ("name", "to", "gate"),
    [
        ("automatic", 1.0, 2),
        ("eid_used", 1.0, 3),
        ("upload_only", 1.0, 4),
        ("consent", 1.0, 4),
        ("owns_new", 1.0, 5),
        ("works", 1.0, 6),
        ("legacy_new", 0.0, 1),
    ],
)
def test_a_rate_that_is_bent_moves_its_gate_from_that_month_on(name: str, to: float, gate: int) -> None:
    failing = {"technical": {"errors": 0.3}}  # so that every gate has enough to let go
    plain = counted(lambda rates: None, failing)
    bent = counted(lambda rates: getattr(rates, name)[BEND:].fill(to), failing)
    assert np.array_equal(plain.new[:BEND], bent.new[:BEND])
    assert np.array_equal(plain.waiting[:BEND], bent.waiting[:BEND])
    before, after = (c.new[BEND:].sum(axis=(0, 1)) for c in (plain, bent))
    assert before.sum() == after.sum()
    assert before[gate] > 0
    assert after[gate] < before[gate]
    assert after[8] > before[8]


@pytest.mark.parametrize(("name", "to"), [("touch", 0.5), ("clean", 1.0), ("owns_touch", 1.0)])
def test_a_rate_of_touches_moves_the_waiting_ones_only(name: str, to: float) -> None:
    plain = counted(lambda rates: None)
    bent = counted(lambda rates: getattr(rates, name)[BEND:].fill(to))
    assert np.array_equal(plain.later_synced[:BEND], bent.later_synced[:BEND])
    assert bent.later_synced[BEND:].sum() > plain.later_synced[BEND:].sum()


def test_entries_from_before_go_live_lack_fields_as_often_as_when_they_were_registered() -> None:
    """The share that is complete when first opened is the mean over the months before go-live, by their entries."""
    counts = counted(lambda rates: rates.legacy_new[2:].fill(0.5))
    dark = [int(counts.arrived[m, 0, [entries.DARK, entries.HELD + entries.DARK]].sum()) for m in range(5)]
    lacking = (0.1 * sum(dark[:2]) + 0.5 * sum(dark[2:])) / sum(dark)
    assert min(dark) > 0
    assert counts.complete[8, 0] == pytest.approx(1 - lacking)
