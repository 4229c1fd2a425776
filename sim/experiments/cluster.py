"""Replications on a Dask cluster: the same call, the same bits.

Dask gives tasks of a worker that is lost to another one, and their results too if they had not been fetched. Workers whose
code or libraries are not ours would give other bits without saying so; they are refused, before the run and in every task
(a worker may come later).
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from distributed import Client, KilledWorker, wait

from sim.errors import UserError
from sim.experiments.work import Floats, Ints, Job, Part, Spec, Task, fingerprint

CHUNK = 8
AHEAD = 3  # tasks under way per thread of the cluster
RETRIES = 3  # times that a task is given again after Dask has given it up
PATIENCE = 60.0  # seconds without any worker before the run gives up
CONNECT = 5.0  # seconds


class Cluster:
    """Runs tasks on the workers of the scheduler at ``address``, e.g. tcp://127.0.0.1:8786. Close it after use.

    Raises:
        UserError: the address is none, nobody answers there, no worker is there, or a worker is not like this process.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.partition("://")[2].rpartition(":")
        if not address.startswith(("tcp://", "tls://")) or not host or not port.isdigit():
            raise UserError(
                f"--cluster skal være som tcp://127.0.0.1:8786, ikke {address}",
                f"--cluster must be like tcp://127.0.0.1:8786, not {address}",
            )
        self.address = address
        try:
            self._client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"ingen Dask-planlegger svarer på {address}; start en med «dask scheduler --host 127.0.0.1»",
                f"no Dask scheduler answers at {address}; start one with «dask scheduler --host 127.0.0.1»",
            ) from error
        try:
            self._refuse_others()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the scheduler go; what it still has of ours is cancelled."""
        with suppress(Exception):
            self._client.close(timeout=2)

    @property
    def workers(self) -> int:
        """Processes on the cluster."""
        return len(self._client.nthreads())

    def _refuse_others(self) -> None:
        found: dict[str, Any] = self._client.run(_fingerprint, on_error="return")
        if not found:
            raise UserError(
                f"planleggeren på {self.address} har ingen arbeidere; start en med «dask worker {self.address}»",
                f"the scheduler at {self.address} has no workers; start one with «dask worker {self.address}»",
            )
        for worker, theirs in found.items():
            if isinstance(theirs, BaseException):
                raise _refused(worker, f"{type(theirs).__name__}: {theirs}")
            if unlike := different(theirs):
                raise _refused(worker, unlike)

    def parts(self, spec: Spec, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Part]]:
        """Run the tasks; pieces of them come back in any order."""
        # a worker gets rows, and needs no posterior to draw them from
        content = pickle.dumps(replace(spec, scenario=spec.scenario.with_posterior(None)))
        key = hashlib.sha256(content).hexdigest()
        waiting = iter([piece for task in tasks for piece in task.cut(CHUNK)])
        running: dict[Any, tuple[Task, int]] = {}
        mine = fingerprint()

        def submit(task: Task, tried: int = 0) -> None:
            future = self._client.submit(_run, content, key, task.numbers, task.rows, mine, pure=False)
            running[future] = (task, tried)

        try:
            while True:
                room = AHEAD * max(1, sum(self._client.nthreads().values()))
                while len(running) < room and (task := next(waiting, None)) is not None:
                    submit(task)
                if not running:
                    return
                for future in self._done(running):
                    task, tried = running.pop(future)
                    try:
                        part = future.result()
                    except KilledWorker as error:
                        if tried == RETRIES:
                            raise UserError(
                                "arbeiderne på klyngen blir drept gang på gang, trolig av minnemangel",
                                "the cluster's workers are killed again and again, probably for lack of memory",
                            ) from error
                        submit(task, tried + 1)
                        continue
                    except UnlikeError as error:
                        raise _refused(*error.args) from error
                    yield task, part
                    future.release()
        finally:
            with suppress(Exception):
                self._client.cancel(list(running), force=True)

    def _done(self, running: dict[Any, tuple[Task, int]]) -> list[Any]:
        """The futures that have ended; waits for one, as long as there is a worker."""
        alone_since = None
        while True:
            try:
                with self._client.as_current():
                    return list(wait(list(running), timeout=1.0, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                pass
            try:
                alone = self._client.status != "running" or not self._client.nthreads()
            except OSError:
                alone = True
            alone_since = (alone_since or time.monotonic()) if alone else None
            if alone_since is not None and time.monotonic() - alone_since > PATIENCE:
                raise UserError(
                    f"klyngen på {self.address} har ikke hatt noen arbeider på {PATIENCE:.0f} sekunder; kjør igjen når den er oppe, så fortsetter kjøringen",
                    f"the cluster at {self.address} has had no worker for {PATIENCE:.0f} seconds; run again when it is up, and the run goes on",
                )


class UnlikeError(Exception):
    """A worker's code or libraries are not the client's: its address, and what differs."""


def different(theirs: dict[str, str]) -> str:
    """What of another process's fingerprint is not like ours; empty if nothing."""
    mine = fingerprint()
    return ", ".join(
        f"{name} {theirs.get(name, '–')} ≠ {mine.get(name, '–')}"
        for name in mine | theirs
        if mine.get(name) != theirs.get(name)
    )


def _refused(worker: str, what: str) -> UserError:
    return UserError(
        f"arbeideren {worker} er ikke lik denne installasjonen ({what}); installer samme versjon på begge sider",
        f"the worker {worker} is not like this installation ({what}); install the same version on both sides",
    )


# -- what runs on a worker ------------------------------------------------------------------------------------------

_ONE = threading.Lock()  # a model's memory is used again by its next replication: one at a time in a process


def _fingerprint() -> dict[str, str]:
    return fingerprint()


@lru_cache(maxsize=2)
def _job(key: str, content: bytes) -> Job:
    del key
    spec: Spec = pickle.loads(content)
    return Job(spec)


def _run(content: bytes, key: str, numbers: Ints, rows: Floats, expected: dict[str, str]) -> Part:
    if fingerprint() != expected:
        from distributed import get_worker

        theirs = fingerprint()
        raise UnlikeError(
            get_worker().address,
            ", ".join(f"{n} {theirs.get(n)} ≠ {expected[n]}" for n in expected if theirs.get(n) != expected[n]),
        )
    with _ONE:
        job = _job(key, content)
        return job.fill(job.part(len(numbers)), numbers, rows)
