"""Paired comparison: a planted difference is found and covered as often as promised; ratios; who is best."""

from __future__ import annotations

from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from sim.experiments.measures import INDEX
from sim.experiments.paired import Difference, Ratio, acceptability, best, frontier, mean_interval, prices
from sim.experiments.replicate import replicate
from tests.alarm import alpha
from tests.sim import small

FALSE_ALARM = alpha("paired", 5)  # of each statistical assertion here


def covered(hits: int, trials: int, level: float) -> bool:
    """Whether so many hits fit a binomial with ``level``, two-sided."""
    return stats.binomtest(hits, trials, level).pvalue > FALSE_ALARM


def test_the_interval_of_a_paired_mean_covers_at_its_level() -> None:
    """4 000 experiments of 20 correlated pairs. Power: an interval that ignored the pairing, or took 85 % for 90 %, is found."""
    random = np.random.default_rng(3)
    shared = random.normal(size=(4000, 20))
    without = shared + 0.3 * random.normal(size=shared.shape)
    with_it = shared + 0.3 * random.normal(size=shared.shape) + 0.25
    found = [Difference.of(a, b) for a, b in zip(with_it, without, strict=True)]
    hits = sum(d.mean_low <= 0.25 <= d.mean_high for d in found)
    assert covered(hits, 4000, 0.9)
    assert not covered(hits, 4000, 0.85)
    assert np.mean([d.correlation for d in found]) == pytest.approx(1 / 1.09, abs=0.03)
    assert np.mean([d.noise_left for d in found]) == pytest.approx(0.09 / 1.09, abs=0.03)


def test_the_model_recovers_a_planted_difference_and_covers_it() -> None:
    """Everybody knows and has an eID, nothing else stops: 40 % do not log in, and the shift halves them, from 0.6 to 0.8 of the
    entries. 60 experiments of 8 replications; the common random numbers leave less than half of the noise."""
    certain = small.strata({"eid_at_start": 1, "eid_at_hire": 1, "trained_at_golive": 1, "exempt": True})
    smooth: small.Plain = {
        "golive": {"hospital": {"vest": small.project("2023-12-02")}},
        "eid": {"session_active": 0, "login_declined": 0.4, "lost": 0},
        "knowledge": {"elearning_at_hire": 1, "forgetting": 0},
        "legacy": {"new_share": 0},
        "ownership": {"declined_new": 0},
        "technical": {"errors": 0, "outages": 0},
        "patients": {"reserved": 0, "blocking": 0},
        "period": {"start": "2024-01", "end": "2024-06"},
    }
    halved = {
        "name": "planted",
        "parameter": "eid.login_declined",
        "start": "2024-01",
        "factor": small.p(0.5, "factor"),
    }
    trials, size = 60, 8
    scenarios = (small.scenario(certain, smooth), small.scenario(certain, smooth, {"shifts": [halved]}))
    runs = [replicate(s, trials * size, workers=1) for s in scenarios]
    without, with_it = (
        r.series[:, INDEX["sync_rate_new"], r.areas.find("national"), 3].astype(float).reshape(trials, size)
        for r in runs
    )
    found = [Difference.of(a, b) for a, b in zip(with_it, without, strict=True)]
    assert covered(sum(d.mean_low <= 0.2 <= d.mean_high for d in found), trials, 0.9)
    everything = Difference.of(with_it.ravel(), without.ravel())
    error = (everything.mean_high - everything.mean) / 1.65
    assert abs(everything.mean - 0.2) < stats.norm.isf(FALSE_ALARM / 2) * error
    assert error < 0.01
    assert everything.noise_left < 0.5


def test_fieller_covers_the_true_ratio() -> None:
    """4 000 experiments of 30 draws with correlated cost and gain, true ratio 5. Power as above."""
    random = np.random.default_rng(5)
    gain = 2 + random.normal(size=(4000, 30))
    cost = 10 + 3 * random.normal(size=gain.shape) + 2 * (gain - 2)
    found = [Ratio.of(c, g) for c, g in zip(cost, gain, strict=True)]
    hits = sum(r.low <= 5 <= r.high for r in found)
    assert all(r.kind == "plain" for r in found)
    assert covered(hits, 4000, 0.9)
    assert not covered(hits, 4000, 0.85)


