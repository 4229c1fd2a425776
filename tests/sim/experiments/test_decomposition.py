"""Shares of variance against analytic ones, and on scenarios where only one part varies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiments.decomposition import (
    PARTS,
    Decomposition,
    bootstrap,
    decompose,
    default_pairs,
    estimate,
    mixed,
    shapley,
)
from sim.experiments.replicate import replicate
from sim.model.draws import columns
from tests.alarm import alpha, z_two_sided
from tests.sim import small
from tests.sim.model.test_streams import uncertain


def test_shares_of_a_known_function_are_found() -> None:
    """f = p + 2 s + n + 3 p s with standard normals: variances 1, 4, 1 and 9 for the interaction, of 15.

    Each estimate is a mean of squares over many pairs; z against its own bootstrap error.
    """
    random = np.random.default_rng(5)
    count = 4000
    a, b = random.normal(size=(2, 3, count))

    def f(p: np.ndarray, s: np.ndarray, n: np.ndarray) -> np.ndarray:
        return p + 2 * s + n + 3 * p * s

    one, other = f(*a), f(*b)
    variants = np.stack([f(*(b[g] if g == h else a[g] for g in range(3))) for h in range(3)])
    found = estimate(one, other, variants)
    errors = bootstrap(lambda of: estimate(one[of], other[of], variants[:, of]), count)
    truth = np.array([[1, 4, 1], [10, 13, 1], [5.5, 8.5, 1]]) / 15
    # squares have heavy tails: the errors are allowed half as much again
    assert np.all(np.abs(np.array(found) - truth) < 1.5 * z_two_sided(alpha("shares", 9)) * errors)
    assert np.all(errors < 0.05)  # so a share that is wrong by a third is found


@given(st.lists(st.floats(-0.2, 1.2), min_size=6, max_size=6))
def test_shapley_shares_sum_to_one_whatever_the_estimates(numbers: list[float]) -> None:
    first, total = np.array(numbers[:3]), np.array(numbers[3:])
    assert shapley(first, total).sum() == pytest.approx(1)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_without_interaction_all_shares_are_the_same(variances: list[float]) -> None:
    shares = np.array(variances) / sum(variances)
    assert np.allclose(shapley(shares, shares), shares)


PARAMETER = {"technical": {"errors": uncertain(0, 1, "share")}, "regions": {"vest": {"population": 3_000_000}}}
SCHEDULE = {"golive": {"hospital": {"vest": small.project() | {"design_months": uncertain(0, 30, "months")}}}}


def divided(*changes: small.Plain) -> tuple[Decomposition, int]:
    results = replicate(small.scenario(*changes), 60, seed=2)
    return decompose(results, 20), results.replications


def test_where_only_chance_varies_it_has_it_all() -> None:
    found, _ = divided()
    assert found.pairs == 20
    assert found.shares
    for shares in found.shares:
        assert shares.first.tolist() == shares.total.tolist() == [0, 0, 1]
        assert np.allclose(shares.shapley, [0, 0, 1], atol=1e-12)


def test_an_uncertain_schedule_and_an_uncertain_parameter_are_told_apart() -> None:
    for change, part in ((PARAMETER, 0), (SCHEDULE, 1)):
        found, _ = divided(change)
        other = 1 - part
        headline = found.at("national", "all", "2024-12")
        assert headline is not None
        assert headline.total[other] == 0
        assert headline.shapley[part] > 0.8
        assert headline.shapley.sum() == pytest.approx(1)
        assert sum(headline.per_cent()) == 100
        assert headline.as_dict()[PARTS[part]]["first"] == headline.first[part]


def test_each_run_of_a_pair_has_one_part_from_the_other() -> None:
    found = columns(small.scenario(PARAMETER, SCHEDULE))
    a, b = np.zeros((2, len(found))), np.ones((2, len(found)))
    rows, numbers = mixed(found, a, b, np.array([0, 1]), np.array([2, 3]))
    schedule = np.array([c.kind == "schedule" for c in found])
    assert schedule.any()
    assert np.array_equal(rows[0:2], np.tile(~schedule, (2, 1)))
    assert np.array_equal(rows[2:4], np.tile(schedule, (2, 1)))
    assert not rows[4:].any()
    assert numbers.tolist() == [0, 1, 0, 1, 2, 3]


def test_the_shares_do_not_hang_on_who_ran_them() -> None:
    results = replicate(small.scenario(PARAMETER), 60, seed=2)
    one, two = (decompose(results, 20, None).as_dict() for _ in range(2))
    assert one == two


def test_by_default_a_seventh_is_decomposed_and_few_draws_are_not() -> None:
    assert default_pairs(400) == 57
    assert default_pairs(69) == 0
