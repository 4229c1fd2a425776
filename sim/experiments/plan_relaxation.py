"""The linear programme behind the planner's second pair of bounds.

Choices may be taken in part, gains in log outcome and costs are added up: the least cost of a gain that is needed, and the largest
gain that a yearly budget buys (the relaxation of a multidimensional knapsack problem with choice constraints).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from sim.experiments.plan import Choice

Floats = npt.NDArray[np.float64]


class Relaxation:
    """The relaxed problem for the items from a depth on; ``gains`` is read anew each time, for the search adds to it."""

    def __init__(
        self,
        items: Sequence[Sequence[Choice]],
        costs: Mapping[Choice, Floats],
        gains: Mapping[Choice, float],
        margin: float,
    ) -> None:
        self._items, self._costs, self._gains, self._margin = items, costs, gains, margin

    def _rest(self, depth: int) -> tuple[list[Choice], Floats, Floats, Floats]:
        """The choices that are left, their gains [N], yearly costs [Y, N], and which item each belongs to [I, N]."""
        choices = [c for alternatives in self._items[depth:] for c in alternatives]
        gains = np.array([self._margin * self._gains.get(c, 0.0) for c in choices])
        costs = np.stack([self._costs[c] for c in choices], axis=1)
        member = np.array([[float(c in alternatives) for c in choices] for alternatives in self._items[depth:]])
        return choices, gains, costs, member

    def cost(self, depth: int, left: Floats, gain: float) -> float:
        """The least cost of a ``gain`` in log outcome within what is ``left`` [Y] of the budget; inf if there is none."""
        if depth >= len(self._items):
            return math.inf
        _, gains, costs, member = self._rest(depth)
        solved = linprog(
            costs.sum(axis=0),
            A_ub=np.vstack([-gains, costs, member]),
            b_ub=np.concatenate([[-gain], np.maximum(left, 0), np.ones(len(member))]),
            method="highs",
        )
        return max(float(solved.fun), 0.0) if solved.status == 0 else math.inf

    def gain(self, depth: int, left: Floats) -> float:
        """The largest gain in log outcome that what is ``left`` [Y] buys."""
        if depth >= len(self._items):
            return 0.0
        _, gains, costs, member = self._rest(depth)
        solved = linprog(
            -gains,
            A_ub=np.vstack([costs, member]),
            b_ub=np.concatenate([np.maximum(left, 0), np.ones(len(member))]),
            method="highs",
        )
        return max(-float(solved.fun), 0.0) if solved.status == 0 else math.inf
