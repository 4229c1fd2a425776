"""Checkpoints: replications that are done are kept beside the target, and the next identical call goes on from them.

Segments of finished replications are written whole (aside, then renamed; a CRC tells a torn one from a good one) once a
run has lasted a while, so a short run writes nothing. A segment is used again when each of its replications (number and
row of draws) is asked for; the folder is dropped when scenario, seed, published rates, code or libraries differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.experiments.output import write_aside
from sim.experiments.work import Ints, Part, Spec, Task, fingerprint

GRACE = 10.0  # seconds: what a shorter run could save is not worth a write
SEGMENT = 48e6  # bytes of series in a segment
KEY = "key.json"


@dataclass
class _Segment:
    """Replications that will be written together: their places in the run, and their sums."""

    at: list[int] = field(default_factory=list)
    detail: Ints | None = None
    backlog: Ints | None = None

    def add(self, task: Task, part: Part) -> None:
        self.at += task.at.tolist()
        if self.detail is None or self.backlog is None:
            self.detail, self.backlog = part.detail.copy(), part.backlog.copy()
        else:
            self.detail += part.detail
            self.backlog += part.backlog


class Checkpoint:
    """The checkpoints of one target. ``grace`` in seconds; ``fresh`` drops what an earlier call left."""

    def __init__(self, folder: Path, spec: Spec, grace: float = GRACE, fresh: bool = False) -> None:
        self.folder, self.grace = folder, grace
        self.restored = 0  # replications taken over from an earlier call
        self.saved = 0  # replications that the next call could take over
        self._begun = time.monotonic()
        self._key = _key(spec)
        self._number = 0
        self.dropped = False  # whether an earlier call's were of another run
        if folder.exists() and (fresh or (found := self._found()) != self._key):
            self.dropped = not fresh and found is not None
            self.done()

    def _found(self) -> Any:
        try:
            return json.loads((self.folder / KEY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def done(self) -> None:
        """The run is complete: nothing is to be resumed. Files that are not ours stay."""
        with contextlib.suppress(OSError):
            for path in [*self.folder.glob("*-*.npz"), *self.folder.glob(".*-*"), self.folder / KEY]:
                path.unlink(missing_ok=True)
            self.folder.rmdir()

    def write(self, name: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Write a segment whole, or not at all: a run does not end because it could not be saved."""
        aside = self.folder / f".{name}-{os.getpid()}"
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True)
                write_aside(self.folder / KEY, json.dumps(self._key, indent=1) + "\n")
            with aside.open("wb") as handle:
                np.savez(handle, **arrays)  # type: ignore[arg-type]  # its stub takes them for its flag
            aside.rename(self.folder / f"{name}-{os.getpid()}-{self._number:05}.npz")
            self._number += 1
            self.saved += len(arrays["keys"])
        except Exception:  # full disk, no permission, removed by somebody
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)

    @property
    def due(self) -> bool:
        """Whether the run has lasted long enough to be saved."""
        return time.monotonic() - self._begun >= self.grace


@dataclass
class Kept:
    """The arrays of a run by place: what a checkpoint writes from and restores to."""

    series: npt.NDArray[np.float32]
    milestones: npt.NDArray[np.float32]
    fits: npt.NDArray[np.float64]
    detail: Ints
    backlog: Ints

    def put(self, at: Ints, part: Part) -> None:
        """Take the rows of a part in."""
        self.series[at] = part.series
        self.milestones[at] = part.milestones
        self.fits[at] = part.fits

    def add(self, detail: Ints, backlog: Ints) -> None:
        """Take sums in."""
        self.detail += detail
        self.backlog += backlog


class Segments:
    """Collects the replications of a run in ``kept``; with a checkpoint, writes and restores them."""

    def __init__(self, checkpoint: Checkpoint | None, spec: Spec, kept: Kept) -> None:
        self._checkpoint, self._kept = checkpoint, kept
        self._name = hashlib.sha256("\0".join(spec.measures).encode()).hexdigest()[:8]
        self._keys: list[str] = []
        self._open, self._full = _Segment(), list[_Segment]()

    def restore(self, task: Task) -> Task:
        """Take over what an earlier call did of ``task``; returns the rest of it."""
        if self._checkpoint is None:
            return task
        keys = [_of(n, r) for n, r in zip(task.numbers, task.rows, strict=True)]
        self._keys = _placed(self._keys, task.at, keys)
        place = dict(zip(keys, task.at.tolist(), strict=True))
        done: set[int] = set()
        for path in sorted(self._checkpoint.folder.glob(f"{self._name}-*.npz")):
            try:
                with np.load(path) as found:
                    there = found["keys"].tolist()
                    at = [place[k] for k in there if k in place]
                    if len(at) < len(there) or done & set(at):
                        continue
                    part = Part(**{n: found[n] for n in ("series", "milestones", "fits", "detail", "backlog")})
                    self._kept.put(np.array(at), part)
                    self._kept.add(part.detail, part.backlog)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)  # torn
                continue
            done |= set(at)
        self._checkpoint.restored += len(done)
        self._checkpoint.saved += len(done)
        rest = np.array([a not in done for a in task.at.tolist()], bool)
        return Task(task.at[rest], task.numbers[rest], task.rows[rest])

    def add(self, task: Task, part: Part) -> None:
        """Take a part in; write it with others when it is time."""
        self._kept.put(task.at, part)
        self._open.add(task, part)
        if len(self._open.at) * self._kept.series[0].nbytes >= SEGMENT or len(self._open.at) >= 1024:
            self.close()
        if self._full and self._checkpoint is not None and self._checkpoint.due:
            self._write()

    def close(self) -> None:
        """End the segment that is being filled; its sums are the run's from now on."""
        if self._open.detail is not None and self._open.backlog is not None:
            self._kept.add(self._open.detail, self._open.backlog)
            if self._checkpoint is not None:
                self._full.append(self._open)
        self._open = _Segment()

    def flush(self) -> None:
        """Write all that is done."""
        self.close()
        if self._checkpoint is not None:
            self._write()

    def _write(self) -> None:
        assert self._checkpoint is not None
        while self._full:
            segment = self._full.pop()
            assert segment.detail is not None
            assert segment.backlog is not None
            at = np.array(segment.at)
            self._checkpoint.write(
                self._name,
                {
                    "keys": np.array([self._keys[a] for a in segment.at]),
                    "series": self._kept.series[at],
                    "milestones": self._kept.milestones[at],
                    "fits": self._kept.fits[at],
                    "detail": segment.detail,
                    "backlog": segment.backlog,
                },
            )


def _of(number: int, row: npt.NDArray[np.float64]) -> str:
    """What decides a replication, given the spec: its number and its draws."""
    return hashlib.blake2b(int(number).to_bytes(8, "little") + row.tobytes(), digest_size=12).hexdigest()


def _placed(keys: list[str], at: Ints, new: list[str]) -> list[str]:
    grown = keys + [""] * (int(at.max(initial=-1)) + 1 - len(keys))
    for a, key in zip(at.tolist(), new, strict=True):
        grown[a] = key
    return grown


def _key(spec: Spec) -> dict[str, Any]:
    content = hashlib.sha256(spec.scenario.model_dump_json().encode())
    content.update(repr(spec.observations).encode())
    if spec.scenario.ceiling is not None:
        content.update(spec.scenario.ceiling.key.encode())
    return {"input": content.hexdigest(), "seed": spec.seed, **fingerprint()}
