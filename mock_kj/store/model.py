"""Rows of the store, and what every store can do.

Times are whole milliseconds since 1970 (UTC). An `Origin` is what the population says of a patient whom nobody has
written to yet; the first write copies it into the store, in the same transaction, and from then on the rows count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from mock_kj.access import Privacy


class PatientRow(NamedTuple):
    """What a patient has chosen."""

    nin: str
    privacy: Privacy


class EntryRow(NamedTuple):
    """The newest version of one entry. `state` is live, refuted or deleted; `body` is the resource as served."""

    id: str
    nin: str
    info_type: str
    version: int
    state: str
    valid_until: str | None
    updated: int
    body: bytes
    created: int


class LogRow(NamedTuple):
    """One line of the usage log (A-LOG): who, for whom, what, when, on which basis, through which system."""

    at: int
    nin: str
    operation: str
    target: str
    hpr_number: str | None
    practitioner: str | None
    role: str | None
    orgnr_parent: str | None
    orgnr_child: str | None
    organisation: str | None
    basis: str | None
    source_system: str | None
    event_id: str
    api: str


class Summary(NamedTuple):
    """What /status needs of one entry."""

    info_type: str
    state: str
    valid_until: str | None
    updated: int


class Served(NamedTuple):
    """One entry as a read gives it."""

    info_type: str
    state: str
    body: bytes


class CountRow(NamedTuple):
    """One cell of the statistics: a day, an organisation, an operation, a category or target, how many."""

    day: str
    orgnr: str | None
    operation: str
    target: str
    total: int


Origin = tuple[PatientRow, Sequence[EntryRow]]
GiveOrigin = Callable[[], Origin | None]
# Told what the patient has chosen (None without a kjernejournal), raises a Refusal to keep the access from happening.
Admit = Callable[[Privacy | None], None]


class Store(Protocol):
    """What the API asks of a store. Every call that takes a `LogRow` is durable, log and data together, on return."""

    async def open(self) -> None:
        """Connect and create the tables that are missing. Raises StoreError."""

    async def close(self) -> None:
        """Finish what is under way and let go."""

    async def ready(self) -> bool:
        """Whether the database answers."""

    async def patient(self, nin: str) -> PatientRow | None:
        """The patient's choices, or None where the store has no row."""

    async def patients(self, after: str, limit: int) -> list[PatientRow]:
        """Patients with rows, by number, from the first one after a number."""

    async def summaries(self, nin: str) -> list[Summary]:
        """The newest version of each entry, in short."""

    async def entry(self, nin: str, identifier: str) -> EntryRow | None:
        """The newest version of one entry of this patient."""

    async def version(self, nin: str, identifier: str, version: int, log: LogRow, origin: GiveOrigin) -> bytes | None:
        """One version of one entry, and the log of the look."""

    async def read(
        self, nin: str, info_types: Sequence[str] | None, log: LogRow, origin: GiveOrigin, admit: Admit | None
    ) -> list[Served]:
        """The newest versions, oldest entry first, and the log of the look; all types with None.

        Raises what `admit` raises, and leaves no log line then. None admits whoever asks.
        """

    async def create(self, row: EntryRow, log: LogRow, origin: GiveOrigin, admit: Admit | None) -> None:
        """A new entry in its first version. Raises what `admit` raises, and writes nothing then."""

    async def replace(self, row: EntryRow, log: LogRow, origin: GiveOrigin) -> None:
        """A further version. Raises Conflict unless the newest is `row.version - 1` and not deleted."""

    async def put_patient(self, row: PatientRow, origin: GiveOrigin) -> None:
        """Change what a patient has chosen."""

    async def log_of(self, nin: str, limit: int) -> list[LogRow]:
        """The patient's usage log, newest first."""

    async def counts(self, since: int, until: int) -> list[CountRow]:
        """The usage log counted by day, organisation, operation and target, and what was tallied."""

    async def tally(self, rows: Sequence[CountRow]) -> None:
        """Add counts of what the usage log does not hold."""

    async def load(self, patients: Sequence[PatientRow], entries: Sequence[EntryRow]) -> None:
        """Fill in bulk, without log lines; rows that exist are left alone."""

    async def spend(self, key: str, expires: int) -> bool:
        """Mark a one-time value as used; False if it was used before."""

    async def keep(self, key: str, body: bytes, expires: int) -> None:
        """Hold a small value until somebody takes it."""

    async def take(self, key: str) -> bytes | None:
        """Give a held value to exactly one taker; None if it is gone or too old."""

    async def get_meta(self, key: str) -> str | None:
        """A remark about the database itself, such as the population's seed."""

    async def set_meta(self, key: str, value: str) -> None:
        """Keep such a remark."""


def pack_blocked(privacy: Privacy) -> str:
    """The blocked HPR numbers as one text."""
    return " ".join(sorted(privacy.blocked))


@lru_cache(maxsize=4096)
def unpack_privacy(reserved: object, restricted_all: object, restricted_critical: object, blocked: str) -> Privacy:
    """The inverse, with the flags beside it."""
    return Privacy(bool(reserved), bool(restricted_all), bool(restricted_critical), frozenset(blocked.split()))


def day_of(milliseconds: int) -> str:
    """The UTC day of an instant, as YYYY-MM-DD."""
    return (date(1970, 1, 1) + timedelta(days=milliseconds // 86_400_000)).isoformat()


def in_order(rows: Iterable[CountRow]) -> list[CountRow]:
    """Counts by day, organisation, operation and target; unknown organisations first."""
    return sorted(rows, key=lambda r: (r.day, r.operation, r.orgnr or "", r.target))
