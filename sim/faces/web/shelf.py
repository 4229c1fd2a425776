"""Scenarios saved on the server, with history and author: every save is a new version, and none is ever changed or removed.

SQLite in write-ahead mode with full synchronisation: a version that was acknowledged is on disk, whatever happens to the server.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.errors import UserError

MOST = 20_000  # versions
LARGEST = 256_000  # bytes of a file
_TABLE = """
CREATE TABLE IF NOT EXISTS version (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    saved TEXT NOT NULL,
    query TEXT NOT NULL,
    file TEXT NOT NULL,
    UNIQUE (name, number)
) STRICT;
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON version BEGIN SELECT RAISE(ABORT, 'a version stays'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON version BEGIN SELECT RAISE(ABORT, 'a version stays'); END;
"""


@dataclass(frozen=True)
class Version:
    """One save of a scenario: ``number`` counts from 1 within the name; ``query`` is its address, ``file`` its YAML."""

    id: int
    name: str
    number: int
    author: str
    comment: str
    saved: str  # ISO 8601, UTC
    query: str
    file: str


class Shelf:
    """The database in a file; it is made when something is first saved."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.file, timeout=10, isolation_level=None)) as made:
                made.execute("PRAGMA journal_mode = WAL")
                made.execute("PRAGMA synchronous = FULL")
                made.executescript(_TABLE)
                yield made
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"lageret {self.file.name} kan ikke brukes: {error}",
                f"the store {self.file.name} cannot be used: {error}",
            ) from error

    def save(self, name: str, author: str, comment: str, query: str, file: str) -> Version:
        """Add a version; when this returns it is on disk.

        Raises:
            UserError: the file is too large, the shelf is full, or the disk refuses.
        """
        if len(file.encode()) > LARGEST:
            raise UserError(
                f"scenarioet er større enn {LARGEST // 1000} kB", f"the scenario is larger than {LARGEST // 1000} kB"
            )
        saved = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        with self._open() as store:
            store.execute("BEGIN IMMEDIATE")  # so that two who save at once get a number each
            count, number = store.execute(
                "SELECT (SELECT COUNT(*) FROM version), (SELECT COALESCE(MAX(number), 0) + 1 FROM version WHERE name = ?)",
                (name,),
            ).fetchone()
            if count >= MOST:
                raise UserError(
                    f"lageret er fullt ({MOST} versjoner); start tjeneren med en annen --folder",
                    f"the store is full ({MOST} versions); start the server with another --folder",
                )
            made = store.execute(
                "INSERT INTO version (name, number, author, comment, saved, query, file) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, number, author, comment, saved, query, file),
            )
            store.execute("COMMIT")
            return Version(int(made.lastrowid or 0), name, number, author, comment, saved, query, file)

    def latest(self, most: int) -> list[Version]:
        """The newest version of each name, the newest first."""
        return self._found("WHERE id IN (SELECT MAX(id) FROM version GROUP BY name) ORDER BY id DESC LIMIT ?", (most,))

    def history(self, name: str, most: int = 500) -> list[Version]:
        """All versions of a name, the newest first."""
        return self._found("WHERE name = ? ORDER BY number DESC LIMIT ?", (name, most))

    def find(self, id: int) -> Version | None:
        """A version; None if there is none."""
        return next(iter(self._found("WHERE id = ?", (id,))), None)

    def _found(self, where: str, values: tuple[object, ...]) -> list[Version]:
        if not self.file.is_file():
            return []
        with self._open() as store:
            rows = store.execute(
                f"SELECT id, name, number, author, comment, saved, query, file FROM version {where}", values
            )
            return [Version(*row) for row in rows]
