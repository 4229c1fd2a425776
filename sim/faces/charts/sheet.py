"""A chart's numbers as a sheet: real numbers and dates under words, one row a point, for files and spreadsheets."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from sim.faces.charts.chart import Chart, Row
from sim.language import Text

Kind = Literal["text", "date", "share", "count", "decimal", "number"]
Cell = str | float | dt.date | None
DATE = Text("Dato (midten av måneden)", "Date (middle of the month)")


@dataclass(frozen=True)
class Sheet:
    """Headings, what each column is, and rows of text, numbers (shares from 0 to 1) and dates; None where there is none."""

    name: str
    title: str
    heads: list[str]
    kinds: list[Kind]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class Column:
    """A column of a sheet that is made of a chart's data: its heading, the layer and field it is read from, what it is."""

    head: Text
    layer: str
    field: str
    kind: Kind = "share"
    scale: float = 1.0


_BANDS = (
    Column(Text("P5", "P5"), "rows", "low"),
    Column(Text("P25", "P25"), "rows", "quarter"),
    Column(Text("Median", "Median"), "rows", "middle"),
    Column(Text("P75", "P75"), "rows", "three"),
    Column(Text("P95", "P95"), "rows", "high"),
)
# Kinds whose table shows some months only: their sheet is made of the data that are drawn, a row a date.
OVER_TIME: dict[str, tuple[Column, ...]] = {
    "fan": (
        *_BANDS,
        Column(Text("Nullalternativet, median", "Null alternative, median"), "rows", "null"),
        Column(Text("Publisert", "Published"), "dots", "y"),
    ),
    "change": tuple(Column(c.head, c.layer, c.field, "number", 100.0) for c in _BANDS),
}


def sheet(chart: Chart, lang: str) -> Sheet:
    """The chart's numbers: all dates of a chart over time, else its table."""
    if chart.kind in OVER_TIME:
        return _over_time(chart, OVER_TIME[chart.kind], lang)
    kinds = [_kind(chart, at, lang) for at in range(len(chart.table.heads))]
    rows = [[_cell(value, kind, lang) for value, kind in zip(row, kinds, strict=True)] for row in chart.table.rows]
    return Sheet(chart.name, chart.table.caption, list(chart.table.heads), kinds, rows)


def _over_time(chart: Chart, columns: tuple[Column, ...], lang: str) -> Sheet:
    layers = dict.fromkeys(column.layer for column in columns)
    rows: list[list[Cell]] = []
    for layer in layers:
        for row in chart.data[layer]:
            numbers = [_number(row, column) if column.layer == layer else None for column in columns]
            rows.append([_date(row["x"]), *numbers])
    used = [c for c, column in enumerate(columns, start=1) if any(row[c] is not None for row in rows)]
    heads = [DATE.to(lang), *(columns[c - 1].head.to(lang) for c in used)]
    kinds: list[Kind] = ["date", *(columns[c - 1].kind for c in used)]
    return Sheet(chart.name, chart.table.caption, heads, kinds, [[row[0], *(row[c] for c in used)] for row in rows])


def _number(row: Row, column: Column) -> float | None:
    value = row[column.field]
    return None if value is None else round(float(value) * column.scale, 8)


def _date(milliseconds: float) -> dt.date:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).date()


def _kind(chart: Chart, at: int, lang: str) -> Kind:
    """What a column of a table is; one of numbers that were set already is one of numbers where all can be read as such."""
    kind = chart.table.kinds[at]
    if kind != "number":
        return kind
    cells = [row[at] for row in chart.table.rows]
    return "number" if all(isinstance(_cell(c, kind, lang), float | None) for c in cells) else "text"


def _cell(value: Any, kind: Kind, lang: str) -> Cell:
    if kind == "text":
        return str(value)
    if kind == "number" and isinstance(value, str):
        return read_number(value, lang)
    return None if value is None or not math.isfinite(value) else float(value)


def read_number(text: str, lang: str) -> float | str | None:
    """A number as ``language.number`` writes it, read back; None for a dash, the text itself where it is no number."""
    plain = text.strip().replace("\u2212", "-").replace("\u00a0", "")
    if plain in ("", "\u2013"):
        return None
    plain = plain.replace(",", ".") if lang == "nb" else plain.replace(",", "")
    return float(plain) if re.fullmatch(r"[+-]?\d+(\.\d+)?", plain) else text
