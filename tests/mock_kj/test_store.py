"""What a store promises, of SQLite and of PostgreSQL alike."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mock_kj.access import Privacy
from mock_kj.app import make_store
from mock_kj.errors import Conflict, Refusal, StoreError
from mock_kj.settings import Settings
from mock_kj.store.model import CountRow, EntryRow, LogRow, PatientRow, Store

NIN = "48882807579"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "store.sqlite")
    server = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name))


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = make_store(url, Settings(group_commit_linger_ms=0.5))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def with_store(url: str, body: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(url) as store:
            await body(store)

    asyncio.run(run())


def entry(
    identifier: str | None = None, version: int = 1, nin: str = NIN, body: bytes = b"{}", **more: Any
) -> EntryRow:
    return EntryRow(
        identifier or str(uuid.uuid4()), nin, "DrugReaction", version, "live", None, 1000 + version, body, 1001
    )._replace(**more)


def line(operation: str = "read", nin: str = NIN, at: int = 5, orgnr: str | None = "310000000") -> LogRow:
    return LogRow(
        at,
        nin,
        operation,
        "DrugReaction",
        "990000000",
        "Kari",
        "LE",
        "p",
        orgnr,
        "HF",
        "SAMTYKKE",
        "EHR",
        "event",
        "v1",
    )


def somebody() -> tuple[PatientRow, tuple[EntryRow, ...]]:
    return PatientRow(NIN, Privacy()), ()


def nobody() -> None:
    return None


def test_an_entry_comes_back_as_it_was_written_with_its_log_line(url: str) -> None:
    async def body(store: Store) -> None:
        row = entry(body='{"note":"Æ ø å \\u0000"}'.encode())
        await store.create(row, line("create"), somebody, None)
        assert await store.entry(NIN, row.id) == row
        assert await store.entry("another", row.id) is None
        assert [s.body for s in await store.read(NIN, None, line("read"), somebody, None)] == [row.body]
        assert await store.read(NIN, ("Infection",), line("read"), somebody, None) == []
        assert [r.operation for r in await store.log_of(NIN, 10)] == ["read", "read", "create"]
        assert (await store.log_of(NIN, 10))[-1] == line("create")

    with_store(url, body)


def test_an_access_that_is_not_admitted_leaves_neither_row_nor_line(url: str) -> None:
    told: list[Privacy | None] = []

    def refuse(privacy: Privacy | None) -> None:
        told.append(privacy)
        raise Refusal("blocked")

    async def body(store: Store) -> None:
        others = [store.create(entry(), line("create"), somebody, None) for _ in range(5)]
        refused = [
            store.create(entry(), line("create"), somebody, refuse),
            store.read(NIN, None, line("read"), somebody, refuse),
            store.read("45920040881", None, line("read"), nobody, refuse),
        ]
        results = await asyncio.gather(*others, *refused, return_exceptions=True)
        assert results[:5] == [None] * 5  # those who shared the transaction
        assert [type(r) for r in results[5:]] == [Refusal] * 3
        assert sorted(map(str, told)) == sorted(map(str, (Privacy(), Privacy(), None)))
        assert [r.operation for r in await store.log_of(NIN, 10)] == ["create"] * 5
        assert await store.log_of("45920040881", 10) == []
        await store.put_patient(PatientRow(NIN, Privacy(reserved=True)), somebody)
        with pytest.raises(Refusal):
            await store.read(NIN, None, line(), somebody, refuse)
        assert told[-1] == Privacy(reserved=True)

    with_store(url, body)


def test_versions_are_kept_and_only_the_next_one_is_taken(url: str) -> None:
    async def body(store: Store) -> None:
        row = entry(body=b"one")
        await store.create(row, line(), somebody, None)
        await store.replace(row._replace(version=2, body=b"two"), line("update"), somebody)
        for wrong in (1, 2, 4):
            with pytest.raises(Conflict):
                await store.replace(row._replace(version=wrong, body=b"bad"), line("update"), somebody)
        assert [await store.version(NIN, row.id, v, line(), somebody) for v in (1, 2, 3)] == [b"one", b"two", None]
        assert len([r for r in await store.log_of(NIN, 50) if r.operation == "update"]) == 1

    with_store(url, body)


def test_a_deleted_entry_takes_no_further_version(url: str) -> None:
    async def body(store: Store) -> None:
        row = entry()
        await store.create(row, line(), somebody, None)
        await store.replace(row._replace(version=2, state="deleted"), line("delete"), somebody)
        with pytest.raises(Conflict):
            await store.replace(row._replace(version=3), line("update"), somebody)

    with_store(url, body)


def test_of_many_simultaneous_updates_of_one_version_exactly_one_wins(url: str) -> None:
    async def body(store: Store) -> None:
        row = entry()
        await store.create(row, line(), somebody, None)
        for version in range(2, 7):
            tries = [
                store.replace(row._replace(version=version, body=str(i).encode()), line("update"), somebody)
                for i in range(40)
            ]
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(r is None for r in results) == 1
            assert sum(isinstance(r, Conflict) for r in results) == 39
            winner = str(next(i for i, r in enumerate(results) if r is None)).encode()
            kept = await store.entry(NIN, row.id)
            assert kept is not None
            assert (kept.version, kept.body) == (version, winner)
        assert sum(r.operation == "update" for r in await store.log_of(NIN, 500)) == 5

    with_store(url, body)


def test_the_same_holds_between_two_stores_on_one_database(url: str) -> None:
    async def body(store: Store) -> None:
        async with opened(url) as other:
            row = entry()
            await store.create(row, line(), somebody, None)
            tries = [
                s.replace(row._replace(version=2, body=b"x"), line("update"), somebody)
                for _ in range(10)
                for s in (store, other)
            ]
            results = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(r is None for r in results) == 1

    with_store(url, body)


def test_the_first_write_settles_what_the_population_says(url: str) -> None:
    first, second = entry("a" * 8, body=b"born"), entry("b" * 8, body=b"new")

    def origin() -> tuple[PatientRow, tuple[EntryRow, ...]]:
        return PatientRow(NIN, Privacy(restricted_all=True, blocked=frozenset(("990000001",)))), (first,)

    async def body(store: Store) -> None:
        assert [s.body for s in await store.read(NIN, None, line(), origin, None)] == [b"born"]
        assert await store.patient(NIN) is None
        await asyncio.gather(
            *(store.create(second._replace(id=f"{i:08d}"), line("create"), origin, None) for i in range(12))
        )
        assert await store.patient(NIN) == origin()[0]
        served = await store.read(NIN, None, line(), nobody, None)
        assert sorted(s.body for s in served) == sorted([b"born"] + [b"new"] * 12)
        await store.replace(first._replace(version=2, body=b"changed"), line("update"), origin)
        assert await store.version(NIN, first.id, 1, line(), origin) == b"born"

    with_store(url, body)


def test_choices_can_be_changed_and_keep_the_entries(url: str) -> None:
    async def body(store: Store) -> None:
        await store.create(entry(), line(), somebody, None)
        await store.put_patient(PatientRow(NIN, Privacy(reserved=True)), somebody)
        row = await store.patient(NIN)
        assert row is not None
        assert row.privacy.reserved
        assert len(await store.summaries(NIN)) == 1

    with_store(url, body)


def test_a_one_time_value_is_spent_once_and_free_again_when_it_has_run_out(url: str) -> None:
    async def body(store: Store) -> None:
        far = 10**15
        results = await asyncio.gather(*(store.spend("jti", far) for _ in range(20)))
        assert sum(results) == 1
        assert await store.spend("old", 1) is True
        assert await store.spend("old", far) is True
        assert await store.spend("old", far) is False

    with_store(url, body)


def test_a_held_value_has_one_taker(url: str) -> None:
    async def body(store: Store) -> None:
        await store.keep("code", b"secret", 10**15)
        taken = await asyncio.gather(*(store.take("code") for _ in range(20)))
        assert [t for t in taken if t is not None] == [b"secret"]
        await store.keep("late", b"secret", 1)
        assert await store.take("late") is None

    with_store(url, body)


def test_the_log_is_counted_by_day_organisation_and_operation(url: str) -> None:
    async def body(store: Store) -> None:
        day = 86_400_000
        for at, operation in ((day, "create"), (day + 1, "create"), (2 * day, "read")):
            await store.create(entry(), line(operation, at=at), somebody, None)
        await store.tally([CountRow("1970-01-02", "310000000", "status", "status", 3)])
        await store.tally(
            [
                CountRow("1970-01-02", "310000000", "status", "status", 4),
                CountRow("1970-01-02", None, "status", "status", 1),
            ]
        )
        assert await store.counts(day, 2 * day) == [
            CountRow("1970-01-02", "310000000", "create", "DrugReaction", 2),
            CountRow("1970-01-02", None, "status", "status", 1),
            CountRow("1970-01-02", "310000000", "status", "status", 7),
        ]

    with_store(url, body)


def test_what_was_written_is_there_after_closing_and_opening(url: str) -> None:
    row = entry()

    async def write(store: Store) -> None:
        await store.create(row, line("create"), somebody, None)
        await store.set_meta("population", "seed")

    async def look(store: Store) -> None:
        assert await store.entry(NIN, row.id) == row
        assert await store.get_meta("population") == "seed"
        assert await store.get_meta("nothing") is None
        assert await store.ready()

    with_store(url, write)
    with_store(url, look)


def test_bulk_loading_leaves_alone_what_is_there(url: str) -> None:
    async def body(store: Store) -> None:
        row = entry(body=b"mine")
        await store.create(row, line(), somebody, None)
        await store.load(
            [PatientRow(NIN, Privacy(reserved=True)), PatientRow("45920040881", Privacy())],
            [row._replace(body=b"theirs"), entry()],
        )
        kept = await store.entry(NIN, row.id)
        assert kept is not None
        assert kept.body == b"mine"
        assert await store.patient("45920040881") is not None
        assert len(await store.summaries(NIN)) == 2

    with_store(url, body)


def test_text_from_outside_is_data_and_never_sql(url: str) -> None:
    evil = "'; DROP TABLE entry; --"

    async def body(store: Store) -> None:
        await store.create(entry(), line(), somebody, None)
        assert await store.entry(evil, evil) is None
        assert await store.version(NIN, evil, 1, line(), somebody) is None
        await store.create(
            entry(body=evil.encode()), line()._replace(source_system=evil, event_id=evil), somebody, None
        )
        assert len(await store.summaries(NIN)) == 2

    with_store(url, body)


@pytest.mark.parametrize("bad", ["/nonexistent/folder/x.sqlite", "postgresql://nobody@127.0.0.1:9/none"])
def test_a_database_that_cannot_be_opened_says_so(bad: str) -> None:
    with pytest.raises(StoreError):
        with_store(bad, lambda store: asyncio.sleep(0))
