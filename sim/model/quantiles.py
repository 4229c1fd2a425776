"""Counts by inversion: the binomial, Poisson and hypergeometric quantile at a probability u.

Every random count of the model is the quantile of its distribution at a uniform random number that belongs to one
place (month, unit, purpose). Two scenarios that share the number are coupled as closely as they can be: the count is
monotone in the probability and in n, so what differs between them is the intervention and not the noise.

Below a variance of 6 the quantile is exact (sequential search from the lower end). Above, it is the Cornish-Fisher expansion
to third order (Abramowitz & Stegun 26.2.49) of the continuous variable that becomes the count when it is rounded, whose
variance is 1/12 less (Sheppard's correction). It differs from the exact quantile by at most one, in less than one case of a
thousand; the mean is right within 0.001 and the standard deviation within two thousandths (tests/sim/model/test_quantiles.py). Where
the variance passes 6, one or the other rule may therefore count one less although the probability rose.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from sim.model.compiled import compiled

SMALLEST = 2.0**-26  # half a step of the numbers that are drawn (single precision)
LARGE = 6.0  # variance above which the expansion replaces the search
_LOG_FACTORIALS = gammaln(np.arange(1.0, 2049.0))
_INVERSE = 1.0 / np.maximum(np.arange(256.0), 1.0)  # no search takes more steps


@compiled
def normal(u: float) -> float:
    """The standard normal quantile at ``u``, right to 7 digits (Wichura 1988, algorithm AS 241, PPND7).

    ``u`` is kept half a step of single precision from the ends, so the algorithm's far tail is never asked for.
    """
    u = min(max(float(u), SMALLEST), 1.0 - SMALLEST)
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0
        return q * above / below
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u)) - 1.6
    above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
    below = (0.12021132975 * r + 0.73700164250) * r + 1.0
    return -above / below if q < 0.0 else above / below


@compiled
def _expansion(u: float, mean: float, variance: float, third: float, fourth: float) -> int:
    """The count at ``u`` of a distribution with these cumulants."""
    z = normal(u)
    square = z * z
    smooth = variance - 1.0 / 12.0
    sd = math.sqrt(smooth)
    per = 1.0 / smooth
    a, b = third * per * (1.0 / 6.0), fourth * per * (1.0 / 24.0)
    rest = b * (square - 3.0) - a * a * (2.0 * square - 5.0)
    return math.ceil(mean - 0.5 + a * (square - 1.0) + z * (sd + sd * per * rest))


@compiled
def _binomial_lower(u: float, n: int, p: float) -> int:
    mean = n * p
    # at most the chance of none (the first and the third of Bonferroni's inequalities), so no power need be taken
    if u <= 1.0 - mean or u <= 1.0 - mean * (1.0 - (n - 1) * (0.5 * p) * (1.0 - (n - 2) * (p * (1.0 / 3.0)))):
        return 0
    q = 1.0 - p
    variance = mean * q
    if variance > LARGE:
        x = _expansion(u, mean, variance, variance * (q - p), variance * (1.0 - 6.0 * p * q))
        return min(max(x, 0), n)
    ratio = p / q
    # Four steps of the search at a time: a step's mass is cheap, a branch that nobody can foresee is not. What a mass is
    # multiplied by is made beside it, so that only one product waits for the one before.
    none = math.exp(n * math.log(q))
    mass = none * (ratio * n)
    first = none + mass
    mass *= ratio * (n - 1) * _INVERSE[2]
    second = first + mass
    mass *= ratio * (n - 2) * _INVERSE[3]
    total = second + mass
    if u <= total:
        return int(u > none) + int(u > first) + int(u > second)
    k = 3
    while True:
        one = mass * (ratio * (n - k) * _INVERSE[k + 1])
        two = one * (ratio * (n - k - 1) * _INVERSE[k + 2])
        three = two * (ratio * (n - k - 2) * _INVERSE[k + 3])
        mass = three * (ratio * (n - k - 3) * _INVERSE[k + 4])
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
    return inside(u, n, p)


@compiled
def inside(u: float, n: int, p: float) -> int:
    """``binomial`` where neither ``n`` nor ``p`` makes it certain."""
    if p > 0.5:
        return n - _binomial_lower(1.0 - u, n, 1.0 - p)
    return _binomial_lower(u, n, p)


@compiled
def poisson(u: float, mean: float) -> int:
    """A Poisson count with the given mean."""
    if u <= 1.0 - mean:  # at most the chance of none
        return 0
    if mean > LARGE:
        return max(_expansion(u, mean, mean, mean, mean), 0)
    mass = math.exp(-mean)
    total = mass
    if u <= total:
        return 0
    k = 0
    while True:  # four steps of the search at a time, as above
        one = mass * (mean * _INVERSE[k + 1])
        two = one * (mean * _INVERSE[k + 2])
        three = two * (mean * _INVERSE[k + 3])
        mass = three * (mean * _INVERSE[k + 4])
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
        third = variance * (whole - 2.0 * good) * (whole - 2.0 * drawn) / ((whole - 2.0) * whole)
        fourth = (
            whole * (whole + 1.0) - 6.0 * good * bad - 6.0 * drawn * (whole - drawn) + variance * (30.0 * whole - 36.0)
        )
        fourth *= variance / ((whole - 2.0) * (whole - 3.0))
        x = _expansion(u, drawn * share, variance, third, fourth)
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
