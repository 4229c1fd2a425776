"""Parameters: moments and quantiles by theory, and the numbers they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.draws import uniforms
from sim.scenario.parameter import Parameter
from tests import alarm


def uncertain(family: str, **numbers: float) -> Parameter:
    return Parameter.model_validate(
        {"distribution": family, "unit": "share", "source": "X", "tag": "assumption", **numbers}
    )


EXAMPLES = [
    uncertain("uniform", low=-2, high=5),
    uncertain("triangular", low=0, mode=1, high=4),
    uncertain("triangular", low=1, mode=1, high=3),
    uncertain("triangular", low=1, mode=3, high=3),
    uncertain("lognormal", median=12, gsd=1.5),
    uncertain("beta", mean=0.2, sd=0.1),
    uncertain("beta", mean=0.9, sd=0.05),
]
NAMES = [f"{p.distribution}-{i}" for i, p in enumerate(EXAMPLES)]


def theory(p: Parameter) -> tuple[float, float]:
    """Mean and variance from the numbers that the parameter states, by the textbook."""
    if p.distribution == "uniform":
        return (p.low + p.high) / 2, (p.high - p.low) ** 2 / 12
    if p.distribution == "triangular":
        a, c, b = p.low, p.mode, p.high
        return (a + b + c) / 3, (a * a + b * b + c * c - a * b - a * c - b * c) / 18
    if p.distribution == "lognormal":
        s2 = math.log(p.gsd) ** 2
        return p.median * math.exp(s2 / 2), p.median**2 * math.exp(s2) * (math.exp(s2) - 1)
    return p.mean, p.sd**2


@pytest.mark.parametrize("parameter", EXAMPLES, ids=NAMES)
def test_the_stated_moments_are_the_textbooks(parameter: Parameter) -> None:
    assert parameter.moments() == pytest.approx(theory(parameter), rel=1e-9)


@pytest.mark.parametrize("parameter", EXAMPLES, ids=NAMES)
def test_the_quantile_function_integrates_to_the_moments(parameter: Parameter) -> None:
    """E[X] = ∫Q(u)du and E[X²] = ∫Q(u)²du, by the midpoint rule."""
    values = parameter.quantile((np.arange(400_000) + 0.5) / 400_000)
    mean, variance = theory(parameter)
    assert values.mean() == pytest.approx(mean, rel=1e-4)
    assert values.var() == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize("parameter", EXAMPLES, ids=NAMES)
def test_quantiles_have_the_bits_of_scipy_stats(parameter: Parameter) -> None:
    u = np.random.default_rng(1).random(2000)
    assert np.array_equal(parameter.quantile(u), parameter._frozen().ppf(u))


@pytest.mark.parametrize("parameter", EXAMPLES, ids=NAMES)
def test_quantiles_rise_within_the_support(parameter: Parameter) -> None:
    values = parameter.quantile(np.linspace(0, 1 - 1e-9, 1001))
    low, high = parameter.support()
    assert (np.diff(values) >= 0).all()
    assert low <= values.min() <= values.max() <= high


def test_a_lognormal_has_its_median_in_the_middle() -> None:
    assert EXAMPLES[4].quantile(np.array([0.5]))[0] == pytest.approx(12)
    high, low = EXAMPLES[4].quantile(np.array([0.8413447460685429, 0.15865525393145707]))
    assert high / 12 == pytest.approx(1.5)
    assert 12 / low == pytest.approx(1.5)


@given(st.floats(0, 1), st.floats(-1e6, 1e6))
@settings(max_examples=30)
def test_a_certain_parameter_is_its_value_everywhere(u: float, value: float) -> None:
    one = Parameter(value=value, unit="share", source="X", tag="measured")
    assert one.quantile(np.array([u]))[0] == value
    assert one.moments() == (value, 0.0)
    assert one.support() == (value, value)


@pytest.mark.parametrize("parameter", EXAMPLES, ids=NAMES)
def test_draws_have_the_mean_of_theory(parameter: Parameter) -> None:
    """z-test of 20 000 draws of the parameter's own stream; false-alarm rate 2e-8 for all.

    Power: a mean wrong by a twentieth of a standard deviation is found.
    """
    sample = parameter.quantile(uniforms(3, "navn", 20_000))
    mean, variance = theory(parameter)
    limit = alarm.critical(alarm.alpha("moments", len(EXAMPLES)), 0.03, 0.001)
    assert abs(sample.mean() - mean) < limit * math.sqrt(variance / 20_000)
    assert (limit + 1.28) / math.sqrt(20_000) < 0.06
