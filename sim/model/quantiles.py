"""Counts by inversion: the binomial, Poisson and hypergeometric quantile at a probability u.

Every random count of the model is the quantile of its distribution at a uniform random number that belongs to one
place (month, unit, purpose). Two scenarios that share the number are coupled as closely as they can be: the count is
monotone in the probability and in n, so what differs between them is the intervention and not the noise.

Below a variance of 16 the quantile is exact (sequential search from the lower end). Above, the Cornish-Fisher expansion to
third order with continuity correction is used (Abramowitz & Stegun 26.2.49); it differs from the exact quantile by
at most one, and in the mean by less than 0.02 (tests/sim/model/test_quantiles.py). Where the variance passes 16, one
or the other rule may therefore count one less although the probability rose.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from sim.model.compiled import compiled

SMALLEST = 2.0**-26  # half a step of the numbers that are drawn (single precision)
LARGE = 16.0  # variance above which the expansion replaces the search
_LOG_FACTORIALS = gammaln(np.arange(1.0, 2049.0))
_INVERSE = 1.0 / np.maximum(np.arange(256.0), 1.0)  # no search takes more steps


@compiled
def normal(u: float) -> float:
    """The standard normal quantile at ``u`` (Wichura 1988, algorithm AS 241, to 16 digits)."""
    u = min(max(float(u), SMALLEST), 1.0 - SMALLEST)
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        below = (((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * above / below
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        above = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip
        below = (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        above = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        below = (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    return -above / below if q < 0.0 else above / below


@compiled
def _expansion(u: float, mean: float, sd: float, skew: float, excess: float) -> int:
    z = normal(u)
    w = (
        z
        + (z * z - 1.0) * skew / 6.0
        + (z * z * z - 3.0 * z) * excess / 24.0
        - (2.0 * z * z * z - 5.0 * z) * skew * skew / 36.0
    )
    return math.ceil(mean + sd * w - 0.5)


@compiled
def _binomial_lower(u: float, n: int, p: float) -> int:
    mean = n * p
    # at most the chance of none (the first and the third of Bonferroni's inequalities), so no power need be taken
    if u <= 1.0 - mean or u <= 1.0 - mean * (1.0 - 0.5 * (n - 1) * p * (1.0 - (n - 2) * p / 3.0)):
        return 0
    q = 1.0 - p
    variance = mean * q
    if variance > LARGE:
        sd = math.sqrt(variance)
        x = _expansion(u, mean, sd, (q - p) / sd, (1.0 - 6.0 * p * q) / variance)
        return min(max(x, 0), n)
    ratio = p / q
    # four steps of the search at a time: a step's mass is cheap, a branch that nobody can foresee is not
    none = math.exp(n * math.log(q))
    mass = none * ratio * n
    first = none + mass
    mass *= ratio * (n - 1) * _INVERSE[2]
    second = first + mass
    mass *= ratio * (n - 2) * _INVERSE[3]
    total = second + mass
    if u <= total:
        return int(u > none) + int(u > first) + int(u > second)
    k = 3
    while True:
        one = mass * ratio * (n - k) * _INVERSE[k + 1]
        two = one * ratio * (n - k - 1) * _INVERSE[k + 2]
        three = two * ratio * (n - k - 2) * _INVERSE[k + 3]
        mass = three * ratio * (n - k - 3) * _INVERSE[k + 4]
        first = total + one
        second = first + two
        third = second + three
        total = third + mass
        if u <= total or (mass < 1e-18 and k > mean):
            return min(k + 1 + int(u > first) + int(u > second) + int(u > third), n)
        k += 4


@compiled
def binomial(u: float, n: int, p: float) -> int:
    """The number among ``n`` that an event of probability ``p`` meets."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - _binomial_lower(1.0 - u, n, 1.0 - p)
    return _binomial_lower(u, n, p)


@compiled
def poisson(u: float, mean: float) -> int:
    """A Poisson count with the given mean."""
    if u <= 1.0 - mean:  # at most the chance of none
        return 0
    if mean > LARGE:
        sd = math.sqrt(mean)
        return max(_expansion(u, mean, sd, 1.0 / sd, 1.0 / mean), 0)
    mass = math.exp(-mean)
    total = mass
    if u <= total:
        return 0
    k = 0
    while True:  # four steps of the search at a time, as above
        one = mass * mean * _INVERSE[k + 1]
        two = one * mean * _INVERSE[k + 2]
        three = two * mean * _INVERSE[k + 3]
        mass = three * mean * _INVERSE[k + 4]
        first = total + one
        second = first + two
        third = second + three
        total = third + mass
        if u <= total or (mass < 1e-18 and k > mean):
            return k + 1 + int(u > first) + int(u > second) + int(u > third)
        k += 4


@compiled
def _log_factorial(n: int) -> float:
    return float(_LOG_FACTORIALS[n]) if n < _LOG_FACTORIALS.shape[0] else math.lgamma(n + 1.0)


@compiled
def hypergeometric(u: float, good: int, bad: int, drawn: int) -> int:
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
        x = _expansion(u, drawn * share, sd, skew, 0.0)
        return min(max(x, low), high)
    log_mass = (
        _log_factorial(bad)
        - _log_factorial(drawn - low)
        - _log_factorial(bad - drawn + low)
        - _log_factorial(whole)
        + _log_factorial(drawn)
        + _log_factorial(whole - drawn)
    )
    if low > 0:
        log_mass += _log_factorial(good) - _log_factorial(low) - _log_factorial(good - low)
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
