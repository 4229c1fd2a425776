"""`mock-kj populate`: fix a population in a database, count it, and write its rows if asked."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from mock_kj import app, samples
from mock_kj.server import Options, settle_population

if TYPE_CHECKING:
    from mock_kj.population import Population
    from mock_kj.store.model import EntryRow, PatientRow, Store

BLOCK = 100_000


async def run(options: Options, *, rows: bool) -> dict[str, int]:
    """Walk the whole population in blocks of bounded memory; gives counts.

    Raises:
        UsageError: the database holds another population.
        StoreError: the database cannot be used.

    """
    options.data.mkdir(parents=True, exist_ok=True)
    store = app.make_store(options.database_url, options.settings)
    await store.open()
    try:
        population = await settle_population(store, options)
        return await walk(store, population, options.settings.category_system, rows=rows)
    finally:
        await store.close()


async def walk(store: Store, population: Population, category_system: str, *, rows: bool) -> dict[str, int]:
    """Count everybody, and load the rows of those who have any."""
    from tqdm import tqdm

    began = time.monotonic()
    counts = dict.fromkeys(
        ("persons", "with entries", "entries", "reserved", "restricted", "blocking", "rows written"), 0
    )
    with tqdm(
        total=population.persons, unit=" persons", unit_scale=True, file=sys.stderr, disable=not sys.stderr.isatty()
    ) as bar:
        for start in range(0, population.persons, BLOCK):
            stop = min(start + BLOCK, population.persons)
            patients: list[PatientRow] = []
            entries: list[EntryRow] = []
            for index in population.interesting(start, stop):
                privacy, number = population.privacy(index), population.entry_count(index)
                counts["with entries"] += number > 0
                counts["entries"] += number
                counts["reserved"] += privacy.reserved
                counts["restricted"] += privacy.restricted
                counts["blocking"] += bool(privacy.blocked)
                if rows:
                    patient, some = samples.initial(population, index, population.nin(index), category_system)
                    patients.append(patient)
                    entries.extend(some)
            if rows:
                await store.load(patients, entries)
                counts["rows written"] += len(patients) + len(entries)
            counts["persons"] += stop - start
            bar.update(stop - start)
    counts["seconds"] = round(time.monotonic() - began)
    return counts
