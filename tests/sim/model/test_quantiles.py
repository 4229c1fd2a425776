"""Counts by inversion against scipy's quantiles."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from sim.model.quantiles import LARGE, binomial, hypergeometric, normal, poisson

Z = st.floats(1e-6, 1 - 1e-6)
P = st.floats(1e-6, 1 - 1e-6)
MANY = settings(max_examples=300, deadline=None)


def agree(mine: int, theory: float, cdf: Callable[[float], float], z: float, slack: int) -> bool:
    """The same count, or one off where z lies on a step of the distribution function (rounding decides)."""
    if abs(mine - theory) <= slack:
        return True
    return abs(mine - theory) == 1 and abs(cdf(min(mine, theory)) - z) < 1e-9


@given(Z, st.integers(0, 3000), P)
@MANY
def test_binomial_counts_are_scipys(z: float, n: int, p: float) -> None:
    theory = stats.binom(n, p)
    slack = 1 if n * p * (1 - p) > LARGE else 0
    assert agree(binomial(z, n, p), theory.ppf(z), theory.cdf, z, slack)


@given(Z, st.floats(0.001, 500))
@MANY
def test_poisson_counts_are_scipys(z: float, mean: float) -> None:
    theory = stats.poisson(mean)
    assert agree(poisson(z, mean), theory.ppf(z), theory.cdf, z, 1 if mean > LARGE else 0)


@given(Z, st.integers(0, 600), st.integers(0, 600), st.floats(0, 1))
@MANY
def test_hypergeometric_counts_are_scipys(z: float, good: int, bad: int, part: float) -> None:
    whole = good + bad
    drawn = int(part * whole)
    mine = hypergeometric(z, good, bad, drawn)
    assert max(0, drawn - bad) <= mine <= min(drawn, good)
    if whole == 0:
        return
    theory = stats.hypergeom(whole, good, drawn)
    part = good / whole
    variance = drawn * part * (1 - part) * (whole - drawn) / max(whole - 1, 1)
    assert agree(mine, theory.ppf(z), theory.cdf, z, 1 if variance > LARGE else 0)


def seam(low: float, high: float) -> int:
    """The count may fall by one where the variance passes from the search to the expansion."""
    return 1 if min(low, high) <= LARGE < max(low, high) else 0


@given(Z, Z, st.integers(0, 2000), P)
@MANY
def test_a_binomial_count_never_falls_with_z(z: float, y: float, n: int, p: float) -> None:
    low, high = sorted((z, y))
    assert binomial(low, n, p) <= binomial(high, n, p)


@given(Z, st.integers(0, 2000), st.integers(0, 2000), P)
@example(1.3e-6, 63, 64, 0.5)
@MANY
def test_a_binomial_count_never_falls_with_n(z: float, n: int, m: int, p: float) -> None:
    low, high = sorted((n, m))
    slack = seam(low * p * (1 - p), high * p * (1 - p))
    assert binomial(z, low, p) <= binomial(z, high, p) + slack


@given(Z, st.integers(0, 2000), P, P)
@example(0.54, 100, 0.8, 0.79)
@MANY
def test_a_binomial_count_never_falls_with_p(z: float, n: int, p: float, r: float) -> None:
    low, high = sorted((p, r))
    slack = seam(n * low * (1 - low), n * high * (1 - high))
    assert binomial(z, n, low) <= binomial(z, n, high) + slack


@given(Z, st.integers(1, 2000), P)
@MANY
def test_one_more_brings_at_most_one_more(z: float, n: int, p: float) -> None:
    slack = seam(n * p * (1 - p), (n + 1) * p * (1 - p))
    assert binomial(z, n + 1, p) <= binomial(z, n, p) + 1 + slack


@given(Z, Z, st.floats(0, 300), st.floats(0, 300))
@MANY
def test_a_poisson_count_never_falls_with_z_or_the_mean(z: float, y: float, mean: float, other: float) -> None:
    low, high = sorted((mean, other))
    assert poisson(z, low) <= poisson(z, high) + seam(low, high)
    first, second = sorted((z, y))
    assert poisson(first, mean) <= poisson(second, mean)


@numba.njit
def mean_of_binomial(z: np.ndarray, n: int, p: float) -> float:
    return sum([binomial(x, n, p) for x in z]) / len(z)


@numba.njit
def mean_of_poisson(z: np.ndarray, mean: float) -> float:
    return sum([poisson(x, mean) for x in z]) / len(z)


@numba.njit
def mean_of_hypergeometric(z: np.ndarray, good: int, bad: int, drawn: int) -> float:
    return sum([hypergeometric(x, good, bad, drawn) for x in z]) / len(z)


MIDPOINTS = (np.arange(200_000) + 0.5) / 200_000  # integration over the numbers; its own error is below 0.001


@pytest.mark.parametrize(
    ("n", "p"), [(40, 0.5), (80, 0.5), (70, 0.4), (400, 0.05), (5000, 0.004), (3000, 0.7), (20, 0.1)]
)
def test_the_mean_of_the_binomial_is_right_within_two_hundredths(n: int, p: float) -> None:
    assert mean_of_binomial(MIDPOINTS, n, p) == pytest.approx(n * p, abs=0.02)


@pytest.mark.parametrize("mean", [0.3, 5.0, 15.9, 16.1, 40.0, 400.0])
def test_the_mean_of_the_poisson_is_right_within_two_hundredths(mean: float) -> None:
    assert mean_of_poisson(MIDPOINTS, mean) == pytest.approx(mean, abs=0.02)


@pytest.mark.parametrize(("good", "bad", "drawn"), [(10, 20, 8), (200, 300, 150), (100, 900, 400), (500, 60, 250)])
def test_the_mean_of_the_hypergeometric_is_right_within_two_hundredths(good: int, bad: int, drawn: int) -> None:
    theory = drawn * good / (good + bad)
    assert mean_of_hypergeometric(MIDPOINTS, good, bad, drawn) == pytest.approx(theory, abs=0.02)


@given(Z, st.integers(0, 500), st.integers(0, 500), P)
@settings(max_examples=100, deadline=None)
@example(0.5, 1, 1, 0.5)
def test_compiled_and_plain_python_count_alike(z: float, n: int, m: int, p: float) -> None:
    assert binomial(z, n, p) == binomial.py_func(z, n, p)  # type: ignore[attr-defined]
    assert poisson(z, n * p) == poisson.py_func(z, n * p)  # type: ignore[attr-defined]
    drawn = int(p * (n + m))
    assert hypergeometric(z, n, m, drawn) == hypergeometric.py_func(z, n, m, drawn)  # type: ignore[attr-defined]


def test_the_limits_are_certain() -> None:
    assert [binomial(0.99, 10, 0.0), binomial(0.01, 10, 1.0), binomial(0.5, 0, 0.5), poisson(0.99, 0.0)] == [
        0,
        10,
        0,
        0,
    ]
    assert [hypergeometric(0.8, 0, 9, 4), hypergeometric(0.2, 9, 0, 4), hypergeometric(0.98, 5, 5, 10)] == [0, 4, 5]


@given(st.floats(2**-26, 1 - 2**-26))
@MANY
def test_the_normal_quantile_is_scipys(u: float) -> None:
    assert normal(u) == pytest.approx(special.ndtri(u), rel=3e-7, abs=3e-7)


def test_the_ends_of_the_drawn_numbers_give_finite_counts() -> None:
    ends = np.array([0.0, 1 - 2**-24], dtype=np.float32)
    for u in ends:
        assert np.isfinite(normal(u))
        assert 0 <= binomial(u, 1000, 0.3) <= 1000
        assert 0 <= poisson(u, 400.0) < 700
