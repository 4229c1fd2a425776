"""Many replications of a scenario, on one or more processes, with the same bits on any number of them.

A worker gets replication numbers and returns small arrays; what is kept of a replication is its measures, and the sum of
its detail: sums of whole numbers, whose order does not matter, and of shares, which are added in a fixed order.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sim.experiments.measures import MEASURES, Areas, backlog_by_age, measure
from sim.experiments.observations import Observation, applicable, modelled
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.scenario.schema import Scenario

Floats = npt.NDArray[np.float64]
CHUNK = 8


@dataclass(frozen=True)
class Results:
    """The replications of a scenario.

    ``series`` [R, measure, area, T] float32; ``detail`` [T, S, 9] entries registered by outcome, summed over the
    replications; ``backlog`` [T, U, 3, 8] waiting entries by age and gate, summed likewise; ``milestones`` [R, U, 3] days of technical go-live, read and write; ``fits`` [R, observation] the
    replication's value for each published sync rate; ``draws`` [R, columns].
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

    @property
    def replications(self) -> int:
        """How many."""
        return int(self.series.shape[0])


@dataclass(frozen=True)
class _Part:
    numbers: range
    series: npt.NDArray[np.float32]
    detail: npt.NDArray[np.int64]
    backlog: Floats
    milestones: npt.NDArray[np.float32]
    fits: Floats


class _Job:
    """What a process needs to run replications of a scenario."""

    def __init__(self, scenario: Scenario, seed: int, observations: list[Observation]) -> None:
        self.model = Model(scenario)
        self.areas = Areas.of(self.model)
        self.seed = seed
        self.observations = applicable(self.model, observations)

    def part(self, numbers: range, rows: Floats) -> _Part:
        """Run some replications."""
        model = self.model
        units = len(model.structure.units)
        series = np.empty((len(numbers), len(MEASURES), len(self.areas.rows), model.calendar.months), np.float32)
        detail = np.zeros((model.calendar.months, len(model.structure.strata), 9), np.int64)
        milestones = np.empty((len(numbers), units, 3), np.float32)
        fits = np.empty((len(numbers), len(self.observations)))
        waiting = np.zeros((model.calendar.months, units, 3, 8))
        for i, (number, row) in enumerate(zip(numbers, rows, strict=True)):
            record = Rollout(model, row, self.seed, number).run()
            backlog = backlog_by_age(record)
            series[i] = measure(model, self.areas, record, backlog, row)
            detail += record.new
            waiting += backlog
            fits[i] = modelled(model, record, self.observations)
            milestones[i] = [(g.technical, g.read, g.write) for g in record.golive]
        return _Part(numbers, series, detail, waiting, milestones, fits)


_job: _Job | None = None


def _start(scenario: Scenario, seed: int, observations: list[Observation]) -> None:
    global _job
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _job = _Job(scenario, seed, observations)


def _end_with_parent() -> None:
    """A worker does not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(numbers: range, rows: Floats) -> _Part:
    assert _job is not None
    return _job.part(numbers, rows)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C from their first instruction: it is the parent's to handle."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


MEMORY = 4e9  # bytes that the kept series may take


def most_replications(scenario: Scenario) -> int:
    """How many replications of a scenario fit in memory."""
    model = Model(scenario)
    return int(MEMORY / (4 * len(MEASURES) * len(Areas.of(model).rows) * model.calendar.months))


def replicate(
    scenario: Scenario,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    progress: str | None = None,
    observations: Sequence[Observation] = (),
) -> Results:
    """Run ``replications`` of a scenario.

    ``seed`` is the scenario's own unless given; ``workers`` the number of processes (all processors unless given; 1 runs
    in this process); ``progress`` the label of a progress bar, shown only on a terminal; ``observations`` are published
    rates that every replication is held against.
    """
    seed = scenario.seed if seed is None else seed
    workers = min(workers or cores(), max(1, (replications + CHUNK - 1) // CHUNK))
    job = _Job(scenario, seed, list(observations))
    draws = table(job.model.columns, seed, replications)
    chunks = [range(i, min(i + CHUNK, replications)) for i in range(0, replications, CHUNK)]
    months, strata = job.model.calendar.months, len(job.model.structure.strata)
    series = np.empty((replications, len(MEASURES), len(job.areas.rows), months), np.float32)
    detail = np.zeros((months, strata, 9), np.int64)
    milestones = np.empty((replications, len(job.model.structure.units), 3), np.float32)
    fits = np.empty((replications, len(job.observations)))
    backlogs: dict[int, Floats] = {}
    bar = tqdm(total=replications, desc=progress, unit="trekk", disable=None if progress else True, leave=False)
    with bar:
        for part in _parts(job, scenario, seed, chunks, draws, workers):
            series[part.numbers.start : part.numbers.stop] = part.series
            milestones[part.numbers.start : part.numbers.stop] = part.milestones
            fits[part.numbers.start : part.numbers.stop] = part.fits
            detail += part.detail
            backlogs[part.numbers.start] = part.backlog
            bar.update(len(part.numbers))
    backlog = np.sum([backlogs[start] for start in sorted(backlogs)], axis=0)  # in order: the same bits whoever ran it
    return Results(job.model, job.areas, series, detail, backlog, milestones, job.observations, fits, draws)


def _parts(
    job: _Job, scenario: Scenario, seed: int, chunks: list[range], draws: Floats, workers: int
) -> Iterator[_Part]:
    # the first ones run here, so that the workers find the compiled code ready
    here = chunks if workers <= 1 else chunks[:1]
    for numbers in here:
        yield job.part(numbers, draws[numbers.start : numbers.stop])
    chunks = chunks[len(here) :]
    if not chunks:
        return
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(scenario, seed, job.observations),
    )
    try:
        with _deaf():
            jobs: list[Future[_Part]] = [pool.submit(_work, n, draws[n.start : n.stop]) for n in chunks]
        for done in as_completed(jobs):
            yield done.result()
            jobs.remove(done)  # let its arrays go
    except BaseException:
        processes = list((pool._processes or {}).values())  # shutdown forgets them
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    pool.shutdown()
