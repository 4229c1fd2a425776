"""Counts by inversion: the binomial, Poisson and hypergeometric quantile at probability Φ(z).

Every random count of the model is the quantile of its distribution at a standard normal number that belongs to one
place (month, unit, purpose). Two scenarios that share the number are coupled as closely as they can be: the count is
monotone in the probability and in n, so what differs between them is the intervention and not the noise.

Below a variance of 16 the quantile is exact (sequential search from the lower end). Above, the Cornish-Fisher expansion to
third order with continuity correction is used (Abramowitz & Stegun 26.2.49); it differs from the exact quantile by
at most one, and in the mean by less than 0.02 (tests/sim/model/test_quantiles.py). Where the variance passes 16, one
or the other rule may therefore count one less although the probability rose.
"""

from __future__ import annotations

import math

from sim.model.compiled import compiled

LARGE = 16.0  # variance above which the expansion replaces the search


@compiled
def probability(z: float) -> float:
    """Φ(z)."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@compiled
def _expansion(z: float, mean: float, sd: float, skew: float, excess: float) -> int:
    w = (
        z
        + (z * z - 1.0) * skew / 6.0
        + (z * z * z - 3.0 * z) * excess / 24.0
        - (2.0 * z * z * z - 5.0 * z) * skew * skew / 36.0
    )
    return math.ceil(mean + sd * w - 0.5)


@compiled
def _binomial_lower(z: float, n: int, p: float) -> int:
    q = 1.0 - p
    variance = n * p * q
    if variance > LARGE:
        sd = math.sqrt(variance)
        x = _expansion(z, n * p, sd, (q - p) / sd, (1.0 - 6.0 * p * q) / variance)
        return min(max(x, 0), n)
    u = probability(z)
    ratio = p / q
    mass = q**n
    total = mass
    k = 0
    while u > total and k < n:
        k += 1
        mass *= ratio * (n - k + 1) / k
        total += mass
        if mass < 1e-18 and k > n * p:
            break
    return k


@compiled
def binomial(z: float, n: int, p: float) -> int:
    """The number among ``n`` that an event of probability ``p`` meets."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - _binomial_lower(-z, n, 1.0 - p)
    return _binomial_lower(z, n, p)


@compiled
def poisson(z: float, mean: float) -> int:
    """A Poisson count with the given mean."""
    if mean <= 0.0:
        return 0
    if mean > LARGE:
        sd = math.sqrt(mean)
        return max(_expansion(z, mean, sd, 1.0 / sd, 1.0 / mean), 0)
    u = probability(z)
    mass = math.exp(-mean)
    total = mass
    k = 0
    while u > total:
        k += 1
        mass *= mean / k
        total += mass
        if mass < 1e-18 and k > mean:
            break
    return k


@compiled
def hypergeometric(z: float, good: int, bad: int, drawn: int) -> int:
    """How many of ``drawn`` taken without replacement are among the ``good``."""
    whole = good + bad
    low, high = max(0, drawn - bad), min(drawn, good)
    if low >= high:
        return low
    share = good / whole
    variance = drawn * share * (1.0 - share) * (whole - drawn) / (whole - 1.0)
    if variance > LARGE:
        sd = math.sqrt(variance)
        skew = (whole - 2.0 * good) * (whole - 2.0 * drawn) / ((whole - 2.0) * whole * sd)
        x = _expansion(z, drawn * share, sd, skew, 0.0)
        return min(max(x, low), high)
    u = probability(z)
    log_mass = (
        math.lgamma(good + 1.0)
        - math.lgamma(low + 1.0)
        - math.lgamma(good - low + 1.0)
        + math.lgamma(bad + 1.0)
        - math.lgamma(drawn - low + 1.0)
        - math.lgamma(bad - drawn + low + 1.0)
        - math.lgamma(whole + 1.0)
        + math.lgamma(drawn + 1.0)
        + math.lgamma(whole - drawn + 1.0)
    )
    mass = math.exp(log_mass)
    total = mass
    k = low
    while u > total and k < high:
        mass *= (good - k) * (drawn - k) / ((k + 1.0) * (bad - drawn + k + 1.0))
        k += 1
        total += mass
        if mass < 1e-18 and k > drawn * share:
            break
    return k
