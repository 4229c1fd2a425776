"""The figures that Helsedirektoratet's chapter 4 asks for (felles plan 4.1-4.3), as JSON and as CSV.

From the usage log: new and updated registrations, downloads. Queries for updates are the /status calls, which are
not in the usage log (B-STATUS); they are counted without any person in a tally of day and organisation.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mock_kj.categories import BY_INFO_TYPE, RESOURCE_TYPES
from mock_kj.organisations import Organisation
from mock_kj.store.model import CountRow

COLUMNS = ("Dato", "Region", "Virksomhet", "Organisasjonsnummer", "Måltall", "Kategori", "Ressurs", "Antall")
MEASURES = {
    "create": "Nye registreringer",
    "update": "Oppdaterte registreringer",
    "delete": "Slettede registreringer",
    "read": "Nedlastinger",
    "status": "Spørringer etter oppdatert informasjon",
}


class Tally:
    """Counts of what the usage log does not hold, until the store takes them over."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str | None], int] = {}

    def status(self, at: int, orgnr: str | None) -> None:
        """One /status call at `at` (milliseconds) from an organisation."""
        key = (at // 86_400_000, orgnr)
        self._counts[key] = self._counts.get(key, 0) + 1

    def give_back(self, rows: Iterable[CountRow]) -> None:
        """Keep counts that the store could not take."""
        for row in rows:
            key = (date.fromisoformat(row.day).toordinal() - date(1970, 1, 1).toordinal(), row.orgnr)
            self._counts[key] = self._counts.get(key, 0) + row.total

    def drain(self) -> list[CountRow]:
        """What was counted since the last time."""
        taken, self._counts = self._counts, {}
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return [
            CountRow((epoch + timedelta(days=day)).date().isoformat(), orgnr, "status", "status", count)
            for (day, orgnr), count in taken.items()
        ]


def summary(
    rows: Iterable[CountRow], organisations: Mapping[str, Organisation], local: Mapping[str, int]
) -> dict[str, Any]:
    """Totals, the actors that are ready, read and write (4.2), and the share uploaded (4.3).

    `local` is the number of entries in each organisation's own record, as reported to the mock; the share is left out
    for whoever reported none.
    """
    rows = list(rows)
    totals = {name: sum(r.total for r in rows if r.operation == operation) for operation, name in MEASURES.items()}
    readers = {r.orgnr for r in rows if r.operation == "read"}
    writers = {r.orgnr for r in rows if r.operation in ("create", "update", "delete")}
    asking = {r.orgnr for r in rows if r.operation == "status"}
    shared = {o: sum(r.total for r in rows if r.operation == "create" and r.orgnr == o) for o in local}
    return {
        "totals": totals,
        "actors": {
            "ready": sorted(o for o in (asking | readers | writers) if o),
            "reading": sorted(o for o in readers if o),
            "writing": sorted(o for o in writers if o),
            "known": len(organisations),
        },
        "share_uploaded": {o: min(1.0, shared[o] / n) for o, n in local.items() if n > 0},
    }


def what(target: str) -> tuple[str, str]:
    """Category and resource type of an access; one of several categories has no category, one of all has neither."""
    known = BY_INFO_TYPE.get(target)
    if known is not None:
        return known.norwegian, known.resource_type
    name = target.partition("/")[0]  # a record is counted with its type
    return "", name if name in RESOURCE_TYPES else ""


def to_csv(rows: Iterable[CountRow], organisations: Mapping[str, Organisation]) -> str:
    """The rows as semicolon-separated text with a byte order mark, as Norwegian spreadsheets open it."""
    file = io.StringIO()
    file.write("\ufeff")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    totals: dict[tuple[str, str | None, str, str, str], int] = {}
    for row in rows:
        key = (row.day, row.orgnr, row.operation, *what(row.target))
        totals[key] = totals.get(key, 0) + row.total
    for (day, orgnr, operation, category, resource), total in totals.items():
        place = organisations.get(orgnr or "")
        measure = MEASURES.get(operation, operation)
        writer.writerow(
            [
                day,
                place.region if place else "",
                place.name if place else "",
                orgnr or "",
                measure,
                category,
                resource,
                total,
            ]
        )
    return file.getvalue()
