"""Outages and errors."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from sim.model.calendar import Calendar
from sim.model.streams import generator
from sim.model.technical import outages, works
from sim.model.trace import Trace
from sim.scenario.schema import Period


def run(per_year: float, hours: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray, Trace, Calendar]:
    """The shares of outage as each month's end saw its month, as they were in the end, and the trace."""
    calendar = Calendar(Period(start="2024-01", end="2026-12"))
    env, down, trace = simpy.Environment(), np.zeros(36), Trace(on=True)
    at_end = np.zeros(36)

    def months():  # type: ignore[no-untyped-def]
        for month in range(36):
            yield env.timeout(calendar.starts[month + 1] - env.now)
            at_end[month] = down[month]

    env.process(outages(env, per_year, hours, down, calendar, generator(seed, 0, "technical"), trace))
    env.process(months())
    env.run(until=float(calendar.starts[-1]) + 0.5)
    return at_end, down, trace, calendar


def test_a_month_that_ends_during_an_outage_counts_its_part_of_it() -> None:
    at_end, down, trace, calendar = run(per_year=20, hours=200)
    begins = [time for time, _, _, event, _ in trace.ordered() if event == "outage"]
    ends = [time for time, _, _, event, _ in trace.ordered() if event == "restored"]
    crossing = [(a, b) for a, b in zip(begins, ends, strict=False) if any(a < s < b for s in calendar.starts[1:-1])]
    assert len(crossing) > 3
    assert np.array_equal(at_end, down)


def test_the_shares_of_the_months_are_the_hours_of_the_outages() -> None:
    _, down, trace, calendar = run(per_year=6, hours=20)
    moves = [(time, event) for time, _, _, event, _ in trace.ordered()]
    theory = np.zeros(36)
    for (begin, _), (end, _) in zip(moves[::2], moves[1::2], strict=True):
        for month in range(36):
            first, after = calendar.starts[month], calendar.starts[month + 1]
            theory[month] += max(0.0, min(end, after) - max(begin, first)) / (after - first)
    assert down == pytest.approx(theory, abs=1e-12)
    assert down.max() < 1


def test_no_outages_when_there_are_none() -> None:
    _, down, trace, _ = run(per_year=0, hours=20)
    assert down.max() == 0
    assert trace.rows == []


@pytest.mark.parametrize(
    ("errors", "down", "retried", "theory"),
    [(0, 0, 0, 1), (1, 0, 0, 0), (0, 1, 0, 0), (0.1, 0.2, 0, 0.72), (0.1, 0.2, 0.5, 0.86), (1, 1, 1, 1)],
)
def test_what_fails_may_be_sent_again(errors: float, down: float, retried: float, theory: float) -> None:
    assert works(errors, down, retried) == pytest.approx(theory)
