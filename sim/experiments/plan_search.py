"""The cheapest set and order of interventions that reaches a target with a probability inside a yearly budget.

Branch and bound. A node has decided about the first items (each: leave it, or take one of its alternatives: an
intervention at a start). Nodes are opened in the order of their lower bound on cost, so that the first plan that reaches the
target with no cheaper node open is the cheapest (best-first; Lawler & Wood 1966, Operations Research 14(4), 699-719). If
none reaches it, a second search in the same tree, best-first by an upper bound on the outcome, finds how close the best
affordable plan comes. Two pairs of bounds are used:

- *Monotonicity*: a plan with more, or earlier, has no lower outcome and no lower cost in any year. The cost of what a node has taken
  is then a lower bound, and the outcome of it with everything else that it could still afford, one by one, an upper bound.
- *Bounded gains*: no choice multiplies the outcome by more than (its largest gain in any comparison made so far) to the power of
  ``MARGIN``. The gains needed for the target, or affordable in the budget, are then a linear programme (``plan_relaxation``).

Neither is promised by the model: a faster card may reach a successor later, and gates in series help each other. So every
comparison that the search makes is checked; the report says how often and how far monotonicity failed, and gives the
bound with and without the second assumption.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.experiments.plan import TOLERANCE, Bounds, Choice, Evaluate, Evaluation, Found, Plan, Step, Task
from sim.experiments.plan_relaxation import Relaxation

BATCH = 4  # nodes opened at a time, whatever the number of processes: the search takes the same path everywhere
MARGIN = 1.25
PRECISION = 0.001  # levels that differ by less are alike (0.1 percentage points)


@dataclass(frozen=True)
class _Node:
    depth: int
    taken: Plan


class Search:
    """One search. ``limit`` is the most evaluations that it may make beyond nothing, everything, and each choice and item by itself;
    the gap tells what that leaves open."""

    def __init__(self, task: Task, evaluate: Evaluate, limit: int) -> None:
        self.task, self._evaluate, self.limit = task, evaluate, limit
        self.known: dict[Plan, Evaluation] = {}
        self.bounds = Bounds()
        self.steps: list[Step] = []
        self._most = 0  # plans that may be known, when the search has begun

    def run(self) -> Found:
        """Search; see ``Found``."""
        task = self.task
        nothing: Plan = frozenset()
        choices = [c for alternatives in task.items for c in alternatives]
        self._know([nothing, *(frozenset({c}) for c in choices)])
        self._order(nothing)
        everything = self._with_rest(_Node(0, nothing), unlimited=True)
        without = [everything - {c} for c in everything]
        self._know([everything, *without])
        for choice in choices:
            self.bounds.added(self.known[nothing], self.known[frozenset({choice})], choice, task.probability)
        for choice, rest in zip(everything, without, strict=True):
            self.bounds.added(self.known[rest], self.known[everything], choice, task.probability)
        basis = len(self.known)
        self._most = basis + self.limit * 2 // 3  # the rest is for how close the best comes, if none is found
        alone = {c: np.maximum(self.known[frozenset({c})].yearly - self.known[nothing].yearly, 0) for c in choices}
        self.relaxation = Relaxation(self.items, alone, self.bounds.gains, MARGIN)
        found = Found(
            task, self.known[nothing], self._level(everything), bounds=self.bounds, steps=self.steps, known=self.known
        )
        if found.unlimited < task.target:
            found.lower_bound = found.strict_lower = math.inf
        else:
            self._cheapest(found)
        if found.plan is None:
            self._most = basis + self.limit
            self._closest(found)
        found.evaluations = len(self.known)
        return found

    # -- what is known of plans ------------------------------------------------------------------------------------

    def _know(self, plans: Sequence[Plan]) -> None:
        new = [p for p in dict.fromkeys(plans) if p not in self.known]
        for plan, evaluation in zip(new, self._evaluate(new) if new else [], strict=True):
            self.known[plan] = evaluation

    def _room(self, *plans: Plan) -> bool:
        """Whether the limit allows that some plans are known."""
        return len(self.known) + len({p for p in plans if p not in self.known}) <= self._most

    def _opened(self, queue: list[tuple[float, int, int, _Node]]) -> list[_Node]:
        """The next nodes, taken off the queue: at most a batch, and no more than the limit certainly has room for."""
        opened: list[_Node] = []
        needed = 0
        while queue and len(opened) < BATCH:
            node = queue[0][3]
            if node.depth < len(self.items):  # each child, and each with the rest; so too the node that leaves the item
                needed += 2 * len(self.items[node.depth]) + 1
            if len(self.known) + needed > self._most:
                break
            opened.append(heapq.heappop(queue)[3])
        return opened

    def _level(self, plan: Plan) -> float:
        return self.known[plan].level(self.task.probability)

    def _affordable(self, plan: Plan) -> bool:
        return bool(np.all(self.known[plan].yearly <= self.task.budget + TOLERANCE))

    def _order(self, nothing: Plan) -> None:
        """Items by what they give for their money, alone; and for each item its best alternative for the upper bound."""
        base = self._level(nothing)

        def worth(alternatives: tuple[Choice, ...]) -> float:
            single = frozenset({alternatives[0]})
            gain = self._level(single) - base
            return gain / max(self.known[single].total, 1e-3) if math.isfinite(gain) else 0.0

        self.items = sorted(self.task.items, key=lambda a: (-worth(a), a[0].key))

    def _with_rest(self, node: _Node, unlimited: bool = False) -> Plan:
        """The node's plan with every undecided item at the best alternative that it could still afford alone."""
        left = self.task.budget - self.known[node.taken].yearly
        nothing = self.known[frozenset()].yearly
        rest = []
        for alternatives in self.items[node.depth :]:
            fits = [c for c in alternatives if unlimited or np.all(self._alone(c).yearly - nothing <= left + TOLERANCE)]
            if fits:
                level = {c: self._alone(c).level(self.task.probability) for c in fits}
                rest.append(max(fits, key=lambda c: (level[c], -alternatives.index(c))))
        return node.taken | frozenset(rest)

    def _alone(self, choice: Choice) -> Evaluation:
        return self.known[frozenset({choice})]

    # -- the cheapest plan that reaches the target -----------------------------------------------------------------

    def _cheapest(self, found: Found) -> None:
        incumbent = math.inf

        def better(plan: Plan) -> None:
            nonlocal incumbent
            cost = self.known[plan].total
            if self._affordable(plan) and self._level(plan) >= self.task.target and cost < incumbent - TOLERANCE:
                incumbent, found.plan = cost, plan

        for plan in self._greedy():
            better(plan)
        if found.plan is not None:
            better(self._pruned(found.plan))
        queue: list[tuple[float, int, int, _Node]] = []
        serial, strict = 0, math.inf

        def push(node: _Node) -> None:
            nonlocal serial, strict
            cost = self.known[node.taken].total
            more = self._cost_to_go(node)
            if cost + more >= incumbent - TOLERANCE:
                strict = min(strict, cost)
                return
            serial += 1
            heapq.heappush(queue, (cost + more, -node.depth, serial, node))

        push(_Node(0, frozenset()))
        while queue and queue[0][0] < incumbent - TOLERANCE and (opened := self._opened(queue)):
            for child in self._children([n for n in opened if n.depth < len(self.items)]):
                better(child.taken)
                if self._level(child.taken) >= self.task.target:
                    continue  # adding to it only costs
                if self._cost_to_go(child) < math.inf:
                    self._know([self._with_rest(child)])
                    if self._level(self._with_rest(child)) < self.task.target:
                        continue
                push(child)
            self._note(
                "cheapest",
                None if found.plan is None else incumbent,
                min(queue[0][0] if queue else math.inf, incumbent),
                len(queue),
            )
        open_strict = min((self.known[node.taken].total for *_, node in queue), default=math.inf)
        found.lower_bound = min(queue[0][0] if queue else math.inf, incumbent)
        found.strict_lower = min(open_strict, strict, incumbent)

    def _cost_to_go(self, node: _Node) -> float:
        """What the target costs beyond the node's plan at least, if gains are bounded (inf: it cannot be reached)."""
        level = self._level(node.taken)
        if level >= self.task.target:
            return 0.0
        if level <= 0:
            return 0.0
        left = self.task.budget - self.known[node.taken].yearly
        return self.relaxation.cost(node.depth, left, math.log(self.task.target / level))

    # -- how close the best affordable plan comes --------------------------------------------------------------------

    def _closest(self, found: Found) -> None:
        best, found.closest = self._level(frozenset()), frozenset()

        def better(plan: Plan) -> None:
            nonlocal best
            level, cost = self._level(plan), self.known[plan].total
            current = self.known[found.closest or frozenset()].total
            if self._affordable(plan) and (level > best + TOLERANCE or (level >= best and cost < current - TOLERANCE)):
                best, found.closest = level, plan

        for plan in [*self._greedy(), *self.known]:
            better(plan)
        queue: list[tuple[float, int, int, _Node]] = []
        serial, strict = 0, best

        def push(node: _Node) -> None:
            nonlocal serial, strict
            bounded = self._reachable(node)
            if bounded > best + PRECISION and self._room(self._with_rest(node)):
                self._know([self._with_rest(node)])
            whole = self._level(self._with_rest(node)) if self._with_rest(node) in self.known else math.inf
            if min(whole, bounded) <= best + PRECISION:
                strict = max(strict, whole)
                return
            serial += 1
            heapq.heappush(queue, (-min(whole, bounded), -node.depth, serial, node))

        push(_Node(0, frozenset()))
        while queue and -queue[0][0] > best + PRECISION and (opened := self._opened(queue)):
            for child in self._children([n for n in opened if n.depth < len(self.items)]):
                better(child.taken)
                push(child)
            self._note("closest", best, max(-queue[0][0] if queue else best, best), len(queue))
        open_strict = max(
            (self._level(p) if (p := self._with_rest(n)) in self.known else math.inf for *_, n in queue), default=best
        )
        found.upper_bound = max(-queue[0][0] if queue else best, best)
        found.strict_upper = min(max(open_strict, strict, best), found.unlimited)

    def _reachable(self, node: _Node) -> float:
        """The level that the node's plan and what its money buys reach at most, if gains are bounded."""
        level = self._level(node.taken)
        if level <= 0:
            return math.inf
        return level * math.exp(self.relaxation.gain(node.depth, self.task.budget - self.known[node.taken].yearly))

    # -- shared ----------------------------------------------------------------------------------------------------

    def _note(self, phase: str, best: float | None, bound: float, left: int) -> None:
        self.steps.append(Step(phase, len(self.known), best, bound, left))

    def _children(self, nodes: Sequence[_Node]) -> list[_Node]:
        """The affordable children of some nodes, evaluated, and the assumptions checked."""
        pairs = [(n, _Node(n.depth + 1, n.taken | {c})) for n in nodes for c in self.items[n.depth]]
        self._know([child.taken for _, child in pairs])
        kept = [_Node(n.depth + 1, n.taken) for n in nodes]
        for parent, child in pairs:
            (choice,) = child.taken - parent.taken
            self.bounds.added(self.known[parent.taken], self.known[child.taken], choice, self.task.probability)
            if self._affordable(child.taken):
                kept.append(child)
        for node in nodes:
            for earlier, later in zip(self.items[node.depth], self.items[node.depth][1:], strict=False):
                if earlier.key == later.key:
                    sooner, after = self.known[node.taken | {earlier}], self.known[node.taken | {later}]
                    self.bounds.check(after, sooner, self.task.probability)
        return kept

    def _greedy(self) -> list[Plan]:
        """Affordable plans made by adding items in the order of their worth, each at the earliest start that fits."""
        plans: list[Plan] = []
        plan: Plan = frozenset()
        for alternatives in self.items:
            for choice in alternatives:
                candidate = plan | {choice}
                if not self._room(candidate):
                    return plans
                self._know([candidate])
                if self._affordable(candidate) and self._level(candidate) > self._level(plan) + TOLERANCE:
                    plan = candidate
                    plans.append(plan)
                    break
                if self._affordable(candidate):
                    break  # it fits and does not help: later would not either
        return plans

    def _pruned(self, plan: Plan) -> Plan:
        """A plan that reaches the target without what it can do without, dearest first, and with later starts."""
        for choice in sorted(plan, key=lambda c: (-self.known.get(frozenset({c}), self.known[plan]).total, c)):
            alternatives = next(a for a in self.items if choice in a)
            later = [c for c in alternatives if c.key == choice.key and c.start > choice.start]
            for candidate in (plan - {choice}, *(plan - {choice} | {c} for c in reversed(later))):
                if not self._room(candidate):
                    return plan
                self._know([candidate])
                cheaper = self.known[candidate].total < self.known[plan].total - TOLERANCE
                if cheaper and self._level(candidate) >= self.task.target and self._affordable(candidate):
                    plan = candidate
                    break
        return plan


def search(task: Task, evaluate: Evaluate, limit: int = 1000) -> Found:
    """The cheapest plan for ``task``, or how close the best affordable one comes, within ``limit`` evaluations (see ``Search``)."""
    return Search(task, evaluate, limit).run()
