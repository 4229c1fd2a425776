"""What the processes of one `mock-kj serve` share beside the database: used proofs, and each other's counts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_kj.dpop import Seen
from mock_kj.replay import ReplayCache, SharedReplayCache, make_table


@dataclass(frozen=True)
class Siblings:
    """This process among `count` of one server. One process alone shares nothing and needs no folder."""

    number: int = 0
    count: int = 1
    folder: Path = Path()
    lock: Any = None

    @property
    def alone(self) -> bool:
        """Whether there is nobody to share with."""
        return self.count == 1

    def seen(self, purpose: str, window: float) -> Seen:
        """What remembers used proofs of one purpose, in all processes of the server."""
        if self.alone:
            return ReplayCache(window)
        return SharedReplayCache(self.folder / "proofs", self.lock, window, purpose)

    def publish(self, counts: bytes) -> None:
        """Show this process's counts to the others; a reader sees all or nothing."""
        if not self.alone:
            draft = self.folder / f"{self.number}.new"
            draft.write_bytes(counts)
            draft.replace(self.folder / f"{self.number}.counts")

    def others(self) -> Iterator[bytes]:
        """What the other processes have counted, a second old at most."""
        for number in range(self.count):
            if number != self.number:
                with contextlib.suppress(FileNotFoundError):  # it has not begun to count
                    yield (self.folder / f"{number}.counts").read_bytes()


def prepare(data: Path) -> Path:
    """An empty folder for the processes of a server that is about to start."""
    folder = data / "processes"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    make_table(folder / "proofs")
    return folder
