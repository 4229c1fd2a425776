"""The numbers as a spreadsheet: a sheet a figure with a native chart, and a sheet that says where they come from."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import xlsxwriter

from sim.faces.charts.sheet import Sheet
from sim.faces.report.table import say
from sim.faces.takeaway.dossier import Dossier

FORMATS = {"date": "yyyy-mm-dd", "share": "0.0 %", "count": "#,##0", "decimal": "#,##0.00", "number": "#,##0.0##"}
COLOURS = ("#0062BA", "#1E2B3C", "#D95F02", "#0DA0A0")
_MOST = 4  # series of a chart without time
_BORDERS = {"P5", "P25", "P75", "P95"}


def workbook(dossier: Dossier) -> bytes:
    """The whole workbook. Text is written as text, whatever it begins with: nothing that somebody typed becomes a formula."""
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": dossier.title, "created": dt.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    wide = book.add_format({"text_wrap": True, "valign": "top"})
    formats = {kind: book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
    charted = {chart.name: chart for chart in dossier.charts}
    taken: set[str] = set()
    for one in dossier.sheets():
        page = book.add_worksheet(_name(one.title, taken))
        _cells(page, one, bold, formats)
        if one.name in charted:
            _chart(book, page, one, charted[one.name].finding)
            beside = len(one.heads) + 1
            for line, text in enumerate((charted[one.name].what, charted[one.name].reading, dossier.source), start=25):
                page.write_string(line, beside, text)
    page = book.add_worksheet("Metadata")
    page.set_column(0, 0, 30)
    page.set_column(1, 1, 100)
    facts = (
        (say(dossier.lang, "Tittel", "Title"), dossier.title),
        *((say(dossier.lang, "Svar", "Answer"), sentence) for sentence in dossier.lead),
        *dossier.facts,
        (say(dossier.lang, "Gjenta med", "Repeat with"), dossier.command),
        (say(dossier.lang, "Siter som", "Cite as"), dossier.cite),
    )
    for line, (key, value) in enumerate(facts):
        page.write_string(line, 0, key, bold)
        if isinstance(value, str):
            page.write_string(line, 1, value, wide)
        else:
            page.write_number(line, 1, value)
    book.close()
    return memory.getvalue()


def _name(title: str, taken: set[str]) -> str:
    """A sheet's name as Excel allows it: at most 31 characters, no []:*?/\\, not twice."""
    short = " ".join(re.sub(r"[\[\]:*?/\\']", " ", title).split())[:31] or "–"
    at = 2
    name = short
    while name.lower() in taken:
        name = f"{short[:28]} {at}"
        at += 1
    taken.add(name.lower())
    return name


def _cells(page: Any, one: Sheet, bold: Any, formats: dict[str, Any]) -> None:
    for at, head in enumerate(one.heads):
        page.write_string(0, at, head, bold)
    for line, row in enumerate(one.rows, start=1):
        for at, (value, kind) in enumerate(zip(row, one.kinds, strict=True)):
            if isinstance(value, str):
                page.write_string(line, at, value)
            elif isinstance(value, dt.date):
                page.write_datetime(line, at, dt.datetime.combine(value, dt.time()), formats["date"])
            elif value is not None:
                page.write_number(line, at, value, formats.get(kind))
    page.set_row(0, 32)
    page.freeze_panes(1, 1)
    page.set_paper(9)  # A4
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_column(0, 0, 34 if one.kinds[0] == "text" else 14)
    page.set_column(1, max(len(one.heads) - 1, 1), 14)


def _chart(book: Any, page: Any, one: Sheet, finding: str) -> None:
    """A native chart: lines over dates, else bars; all columns of the first number's kind."""
    numeric = [c for c, kind in enumerate(one.kinds) if c and kind not in ("text", "date")]
    if not numeric or not one.rows:
        return
    alike = [c for c in numeric if one.kinds[c] == one.kinds[numeric[0]]]
    over_time = one.kinds[0] == "date"
    made = book.add_chart({"type": "scatter", "subtype": "straight"} if over_time else {"type": "bar"})
    last, plain = len(one.rows), 0
    for c in alike if over_time else alike[:_MOST]:
        series: dict[str, Any] = {
            "name": [page.name, 0, c],
            "categories": [page.name, 1, 0, last, 0],
            "values": [page.name, 1, c, last, c],
        }
        if not over_time:
            series |= {"fill": {"color": COLOURS[plain % len(COLOURS)]}, "gap": 60}
            plain += 1
        elif one.heads[c] in _BORDERS:
            dash = "round_dot" if one.heads[c] in ("P5", "P95") else "dash"
            series |= {"line": {"color": COLOURS[0], "width": 1, "dash_type": dash}, "marker": {"type": "none"}}
        elif sum(row[c] is not None for row in one.rows) * 2 < last:  # a few points: no line between them
            colour = {"color": COLOURS[1]}
            series |= {"line": {"none": True}, "marker": {"type": "circle", "fill": colour, "border": colour}}
        else:
            dashes = {} if plain == 0 else {"dash_type": "long_dash"}
            line = {"color": COLOURS[plain % len(COLOURS)], "width": 2.25} | dashes
            series |= {"line": line, "marker": {"type": "none"}}
            plain += 1
        made.add_series(series)
    made.set_title({"name": finding, "name_font": {"size": 12}, "overlay": False})
    made.set_size({"width": 760, "height": 420})
    made.set_legend({"position": "bottom"})
    form = FORMATS[one.kinds[alike[0]]].replace("0.0 %", "0 %")
    if over_time:
        dates = [row[0] for row in one.rows if isinstance(row[0], dt.date)]
        first, end = dt.date(min(dates).year, 1, 1), dt.date(max(dates).year + 1, 1, 1)
        days = [(day - dt.date(1899, 12, 30)).days for day in (first, end)]
        made.set_x_axis({"num_format": "yyyy", "min": days[0], "max": days[1], "major_unit": 366})
        made.set_y_axis({"num_format": form, **({"min": 0, "max": 1} if one.kinds[alike[0]] == "share" else {})})
    else:
        made.set_y_axis({"reverse": True})
        made.set_x_axis({"num_format": form})
    page.insert_chart(1, len(one.heads) + 1, made, {"description": finding})
