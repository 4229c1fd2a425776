"""The store for many processes and hosts: PostgreSQL through asyncpg.

Each access is one statement with its log line in the same statement (a CTE), so data and log commit together;
`synchronous_commit=on` makes acknowledged mean on disk, and the server groups commits of concurrent connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import asyncpg

from mock_kj.errors import Conflict, StoreError
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

_N = len(LogRow._fields)
_SETUP_LOCK = 7_650_409  # one process at a time creates the tables


def _log(first: int) -> str:
    """An INSERT of one log line whose parameters begin at `first`."""
    return (
        f"INSERT INTO usage_log ({schema.LOG_COLUMNS}) VALUES ({','.join(f'${i}' for i in range(first, first + _N))})"
    )


_READ = f"WITH logged AS ({_log(2)}) SELECT info_type, state, body FROM entry WHERE nin=$1 ORDER BY created, id"
_LOG_ALONE = _log(1)
_ENTRY = f"INSERT INTO entry ({schema.ENTRY_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)"
_VERSION = "INSERT INTO entry_version (id, version, state, at, body) VALUES ($1,$2,$3,$4,$5)"
_CHOICES = "SELECT reserved, restricted_all, restricted_critical, blocked FROM patient WHERE nin=$1"
_PATIENT = "INSERT INTO patient VALUES ($1,$2,$3,$4,$5) ON CONFLICT (nin) DO NOTHING"
# The foreign key of the version is checked at the end of the statement, when the entry is there.
_CREATE = (
    f"WITH made AS ({_ENTRY}), logged AS ({_log(10)}) "
    "INSERT INTO entry_version (id, version, state, at, body) VALUES ($1,$4,$5,$7,$8)"
)
_REPLACE = (
    "WITH changed AS (UPDATE entry SET version=$3, state=$4, valid_until=$5, updated=$6, body=$7 "
    "WHERE id=$1 AND nin=$2 AND version=$3-1 AND state<>'deleted' RETURNING id), "
    "kept AS (INSERT INTO entry_version (id, version, state, at, body) SELECT id, $3, $4, $6, $7 FROM changed), "
    f"logged AS (INSERT INTO usage_log ({schema.LOG_COLUMNS}) "
    f"SELECT {','.join(f'${i}' for i in range(8, 8 + _N))} FROM changed) "
    "SELECT count(*) FROM changed"
)


class PostgresStore:
    """A few kept connections to one database."""

    def __init__(self, url: str, *, connections: int = 16, stall: Callable[[], float] | None = None) -> None:
        self._url = url
        self._size = connections
        self._stall = stall
        self._free: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
        self._all: list[asyncpg.Connection] = []

    async def open(self) -> None:
        """Connect and create the tables that are missing. Raises StoreError."""
        try:
            for _ in range(self._size):
                connection = await asyncpg.connect(self._url, server_settings={"synchronous_commit": "on"}, timeout=20)
                self._all.append(connection)
                self._free.put_nowait(connection)
            async with self._all[0].transaction():
                await self._all[0].execute("SELECT pg_advisory_xact_lock($1)", _SETUP_LOCK)
                for table in schema.TABLES:
                    serial = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
                    await self._all[0].execute(table.format(blob="BYTEA", big="BIGINT", serial=serial))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TimeoutError) as error:
            raise StoreError(f"PostgreSQL: {error}") from error

    async def close(self) -> None:
        """Let all connections go."""
        for connection in self._all:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=5)
        self._all.clear()

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A kept connection; a broken one is replaced. Raises StoreError."""
        connection = await self._free.get()
        try:
            if connection.is_closed():
                fresh = await asyncpg.connect(self._url, server_settings={"synchronous_commit": "on"}, timeout=5)
                self._all.remove(connection)
                self._all.append(fresh)
                connection = fresh
            yield connection
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise StoreError(f"PostgreSQL: {type(error).__name__}") from error
        finally:
            self._free.put_nowait(connection)

    async def _pause(self) -> None:
        """An injected stall of the database."""
        seconds = self._stall() if self._stall else 0.0
        if seconds:
            await asyncio.sleep(seconds)

    async def ready(self) -> bool:
        """Whether the database answers."""
        try:
            async with self._connection() as db:
                return bool(await db.fetchval("SELECT 1", timeout=5) == 1)
        except StoreError:
            return False

    # --- reading without a log line -------------------------------------------------------------------------------

    async def patient(self, nin: str) -> PatientRow | None:
        """The patient's choices."""
        async with self._connection() as db:
            row = await db.fetchrow(_CHOICES, nin)
        return None if row is None else PatientRow(nin, unpack_privacy(*row))

    async def patients(self, after: str, limit: int) -> list[PatientRow]:
        """Patients with rows, by number."""
        query = (
            "SELECT nin, reserved, restricted_all, restricted_critical, blocked FROM patient "
            "WHERE nin>$1 ORDER BY nin LIMIT $2"
        )
        async with self._connection() as db:
            rows = await db.fetch(query, after, limit)
        return [PatientRow(row[0], unpack_privacy(*row[1:])) for row in rows]

    async def summaries(self, nin: str) -> list[Summary]:
        """The newest version of each entry, in short."""
        async with self._connection() as db:
            rows = await db.fetch("SELECT info_type, state, valid_until, updated FROM entry WHERE nin=$1", nin)
        return [Summary(*row) for row in rows]

    async def entry(self, nin: str, identifier: str) -> EntryRow | None:
        """The newest version of one entry of this patient."""
        async with self._connection() as db:
            row = await db.fetchrow(f"SELECT {schema.ENTRY_COLUMNS} FROM entry WHERE id=$1 AND nin=$2", identifier, nin)
        return None if row is None else EntryRow(*row)

    # --- accesses, logged in their own transaction ----------------------------------------------------------------

    async def version(self, nin: str, identifier: str, version: int, log: LogRow, origin: GiveOrigin) -> bytes | None:
        """One version of one entry, and the log of the look."""
        await self._pause()
        query = (
            "SELECT v.body FROM entry_version v JOIN entry e ON e.id=v.id WHERE e.nin=$1 AND v.id=$2 AND v.version=$3"
        )
        async with self._connection() as db, db.transaction():
            await _settle(db, nin, origin)
            body: bytes | None = await db.fetchval(query, nin, identifier, version)
            if body is not None:
                await db.execute(_LOG_ALONE, *log)
        return body

    async def read(
        self, nin: str, info_types: Sequence[str] | None, log: LogRow, origin: GiveOrigin, admit: Admit | None
    ) -> list[Served]:
        """The newest versions and the log of the look. Raises what `admit` raises."""
        await self._pause()
        async with self._connection() as db:
            found = await _weigh(db, nin, origin, admit)
            rows = [tuple(row) for row in await db.fetch(_READ, nin, *log)]
        if found is not None:
            rows = [(e.info_type, e.state, e.body) for e in found[1]]
        return [Served(*row) for row in rows if info_types is None or row[0] in info_types]

    async def create(self, row: EntryRow, log: LogRow, origin: GiveOrigin, admit: Admit | None) -> None:
        """A new entry in its first version. Raises what `admit` raises."""
        await self._pause()
        async with self._connection() as db:
            if await _weigh(db, row.nin, origin, admit) is None:
                await db.execute(_CREATE, *row, *log)
                return
            async with db.transaction():
                await _settle(db, row.nin, origin)
                await db.execute(_CREATE, *row, *log)

    async def replace(self, row: EntryRow, log: LogRow, origin: GiveOrigin) -> None:
        """A further version. Raises Conflict."""
        await self._pause()
        values = (row.id, row.nin, row.version, row.state, row.valid_until, row.updated, row.body, *log)
        async with self._connection() as db, db.transaction():
            await _settle(db, row.nin, origin)
            if await db.fetchval(_REPLACE, *values) != 1:
                raise Conflict(row.id)

    async def put_patient(self, row: PatientRow, origin: GiveOrigin) -> None:
        """Change what a patient has chosen."""
        query = (
            "INSERT INTO patient VALUES ($1,$2,$3,$4,$5) ON CONFLICT (nin) DO UPDATE SET reserved=excluded.reserved, "
            "restricted_all=excluded.restricted_all, restricted_critical=excluded.restricted_critical, "
            "blocked=excluded.blocked"
        )
        async with self._connection() as db, db.transaction():
            await _settle(db, row.nin, origin)
            await db.execute(query, *_patient_values(row))

    # --- reports ----------------------------------------------------------------------------------------------------

    async def log_of(self, nin: str, limit: int) -> list[LogRow]:
        """The patient's usage log, newest first."""
        query = f"SELECT {schema.LOG_COLUMNS} FROM usage_log WHERE nin=$1 ORDER BY line DESC LIMIT $2"
        async with self._connection() as db:
            return [LogRow(*row) for row in await db.fetch(query, nin, limit)]

    async def counts(self, since: int, until: int) -> list[CountRow]:
        """The usage log counted, and what was tallied."""
        query = (
            "SELECT to_char(to_timestamp(at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), orgnr_child, "
            "operation, target, count(*) "
            "FROM usage_log WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3, 4"
        )
        days = "SELECT day, nullif(orgnr, ''), operation, target, count FROM tally WHERE day >= $1 AND day <= $2"
        async with self._connection() as db:
            rows = [CountRow(*row) for row in await db.fetch(query, since, until)]
            return in_order(rows + [CountRow(*row) for row in await db.fetch(days, day_of(since), day_of(until - 1))])

    async def tally(self, rows: Sequence[CountRow]) -> None:
        """Add counts, in one order so that two processes cannot wait for each other."""
        query = (
            "INSERT INTO tally VALUES ($1,$2,$3,$4,$5) ON CONFLICT (day, orgnr, operation, target) "
            "DO UPDATE SET count = tally.count + excluded.count"
        )
        values = sorted((r.day, r.orgnr or "", r.operation, r.target, r.total) for r in rows)
        async with self._connection() as db:
            await db.executemany(query, values)

    # --- bulk, one-time values, remarks ---------------------------------------------------------------------------

    async def load(self, patients: Sequence[PatientRow], entries: Sequence[EntryRow]) -> None:
        """Fill in bulk: COPY into a temporary table, then insert what is not there."""
        versions = [(e.id, e.version, e.state, e.updated, e.body) for e in entries]
        parts: tuple[tuple[str, Sequence[Any]], ...] = (
            ("patient", [_patient_values(p) for p in patients]),
            ("entry", entries),
            ("entry_version", versions),
        )
        async with self._connection() as db, db.transaction():
            for table, rows in parts:
                await db.execute(f"CREATE TEMP TABLE incoming_{table} (LIKE {table}) ON COMMIT DROP")
                await db.copy_records_to_table(f"incoming_{table}", records=rows)
                await db.execute(f"INSERT INTO {table} SELECT * FROM incoming_{table} ON CONFLICT DO NOTHING")

    async def spend(self, key: str, expires: int) -> bool:
        """Mark a one-time value as used."""
        query = (
            "INSERT INTO held VALUES ($1, ''::bytea, $2) ON CONFLICT (key) DO UPDATE SET expires=excluded.expires "
            "WHERE held.expires < $3 RETURNING 1"
        )
        async with self._connection() as db:
            return bool(await db.fetchval(query, key, expires, _now()) == 1)

    async def keep(self, key: str, body: bytes, expires: int) -> None:
        """Hold a small value; values that nobody took are swept out on the way."""
        query = (
            "INSERT INTO held VALUES ($1,$2,$3) "
            "ON CONFLICT (key) DO UPDATE SET body=excluded.body, expires=excluded.expires"
        )
        sweep = (
            "DELETE FROM held WHERE key IN (SELECT key FROM held WHERE expires < $1 LIMIT 20 FOR UPDATE SKIP LOCKED)"
        )
        async with self._connection() as db:
            await db.execute(query, key, body, expires)
            await db.execute(sweep, _now())

    async def take(self, key: str) -> bytes | None:
        """Give a held value to exactly one taker."""
        async with self._connection() as db:
            row = await db.fetchrow("DELETE FROM held WHERE key=$1 RETURNING body, expires", key)
        return row[0] if row is not None and row[1] >= _now() else None

    async def get_meta(self, key: str) -> str | None:
        """A remark about the database itself."""
        async with self._connection() as db:
            value: str | None = await db.fetchval("SELECT value FROM meta WHERE key=$1", key)
        return value

    async def set_meta(self, key: str, value: str) -> None:
        """Keep such a remark."""
        query = "INSERT INTO meta VALUES ($1,$2) ON CONFLICT (key) DO UPDATE SET value=excluded.value"
        async with self._connection() as db:
            await db.execute(query, key, value)


