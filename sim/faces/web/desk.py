"""Answers for the page, from worker processes: quick ones ahead of exact ones, each asked for once."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from sim.experiments import priced, whatif
from sim.experiments.priced import Outlay
from sim.experiments.whatif import CHUNK, DRAWS, QUICK, Outlook, Sample, Singles, State
from sim.faces.web import recall

KEPT = 12  # exact samples in memory, about 18 MB each for the whole country
RATES = 1000  # series of rates in memory, about 20 kB each


class Gone(Exception):  # noqa: N818 – not an error: nobody waits for the answer any more
    """Who asked has gone."""


# A forked worker has read the scenarios and imported the libraries already; where forking is not safe it begins anew.
_START = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _begin() -> None:
    """A worker leaves Ctrl-C to the server, ends when it is told to, and does not outlive the server."""
    signal.set_wakeup_fd(-1)  # the server's, if forked
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _begin_drawing() -> None:
    _begin()
    os.nice(5)


class Desk:
    """The workers, and what they have answered."""

    def __init__(self, null: str, workers: int, folder: Path) -> None:
        self.null = State(null)
        self.folder = folder / "null"
        self.seed = whatif.grounds(null).loaded.scenario.seed
        self.workers = workers
        self._pool = self._workers()
        self._easel: ProcessPoolExecutor | None = None  # draws files, and leaves the workers to the levers
        self._slots = asyncio.Semaphore(workers)  # an exact answer takes no more, so that a quick one is next in line
        self._exact: OrderedDict[State, Sample] = OrderedDict()
        self._null_few: dict[int, Sample] = {}  # by area
        self._rates: OrderedDict[tuple[State, int, int], Singles] = OrderedDict()
        self._asked: dict[State, asyncio.Lock] = {}

    def _workers(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, _START, _begin)

    async def begin(self) -> None:
        """Have the null alternative at hand, and workers that have computed once."""
        await self._whole(self.null)
        await self._few(self.null, 0)

    async def quick(self, state: State, area: int) -> tuple[Outlook, Outlay | None]:
        """The outlook from a few draws; what the state costs only where all draws are at hand."""
        null = await self._whole(self.null)
        if state in self._exact:
            return self._told(state, self._exact[state], null, area)
        if area not in self._null_few:
            self._null_few[area] = await self._few(self.null, area)
        fresh = await self._few(state, area)
        return whatif.quick(fresh, self._null_few[area], null, area, self._years(state)), None

    async def _few(self, state: State, area: int) -> Sample:
        share = -(-QUICK // self.workers)
        spans = [(i, min(i + share, QUICK)) for i in range(0, QUICK, share)]
        return whatif.joined(
            await asyncio.gather(*(self._run(whatif.few, state, *span, self.seed, area) for span in spans))
        )

    async def exact(
        self, state: State, area: int, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> tuple[Outlook, Outlay]:
        """The outlook from all draws, and what the state costs in them.

        Raises:
            Gone: ``gone`` said so before it was finished.
        """
        null = await self._whole(self.null)
        return self._told(state, await self._whole(state, gone), null, area)

    def _told(self, state: State, drawn: Sample, null: Sample, area: int) -> tuple[Outlook, Outlay]:
        outlook = whatif.exact(drawn, null, area, self._years(state))
        return outlook, priced.outlay(state, self.null, drawn, null, area, self.seed)

    async def samples(self, states: Sequence[State], gone: Callable[[], Awaitable[bool]] | None = None) -> list[Sample]:
        """All draws of some states.

        Raises:
            Gone: ``gone`` said so before they were finished.
        """
        return [await self._whole(state, gone) for state in states]

    async def rates(
        self, state: State, draws: int, area: int, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> Singles:
        """[draws, T] the sync rate of new entries in an area in the first draws: all that is kept of the many parts of a package.

        Raises:
            Gone: ``gone`` said so before they were finished.
        """
        key = (state, draws, area)
        if key not in self._rates:
            drawn = self._exact.get(state) or whatif.joined(
                await _all([self._chunk(state, i, gone, draws) for i in range(0, draws, CHUNK)])
            )
            self._rates[key] = whatif.rates(drawn[:draws], area)
            while len(self._rates) > RATES:
                self._rates.popitem(last=False)
        return self._rates[key]

    async def _whole(self, state: State, gone: Callable[[], Awaitable[bool]] | None = None) -> Sample:
        if state in self._exact:
            self._exact.move_to_end(state)
            return self._exact[state]
        lock = self._asked.setdefault(state, asyncio.Lock())
        async with lock:
            if state not in self._exact:
                kept = recall.file_of(self.folder, state, self.seed) if state == self.null else None
                if kept is not None and (drawn := recall.read(kept, state)) is not None:
                    self._exact[state] = drawn
                    return drawn
                parts = [self._chunk(state, i, gone) for i in range(0, DRAWS, CHUNK)]
                self._exact[state] = whatif.joined(await _all(parts))
                if kept is not None:
                    await asyncio.to_thread(recall.write, kept, self._exact[state])
                while len(self._exact) > KEPT:
                    oldest = next(s for s in self._exact if s != self.null)
                    del self._exact[oldest]
        self._asked.pop(state, None)
        return self._exact[state]

    async def _chunk(
        self, state: State, first: int, gone: Callable[[], Awaitable[bool]] | None, draws: int = DRAWS
    ) -> Sample:
        async with self._slots:
            if gone is not None and await gone():
                raise Gone
            return await self._run(whatif.sample, state, first, min(first + CHUNK, draws), self.seed)

    async def _run(self, work: Callable[..., Sample], *given: Any) -> Sample:
        loop, pool = asyncio.get_running_loop(), self._pool
        try:
            return await loop.run_in_executor(pool, work, *given)
        except BrokenExecutor:  # a worker was killed: its part is simulated again, once
            if self._pool is pool:
                self._pool = self._workers()
                pool.shutdown(wait=False)
            return await loop.run_in_executor(self._pool, work, *given)

    async def draw(self, function: Callable[..., bytes], *given: Any) -> bytes:
        """What ``function`` makes of what it is ``given``, in a process that draws one file at a time and gives way to answers."""
        if self._easel is None:
            self._easel = ProcessPoolExecutor(1, _START, _begin_drawing)
        easel = self._easel
        try:
            return await asyncio.get_running_loop().run_in_executor(easel, function, *given)
        except BrokenExecutor:
            if self._easel is easel:
                self._easel = None
                easel.shutdown(wait=False)
            raise

    def _years(self, state: State) -> list[slice]:
        return [months for _, months in whatif.years(State(state.scenario))]

    def close(self) -> None:
        """End the workers."""
        for pool in (self._pool, self._easel):
            if pool is not None:
                processes = list((pool._processes or {}).values())
                pool.shutdown(wait=False, cancel_futures=True)
                for process in processes:
                    process.terminate()


async def _all(parts: Sequence[Awaitable[Sample]]) -> list[Sample]:
    """Every part, or the first exception; then the others are called off."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
