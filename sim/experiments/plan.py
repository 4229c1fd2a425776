"""The words of planning: a choice, a plan, what it gives and costs, what is asked, and what a search found.

See ``plan_search`` for the search itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9


@dataclass(frozen=True, order=True)
class Choice:
    """An intervention begun in a month («2027-01»)."""

    key: str
    start: str


Plan = frozenset[Choice]


@dataclass(frozen=True)
class Evaluation:
    """What a plan gives over M draws that all plans share: ``outcome`` [M], and ``cost`` [M, Y] per budget year."""

    outcome: Floats
    cost: Floats

    def level(self, probability: float) -> float:
        """The outcome that at least a share ``probability`` of the draws reaches; -inf where it is not defined."""
        values = np.sort(np.where(np.isnan(self.outcome), -np.inf, self.outcome))[::-1]
        return float(values[max(math.ceil(probability * values.size - TOLERANCE), 1) - 1])

    def reached(self, target: float) -> float:
        """The share of the draws that reach ``target``."""
        return float(np.mean(self.outcome >= target))

    @property
    def yearly(self) -> Floats:
        """[Y] expected cost per year."""
        return np.asarray(self.cost.mean(axis=0))

    @property
    def total(self) -> float:
        """Expected cost over the years."""
        return float(self.cost.mean(axis=0).sum())


Evaluate = Callable[[Sequence[Plan]], list[Evaluation]]


@dataclass(frozen=True)
class Task:
    """What is asked: ``items`` (each its alternatives, of which one may be taken), ``budget`` [Y], target and probability."""

    items: tuple[tuple[Choice, ...], ...]
    budget: Floats
    target: float
    probability: float


@dataclass
class Bounds:
    """How the assumptions behind the bounds fared in the comparisons that were made."""

    comparisons: int = 0
    outcome_fell: int = 0
    largest_fall: float = 0.0
    cost_fell: int = 0
    largest_saving: float = 0.0
    gains: dict[Choice, float] = field(default_factory=dict)  # the largest gain in log level seen of each choice

    def check(self, less: Evaluation, more: Evaluation, probability: float) -> None:
        """``more`` has what ``less`` has and something in addition, or something earlier."""
        self.comparisons += 1
        low, high = less.level(probability), more.level(probability)
        fall = low - high if math.isfinite(low) else 0.0
        if fall > TOLERANCE:
            self.outcome_fell += 1
            self.largest_fall = max(self.largest_fall, fall)
        saving = float(np.max(less.yearly - more.yearly, initial=0.0))
        if saving > TOLERANCE:
            self.cost_fell += 1
            self.largest_saving = max(self.largest_saving, saving)

    def added(self, less: Evaluation, more: Evaluation, choice: Choice, probability: float) -> None:
        """``more`` is ``less`` with ``choice``: check it, and note what the choice gave."""
        self.check(less, more, probability)
        low, high = less.level(probability), more.level(probability)
        if low > 0:
            self.gains[choice] = max(self.gains.get(choice, 0.0), math.log(high / low) if high > 0 else 0.0)


@dataclass(frozen=True)
class Step:
    """A line of the search trace. The bound is on cost (MNOK) while the cheapest is sought, then on the level reached."""

    phase: str  # cheapest or closest
    evaluations: int
    best: float | None
    bound: float
    open: int


@dataclass
class Found:
    """The result: ``plan`` reaches the target (None: none found); ``closest`` is the best affordable plan otherwise.

    ``lower_bound`` on the cost of any plan that reaches the target (inf: there is none); ``upper_bound`` on the level that any affordable plan
    reaches; ``strict_lower`` and ``strict_upper`` the same from monotonicity alone (see ``plan_search``); ``unlimited`` the level with
    everything at once and no budget.
    """

    task: Task
    none: Evaluation
    unlimited: float
    plan: Plan | None = None
    closest: Plan | None = None
    lower_bound: float = 0.0
    upper_bound: float = math.inf
    strict_lower: float = 0.0
    strict_upper: float = math.inf
    evaluations: int = 0
    bounds: Bounds = field(default_factory=Bounds)
    steps: list[Step] = field(default_factory=list)
    known: dict[Plan, Evaluation] = field(default_factory=dict, repr=False)

    @property
    def gap(self) -> float:
        """How much dearer the plan may be than the cheapest, as a share of its cost; NaN without a plan."""
        if self.plan is None:
            return math.nan
        cost = self.known[self.plan].total
        return max(cost - self.lower_bound, 0.0) / cost if cost > 0 else 0.0

    @property
    def level_gap(self) -> float:
        """How much closer another affordable plan might come; NaN when a plan reaches the target."""
        if self.closest is None:
            return math.nan
        return max(self.upper_bound - self.known[self.closest].level(self.task.probability), 0.0)
