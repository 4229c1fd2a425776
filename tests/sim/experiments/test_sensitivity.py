"""Sensitivity and value of information, on functions and decisions whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.experiments.factors import Space
from sim.experiments.information import evpi, evppi
from sim.experiments.sensitivity import REST, Floats, important, screen, shares, tornado
from sim.model.draws import columns
from sim.model.rollout import Model
from sim.scenario.load import load
from tests.sim import small

# Ishigami & Homma (1990): sin x1 + a sin² x2 + b x3⁴ sin x1 on [-π, π]³
A, B = 7.0, 0.1


def ishigami(u: Floats) -> Floats:
    x = math.pi * (2 * u - 1)
    return np.asarray(np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0]))


def test_the_variance_shares_of_the_ishigami_function_are_those_of_theory() -> None:
    v1 = 0.5 * (1 + B * math.pi**4 / 5) ** 2
    v2, v13 = A**2 / 8, B**2 * math.pi**8 * 8 / 225
    total = v1 + v2 + v13
    found = shares(["one", "two", "three"], ishigami, 4096, seed=1)
    assert [s.first for s in found] == pytest.approx([v1 / total, v2 / total, 0], abs=0.02)
    assert [s.total for s in found] == pytest.approx([(v1 + v13) / total, v2 / total, v13 / total], abs=0.02)


def test_the_shares_of_a_group_hold_its_inner_interactions() -> None:
    v1, v2, v13 = 0.5 * (1 + B * math.pi**4 / 5) ** 2, A**2 / 8, B**2 * math.pi**8 * 8 / 225
    both, alone = shares(important(["one", "two", "three"], ["two"]), ishigami, 4096, seed=1)
    assert (both.key, alone.key) == (REST, "two")
    assert both.first == pytest.approx((v1 + v13) / (v1 + v2 + v13), abs=0.02)
    assert both.first + alone.first == pytest.approx(1, abs=0.03)


def test_screening_gives_the_slopes_of_a_linear_function() -> None:
    slopes = np.array([3.0, -1.0, 0.0, 0.5])
    found = {e.key: e.mu_star for e in screen(["a", "b", "c", "d"], lambda u: u @ slopes, trajectories=6, seed=1)}
    assert found == pytest.approx({"a": 3, "b": 1, "c": 0, "d": 0.5})
    assert next(iter(found)) == "a"  # largest first


def normals(count: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(7)
    return random.normal(size=count), random.normal(size=count)


@pytest.mark.parametrize("mean", [-0.5, 0.0, 1.0])
def test_the_value_of_a_normal_unknown_is_the_unit_normal_loss(mean: float) -> None:
    """Doing it gives mean + 2·φ1 + φ2, leaving it 0: EVPPI(φ1) = σ·pdf(m/σ) + m·cdf(m/σ) - max(m, 0) with σ = 2 (Raiffa & Schlaifer 1961)."""
    one, two = normals(4000)
    benefit = np.stack([np.zeros(4000), mean + 2 * one + two], axis=1)

    def loss(sigma: float) -> float:
        return float(sigma * stats.norm.pdf(mean / sigma) + mean * stats.norm.cdf(mean / sigma) - max(mean, 0))

    assert evpi(benefit) == pytest.approx(loss(math.sqrt(5)), abs=0.05)
    first, second = evppi(one[:, None], benefit, 1), evppi(two[:, None], benefit, 1)
    assert first.value == pytest.approx(loss(2), abs=0.05)
    assert second.value == pytest.approx(loss(1), abs=0.05)
    both = evppi(np.stack([one, two], axis=1), benefit, 1)
    assert both.value == pytest.approx(evpi(benefit), abs=0.03)
    assert first.distinct
    assert both.value >= max(first.value, second.value)


def test_what_says_nothing_is_worth_nothing() -> None:
    one, _ = normals(500)
    noise = np.random.default_rng(8).normal(size=(500, 3))
    benefit = np.stack([np.zeros(500), one, 0.5 - one], axis=1)
    worth = evppi(noise, benefit, 1)
    assert not worth.distinct
    assert worth.value < 0.1 * evpi(benefit)
    assert worth.bias > 0


def test_a_curve_is_followed_and_not_only_a_line() -> None:
    one, _ = normals(4000)
    benefit = np.stack([np.zeros(4000), one**2 - 1], axis=1)  # uncorrelated with φ, and all of it decided by φ
    assert evppi(one[:, None], benefit, 1).value == pytest.approx(evpi(benefit), rel=0.05)


def test_every_uncertain_number_is_in_one_factor_and_the_small_groups_are_together() -> None:
    scenario = load("national").scenario
    found = columns(scenario)
    space = Space(scenario, found)
    uncertain = [i for i, c in enumerate(found) if c.parameter.uncertain]
    assert sorted(i for f in space.factors for i in f.columns) == uncertain
    assert sorted(s for f in space.factors for s in f.streams) == list(range(len(space.streams)))
    hired = {f.key: len(f.columns) for f in space.factors if f.key.endswith("eid_at_hire")}
    strata = scenario.sectors["hospital"].strata.values()
    assert hired["sectors.hospital.other.eid_at_hire"] == sum(s.group not in ("doctor", "nurse") for s in strata) >= 8
    assert len(space.factors) <= len(uncertain) / 2


def test_a_point_of_the_cube_is_the_quantiles_of_its_numbers() -> None:
    scenario = load("helse-vest").scenario
    model = Model(scenario)
    space = Space(scenario, model.columns)
    low, middle, high = space.rows(np.stack([np.full(len(space.streams), u) for u in (0.1, 0.5, 0.9)]))
    for i, column in enumerate(model.columns):
        expected = column.parameter.quantile(np.array([0.1, 0.5, 0.9]))
        assert (low[i], middle[i], high[i]) == pytest.approx(tuple(expected))


def test_the_tornado_moves_one_factor_at_a_time() -> None:
    spread = {
        "distribution": "uniform",
        "low": 0.2,
        "high": 0.6,
        "unit": "share",
        "source": "VURDERING",
        "tag": "assumption",
    }
    plain = small.plain()
    plain["consent"]["absent"] = spread
    plain["ownership"]["declined_new"] = spread
    scenario = small.Scenario.model_validate(plain)
    model = Model(scenario)
    space = Space(scenario, model.columns)
    at = {name: model.index[name] for name in ("consent.absent", "ownership.declined_new")}

    def answer(u: Floats) -> Floats:
        rows = space.rows(u)
        return np.asarray(10 * rows[:, at["consent.absent"]] - rows[:, at["ownership.declined_new"]])

    middle, swings = tornado(space, answer)
    assert middle == pytest.approx(10 * 0.4 - 0.4)
    assert [s.key for s in swings] == ["consent.absent", "ownership.declined_new"]
    assert (swings[0].low, swings[0].high) == pytest.approx((10 * 0.24 - 0.4, 10 * 0.56 - 0.4))
    assert (swings[1].low, swings[1].high) == pytest.approx((4 - 0.24, 4 - 0.56))
