"""The arrivals of entries against their intensity."""

from __future__ import annotations

import calendar as almanac
import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.model.calendar import Calendar
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.scenario.schema import Period
from tests import alarm
from tests.sim import small

REPLICATIONS = 300


def days(year: int, month: int) -> list[dt.date]:
    return [dt.date(year, month, d + 1) for d in range(almanac.monthrange(year, month)[1])]


def by_day(year: int, month: int, weekend: float) -> float:
    """A month's share of a year's activity, day by day."""
    weight = sum(weekend if day.weekday() >= 5 else 1.0 for day in days(year, month))
    return weight / (365.25 / 7 * (5 + 2 * weekend))


@given(st.integers(2001, 2080), st.integers(1, 12), st.floats(0, 2))
@settings(max_examples=60, deadline=None)
def test_the_activity_of_a_month_is_the_sum_of_its_days(year: int, month: int, weekend: float) -> None:
    label = f"{year}-{month:02d}"
    (here,) = Calendar(Period(start=label, end=label)).activity(weekend)
    assert here == pytest.approx(by_day(year, month, weekend), rel=1e-12)


def test_four_years_of_activity_are_four_years() -> None:
    assert Calendar(Period(start="2024-01", end="2027-12")).activity(0.35).sum() == pytest.approx(4, rel=0.001)


def registered(changes: small.Plain, replications: int) -> np.ndarray:
    """[R, T] entries registered per month in a trust that has no other process that costs time."""
    scenario = small.scenario(changes)
    model = Model(scenario)
    row = table(model.columns, 21, 1)[0]
    return np.array([Rollout(model, row, 21, r).run().new.sum(axis=(1, 2)) for r in range(replications)])


def intensity(months: int) -> np.ndarray:
    """[T] entries expected per month: 8 per 1000 of 100 000 inhabitants and year, weekends 0.4 of weekdays."""
    return np.array([800 * by_day(2024 + m // 12, m % 12 + 1, 0.4) for m in range(months)])


def test_monthly_counts_follow_their_intensity() -> None:
    """Chi-square of the months' totals over 300 replications, false-alarm rate 5e-8 with the test of their variance.

    Power: an intensity wrong by 3 % in every month, or weekends taken for weekdays, is found (asserted for the latter).
    """
    counts = registered({}, REPLICATIONS)
    months = counts.shape[1]
    expected = REPLICATIONS * intensity(months)
    level = alarm.alpha("arrivals", 2)
    chi = ((counts.sum(axis=0) - expected) ** 2 / expected).sum()
    assert stats.chi2.sf(chi, months) > level
    # the counts of single months are Poisson: their dispersion index is χ² too, with a degree of freedom each
    single = ((counts - intensity(months)) ** 2 / intensity(months)).sum()
    assert 2 * min(stats.chi2.sf(single, counts.size), stats.chi2.cdf(single, counts.size)) > level
    flat = np.array([800 * len(days(2024 + m // 12, m % 12 + 1)) / 365.25 for m in range(months)]) * REPLICATIONS
    assert stats.chi2.sf(((counts.sum(axis=0) - flat) ** 2 / flat).sum(), months) < level


def test_overdispersion_has_the_stated_variance() -> None:
    """E[(N - m)² - m] = v·m² for counts of mean m; z-test over months and replications, false-alarm rate 5e-8.

    Critical value by Cornish-Fisher, as the squares are skewed. Power: a variance wrong by a third is found (asserted).
    """
    variance = 0.05
    counts = registered({"sectors": {"hospital": {"overdispersion": variance}}}, REPLICATIONS)
    mean = intensity(counts.shape[1])
    sample = (((counts - mean) ** 2 - mean) / mean**2).ravel()
    n = len(sample)
    error = sample.std(ddof=1) / math.sqrt(n)
    level = alarm.alpha("overdispersion")
    limit = alarm.critical(level, stats.skew(sample) / math.sqrt(n), stats.kurtosis(sample) / n)
    assert abs(sample.mean() - variance) < limit * error
    assert (limit + 1.28) * error < variance / 3
