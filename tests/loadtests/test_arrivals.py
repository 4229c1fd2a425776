"""Arrivals are a Poisson process with the rate that was asked for, the same for everybody who plays them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadtests.arrivals import draw, invert, openings
from loadtests.demand import INDEX
from loadtests.errors import UserError
from loadtests.shapes import Stage, course
from tests.alarm import alpha
from tests.loadtests import small

LEVEL = alpha("open_arrivals", 4)
RAMPED = [
    Stage(seconds=100, factor=(0.0, 3.0)),
    Stage(seconds=50, factor=2.0, operations={"read": (1, 4)}),
    Stage(seconds=50, factor=(2.0, 0.5)),
]


def test_counts_fit_the_integrated_rate_by_chi_square() -> None:
    played = course(small.demand(50.0, login=5.0), RAMPED)
    arrivals = draw(played, 1)
    edges = np.linspace(0, played.seconds, 81)
    found, _ = np.histogram(arrivals.times, edges)
    middle = np.linspace(0, played.seconds, 80_001)[:-1] + played.seconds / 160_000
    rate = played.rate(middle)[:, [INDEX["status"], INDEX["login"]]].sum(axis=1)
    expected = rate.reshape(80, -1).mean(axis=1) * (edges[1] - edges[0])
    statistic = ((found - expected) ** 2 / expected).sum()
    assert stats.chi2.ppf(LEVEL / 2, 80) < statistic < stats.chi2.isf(LEVEL / 2, 80)  # neither bunched nor too even


def test_gaps_are_exponential_on_the_scale_of_the_integrated_rate() -> None:
    played = course(small.demand(50.0), RAMPED)
    arrivals = draw(played, 2)
    fine = np.linspace(0, played.seconds, 200_001)
    rate = played.rate(fine)[:, INDEX["status"]]
    reached = np.concatenate([[0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(fine))])
    gaps = np.diff(np.interp(arrivals.times, fine, reached))
    assert stats.kstest(gaps, "expon").pvalue > LEVEL


def test_every_operation_comes_at_its_own_rate() -> None:
    played = course(small.demand(40.0, read=10.0, create=3.0, update=0.5, login=4.0), RAMPED)
    due = draw(played, 3).due()
    expected = played.expected().sum(axis=0)
    for name, index in INDEX.items():
        level = LEVEL / len(INDEX)
        assert (
            stats.poisson.ppf(level / 2, expected[index]) <= due[name] <= stats.poisson.isf(level / 2, expected[index])
        )


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(0.1, 100)), min_size=1, max_size=6))
def test_inversion_is_the_inverse_of_the_integral(pieces: list[tuple[float, float, float]]) -> None:
    stages = [Stage(seconds=s, factor=(a, b)) for a, b, s in pieces]
    if sum(a + b for a, b, _ in pieces) < 1e-3:
        return
    played = course(small.demand(1.0), stages)
    first, last = (rates.sum(axis=1) for rates in openings(played))
    whole = np.cumsum((first + last) / 2 * (played.ends - played.starts))
    points = np.linspace(0, whole[-1], 200)[1:-1]
    piece, times = invert(played, first, last, points)
    inside = times - played.starts[piece]
    slope = ((last - first) / (played.ends - played.starts))[piece]
    integral = np.concatenate([[0], whole[:-1]])[piece] + first[piece] * inside + slope * inside**2 / 2
    assert integral == pytest.approx(points, rel=1e-6, abs=1e-6 * whole[-1])
    assert (np.diff(times) >= 0).all()


def test_the_seed_alone_says_when_and_stripes_share_without_overlap() -> None:
    played = small.straight(100.0, 20)
    one, other, third = draw(played, 5), draw(played, 5), draw(played, 6)
    assert (one.times == other.times).all()
    assert (one.follow == other.follow).all()
    assert len(third) != len(one) or (third.times != one.times).any()
    parts = np.concatenate([one.times[s::3] for s in range(3)])
    assert sorted(parts) == list(one.times)


def test_a_run_that_would_be_too_long_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(UserError, match="limit is 1000"):
        draw(small.straight(100.0, 60), 1, 1000)
    with pytest.raises(UserError, match="never asks"):
        course(small.demand(1.0), [Stage(seconds=1, factor=0.0)])
    with pytest.raises(UserError, match="«mars» is not in the demand"):
        course(small.demand(1.0), [Stage(seconds=1, regions={"mars": 1.0})])
