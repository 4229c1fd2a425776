"""What common random numbers achieve, on planted differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.errors import UserError
from sim.experiments.crn import achieved
from sim.experiments.replicate import Results, replicate
from tests.sim import small
from tests.sim.model.test_streams import SPREAD


@pytest.fixture(scope="module")
def results() -> Results:
    return replicate(small.scenario(SPREAD), 40, seed=2, workers=1)


def test_correlation_and_reduction_are_those_of_the_definition(results: Results) -> None:
    """Y = X / 2 + e: the covariance identity Var(X - Y) = Var X + Var Y - 2 r s_X s_Y ties the two figures."""
    noise = np.random.default_rng(1).normal(0, 0.01, results.series.shape).astype(np.float32)
    other = dataclasses.replace(results, series=results.series / 2 + noise)
    found = achieved(results, other)
    assert len(found) == 8
    for a in found:
        column = results.model.calendar.labels.index(a.figure.month)
        x, y = (r.of(a.figure.measure, a.figure.area, a.figure.sector)[:, column] for r in (results, other))
        assert a.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-5)
        shared = 2 * a.correlation * x.std(ddof=1) * y.std(ddof=1)
        apart = x.var(ddof=1) + y.var(ddof=1)
        assert a.reduction == pytest.approx(apart / (apart - shared), rel=1e-3)


def test_a_scenario_against_itself_has_nothing_left_to_vary(results: Results) -> None:
    for a in achieved(results, results):
        assert a.correlation == pytest.approx(1)
        assert a.reduction == np.inf


def test_two_scenarios_with_the_same_numbers_are_alike_and_with_others_not_paired(results: Results) -> None:
    changed = small.scenario(SPREAD, small.strata({"eid_at_start": 0.9}))
    other = replicate(changed, 40, seed=2, workers=1)
    assert min(a.reduction for a in achieved(results, other)) > 1
    with pytest.raises(UserError, match="in pairs"):
        achieved(results, replicate(changed, 40, seed=3, workers=1))
    with pytest.raises(UserError, match="in pairs"):
        achieved(results, replicate(changed, 39, seed=2, workers=1))
