"""The embedded store: SQLite in WAL mode with group commit.

The statements run on the event loop's own thread, where they take a few microseconds and fight nobody for the
interpreter lock; only COMMIT, which waits for the disk (synchronous=FULL), runs in a thread. Whoever arrives while a
commit is under way shares the next one; and once a transaction had company, the next lingers for more, since many
callers are about. A lonely caller waits for nobody. Each gets its answer after the commit that holds its rows, so
acknowledged means on disk.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mock_kj.errors import Conflict, Refusal, StoreError
from mock_kj.store import schema
from mock_kj.store.model import (
    Admit,
    CountRow,
    EntryRow,
    GiveOrigin,
    LogRow,
    Origin,
    PatientRow,
    Served,
    Summary,
    day_of,
    in_order,
    pack_blocked,
    unpack_privacy,
)

log = logging.getLogger("mock_kj.store")
Work = Callable[[sqlite3.Connection], Any]
_LOG = f"INSERT INTO usage_log ({schema.LOG_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_ENTRY = f"INSERT INTO entry ({schema.ENTRY_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"
_VERSION = "INSERT INTO entry_version (id, version, state, at, body) VALUES (?,?,?,?,?)"
_CHOICES = "SELECT reserved, restricted_all, restricted_critical, blocked FROM patient WHERE nin=?"
_NEWEST = "SELECT info_type, state, body FROM entry WHERE nin=? ORDER BY created, id"
_PATIENT = "INSERT OR IGNORE INTO patient VALUES (?,?,?,?,?)"


class SqliteStore:
    """One database file, one process writing at a time."""

    def __init__(
        self, path: Path | str, *, linger_ms: float = 2.0, batch: int = 256, stall: Callable[[], float] | None = None
    ) -> None:
        self._path = str(path)
        self._linger = linger_ms / 1000
        self._batch = max(1, batch)
        self._stall = stall
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._timer: asyncio.Handle | None = None
        self._crowded = False
        self._busy = False
        self._closed = False
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="sqlite")

    async def open(self) -> None:
        """Create the file and its tables. Raises StoreError."""
        try:
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._writer.execute("PRAGMA wal_autocheckpoint=8000")
            for table in schema.TABLES:
                self._writer.execute(table.format(blob="BLOB", big="INTEGER", serial="INTEGER PRIMARY KEY"))
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only=1")
            self._reporter = self._connect()
            self._reporter.execute("PRAGMA query_only=1")
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error
        self._loop = asyncio.get_running_loop()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=30, cached_statements=64
        )
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA foreign_keys=1")
        return connection

    async def close(self) -> None:
        """Commit what waits, then close."""
        self._closed = True
        while self._waiting or self._busy:
            if not self._busy:
                self._flush()
            await asyncio.sleep(0.001)
        self._threads.shutdown()
        for connection in (self._reader, self._reporter, self._writer):
            connection.close()

    async def ready(self) -> bool:
        """Whether the database answers."""
        try:
            return bool(self._reader.execute("SELECT 1").fetchone())
        except sqlite3.Error:
            return False

    # --- group commit -------------------------------------------------------------------------------------------

    def _write(self, work: Work) -> asyncio.Future[Any]:
        """Queue work for the next transaction; the future resolves after its commit."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((work, future))
        if not self._busy:
            if len(self._waiting) >= self._batch:
                self._flush()
            elif self._timer is None:
                self._flush_soon()
        return future

    def _flush_soon(self) -> None:
        """At the end of this turn of the loop, or after the linger time when callers come in crowds."""
        if self._crowded:
            self._timer = self._loop.call_later(self._linger, self._flush)
        else:
            self._timer = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Run the waiting work in one transaction and hand its commit to the thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._busy or not self._waiting:
            return
        batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        self._crowded = len(batch) > 1
        results: list[tuple[asyncio.Future[Any], Any, Exception | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                try:
                    results.append((future, work(self._writer), None))
                except (Conflict, Refusal) as error:  # raised before anything was written
                    results.append((future, None, error))
        except Exception as error:
            if not isinstance(error, sqlite3.Error):
                log.exception("a transaction was given up")
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            self._answer([(future, None, StoreError(str(error))) for _, future in batch])
            self._again()
            return
        self._busy = True
        pause = self._stall() if self._stall else 0.0
        self._loop.run_in_executor(self._threads, self._commit, pause).add_done_callback(
            lambda done: self._committed(done, results)
        )

    def _commit(self, pause: float) -> None:
        """Wait for the disk (and for an injected stall)."""
        if pause:
            time.sleep(pause)
        self._writer.execute("COMMIT")

    def _committed(
        self, done: asyncio.Future[None], results: list[tuple[asyncio.Future[Any], Any, Exception | None]]
    ) -> None:
        self._busy = False
        error = done.exception()
        if error is not None:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            results = [(future, None, StoreError(str(error))) for future, _, _ in results]
        self._answer(results)
        self._again()

    @staticmethod
    def _answer(results: list[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
        for future, value, error in results:
            if future.done():
                continue  # the caller hung up; its rows are on disk all the same
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(value)

    def _again(self) -> None:
        if len(self._waiting) >= self._batch:
            self._flush()
        elif self._waiting and self._timer is None:
            self._flush_soon()

    def _look(self, query: str, *values: str) -> sqlite3.Cursor:
        """Rows as the last commit left them. Raises StoreError."""
        try:
            return self._reader.execute(query, values)
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

    # --- reading without a log line -------------------------------------------------------------------------------

    async def patient(self, nin: str) -> PatientRow | None:
        """The patient's choices."""
        row = self._look(_CHOICES, nin).fetchone()
        return None if row is None else PatientRow(nin, unpack_privacy(*row))

    async def patients(self, after: str, limit: int) -> list[PatientRow]:
        """Patients with rows, by number."""
        query = (
            "SELECT nin, reserved, restricted_all, restricted_critical, blocked FROM patient "
            f"WHERE nin>? ORDER BY nin LIMIT {limit:d}"
        )
        rows = self._look(query, after)
        return [PatientRow(row[0], unpack_privacy(*row[1:])) for row in rows.fetchall()]

    async def summaries(self, nin: str) -> list[Summary]:
        """The newest version of each entry, in short."""
        rows = self._look("SELECT info_type, state, valid_until, updated FROM entry WHERE nin=?", nin)
        return [Summary(*row) for row in rows.fetchall()]

    async def entry(self, nin: str, identifier: str) -> EntryRow | None:
        """The newest version of one entry of this patient."""
        query = f"SELECT {schema.ENTRY_COLUMNS} FROM entry WHERE id=? AND nin=?"
        row = self._look(query, identifier, nin).fetchone()
        return None if row is None else EntryRow(*row)

    # --- accesses, logged in their own transaction ----------------------------------------------------------------

    async def version(self, nin: str, identifier: str, version: int, log: LogRow, origin: GiveOrigin) -> bytes | None:
        """One version of one entry, and the log of the look."""

        def work(db: sqlite3.Connection) -> bytes | None:
            _settle(db, nin, origin)
            query = (
                "SELECT v.body FROM entry_version v JOIN entry e ON e.id=v.id WHERE e.nin=? AND v.id=? AND v.version=?"
            )
            row = db.execute(query, (nin, identifier, version)).fetchone()
            if row is not None:
                db.execute(_LOG, log)
            return None if row is None else bytes(row[0])

        body: bytes | None = await self._write(work)
        return body

    async def read(
        self, nin: str, info_types: Sequence[str] | None, log: LogRow, origin: GiveOrigin, admit: Admit | None
    ) -> list[Served]:
        """The newest versions and the log of the look. Raises what `admit` raises."""

        def work(db: sqlite3.Connection) -> list[Served]:
            found = _weigh(db, nin, origin, admit) if admit is not None else None
            rows = db.execute(_NEWEST, (nin,)).fetchall()
            if not rows:
                if admit is None and not _is_settled(db, nin):
                    found = origin()
                rows = [(e.info_type, e.state, e.body) for e in found[1]] if found else []
            db.execute(_LOG, log)
            return [Served(*row) for row in rows if info_types is None or row[0] in info_types]

        served: list[Served] = await self._write(work)
        return served

    async def create(self, row: EntryRow, log: LogRow, origin: GiveOrigin, admit: Admit | None) -> None:
        """A new entry in its first version. Raises what `admit` raises."""

        def work(db: sqlite3.Connection) -> None:
            if admit is None:
                _settle(db, row.nin, origin)
            else:
                _copy(db, _weigh(db, row.nin, origin, admit))
            db.execute(_ENTRY, row)
            db.execute(_VERSION, (row.id, row.version, row.state, row.updated, row.body))
            db.execute(_LOG, log)

        await self._write(work)

    async def replace(self, row: EntryRow, log: LogRow, origin: GiveOrigin) -> None:
        """A further version. Raises Conflict."""

        def work(db: sqlite3.Connection) -> None:
            _settle(db, row.nin, origin)
            changed = db.execute(
                "UPDATE entry SET version=?, state=?, valid_until=?, updated=?, body=? "
                "WHERE id=? AND nin=? AND version=? AND state<>'deleted'",
                (row.version, row.state, row.valid_until, row.updated, row.body, row.id, row.nin, row.version - 1),
            )
            if changed.rowcount != 1:
                raise Conflict(row.id)
            db.execute(_VERSION, (row.id, row.version, row.state, row.updated, row.body))
            db.execute(_LOG, log)

        await self._write(work)

    async def put_patient(self, row: PatientRow, origin: GiveOrigin) -> None:
        """Change what a patient has chosen."""

        def work(db: sqlite3.Connection) -> None:
            _settle(db, row.nin, origin)
            db.execute("INSERT OR REPLACE INTO patient VALUES (?,?,?,?,?)", _patient_values(row))

        await self._write(work)

    # --- reports, in a thread ---------------------------------------------------------------------------------------

    async def log_of(self, nin: str, limit: int) -> list[LogRow]:
        """The patient's usage log, newest first."""
        query = f"SELECT {schema.LOG_COLUMNS} FROM usage_log WHERE nin=? ORDER BY line DESC LIMIT ?"
        return [LogRow(*row) for row in await self._report(query, (nin, limit))]

    async def counts(self, since: int, until: int) -> list[CountRow]:
        """The usage log counted."""
        query = (
            "SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch'), orgnr_child, operation, target, "
            "count(*) FROM usage_log "
            "WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4"
        )
        rows = [CountRow(*row) for row in await self._report(query, (since, until))]
        days = "SELECT day, nullif(orgnr, ''), operation, target, count FROM tally WHERE day >= ? AND day <= ?"
        return in_order(rows + [CountRow(*row) for row in await self._report(days, (day_of(since), day_of(until - 1)))])

    async def tally(self, rows: Sequence[CountRow]) -> None:
        """Add counts."""
        query = (
            "INSERT INTO tally VALUES (?,?,?,?,?) "
            "ON CONFLICT (day, orgnr, operation, target) DO UPDATE SET count = count + excluded.count"
        )

        def work(db: sqlite3.Connection) -> None:
            db.executemany(query, [(r.day, r.orgnr or "", r.operation, r.target, r.total) for r in rows])

        await self._write(work)

    async def _report(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return await self._loop.run_in_executor(
                self._threads, lambda: self._reporter.execute(query, values).fetchall()
            )
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

    # --- bulk, one-time values, remarks ---------------------------------------------------------------------------

    async def load(self, patients: Sequence[PatientRow], entries: Sequence[EntryRow]) -> None:
        """Fill in bulk."""

        def work(db: sqlite3.Connection) -> None:
            db.executemany(_PATIENT, [_patient_values(p) for p in patients])
            db.executemany(_ENTRY.replace("INSERT", "INSERT OR IGNORE", 1), entries)
            versions = [(e.id, e.version, e.state, e.updated, e.body) for e in entries]
            db.executemany(_VERSION.replace("INSERT", "INSERT OR IGNORE", 1), versions)

        await self._write(work)

    async def spend(self, key: str, expires: int) -> bool:
        """Mark a one-time value as used."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM held WHERE key=? AND expires<?", (key, _now()))
            return db.execute("INSERT OR IGNORE INTO held VALUES (?, x'', ?)", (key, expires)).rowcount == 1

        fresh: bool = await self._write(work)
        return fresh

    async def keep(self, key: str, body: bytes, expires: int) -> None:
        """Hold a small value; values that nobody took are swept out on the way."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO held VALUES (?,?,?)", (key, body, expires))
            db.execute("DELETE FROM held WHERE key IN (SELECT key FROM held WHERE expires<? LIMIT 20)", (_now(),))

        await self._write(work)

    async def take(self, key: str) -> bytes | None:
        """Give a held value to exactly one taker."""

        def work(db: sqlite3.Connection) -> bytes | None:
            row = db.execute("DELETE FROM held WHERE key=? RETURNING body, expires", (key,)).fetchone()
            return bytes(row[0]) if row is not None and row[1] >= _now() else None

        body: bytes | None = await self._write(work)
        return body

    async def get_meta(self, key: str) -> str | None:
        """A remark about the database itself."""
        row = self._look("SELECT value FROM meta WHERE key=?", key).fetchone()
        return None if row is None else str(row[0])

    async def set_meta(self, key: str, value: str) -> None:
        """Keep such a remark."""
        await self._write(lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value)) and None)


def _now() -> int:
    return int(time.time() * 1000)


def _patient_values(row: PatientRow) -> tuple[str, int, int, int, str]:
    p = row.privacy
    return row.nin, int(p.reserved), int(p.restricted_all), int(p.restricted_critical), pack_blocked(p)


def _is_settled(db: sqlite3.Connection, nin: str) -> bool:
    """Whether the store has a patient's rows, and the population no longer counts."""
    return db.execute("SELECT 1 FROM patient WHERE nin=?", (nin,)).fetchone() is not None


def _settle(db: sqlite3.Connection, nin: str, origin: GiveOrigin) -> None:
    """Copy what the population says of a patient into the store, once."""
    if not _is_settled(db, nin):
        _copy(db, origin())


def _weigh(db: sqlite3.Connection, nin: str, origin: GiveOrigin, admit: Admit) -> Origin | None:
    """Let `admit` decide on what the patient has chosen; gives the population's word where the store has none."""
    row = db.execute(_CHOICES, (nin,)).fetchone()
    if row is not None:
        admit(unpack_privacy(*row))
        return None
    found = origin()
    admit(None if found is None else found[0].privacy)
    return found


def _copy(db: sqlite3.Connection, found: Origin | None) -> None:
    if found is None:
        return
    patient, entries = found
    db.execute(_PATIENT, _patient_values(patient))
    for entry in entries:
        db.execute(_ENTRY, entry)
        db.execute(_VERSION, (entry.id, entry.version, entry.state, entry.updated, entry.body))
