"""Values that may be used once within a window, such as the `jti` of a DPoP proof (RFC 9449 section 11.1).

`ReplayCache` is for one process. `SharedReplayCache` is for all processes of one `mock-kj serve`: a table in a mapped
file, so that a proof shown to one process is known to the others before it is answered.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mock_kj.errors import StoreError


class ReplayCache:
    """Values seen within a window, in two generations, so that forgetting costs nothing."""

    def __init__(self, window: float, limit: int = 2_000_000) -> None:
        self._window = window
        self._limit = limit
        self._since = 0.0
        self._new: set[str] = set()
        self._old: set[str] = set()

    def first_time(self, value: str, now: float) -> bool:
        """Remember a value; False if it was seen within the window."""
        if now - self._since > self._window or len(self._new) >= self._limit:
            self._old = self._new if now - self._since <= 2 * self._window else set()
            self._new, self._since = set(), now
        new = self._new
        if value in new or value in self._old:
            return False
        new.add(value)
        return True


_DIGEST, _SLOTS, _BUCKETS = 16, 64, 8192
_TIMES = struct.Struct(f"{_SLOTS}d")
_BUCKET = _SLOTS * _DIGEST + _TIMES.size
TABLE_BYTES = _BUCKETS * _BUCKET


class SharedReplayCache:
    """The same over several processes. A value's digest names one bucket, which holds digests and when each runs out.

    A full bucket refuses, because a replay that passes is worse than a proof that has to be made again; with a hundred
    thousand live values the chance of a full bucket is below 1e-20 (Poisson with mean 12, 64 places).
    """

    def __init__(self, path: Path, lock: Any, window: float, purpose: str = "") -> None:
        """Map the table at `path` (made by `make_table`); `lock` is one multiprocessing lock for all processes.

        Values of another purpose are other values.
        """
        self._purpose = purpose
        self._lock = lock
        self._window = window
        with path.open("r+b") as file:
            self._table = mmap.mmap(file.fileno(), TABLE_BYTES)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the table. A process that dies while it holds it takes the server down (server.py), never lets it hang."""
        if not self._lock.acquire(timeout=5):
            raise StoreError("the table of used proofs is not free")
        try:
            yield
        finally:
            self._lock.release()

    def first_time(self, value: str, now: float) -> bool:
        """Remember a value; False if it was seen within the window, or if there is no room to remember it.

        Raises:
            StoreError: another process holds the table.

        """
        digest = blake2b(f"{self._purpose} {value}".encode(), digest_size=_DIGEST).digest()
        start = int.from_bytes(digest[:4]) % _BUCKETS * _BUCKET
        times_at = start + _SLOTS * _DIGEST
        with self._alone():
            times = _TIMES.unpack_from(self._table, times_at)
            at = self._table.find(digest, start, times_at)
            while at >= 0:
                slot, beside = divmod(at - start, _DIGEST)
                if not beside and times[slot] > now:
                    return False
                at = self._table.find(digest, at + 1, times_at)
            free = next((slot for slot, runs_out in enumerate(times) if runs_out <= now), -1)
            if free < 0:
                return False
            at = start + free * _DIGEST
            self._table[at : at + _DIGEST] = digest
            struct.pack_into("d", self._table, times_at + 8 * free, now + 2 * self._window)
        return True


def make_table(path: Path) -> None:
    """An empty table; pages of it take memory when they are first used."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(TABLE_BYTES)
