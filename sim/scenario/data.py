"""The published figures in ``scenarios/data/*.csv`` and the list of their sources.

Every figure file has the columns entity, measure, value, unit, period, source, tag, note. A scenario takes a
figure with ``{from: file/entity/measure}`` and so carries its unit, source and tag along.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from sim.errors import UserError
from sim.vocabulary import TAG_KEYS

COLUMNS = ("entity", "measure", "value", "unit", "period", "source", "tag", "note")


@dataclass(frozen=True)
class Figure:
    """One published (or derived) figure; ``period`` says when it holds."""

    entity: str
    measure: str
    value: float
    unit: str
    period: str
    source: str
    tag: str
    note: str


@dataclass(frozen=True)
class Source:
    """Where figures come from."""

    key: str
    title: str
    publisher: str
    date: str


def shipped() -> Path:
    """The folder of the shipped scenarios: beside the packages in a checkout, inside the package when installed."""
    here = Path(__file__).resolve().parents[2] / "scenarios"
    return here if here.is_dir() else Path(__file__).resolve().parents[1] / "shipped"


def scenarios() -> list[Path]:
    """The shipped scenarios; other files of the folder (a budget, a prioritisation sheet) name no scenario schema."""
    return [
        file
        for file in sorted(shipped().glob("*.yaml"))
        if file.read_text(encoding="utf-8").startswith("# $schema: ./scenario.schema.json")
    ]


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            if tuple(reader.fieldnames or ()) != columns:
                raise UserError(
                    f"{path}: kolonnene skal være {', '.join(columns)}",
                    f"{path}: the columns must be {', '.join(columns)}",
                )
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: kan ikke leses ({error})", f"{path}: cannot be read ({error})") from error


@functools.cache
def figures(name: str, folder: Path) -> dict[tuple[str, str], Figure]:
    """The figures of ``folder/name.csv`` by (entity, measure).

    Raises:
        UserError: the file is missing or a row is not a figure; the message names file and line.
    """
    path = folder / f"{name}.csv"
    found: dict[tuple[str, str], Figure] = {}
    for line, row in enumerate(_rows(path, COLUMNS), start=2):
        try:
            value = float(row["value"])
            if not isfinite(value):
                raise ValueError
        except (TypeError, ValueError) as error:
            raise UserError(
                f"{path}:{line}: value «{row['value']}» er ikke et tall",
                f"{path}:{line}: value «{row['value']}» is not a number",
            ) from error
        if row["tag"] not in TAG_KEYS or not row["source"] or not row["unit"]:
            raise UserError(
                f"{path}:{line}: raden mangler enhet, kilde eller evidensgrad ({', '.join(TAG_KEYS)})",
                f"{path}:{line}: the row lacks unit, source or tag ({', '.join(TAG_KEYS)})",
            )
        key = (row["entity"], row["measure"])
        if key in found:
            raise UserError(
                f"{path}:{line}: {'/'.join(key)} står to ganger", f"{path}:{line}: {'/'.join(key)} stands twice"
            )
        found[key] = Figure(
            entity=row["entity"],
            measure=row["measure"],
            value=value,
            unit=row["unit"],
            period=row["period"],
            source=row["source"],
            tag=row["tag"],
            note=row["note"] or "",
        )
    return found


@functools.cache
def sources(folder: Path) -> dict[str, Source]:
    """The sources of ``folder/sources.csv`` by key."""
    rows = _rows(folder / "sources.csv", ("key", "title", "publisher", "date"))
    return {r["key"]: Source(r["key"], r["title"], r["publisher"], r["date"]) for r in rows}


def source_key(source: str) -> str:
    """The key a source reference starts with: «HV-2025, fig. 4» is HV-2025."""
    return source.split(",", 1)[0].strip()