def test_a_ratio_that_means_nothing_says_so() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(size=50)
    assert Ratio.of(10 + noise, noise - noise.mean()).kind == "unclear"
    assert isnan(Ratio.of(10 + noise, np.zeros(50)).value)
    assert Ratio.of(10 + noise, -5 + noise).kind == "dominated"
    assert Ratio.of(-10 + noise, 5 + noise).kind == "dominates"
    plain = Ratio.of(10 + noise, 5 + noise[::-1])
    assert plain.low < plain.value < plain.high
    assert mean_interval(np.array([1.0])) == (-np.inf, np.inf)


def test_a_tie_goes_to_the_null_alternative() -> None:
    assert best(np.zeros((3, 10))).tolist() == [1, 0, 0]
    assert best(np.array([[0, 0, 5.0], [1, 0, 2], [0, 0, 3]])).tolist() == pytest.approx([2 / 3, 1 / 3, 0])


MONEY = arrays(np.float64, (3, 8), elements=st.floats(0.01, 100))


@settings(max_examples=60, deadline=None)
@given(costs=MONEY, gains=MONEY)
def test_acceptability_starts_at_the_cheapest_and_ends_at_the_best(costs: np.ndarray, gains: np.ndarray) -> None:
    costs[0], gains[0] = 0, 0  # the null alternative
    grid = np.array([0, 0.01, 0.1, 1, 10, 1e9])
    curves = acceptability(costs, gains, grid)
    assert curves.sum(axis=0) == pytest.approx(np.ones(len(grid)))
    assert curves[0, 0] == 1  # everything costs, and nothing is worth anything
    assert (np.diff(curves[0]) <= 1e-12).all()  # the null alternative only loses as gains are worth more
    gains[2] = gains[1] + 1e-3  # now 2 gives most in every draw
    assert (np.diff(acceptability(costs, gains, grid)[2]) >= -1e-12).all()
    assert acceptability(costs, gains, grid)[2, -1] == 1


@settings(max_examples=60, deadline=None)
@given(arrays(np.int64, (2, 5), elements=st.integers(-20, 40)))
def test_the_frontier_is_the_highest_mean_net_benefit_at_every_willingness(numbers: np.ndarray) -> None:
    costs, gains = (np.vstack([[0.0], n[:, None].astype(float)]) for n in numbers)
    steps = frontier(costs, gains)
    assert steps[0][0] == 0
    assert all(a[0] < b[0] for a, b in pairwise(steps))
    for w in np.arange(0, 200) / 3:
        chosen = [a for at, a in steps if at <= w][-1]
        net = w * gains[:, 0] - costs[:, 0]
        assert net[chosen] == pytest.approx(net.max())


def test_a_draw_without_gain_has_an_infinite_price_and_a_dominant_one_costs_nothing() -> None:
    """Cost and gain of four draws: 5 each; nothing gained; money saved and gained; money saved and lost."""
    found = prices(np.array([10.0, 10.0, -10.0, -10.0]), np.array([2.0, 0.0, 2.0, -2.0]))
    assert found.tolist() == [5, np.inf, 0, np.inf]


def test_a_ratio_tells_its_spread_over_the_draws() -> None:
    cost = np.array([10.0, 20.0, 30.0, 40.0])
    r = Ratio.of(cost, np.array([1.0, 1.0, 2.0, 2.0]))
    assert (r.p05, r.p50, r.p95) == pytest.approx(tuple(np.quantile([10, 20, 15, 20], (0.05, 0.5, 0.95))))


@pytest.mark.parametrize(
    ("short", "finite"),
    [(0, (True, True, True)), (4, (True, True, True)), (5, (True, True, False)), (49, (True, True, False)), (50, (True, False, False))],
)  # fmt: skip
def test_a_few_draws_without_gain_leave_the_median_price(short: int, finite: tuple[bool, ...]) -> None:
    """100 draws that cost 10, of which ``short`` gain nothing and the others 2: the price is 5 or infinite, and the median not near
    the ratio of the means. The median is finite when more than half gain; the upper quantile is not from 5 % without gain on."""
    gain = np.append(np.full(99 - short, 2.0), [1000.0] + [0.0] * short)
    r = Ratio.of(np.full(100, 10.0), gain, level=0.5)
    assert r.kind == "plain"
    assert tuple(np.isfinite((r.p05, r.p50, r.p95))) == finite
    assert r.p50 in (5, np.inf)
    assert r.value < 1
    assert r.positive == pytest.approx(1 - short / 100)
