"""Shapley shares add up to the total, and are what the definition says."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.experiments.shapley import coalitions, gates_gain, gates_gain_by_draw, gates_loss, passing, shapley
from sim.vocabulary import GATE_KEYS


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 5))
def test_shares_add_up_and_equal_the_mean_over_all_orders(data: st.DataObject, count: int) -> None:
    causes = "abcde"[:count]
    sets = coalitions(causes)
    assert len(sets) == 2**count
    worth = {s: np.array(data.draw(st.tuples(*[st.floats(-10, 10)] * 2))) for s in sets}
    shares = shapley(causes, worth)
    assert sum(shares.values()) == pytest.approx(worth[frozenset(causes)] - worth[frozenset()])
    for cause in causes:
        steps = [
            worth[frozenset(order[: order.index(cause) + 1])] - worth[frozenset(order[: order.index(cause)])]
            for order in permutations(causes)
        ]
        assert shares[cause] == pytest.approx(np.mean(steps, axis=0))


COUNTS = arrays(np.int64, (4, 9), elements=st.integers(0, 50))


@settings(max_examples=60, deadline=None)
@given(one=COUNTS, other=COUNTS)
def test_the_gates_shares_add_up_to_the_gain_and_to_the_loss(one: np.ndarray, other: np.ndarray) -> None:
    one[:, 8] += 1
    other[:, 8] += 1
    weight = one.sum(axis=1) / one.sum()
    rate = weight @ (one[:, 8] / one.sum(axis=1)), weight @ (other[:, 8] / other.sum(axis=1))
    gain = gates_gain(one.astype(float), other.astype(float))
    assert sum(gain.values()) == pytest.approx(rate[1] - rate[0])
    loss = gates_loss(one.astype(float))
    assert sum(loss.values()) == pytest.approx(1 - rate[0])
    assert all(v >= -1e-12 for v in loss.values())


def test_a_gate_that_nobody_stops_at_has_no_share_and_twins_share_alike() -> None:
    outcomes = np.array([[0, 0, 50, 25, 0, 0, 0, 0, 25]], float)  # half stops at knowledge, half of the rest at eID
    assert passing(outcomes)[0, 2:4] == pytest.approx([0.5, 0.5])
    loss = gates_loss(outcomes)
    assert loss["knowledge"] == pytest.approx(0.375)
    assert loss["eid"] == pytest.approx(0.375)
    assert {g for g in GATE_KEYS if abs(loss[g]) > 1e-12} == {"knowledge", "eid"}
    better = np.array([[0, 0, 0, 50, 0, 0, 0, 0, 50]], float)
    assert gates_gain(outcomes, better)["knowledge"] == pytest.approx(0.25)


def test_the_gates_of_each_draw_are_those_of_its_own_outcomes() -> None:
    """Draw by draw the same as for one, and the shares of every draw add up to its own gain."""
    rng = np.random.default_rng(5)
    without, with_it = (rng.integers(0, 50, (3, 4, 9)).astype(float) for _ in range(2))
    with_it *= (without.sum(axis=2) / with_it.sum(axis=2))[:, :, None]  # the same entries come
    found = gates_gain_by_draw(without, with_it)
    for draw, row in enumerate(found):
        assert row == pytest.approx(list(gates_gain(without[draw], with_it[draw]).values()), abs=1e-12)
    rates = [x[:, :, 8].sum(axis=1) / x.sum(axis=(1, 2)) for x in (without, with_it)]
    assert found.sum(axis=1) == pytest.approx(rates[1] - rates[0], abs=1e-12)
