"""Numbers as CSV: one variant for programs, one that Norwegian Excel opens as it is."""

from __future__ import annotations

import csv
import datetime as dt
import io

from sim.faces.charts.sheet import Cell, Sheet

_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def plain(one: Sheet) -> bytes:
    """UTF-8, comma between cells, decimal point, ISO dates."""
    return _write(one, ",", ".").encode()


def excel(one: Sheet) -> bytes:
    """UTF-8 with its mark (BOM), semicolon between cells, decimal comma: what Excel reads under Norwegian settings."""
    return b"\xef\xbb\xbf" + _write(one, ";", ",").encode()


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection): what begins like one gets an apostrophe."""
    return "'" + text if text.startswith(_BEGINS) else text


def _write(one: Sheet, between: str, mark: str) -> str:
    memory = io.StringIO()
    writer = csv.writer(memory, delimiter=between, lineterminator="\r\n")
    writer.writerow([harmless(head) for head in one.heads])
    for row in one.rows:
        writer.writerow([_cell(value, mark) for value in row])
    return memory.getvalue()


def _cell(value: Cell, mark: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"{round(value, 8):.8f}".rstrip("0").rstrip(".").replace(".", mark)
