"""Word of mouth against the Bass curve (Bass 1969)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from sim.model import streams, workforce
from sim.model.knowledge import bass_step, imitation_hazard
from tests import alarm

RATES = st.floats(0.001, 3)


def bass(p: float, q: float, years: float) -> float:
    """The share that knows after ``years`` from nobody."""
    decay = math.exp(-(p + q) * years)
    return (1 - decay) / (1 + q / p * decay)


@given(RATES, RATES, st.floats(0, 20))
@settings(deadline=None)
def test_one_step_from_nobody_is_the_closed_form(p: float, q: float, years: float) -> None:
    assert bass_step(0.0, p, q, years) == pytest.approx(bass(p, q, years), abs=1e-12)


@given(RATES, RATES, st.floats(0, 1), st.lists(st.floats(0, 2), min_size=1, max_size=12))
@settings(deadline=None)
def test_any_split_of_the_time_gives_the_same(p: float, q: float, known: float, steps: list[float]) -> None:
    by_steps = known
    for years in steps:
        by_steps = bass_step(by_steps, p, q, years)
    assert by_steps == pytest.approx(bass_step(known, p, q, math.fsum(steps)), abs=1e-10)


@given(st.just(0.0) | RATES, st.just(0.0) | RATES, st.floats(0, 1), st.floats(0, 5))
@settings(deadline=None)
def test_the_share_stays_a_share_and_never_falls(p: float, q: float, known: float, years: float) -> None:
    assert known - 1e-12 <= bass_step(known, p, q, years) <= 1.0


def test_nobody_talks_of_what_nobody_knows() -> None:
    assert bass_step(0.0, 0.0, 2.0, 5.0) == 0.0
    assert imitation_hazard(0.0, 0.0, 2.0, 5.0) == 0.0


def test_the_curve_bends_where_bass_says() -> None:
    """The peak of adoption is at ln(q/p)/(p + q)."""
    p, q = 0.03, 1.2
    grid = np.linspace(0, 6, 6001)
    rising = np.diff([bass_step(0.0, p, q, t) for t in grid])
    assert grid[rising.argmax()] == pytest.approx(math.log(q / p) / (p + q), abs=0.002)


@given(RATES, RATES, st.floats(0, 0.999), st.floats(0.01, 2))
@settings(max_examples=50, deadline=None)
def test_the_imitation_hazard_is_the_integral_along_the_curve(p: float, q: float, known: float, years: float) -> None:
    theory, error = integrate.quad(lambda t: q * bass_step(known, p, q, t), 0, years, epsabs=1e-12)
    assert imitation_hazard(known, p, q, years) == pytest.approx(theory, abs=1e-7 + error)


def rates(units: int, months: int, p: float, q: float) -> workforce.StaffRates:
    """Staff that do nothing but talk."""
    none = np.zeros(units)
    return workforce.StaffRates(
        first=np.arange(units + 1),
        leave=none,
        eid_at_hire=none,
        known_at_hire=np.zeros((units, months)),
        lost=0.0,
        forget=0.0,
        course=np.zeros((units, months)),
        seats=np.full(units, 1e9),
        innovation=p,
        imitation=np.full((units, months), q),
        talking=np.ones((units, months)),
        order=np.zeros((units, months)),
        renew=0.0,
        alternative=0.0,
        card_days=np.ones((months, units, 2)),
        card_cv=1.0,
        lead=np.zeros(2),
        month_start=30.0 * np.arange(months + 1),
    )


def test_a_large_isolated_stratum_follows_the_bass_curve() -> None:
    """200 independent strata of 100 000; z-test of the mean share each year, false-alarm rate 5e-8 for all.

    The mean of the stochastic process differs from the curve by O(1/n), a twentieth of the standard error here.
    Power: a share wrong by 0.002 is found; one Euler step a month in place of the closed form would be (both
    asserted).
    """
    units, months, people, p, q = 250, 60, 100_000, 0.03, 1.2
    begin = 2_000
    staff = workforce.Staff(
        people=np.tile([people - begin, 0, begin, 0], (units, 1)),
        ordered=np.zeros(units, np.int64),
        sending=np.zeros((units, 2), np.int64),
        renewing=np.zeros(units, np.int64),
        arriving=np.zeros((units, months), np.int64),
        queued=np.zeros((units, 2, 1)),
        waited=np.zeros((units, 2)),
    )
    keys = streams.keys(11, 0, streams.names(f"stratum {i}" for i in range(units)))
    one = rates(units, months, p, q)
    limit = alarm.z_two_sided(alarm.alpha("workforce_bass", months // 12))
    euler, missed = begin / people, 0.0
    for month in range(months):
        euler += (p + q * euler) * (1 - euler) / 12
        missed = max(missed, abs(euler - bass_step(begin / people, p, q, (month + 1) / 12)))
        workforce.step(month, staff, one, keys, keys)
        if (month + 1) % 12:
            continue
        _, known = workforce.coverage(staff.people)
        theory = bass_step(begin / people, p, q, (month + 1) / 12)
        error = known.std(ddof=1) / math.sqrt(units)
        assert abs(known.mean() - theory) < limit * error
        assert (limit + 1.28) * error < 0.002
    assert missed > 0.002
    assert staff.people.sum(axis=1).tolist() == [people] * units
