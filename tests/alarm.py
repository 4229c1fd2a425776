"""The false-alarm budget of the suite: what each statistical test may spend of 1e-6.

A statistical test rejects a right program now and then. Each of ours states how often (if its seed were drawn anew),
and what it states stands here, so that the sum over the suite can be held below 1e-6. Seeds are fixed: a test that
passes once passes always, until the program changes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

BUDGET = {
    "oracle": 3e-7,
    "oracle_long": 1e-7,
    "erlang": 1e-7,
    "workforce_bass": 5e-8,
    "arrivals": 5e-8,
    "overdispersion": 5e-8,
    "seen": 5e-8,
    "streams": 5e-8,
    "monotone": 2e-8,
    "moments": 2e-8,
    "sequential": 2e-8,
    "shares": 2e-8,
    "reweighing": 1e-8,
    "proposals": 1e-8,
    "synthetic": 1e-8,
    "coverage": 1e-8,
    "backtest_error": 1e-8,
    "paired": 5e-8,
    "open_arrivals": 3e-8,
    "baseline": 1e-8,
    "repetitions": 1e-8,
    "weights": 1e-8,
    "saturation": 1e-8,
}


def alpha(name: str, comparisons: int = 1) -> float:
    """The share of the budget of ``name`` that each of its comparisons has (Bonferroni)."""
    return BUDGET[name] / comparisons


def z_two_sided(level: float) -> float:
    """The normal quantile that |Z| exceeds with probability ``level``."""
    return float(stats.norm.isf(level / 2))


def critical(level: float, skew: float, excess: float) -> float:
    """Two-sided critical value of a standardised mean whose own skewness and excess kurtosis are given.

    Cornish-Fisher (Abramowitz & Stegun 26.2.49), widened on both sides: far out in the tail the normal approximation
    alone is too narrow.
    """
    z = z_two_sided(level)
    return z + abs(skew) * (z * z - 1) / 6 + max(excess, 0.0) * (z**3 - 3 * z) / 24


def mean_difference(one: Floats, other: Floats) -> tuple[float, float, float]:
    """z of the difference of two samples' means, and skewness and excess kurtosis of that difference."""
    n, m = len(one), len(other)
    variance = one.var(ddof=1) / n + other.var(ddof=1) / m
    if variance == 0:
        return (0.0 if one.mean() == other.mean() else math.inf), 0.0, 0.0
    third = stats.moment(one, 3) / n**2 - stats.moment(other, 3) / m**2
    fourth = (stats.moment(one, 4) - 3 * one.var() ** 2) / n**3 + (stats.moment(other, 4) - 3 * other.var() ** 2) / m**3
    z = (one.mean() - other.mean()) / math.sqrt(variance)
    return float(z), float(third / variance**1.5), float(fourth / variance**2)


def log_variance_ratio(one: Floats, other: Floats) -> float:
    """z of the logarithm of two samples' variance ratio.

    Var(log s²) ≈ (κ - (n - 3)/(n - 1))/n for any distribution with kurtosis κ (Layard 1973); κ is pooled from both
    samples, so skewed counts are not taken for a difference.
    """
    n, m = len(one), len(other)
    a, b = one.var(ddof=1), other.var(ddof=1)
    if a == 0 or b == 0:
        return 0.0 if a == b else math.inf
    kurtosis = (n * stats.moment(one, 4) / a**2 + m * stats.moment(other, 4) / b**2) / (n + m)
    spread = (kurtosis - (n - 3) / (n - 1)) / n + (kurtosis - (m - 3) / (m - 1)) / m
    return float(math.log(a / b) / math.sqrt(spread))
