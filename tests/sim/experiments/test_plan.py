"""The planner against brute force: the cheapest plan, the statement that there is none, and how close the best comes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.experiments.plan import Choice, Evaluation, Floats, Plan, Task
from sim.experiments.plan_search import PRECISION, search

STARTS = ("2027-01", "2027-03", "2028-01")
DRAWS, YEARS = 30, 3


class World:
    """Interventions that each let through a share of what the others stop; costs add up, from their start."""

    def __init__(self, seed: int, keys: int, starts: int, rivals: bool = False) -> None:
        random = np.random.default_rng(seed)
        self.effect = {f"i{k}": random.uniform(0, 0.5, DRAWS) for k in range(keys)}
        self.price = {key: random.uniform(0.5, 5) for key in self.effect}
        self.stopped = random.uniform(0.4, 0.6, DRAWS)
        alternatives = {k: tuple(Choice(k, s) for s in STARTS[:starts]) for k in self.effect}
        self.items = tuple(alternatives.values())
        if rivals:  # the first two cannot go together
            self.items = (alternatives["i0"] + alternatives["i1"], *self.items[2:])
        self.calls = 0

    def __call__(self, plans: Sequence[Plan]) -> list[Evaluation]:
        self.calls += len(plans)
        return [self.one(plan) for plan in plans]

    def one(self, plan: Plan) -> Evaluation:
        stopped, cost = self.stopped.copy(), np.zeros((DRAWS, YEARS))
        for choice in plan:
            late = STARTS.index(choice.start)
            stopped = stopped * (1 - self.effect[choice.key] * (1 - 0.2 * late))
            cost[:, (0, 0, 1)[late] :] += self.price[choice.key] * (1 - 0.1 * (late == 1))
        return Evaluation(1 - stopped, cost)

    def everything(self) -> list[Plan]:
        return [
            frozenset(c for c in combination if c)
            for combination in itertools.product(*((None, *a) for a in self.items))
        ]


def brute(world: World, task: Task) -> tuple[float, float]:
    """The lowest cost that reaches the target (inf: none), and the highest level within the budget."""
    cheapest, closest = math.inf, -math.inf
    for plan in world.everything():
        got = world.one(plan)
        if np.all(got.yearly <= task.budget + 1e-9):
            closest = max(closest, got.level(task.probability))
            if got.level(task.probability) >= task.target:
                cheapest = min(cheapest, got.total)
    return cheapest, closest


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(2, 14), st.floats(0.5, 0.95), st.sampled_from([0.5, 0.8, 0.95]), st.booleans())
def test_the_plan_is_the_one_that_brute_force_finds(
    seed: int, money: float, target: float, probability: float, rivals: bool
) -> None:
    world = World(seed, keys=4, starts=3, rivals=rivals)
    budget: Floats = np.array([money, 0.8 * money, 1.2 * money])
    task = Task(world.items, budget, target, probability)
    cheapest, closest = brute(world, task)
    found = search(task, world, limit=10_000)
    if math.isinf(cheapest):
        assert found.plan is None
        assert found.lower_bound == math.inf
        assert found.strict_upper >= closest - PRECISION
        assert found.closest is not None
        assert closest - PRECISION <= found.known[found.closest].level(probability) <= closest + 1e-9
        assert found.level_gap <= PRECISION
    else:
        assert found.plan is not None
        got = world.one(found.plan)
        assert got.total == pytest.approx(cheapest)
        assert got.level(probability) >= target
        assert np.all(got.yearly <= budget + 1e-9)
        assert found.gap == pytest.approx(0, abs=1e-9)
        assert found.strict_lower <= cheapest + 1e-9
    assert found.bounds.outcome_fell == 0


def test_the_search_needs_fewer_evaluations_than_brute_force() -> None:
    world = World(3, keys=6, starts=3)
    found = search(Task(world.items, np.full(YEARS, 30.0), 0.75, 0.8), world, limit=10_000)
    assert found.plan
    assert found.gap == 0
    assert world.calls == found.evaluations < len(world.everything()) / 3


@pytest.mark.parametrize(("target", "money"), [(0.75, 30.0), (0.99, 6.0)])
def test_a_search_that_is_cut_short_says_what_it_leaves_open(target: float, money: float) -> None:
    world = World(3, keys=6, starts=3)
    task = Task(world.items, np.full(YEARS, money), target, 0.8)
    whole, cut = search(task, world, limit=10_000), search(task, world, limit=20)
    assert cut.evaluations < whole.evaluations
    if whole.plan is not None:
        best = whole.known[whole.plan].total
        assert cut.lower_bound <= best + 1e-9
        if cut.plan is not None:
            assert cut.known[cut.plan].total * (1 - cut.gap) <= best + 1e-9
    else:
        assert whole.closest is not None
        assert cut.closest is not None
        best = whole.known[whole.closest].level(0.8)
        assert cut.known[cut.closest].level(0.8) <= best + PRECISION
        assert best <= cut.upper_bound + PRECISION


@pytest.mark.parametrize(("target", "money"), [(0.75, 30.0), (0.99, 30.0), (0.99, 6.0), (0.7, 6.0)])
@pytest.mark.parametrize("limit", [1, 2, 7, 20, 41])
def test_no_more_is_tried_than_allowed(target: float, money: float, limit: int) -> None:
    """Beyond nothing, everything, each of the 18 choices alone and everything without each of the 6."""
    world = World(3, keys=6, starts=3)
    found = search(Task(world.items, np.full(YEARS, money), target, 0.8), world, limit)
    assert world.calls == found.evaluations <= 2 + 18 + 6 + limit
    whole = search(found.task, world, 10_000)
    best = math.inf if whole.plan is None else whole.known[whole.plan].total
    assert found.lower_bound <= best
    if found.plan is None:
        assert whole.closest is None or found.upper_bound >= whole.known[whole.closest].level(0.8) - PRECISION


def test_an_intervention_that_harms_is_found_out() -> None:
    world = World(1, keys=3, starts=2)
    world.effect["i1"] = -world.effect["i1"]
    found = search(Task(world.items, np.full(YEARS, 50.0), 0.6, 0.8), world)
    assert found.bounds.outcome_fell > 0
    assert 0 < found.bounds.largest_fall < 1
    assert all(c.key != "i1" for c in found.plan or found.closest or ())


def test_the_level_is_what_the_asked_share_of_draws_reaches() -> None:
    got = Evaluation(np.array([0.1, 0.2, 0.3, 0.4, np.nan]), np.zeros((5, 1)))
    assert [got.level(p) for p in (0.2, 0.4, 0.8)] == [0.4, 0.3, 0.1]
    assert got.level(0.9) == -math.inf
    for p in (0.2, 0.4, 0.6, 0.8):
        assert got.reached(got.level(p)) >= p


def test_the_search_takes_the_same_path_again() -> None:
    task = Task(World(5, 5, 2).items, np.full(YEARS, 9.0), 0.8, 0.8)
    one, other = search(task, World(5, 5, 2)), search(task, World(5, 5, 2))
    assert one.steps == other.steps
    assert (one.plan, one.closest) == (other.plan, other.closest)
