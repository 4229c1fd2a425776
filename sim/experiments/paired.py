"""Paired comparison: the same draws and noise for every alternative, so that a difference shows the intervention.

All functions are pure and take one value per replication.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEVEL = 0.9


@dataclass(frozen=True)
class Difference:
    """A paired difference over the replications.

    ``mean`` with the interval of the mean (``mean_low``, ``mean_high``: how exactly so many replications tell it);
    ``p05``, ``p50``, ``p95`` of the difference itself (how uncertain it is); ``positive`` the share of replications in which it
    is above 0; ``correlation`` of the two alternatives; ``noise_left`` the variance of the difference against that of
    independent runs (1: common random numbers helped nothing).
    """

    mean: float
    mean_low: float
    mean_high: float
    p05: float
    p50: float
    p95: float
    positive: float
    correlation: float
    noise_left: float

    @classmethod
    def of(cls, with_it: Floats, without: Floats, level: float = LEVEL) -> Difference:
        """The difference of two alternatives, replication by replication."""
        gain = np.asarray(with_it - without, dtype=np.float64)
        low, high = mean_interval(gain, level)
        p05, p50, p95 = (float(q) for q in np.quantile(gain, (0.05, 0.5, 0.95)))
        apart = float(np.var(with_it) + np.var(without))
        both_vary = min(float(np.std(with_it)), float(np.std(without))) > 0
        return cls(
            float(gain.mean()),
            low,
            high,
            p05,
            p50,
            p95,
            float(np.mean(gain > 0)),
            float(np.corrcoef(with_it, without)[0, 1]) if both_vary else nan,
            float(np.var(gain)) / apart if apart > 0 else nan,
        )


def mean_interval(sample: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The Student interval of a mean; it covers at ``level`` when the mean is about normal."""
    count = len(sample)
    if count < 2:
        return -inf, inf
    from scipy import stats  # slow to import, and the page does without

    half = float(stats.t.ppf((1 + level) / 2, count - 1)) * float(np.std(sample, ddof=1)) / sqrt(count)
    return float(sample.mean()) - half, float(sample.mean()) + half


def best(values: Floats) -> Floats:
    """[A] how often each alternative is the best of ``values`` [A, R] (highest); a tie goes to the first, the null alternative."""
    winners = np.argmax(values, axis=0)
    return np.asarray(np.bincount(winners, minlength=len(values)) / values.shape[1])


@dataclass(frozen=True)
class Ratio:
    """A ratio of means, such as kroner per extra synced entry, with its Fieller interval: how exactly the draws settle it.

    ``kind`` tells how to read it: «plain» (an interval); «dominates» (saves money and gains); «dominated» (costs and
    loses); «unclear» (the gain cannot be told from 0, so the ratio has no bounded interval). ``p05``, ``p50``, ``p95`` are
    of the price in the single draws (``prices``: how uncertain it is), and may be infinite; they are NaN unless the kind is
    «plain» or «dominates». ``positive`` is the share of draws that gain.
    """

    kind: str
    value: float
    low: float
    high: float
    p05: float = nan
    p50: float = nan
    p95: float = nan
    positive: float = nan

    @classmethod
    def of(cls, cost: Floats, gain: Floats, level: float = LEVEL) -> Ratio:
        """Mean ``cost`` by mean ``gain``, paired by replication (Fieller 1954)."""
        mean_cost, mean_gain = float(np.mean(cost)), float(np.mean(gain))
        count = len(gain)
        if count < 2 or mean_gain == 0:
            return cls("unclear", nan, nan, nan)
        from scipy import stats

        t2 = float(stats.t.ppf((1 + level) / 2, count - 1)) ** 2
        (vc, vcg), (_, vg) = np.cov(cost, gain) / count
        a = mean_gain**2 - t2 * vg
        if a <= 0:
            return cls("unclear", nan, nan, nan)
        if mean_gain < 0:
            return cls("dominated" if mean_cost >= 0 else "unclear", nan, nan, nan)
        b = mean_cost * mean_gain - t2 * vcg
        root = sqrt(max(b**2 - a * (mean_cost**2 - t2 * vc), 0.0))
        kind = "dominates" if mean_cost < 0 else "plain"
        positive = float(np.mean(gain > 0))
        p05, p50, p95 = (float(q) for q in quantiles(prices(cost, gain), (0.05, 0.5, 0.95)))
        return cls(kind, mean_cost / mean_gain, (b - root) / a, (b + root) / a, p05, p50, p95, positive)


def prices(cost: Floats, gain: Floats) -> Floats:
    """What one unit of gain costs in each draw: from 0, which is best, to infinity, which is worst; so they can be put in order.

    A draw that does not gain has an infinite price, whatever it costs: no amount bought anything (what it saves, if it does,
    shows in the cost-effectiveness plane). A draw that gains and costs nothing, or saves, is dominant and has the price 0: it
    is better than every price, but a saving per gain cannot be ranked, as it shrinks when the gain grows.
    """
    gains = gain > 0
    return np.where(gains, np.maximum(cost, 0) / np.where(gains, gain, 1), inf)


def quantiles(sample: Floats, at: tuple[float, ...]) -> Floats:
    """Quantiles of a sample that may hold infinity: linear between its neighbours; infinite when the upper of them is."""
    upper = np.quantile(sample, at, method="higher")
    with np.errstate(invalid="ignore"):  # inf - inf, which is not used
        return np.where(np.isinf(upper), upper, np.quantile(sample, at))


def acceptability(costs: Floats, gains: Floats, willingness: Floats) -> Floats:
    """[A, W] how often each alternative has the highest net benefit (willingness · gain - cost).

    ``costs``, ``gains`` [A, R] are against the null alternative, which is the first row (zeros); ties go to it.
    """
    return np.stack([best(w * gains - costs) for w in willingness], axis=1)


def frontier(costs: Floats, gains: Floats) -> list[tuple[float, int]]:
    """Which alternative has the highest mean net benefit, from which willingness to pay on: (from, alternative), the first from 0.

    ``costs``, ``gains`` [A, R] as for ``acceptability``. The mean net benefit is linear in the willingness, so that this is the
    upper envelope of the lines (the acceptability frontier of Fenwick, Claxton and Sculpher 2001); ties go to the first.
    """
    cost, gain = np.mean(costs, axis=1), np.mean(gains, axis=1)
    at, now = 0.0, int(np.argmax(-cost))
    found = [(at, now)]
    while True:
        steeper = np.flatnonzero(gain > gain[now])
        if not len(steeper):
            return found
        cross = np.maximum((cost[steeper] - cost[now]) / (gain[steeper] - gain[now]), at)
        first = np.flatnonzero(cross == cross.min())
        at = float(cross.min())
        now = int(
            steeper[first[np.argmax(gain[steeper[first]])]]
        )  # of those that meet there, the one that is best beyond
        if at == found[-1][0]:
            found.pop()
        found.append((at, now))
