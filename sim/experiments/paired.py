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
    of the ratio in the single draws (how uncertain it is); NaN unless the gain is above 0 in all of them. ``positive`` is
    the share of draws in which it is.
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
        spread = np.quantile(cost / gain, (0.05, 0.5, 0.95)) if positive == 1 else np.full(3, nan)
        p05, p50, p95 = (float(q) for q in spread)
        return cls(kind, mean_cost / mean_gain, (b - root) / a, (b + root) / a, p05, p50, p95, positive)


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
