"""Many replications of a scenario, with the same bits on any number of processes, on a cluster, or resumed.

``replicate`` runs so many; a ``Run`` can be extended by more, which the sequential rule does (``sequential.py``). What is
kept of a replication is its measures, and the sum of its detail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sim.errors import UserError
from sim.experiments.checkpoint import Checkpoint, Kept, Segments
from sim.experiments.local import Local
from sim.experiments.local import cores as cores
from sim.experiments.measures import MEASURES, Areas
from sim.experiments.observations import Observation
from sim.experiments.work import GRAIN, Executor, Floats, Ints, Job, Spec, Task
from sim.model.draws import table
from sim.model.rollout import Model
from sim.scenario.schema import Scenario

tqdm.monitor_interval = 0  # no thread beside ours (see ``local.py``)


@dataclass(frozen=True)
class Results:
    """The replications of a scenario.

    ``series`` [R, measure, area, T] float32, ``measures`` naming the second axis; ``detail`` [T, S, 9] entries registered
    by outcome, summed over the replications; ``backlog`` [T, U, 3, 8] waiting entries by age and gate, summed likewise
    (both without months unless all measures are kept); ``milestones`` [R, U, 3] days of technical go-live, read and
    write; ``fits`` [R, observation] the replication's value for each published sync rate; ``draws`` [R, columns];
    ``numbers`` [R] of the replications' random streams under ``seed``.
    """

    model: Model
    areas: Areas
    series: npt.NDArray[np.float32]
    detail: npt.NDArray[np.int64]
    backlog: Floats
    milestones: npt.NDArray[np.float32]
    observations: list[Observation]
    fits: Floats
    draws: Floats
    seed: int
    numbers: Ints
    measures: tuple[str, ...] = MEASURES

    @property
    def replications(self) -> int:
        """How many."""
        return int(self.series.shape[0])

    def of(self, measure: str, area: str, sector: str = "all") -> npt.NDArray[np.float32]:
        """[R, T] one series of every replication."""
        return self.series[:, self.measures.index(measure), self.areas.find(area, sector)]


MEMORY = 4e9  # bytes that the kept series may take


def most_replications(scenario: Scenario) -> int:
    """How many replications of a scenario fit in memory."""
    model = Model(scenario)
    return int(MEMORY / (4 * len(MEASURES) * len(Areas.of(model).rows) * model.calendar.months))


class Run:
    """The replications of ``spec`` so far. ``room`` tells how many there may be, so that nothing need be copied."""

    def __init__(
        self,
        spec: Spec,
        executor: Executor | None = None,
        progress: str | None = None,
        checkpoint: Checkpoint | None = None,
        room: int = 0,
    ) -> None:
        self.spec, self.job = spec, Job(spec)
        self._executor = executor or Local()
        self._room = room
        part = self.job.part(0)
        self._kept = Kept(part.series, part.milestones, part.fits, part.detail, part.backlog)
        self._segments = Segments(checkpoint, spec, self._kept)
        self._progress = progress
        self._draws: Floats = np.empty((0, len(self.job.model.columns)))
        self._numbers: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def extend(self, numbers: Ints, rows: Floats) -> None:
        """Run more replications: ``numbers`` [n] of their streams, ``rows`` [n, columns] of their draws.

        Interrupted, it keeps in the checkpoint what is done.
        """
        before, count = len(self), len(self) + len(numbers)
        self._make_room(before, count)
        self._draws = np.concatenate([self._draws, rows])
        self._numbers = np.concatenate([self._numbers, numbers])
        task = self._segments.restore(Task(np.arange(before, count), numbers, rows))
        bar = tqdm(
            total=count,
            initial=count - len(task),
            desc=self._progress,
            unit="trekk",
            disable=None if self._progress else True,
            leave=False,
        )
        try:
            with bar:
                for done, part in self._executor.parts(self.spec, self.job, [task]):
                    self._segments.add(done, part)
                    bar.update(len(done))
        except BaseException:
            self._segments.flush()
            raise
        self._segments.close()

    def _make_room(self, used: int, count: int) -> None:
        """Have arrays for ``count`` replications. Untouched memory costs nothing, and no child has a copy of it."""
        if len(self._kept.series) >= count:
            return
        self._room = max(self._room, count)
        for name in ("series", "milestones", "fits"):
            old = getattr(self._kept, name)
            new = np.empty((self._room, *old.shape[1:]), old.dtype)
            new[:used] = old[:used]
            setattr(self._kept, name, new)

    def results(self) -> Results:
        """All replications so far."""
        job, kept, count = self.job, self._kept, len(self)
        return Results(
            job.model,
            job.areas,
            kept.series[:count],
            kept.detail.copy(),
            np.asarray(kept.backlog * GRAIN, np.float64),
            kept.milestones[:count],
            job.observations,
            kept.fits[:count],
            self._draws,
            self.spec.seed,
            self._numbers,
            self.spec.measures,
        )


def replicate(
    scenario: Scenario,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: str | None = None,
    observations: Sequence[Observation] = (),
    *,
    rows: Floats | None = None,
    numbers: Sequence[int] | Ints | None = None,
    measures: tuple[str, ...] = MEASURES,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
) -> Results:
    """Run replications of a scenario.

    ``seed`` is the scenario's own unless given; ``workers`` the number of processes (all processors unless given; 1 runs
    in this process); ``progress`` the label of a progress bar, shown only on a terminal; ``observations`` are published
    rates that every replication is held against. ``rows`` [n, columns] are draws to use instead of the scenario's own
    (``sim.model.draws.table``), and ``numbers`` [n] the replications' numbers instead of 0, 1, …: two scenarios with the
    same numbers and seed share their chance. ``measures`` are those to keep; none (an empty tuple) leaves the fits, and those
    of ``work.FROM_NEW`` alone take least time. ``executor`` runs them instead of local processes.

    Raises:
        UserError: rows or numbers do not fit the scenario or each other.
    """
    run = Run(
        Spec(scenario, scenario.seed if seed is None else seed, tuple(observations), measures),
        executor or Local(workers),
        progress,
        checkpoint,
    )
    given = [len(x) for x in (rows, numbers) if x is not None] + ([] if replications is None else [replications])
    columns = len(run.job.model.columns)
    if not given or len(set(given)) > 1 or (rows is not None and rows.shape[1:] != (columns,)):
        raise UserError(
            f"trekkene passer ikke sammen: {given} rader, numre og trekk; scenarioet har {columns} tall",
            f"the draws do not fit: {given} rows, numbers and draws; the scenario has {columns} numbers",
        )
    count = given[0]
    run.extend(
        np.arange(count) if numbers is None else np.asarray(numbers, np.int64),
        table(run.job.model.columns, run.spec.seed, count) if rows is None else np.asarray(rows, np.float64),
    )
    return run.results()
