"""`mock-kj persons` and `mock-kj professionals`: who exists, by case, for whoever writes a test or a load.

A person is as the store says where it holds a row, else as the population's pure function says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from mock_kj import app, identity
from mock_kj.access import Privacy
from mock_kj.errors import UsageError
from mock_kj.population import Population
from mock_kj.server import Options, settle_population
from mock_kj.store.model import Store

CASES = {
    "with_entries": "has entries, and nothing stands in their way",
    "no_entries": "has none, and has chosen nothing",
    "reserved": "has opted out",
    "restricted_all": "has restricted the whole journal",
    "restricted_critical": "has restricted critical information",
    "blocks_somebody": "has blocked a practitioner",
    "own_information": "has entered own health information (legacy status 3, where there are no entries)",
}
_PAGE = 1000


def belongs(case: str, privacy: Privacy, entries: int, own_information: bool) -> bool:
    """Whether a person is of a case; a reservation hides all others."""
    plain = not (privacy.reserved or privacy.restricted or privacy.blocked)
    return {
        "with_entries": plain and entries > 0,
        "no_entries": plain and entries == 0 and not own_information,
        "reserved": privacy.reserved,
        "restricted_all": privacy.restricted_all and not privacy.reserved,
        "restricted_critical": privacy.restricted_critical and not privacy.reserved,
        "blocks_somebody": bool(privacy.blocked) and not privacy.reserved,
        "own_information": plain and entries == 0 and own_information,
    }[case]


def candidates(population: Population, case: str | None) -> Iterator[int]:
    """Persons who may be of a case: the examples first, then the others in their order."""
    first = tuple(population.examples.values())
    yield from first
    seen = frozenset(first)
    rare = case not in (None, "no_entries", "own_information")
    for start in range(0, population.persons, _PAGE * 100):
        stop = min(start + _PAGE * 100, population.persons)
        some = population.interesting(start, stop) if rare else range(start, stop)
        yield from (i for i in some if i not in seen)


def examples(population: Population) -> dict[str, str]:
    """An identity number for every case: the population's examples, and the first who fits for the others."""
    found = {name: population.nin(index) for name, index in population.examples.items()}
    for case in ("no_entries", "own_information"):
        for index in candidates(population, case):
            own = population.besides(index).own_information
            if belongs(case, population.privacy(index), population.entry_count(index), own):
                found[case] = population.nin(index)
                break
    return dict(sorted(found.items()))


async def persons(population: Population, store: Store, case: str | None, count: int) -> AsyncIterator[dict[str, Any]]:
    """Up to `count` persons of a case (all with None): those the store has rows of, then those of the population."""
    given, after = 0, ""
    while rows := await store.patients(after, _PAGE):
        after = rows[-1].nin
        for row in rows:
            entries = sum(s.state != "deleted" for s in await store.summaries(row.nin))
            index = population.index(row.nin)
            line = _person(population, index, row.nin, row.privacy, entries, stored=True)
            if case is None or belongs(case, row.privacy, entries, line["own_information"]):
                yield line
                given += 1
            if given >= count:
                return
    for index in candidates(population, case):
        privacy, entries = population.privacy(index), population.entry_count(index)
        if case is not None and not belongs(case, privacy, entries, population.besides(index).own_information):
            continue
        nin = population.nin(index)
        if await store.patient(nin) is not None:
            continue
        yield _person(population, index, nin, privacy, entries, stored=False)
        given += 1
        if given >= count:
            return


def _person(
    population: Population, index: int | None, nin: str, privacy: Privacy, entries: int, *, stored: bool
) -> dict[str, Any]:
    """One person as the list tells of him; somebody whom only the store knows has no name."""
    known = None if index is None else population.person_at(index)
    own = index is not None and population.besides(index).own_information
    return {
        "nin": nin,
        "case": next((c for c in CASES if belongs(c, privacy, entries, own)), "with_entries"),
        "entries": entries,
        "reserved": privacy.reserved,
        "restricted_all": privacy.restricted_all,
        "restricted_critical": privacy.restricted_critical,
        "blocked": sorted(privacy.blocked),
        "own_information": own,
        "born": str(identity.birth_date(nin)),
        "name": known.name if known else None,
        "organisation": known.organisation.child if known else None,
        "stored": stored,
    }


def professionals(population: Population, role: str | None, count: int) -> Iterator[dict[str, Any]]:
    """Up to `count` professionals, of one role or of all."""
    for serial in range(population.professionals):
        if count <= 0:
            return
        who = population.professional_at(serial)
        if role is None or who.role == role:
            count -= 1
            yield {
                "test_pid": who.nin,
                "hpr_number": who.hpr_number,
                "role": who.role,
                "active": who.active,
                "name": who.name,
                "orgnr_parent": who.organisation.parent,
                "orgnr_child": who.organisation.child,
            }


async def run(options: Options, what: str, wanted: str | None, count: int) -> list[dict[str, Any]]:
    """The list for the command.

    Raises:
        UsageError: there is no database with a population, or the case or role does not exist.
        StoreError: the database cannot be used.

    """
    if options.database is None and not Path(options.database_url).exists():
        raise UsageError(f"--data {options.data}", "no server has run here yet; start `mock-kj serve` first")
    store = app.make_store(options.database_url, options.settings)
    await store.open()
    try:
        if await store.get_meta("population") is None:
            raise UsageError("--db", "holds no population yet; start `mock-kj serve` or `mock-kj populate` first")
        population = await settle_population(store, options)
        if what == "professionals":
            return list(professionals(population, wanted, count))
        return [line async for line in persons(population, store, wanted, count)]
    finally:
        await store.close()