def _now() -> int:
    return int(time.time() * 1000)


def _patient_values(row: PatientRow) -> tuple[str, int, int, int, str]:
    p = row.privacy
    return row.nin, int(p.reserved), int(p.restricted_all), int(p.restricted_critical), pack_blocked(p)


async def _weigh(db: asyncpg.Connection, nin: str, origin: GiveOrigin, admit: Admit | None) -> Origin | None:
    """Let `admit` decide on what the patient has chosen; gives the population's word where the store has none."""
    row = await db.fetchrow(_CHOICES, nin)
    found = origin() if row is None else None
    if admit is not None:
        admit(unpack_privacy(*row) if row is not None else found[0].privacy if found is not None else None)
    return found


async def _settle(db: asyncpg.Connection, nin: str, origin: GiveOrigin) -> None:
    """Copy what the population says of a patient into the store, once; the winner of a race copies."""
    if await db.fetchval("SELECT 1 FROM patient WHERE nin=$1", nin) is not None:
        return
    found = origin()
    if found is None:
        return
    patient, entries = found
    made = await db.execute(_PATIENT, *_patient_values(patient))
    if not made.endswith(" 1"):
        return
    for entry in entries:
        await db.execute(_ENTRY, *entry)
        await db.execute(_VERSION, entry.id, entry.version, entry.state, entry.updated, entry.body)
