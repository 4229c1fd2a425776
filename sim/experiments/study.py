"""A Monte Carlo study: so many replications, or as many as a precision takes, and where their uncertainty comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.experiments import sequential
from sim.experiments.checkpoint import Checkpoint
from sim.experiments.decomposition import Decomposition, decompose, default_pairs
from sim.experiments.replicate import Results, Run
from sim.experiments.sequential import Reached, Rule
from sim.experiments.work import Executor, Spec
from sim.model.draws import table


@dataclass(frozen=True)
class Plan:
    """``replications`` of ``spec``; with a ``wish`` as many as it takes, at most those. ``pairs`` are decomposed (every
    seventh replication if None).
    """

    spec: Spec
    replications: int
    wish: float | None = None
    pairs: int | None = None


@dataclass(frozen=True)
class Study:
    """What a plan gave."""

    results: Results
    reached: Reached | None
    decomposition: Decomposition | None

    @property
    def pairs(self) -> int:
        """How many pairs were decomposed."""
        return self.decomposition.pairs if self.decomposition else 0


def conduct(
    plan: Plan,
    executor: Executor,
    checkpoint: Checkpoint | None = None,
    labels: tuple[str, str] | None = None,
    say: Callable[[int, float], None] | None = None,
) -> Study:
    """Carry a plan out; ``labels`` of the progress bars of its two halves, ``say`` as in ``sequential.extend``."""
    first, second = labels or (None, None)
    run = Run(plan.spec, executor, first, checkpoint, plan.replications)
    reached = None
    if plan.wish is None:
        run.extend(np.arange(plan.replications), table(run.job.model.columns, plan.spec.seed, plan.replications))
        results = run.results()
    else:
        results, reached = sequential.extend(run, Rule(plan.wish, plan.replications), say)
    count = results.replications
    pairs = default_pairs(count) if plan.pairs is None else min(plan.pairs, count // 2)
    return Study(results, reached, decompose(results, pairs, executor, second, checkpoint) if pairs else None)
