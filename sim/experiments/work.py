"""What a process does in a Monte Carlo run: some replications of a scenario, as small arrays.

The same on whatever runs it (this process, a local one, a Dask worker): a replication is decided by its number and its row
of draws. Sums over replications are sums of whole numbers, so neither their order nor the size of a chunk shows in a bit.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sim.experiments.measures import INDEX, MEASURES, Areas, backlog_by_age, measure
from sim.experiments.observations import Observation, applicable, modelled
from sim.model.compiled import compiled
from sim.model.rollout import Model, Record, Rollout
from sim.scenario.schema import Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# measures that follow from the new entries alone: a run that asks for no others takes a fraction less
FROM_NEW = ("registered", "registered_live", "synced", "sync_rate_new", "sync_rate_live")
GRAIN = 2.0**-20  # entries; waiting entries are expectations, and are added as whole multiples of this


@dataclass(frozen=True)
class Spec:
    """What all replications of a run share. ``measures`` are those that are kept, in that order."""

    scenario: Scenario
    seed: int
    observations: tuple[Observation, ...] = ()
    measures: tuple[str, ...] = MEASURES

    @property
    def whole(self) -> bool:
        """Whether everything is kept: all measures, the detail and the backlog."""
        return self.measures == MEASURES


@dataclass(frozen=True)
class Task:
    """Some replications: ``numbers`` [n] of their random streams, ``rows`` [n, columns] of their draws; ``at`` [n] is
    their place in the run.
    """

    at: Ints
    numbers: Ints
    rows: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def cut(self, size: int) -> Iterator[Task]:
        """The same in pieces of at most ``size``."""
        for i in range(0, len(self), size):
            yield Task(self.at[i : i + size], self.numbers[i : i + size], self.rows[i : i + size])


@dataclass(frozen=True)
class Part:
    """What some replications give: ``series`` [n, measure, area, T], ``milestones`` [n, U, 3], ``fits`` [n, observation];
    their sums ``detail`` [T, S, 9] and ``backlog`` [T, U, 3, 8] (in GRAIN), empty unless everything is kept.
    """

    series: npt.NDArray[np.float32]
    milestones: npt.NDArray[np.float32]
    fits: Floats
    detail: Ints
    backlog: Ints


class Executor(Protocol):
    """Whatever runs tasks, on so many ``workers``. Parts come in any order; one is valid until the next is asked for."""

    @property
    def workers(self) -> int:
        """Processes."""
        ...

    def parts(self, spec: Spec, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Part]]:
        """Run the tasks (or pieces of them)."""
        ...


class Job:
    """A run made ready in one process."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.model = Model(spec.scenario)
        self.areas = Areas.of(self.model)
        self.observations = applicable(self.model, list(spec.observations))
        self._light = set(spec.measures) <= set(FROM_NEW)
        self._chosen = [INDEX[m] for m in spec.measures]

    def shapes(self, count: int) -> dict[str, tuple[tuple[int, ...], Any]]:
        """Shape and type of each array of a part with ``count`` replications."""
        months, structure = self.model.calendar.months, self.model.structure
        summed = months if self.spec.whole else 0
        return {
            "detail": ((summed, len(structure.strata), 9), np.int64),
            "backlog": ((summed, len(structure.units), 3, 8), np.int64),
            "fits": ((count, len(self.observations)), np.float64),
            "milestones": ((count, len(structure.units), 3), np.float32),
            "series": ((count, len(self.spec.measures), len(self.areas.rows), months), np.float32),
        }

    def size(self, count: int) -> int:
        """Bytes of a part."""
        return sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in self.shapes(count).values())

    def part(self, count: int, memory: memoryview | None = None) -> Part:
        """An empty part for ``count`` replications, in ``memory`` if given."""
        if memory is None:
            memory = memoryview(bytearray(self.size(count)))
        arrays, begin = {}, 0
        for name, (shape, kind) in self.shapes(count).items():
            arrays[name] = np.frombuffer(memory, kind, int(np.prod(shape)), begin).reshape(shape)
            begin += arrays[name].nbytes
        return Part(**arrays)

    def fill(self, part: Part, numbers: Ints, rows: Floats) -> Part:
        """Run the replications into ``part``."""
        part.detail[...] = 0
        part.backlog[...] = 0
        for i, (number, row) in enumerate(zip(numbers, rows, strict=True)):
            record = Rollout(self.model, row, self.spec.seed, int(number)).run()
            part.milestones[i] = [(g.technical, g.read, g.write) for g in record.golive]
            part.fits[i] = modelled(self.model, record, self.observations)
            if self._light:
                self._from_new(part.series[i], record)
                continue
            backlog = backlog_by_age(record)
            if self.spec.whole:
                measure(self.model, self.areas, record, backlog, row, part.series[i])
                _add(part.detail, part.backlog, record.new, backlog)
            else:
                part.series[i] = measure(self.model, self.areas, record, backlog, row)[self._chosen]
        return part

    def _from_new(self, series: npt.NDArray[np.float32], record: Record) -> None:
        """The measures of FROM_NEW, as ``measure`` defines them."""
        if not self.spec.measures:
            return
        new = self.model.structure.by_unit(record.new).astype(np.float64)  # [T, U, 9]
        everything = new.sum(axis=2)
        found = {
            "registered": self.areas.total(everything),
            "registered_live": self.areas.total(everything - new[:, :, 0]),
            "synced": self.areas.total(np.ascontiguousarray(new[:, :, 8])),
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            found["sync_rate_new"] = found["synced"] / found["registered"]
            live = found["registered_live"]
            found["sync_rate_live"] = np.where(live > 0, found["synced"] / live, np.nan)
        for i, name in enumerate(self.spec.measures):
            series[i] = found[name]


@compiled
def _add(detail: Ints, grains: Ints, new: npt.NDArray[np.int32], backlog: Floats) -> None:
    """Add a replication's ``new`` to ``detail``, and its ``backlog`` in GRAIN to ``grains``."""
    months, strata, outcomes = new.shape
    for month in range(months):
        for s in range(strata):
            for k in range(outcomes):
                detail[month, s, k] += new[month, s, k]
        for unit in range(backlog.shape[1]):
            for age in range(backlog.shape[2]):
                for gate in range(backlog.shape[3]):
                    grains[month, unit, age, gate] += int(np.rint(backlog[month, unit, age, gate] / GRAIN))


@cache
def fingerprint() -> dict[str, str]:
    """What the bits of a result hang on besides its input: our code, the interpreter, the numerical libraries."""
    root = Path(__file__).resolve().parent.parent
    code = hashlib.sha256()
    for folder in ("scenario", "model", "experiments"):
        for file in sorted((root / folder).rglob("*.py")):
            code.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return {
        "utrulling": metadata.version("utrulling"),
        "code": code.hexdigest()[:16],
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: metadata.version(name) for name in ("numpy", "scipy", "numba", "simpy", "pydantic")},
    }
