"""Replications on this machine's processors: this process works, and so do its children.

A child fills a slot of shared memory and sends its number, so that nothing large goes through a pipe and a child that is
killed in the middle leaves nothing half read: its tasks are run again, by its successor or by this process. There is no
thread here, so Ctrl-C is an exception in this process and nothing else; the children never see it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing import connection
from typing import Any

import numpy as np

from sim.errors import UserError
from sim.experiments.work import Job, Part, Spec, Task

CHUNK = (
    8  # replications a task: short enough that the last ones end together, long enough that handing over costs little
)
SLOTS = 2  # tasks a child has at hand, so that it never waits for this process
DEATHS = 5  # children that may be lost before the run gives up


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start_method() -> str:
    """How children are started: forked where that is safe, which takes a twentieth of the time of a new interpreter.

    Forking is safe on Linux while no other Python thread runs (BLAS libraries see to their own threads).
    """
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


class Local:
    """Runs tasks on ``workers`` processes, this one among them."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or cores()

    @property
    def workers(self) -> int:
        """Processes, this one among them."""
        return self._workers

    def parts(self, spec: Spec, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Part]]:
        """Run the tasks; pieces of them come back in any order."""
        waiting = deque(piece for task in tasks for piece in task.cut(CHUNK))
        own = job.part(CHUNK)
        if waiting:  # the first one before any child is: it compiles what they then find compiled
            first, *rest = waiting.popleft().cut(1)
            yield first, job.fill(_first(own, 1), first.numbers, first.rows)
            waiting.extendleft(reversed(rest))
        children = _Children(spec, job, waiting)
        try:
            for _ in range(min(self.workers - 1, len(waiting) - 1)):
                children.start()
            while waiting or children.busy:
                yield from children.finished(wait=not waiting)
                if waiting:  # a child has a task in reserve, so it does not wait while this process works on one
                    task = waiting.popleft()
                    yield task, job.fill(_first(own, len(task)), task.numbers, task.rows)
        finally:
            children.end()


class _Child:
    """One process, its end of the pipe and its slots."""

    def __init__(self, spec: Spec, job: Job) -> None:
        context: Any = multiprocessing.get_context(start_method())
        columns = len(job.model.columns)
        self.memory = context.RawArray("b", SLOTS * slot_size(job, columns))
        self.slots = slots(job, columns, self.memory)
        self.given: dict[int, Task] = {}
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_child, args=(spec, theirs, self.memory, columns), name="utrulling-worker", daemon=True
        )
        with deaf(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # on forking beside the threads of BLAS
            self.process.start()
        theirs.close()

    def give(self, slot: int, task: Task) -> None:
        """Put a task into a free slot."""
        _, numbers, rows = self.slots[slot]
        numbers[: len(task)] = task.numbers
        rows[: len(task)] = task.rows
        self.given[slot] = task
        self.connection.send((slot, len(task)))


class _Children:
    """The children of a run, and what is still to be done."""

    def __init__(self, spec: Spec, job: Job, waiting: deque[Task]) -> None:
        self._spec, self._job, self._waiting = spec, job, waiting
        self._all: list[_Child] = []
        self._lost = 0

    @property
    def busy(self) -> bool:
        """Whether any of them has a task."""
        return any(child.given for child in self._all)

    def start(self) -> None:
        """One more."""
        child = _Child(self._spec, self._job)
        self._all.append(child)
        self._feed(child)

    def _feed(self, child: _Child) -> None:
        for slot in range(SLOTS):
            if slot not in child.given and self._waiting:
                # a child that has just died cannot be told; ``finished`` sees it and takes the task back
                with contextlib.suppress(OSError):
                    child.give(slot, self._waiting.popleft())

    def finished(self, wait: bool) -> Iterator[tuple[Task, Part]]:
        """What the children have done since; with ``wait`` until there is something."""
        if not self._all:
            return
        ready = connection.wait([child.connection for child in self._all], None if wait else 0)
        for child in [c for c in self._all if c.connection in ready]:
            try:
                slot, failure = child.connection.recv()
            except (EOFError, OSError):
                self._replace(child)
                continue
            if failure is not None:
                raise RuntimeError(f"a worker failed:\n{failure}")
            task = child.given.pop(slot)
            yield task, _first(child.slots[slot][0], len(task))
            self._feed(child)

    def _replace(self, child: _Child) -> None:
        """A child was killed: its tasks go back, and another takes its place."""
        self._all.remove(child)
        self._waiting.extendleft(child.given.values())
        _end(child)
        self._lost += 1
        if self._lost > DEATHS:
            raise UserError(
                f"{self._lost} arbeidsprosesser ble drept underveis, trolig av minnemangel; prøv --workers 1",
                f"{self._lost} worker processes were killed on the way, probably for lack of memory; try --workers 1",
            )
        if self._waiting:
            self.start()

    def end(self) -> None:
        """Stop them all."""
        for child in self._all:
            _end(child)
        self._all.clear()


def _end(child: _Child) -> None:
    child.process.kill()
    child.process.join()
    child.connection.close()


def _first(part: Part, count: int) -> Part:
    return Part(part.series[:count], part.milestones[:count], part.fits[:count], part.detail, part.backlog)


def slot_size(job: Job, columns: int) -> int:
    """Bytes of a slot: a part, and the numbers and rows of its task."""
    return _aligned(job.size(CHUNK)) + _aligned(CHUNK * 8 * (1 + columns))


def _aligned(size: int) -> int:
    return -(-size // 64) * 64


def slots(job: Job, columns: int, memory: Any) -> list[tuple[Part, Any, Any]]:
    """The slots in a child's memory: the part, its numbers [CHUNK], its rows [CHUNK, columns]."""
    view = memoryview(memory).cast("B")
    size, inner = slot_size(job, columns), _aligned(job.size(CHUNK))
    found = []
    for begin in range(0, SLOTS * size, size):
        at = begin + inner
        found.append(
            (
                job.part(CHUNK, view[begin : begin + size]),
                np.frombuffer(view, np.int64, CHUNK, at),
                np.frombuffer(view, np.float64, CHUNK * columns, at + 8 * CHUNK).reshape(CHUNK, columns),
            )
        )
    return found


def _child(spec: Spec, pipe: connection.Connection, memory: Any, columns: int) -> None:
    """The life of a child: tasks until this process's parent is gone or ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        job = Job(spec)
        mine = slots(job, columns, memory)
        while True:
            slot, count = pipe.recv()
            part, numbers, rows = mine[slot]
            job.fill(_first(part, count), numbers[:count], rows[:count])
            pipe.send((slot, None))
    except (EOFError, BrokenPipeError):
        return
    except Exception:
        pipe.send((-1, traceback.format_exc()))


def end_with_parent() -> None:
    """A child does not outlive a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """A child that is started inside is born deaf to Ctrl-C; one that comes meanwhile is held back, not lost."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
