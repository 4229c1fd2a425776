"""The comparison as a spreadsheet: real numbers with formats, native charts, and a sheet that says where it comes from."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from sim.experiments.compare import NATIONAL, Comparison, letter
from sim.experiments.compare_rows import COLUMNS, NUMBERS
from sim.faces.report import compare_tables as tables
from sim.faces.report.compare_charts import style
from sim.faces.report.compare_words import top
from sim.faces.report.drawing import BLUE
from sim.faces.report.table import Table, say
from sim.vocabulary import DECIDERS, GATES

FORMATS = {"share": "0.0 %", "percentage points": "0.00", "MNOK": "#,##0.00", "1": "0.000"}
_ABOUT = {
    "title": "tittel",
    "scenario": "scenario",
    "scenario_hash": "scenarioets SHA-256",
    "alternatives": "alternativ",
    "target_month": "målmåned",
    "areas": "område",
    "seed": "frø",
    "replications": "trekk",
    "interventions": "tiltak",
    "matrix": "matrise",
    "posterior": "kalibrert fordeling",
    "price_level": "prisnivå",
    "discount_rate": "kalkulasjonsrente",
    "base_year": "henføringsår",
    "utrulling": "utrulling",
    "repeat": "gjenta med",
    "file": "fil",
    "model_version": "modellversjon",
    "fitted_hash": "SHA-256 av det som ble kalibrert",
    "size": "antall trekk",
    "effective": "effektive trekk",
    "pareto_k": "Pareto k",
    "sha256": "SHA-256",
}

_COLUMNS = {
    "area": "område",
    "alternative": "alternativ",
    "measure": "mål",
    "part": "del",
    "unit": "enhet",
    "mean": "gjennomsnitt",
    "mean_low": "gjennomsnitt, nedre",
    "mean_high": "gjennomsnitt, øvre",
    "p05": "5 %",
    "p50": "median",
    "p95": "95 %",
    "infinite": "uendelig",
    "reading": "lesning",
}


def workbook(comparison: Comparison, rows: pd.DataFrame, about: dict[str, Any], lang: str) -> bytes:
    """The whole workbook; ``rows`` are those of compare.csv, ``about`` what the metadata sheet lists."""
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "nan_inf_to_errors": False})
    book.set_properties({"title": str(about.get("title", "")), "created": dt.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    _overview(book, comparison, rows, bold, lang)
    _barriers(book, comparison, rows, bold, lang)
    _years(book, comparison, rows, bold, lang)
    _acceptability(book, comparison, bold, lang)
    _draws(book, comparison, bold, lang)
    _payers(book, comparison, rows, bold, lang)
    _table(book, say(lang, "Forutsetninger", "Assumptions"), tables.assumptions(comparison, lang), bold, lang)
    _table(book, say(lang, "Kilder", "Sources"), tables.sources(comparison, lang), bold, lang)
    _all(book, rows, bold, lang)
    sheet = book.add_worksheet("Metadata")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    facts = [(say(lang, _ABOUT.get(k, k), k.replace("_", " ")), v) for k, v in about.items()]
    for at, (key, value) in enumerate(pair for k, v in facts for pair in _flat(k, v, lang)):
        sheet.write_string(at, 0, key, bold)
        if isinstance(value, int | float):
            sheet.write_number(at, 1, value)
        else:
            sheet.write_string(at, 1, value)
    book.close()
    return memory.getvalue()


def _flat(key: str, value: Any, lang: str) -> list[tuple[str, Any]]:
    """Facts as pairs of a key and a number or text: what is inside a fact has the fact's key before its own."""
    if isinstance(value, dict):
        return [
            pair
            for k, v in value.items()
            for pair in _flat(f"{key}: {say(lang, _ABOUT.get(str(k), str(k)), str(k))}", v, lang)
        ]
    if isinstance(value, list):
        return [pair for v in value for pair in _flat(key, v, lang)]
    return [(key, "\u2013" if value is None else value)]


def _area(area: str, lang: str) -> str:
    """What an area is called: the hospital, or the whole of what the scenario covers."""
    return say(lang, "hele scenarioet", "the whole scenario") if area == NATIONAL else area


def _table(book: Any, name: str, table: Table, bold: Any, lang: str) -> None:
    """A table of the report as a sheet of text."""
    sheet = book.add_worksheet(name)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for line, row in enumerate([table.heads, *table.cells(lang)]):
        for at, cell in enumerate(row):
            sheet.write_string(line, at, cell, wrapped if line else bold)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.heads) - 1, 24)


def _write(sheet: Any, book: Any, row: int, column: int, value: float, number_format: str) -> None:
    if np.isfinite(value):
        sheet.write_number(row, column, value, book.add_format({"num_format": number_format}))


def _overview(book: Any, c: Comparison, rows: pd.DataFrame, bold: Any, lang: str) -> None:
    """One row per area and alternative, and a bar chart of the gains of the first area."""
    sheet = book.add_worksheet(say(lang, "Sammenligning", "Comparison"))
    wanted = (
        ("gain_rate", "p05", say(lang, "Prosentpoeng, 5 %", "Percentage points, 5%"), "0.00"),
        ("gain_rate", "p50", say(lang, "Prosentpoeng, median", "Percentage points, median"), "0.00"),
        ("gain_rate", "p95", say(lang, "Prosentpoeng, 95 %", "Percentage points, 95%"), "0.00"),
        ("gain_synced", "p05", say(lang, "Ekstra oppføringer, 5 %", "Extra entries, 5%"), "#,##0"),
        ("gain_synced", "p50", say(lang, "Ekstra oppføringer, median", "Extra entries, median"), "#,##0"),
        ("gain_synced", "p95", say(lang, "Ekstra oppføringer, 95 %", "Extra entries, 95%"), "#,##0"),
        ("gain_synced_older", "p50", say(lang, "Av dem eldre, median", "Older of them, median"), "#,##0"),
        ("gain_citizens", "p50", say(lang, "Ekstra innbyggere, median", "Extra citizens, median"), "#,##0"),
        ("gain_hours", "p50", say(lang, "Sparte timer, median", "Saved hours, median"), "#,##0"),
        ("cost", "p05", say(lang, "Kostnad, mill. kr, 5 %", "Cost, MNOK, 5%"), "#,##0.00"),
        ("cost", "p50", say(lang, "Kostnad, mill. kr, median", "Cost, MNOK, median"), "#,##0.00"),
        ("cost", "p95", say(lang, "Kostnad, mill. kr, 95 %", "Cost, MNOK, 95%"), "#,##0.00"),
        ("cost_discounted", "p50", say(lang, "Diskontert, median", "Discounted, median"), "#,##0.00"),
        ("cost_per_synced", "p05", say(lang, "Kr per ekstra oppføring, 5 %", "NOK per extra entry, 5%"), "#,##0"),
        (
            "cost_per_synced",
            "p50",
            say(lang, "Kr per ekstra oppføring, median", "NOK per extra entry, median"),
            "#,##0",
        ),
        ("cost_per_synced", "p95", say(lang, "Kr per ekstra oppføring, 95 %", "NOK per extra entry, 95%"), "#,##0"),
        ("best", "mean", say(lang, "Størst virkning, andel av trekkene", "Largest effect, share of draws"), "0 %"),
    )
    heads = [
        say(lang, "Område", "Area"),
        say(lang, "Bokstav", "Letter"),
        say(lang, "Alternativ", "Alternative"),
        *(w[2] for w in wanted),
    ]
    for at, head in enumerate(heads):
        sheet.write_string(0, at, head, bold)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 4)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, len(heads), 13)
    sheet.freeze_panes(1, 3)
    line = 0
    for area in c.areas:
        for a, one in enumerate(c.alternatives):
            line += 1
            for at, text in enumerate((_area(area, lang), letter(a), one.title(lang))):
                sheet.write_string(line, at, text)
            here = rows[(rows.area == area) & (rows.alternative == one.key)]
            for at, (measure, statistic, _, number_format) in enumerate(wanted, start=3):
                found = here[here.measure == measure]
                if len(found) and statistic in str(found["infinite"].iloc[0]).split():
                    sheet.write_string(line, at, tables.infinite(lang))
                elif len(found):
                    _write(sheet, book, line, at, float(found[statistic].iloc[0]), number_format)
    chart = book.add_chart({"type": "bar"})
    last = len(c.alternatives)
    chart.add_series(
        {
            "name": [sheet.name, 0, 4],
            "categories": [sheet.name, 2, 1, last, 1],
            "values": [sheet.name, 2, 4, last, 4],
            "fill": {"color": BLUE},
            "data_labels": {"value": True, "num_format": "0.0"},
        }
    )
    chart.set_title({"name": say(lang, "Prosentpoeng mot nullalternativet", "Percentage points against the null")})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    sheet.insert_chart(line + 2, 2, chart)


def _barriers(book: Any, c: Comparison, rows: pd.DataFrame, bold: Any, lang: str) -> None:
    """Each gate's Shapley share of every alternative's gain, as a stacked column chart."""
    sheet = book.add_worksheet(say(lang, "Barrierer", "Gates"))
    sheet.set_column(0, 0, 30)
    line = 0
    for area in c.areas:
        sheet.write_string(line, 0, _area(area, lang), bold)
        for a in range(1, len(c.alternatives)):
            sheet.write_string(line, a, letter(a), bold)
        for at, gate in enumerate(GATES, start=line + 1):
            sheet.write_string(at, 0, gate.label(lang))
            for a in range(1, len(c.alternatives)):
                found = rows[
                    (rows.area == area)
                    & (rows.alternative == c.alternatives[a].key)
                    & (rows.measure == "gate_gain")
                    & (rows.part == gate.key)
                ]
                _write(sheet, book, at, a, float(found["mean"].iloc[0]), "0.000")
        chart = book.add_chart({"type": "column", "subtype": "stacked"})
        for at in range(line + 1, line + 1 + len(GATES)):
            chart.add_series(
                {
                    "name": [sheet.name, at, 0],
                    "categories": [sheet.name, line, 1, line, len(c.alternatives) - 1],
                    "values": [sheet.name, at, 1, at, len(c.alternatives) - 1],
                }
            )
        chart.set_title(
            {"name": say(lang, "Barrierenes andeler av gevinsten, prosentpoeng", "The gates' shares of the gain, pp")}
        )
        sheet.insert_chart(line, len(c.alternatives) + 1, chart)
        line += 18


def _years(book: Any, c: Comparison, rows: pd.DataFrame, bold: Any, lang: str) -> None:
    """Median cost per calendar year of every alternative, with a column chart."""
    sheet = book.add_worksheet(say(lang, "Kostnad per år", "Cost per year"))
    sheet.set_column(0, 0, 60)
    area = c.areas[0]
    here = rows[(rows.area == area) & (rows.measure == "cost_in_year")]
    years = sorted(set(here.part))
    for at, year in enumerate(years, start=1):
        sheet.write_number(0, at, int(year), bold)
    chart = book.add_chart({"type": "column"})
    for a in range(1, len(c.alternatives)):
        sheet.write_string(a, 0, f"{letter(a)} {c.alternatives[a].title(lang)}")
        for at, year in enumerate(years, start=1):
            found = here[(here.alternative == c.alternatives[a].key) & (here.part == year)]
            _write(sheet, book, a, at, float(found["p50"].iloc[0]), "#,##0.00")
        chart.add_series(
            {
                "name": letter(a),
                "categories": [sheet.name, 0, 1, 0, len(years)],
                "values": [sheet.name, a, 1, a, len(years)],
            }
        )
    chart.set_title({"name": say(lang, "Mill. 2024-kroner, median", "Million 2024 NOK, median")})
    sheet.insert_chart(len(c.alternatives) + 1, 0, chart)


def _payers(book: Any, c: Comparison, rows: pd.DataFrame, bold: Any, lang: str) -> None:
    """Who pays, up to the target month: median and 90 % interval, one row per area, alternative and payer."""
    sheet = book.add_worksheet(say(lang, "Hvem betaler", "Who pays"))
    known = {word.key: word.label(lang) for word in DECIDERS}
    heads = say(
        lang,
        "Område|Bokstav|Alternativ|Betaler|Mill. kr, 5 %|Median|95 %",
        "Area|Letter|Alternative|Payer|MNOK, 5%|Median|95%",
    )
    for at, head in enumerate(heads.split("|")):
        sheet.write_string(0, at, head, bold)
    titles = {one.key: (letter(a), one.title(lang)) for a, one in enumerate(c.alternatives)}
    for line, row in enumerate(rows[rows.measure == "cost_by_payer"].itertuples(index=False), start=1):
        for at, text in enumerate((_area(row.area, lang), *titles[row.alternative], known[row.part])):
            sheet.write_string(line, at, text)
        for at, value in enumerate((row.p05, row.p50, row.p95), start=4):
            _write(sheet, book, line, at, float(value), "#,##0.00")
    sheet.set_column(0, 0, 18)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, 3, 30)
    sheet.freeze_panes(1, 0)


def _acceptability(book: Any, c: Comparison, bold: Any, lang: str) -> None:
    """The acceptability curves as lines."""
    sheet = book.add_worksheet(say(lang, "Akseptabilitet", "Acceptability"))
    area = c.areas[0]
    grid = c.willingness(area)
    curves = c.acceptability(grid, area)
    sheet.write_string(0, 0, say(lang, "Kr per ekstra oppføring", "NOK per extra entry"), bold)
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    money, share = book.add_format({"num_format": "#,##0"}), book.add_format({"num_format": "0.0 %"})
    for at, value in enumerate(grid, start=1):
        sheet.write_number(at, 0, float(value), money)
    for a in range(len(c.alternatives)):
        sheet.write_string(0, a + 1, letter(a), bold)
        for at, value in enumerate(curves[a], start=1):
            sheet.write_number(at, a + 1, float(value), share)
        chart.add_series(
            {
                "name": [sheet.name, 0, a + 1],
                "categories": [sheet.name, 1, 0, len(grid), 0],
                "values": [sheet.name, 1, a + 1, len(grid), a + 1],
            }
        )
    chart.set_title(
        {"name": say(lang, "Andel av trekkene med størst netto nytte", "Share with the highest net benefit")}
    )
    sheet.insert_chart(1, len(c.alternatives) + 2, chart)


def _draws(book: Any, c: Comparison, bold: Any, lang: str) -> None:
    """Every draw's gain and cost, and the cost-effectiveness plane as a scatter chart."""
    sheet = book.add_worksheet(say(lang, "Trekk", "Draws"))
    area = c.areas[0]
    extra, cost, rate = c.gains("synced", area), c.cost(area), 100 * c.gains("rate", area)
    whole, money, points = (book.add_format({"num_format": f}) for f in ("#,##0", "#,##0.00", "0.000"))
    chart = book.add_chart({"type": "scatter"})
    sheet.write_string(0, 0, say(lang, "Trekk", "Draw"), bold)
    for r in range(c.replications):
        sheet.write_number(r + 1, 0, r)
    for a in range(1, len(c.alternatives)):
        at = 1 + 3 * (a - 1)
        for k, (head, values, form) in enumerate(
            (
                (say(lang, "prosentpoeng", "percentage points"), rate[a], points),
                (say(lang, "ekstra oppføringer", "extra entries"), extra[a], whole),
                (say(lang, "mill. kr", "MNOK"), cost[a], money),
            )
        ):
            sheet.write_string(0, at + k, f"{letter(a)}: {head}", bold)
            for r, value in enumerate(values):
                sheet.write_number(r + 1, at + k, float(value), form)
    for a in top(c, area):
        colour, _, _ = style(a)
        at = 1 + 3 * (a - 1)
        chart.add_series(
            {
                "name": letter(a),
                "categories": [sheet.name, 1, at + 1, c.replications, at + 1],
                "values": [sheet.name, 1, at + 2, c.replications, at + 2],
                "marker": {"type": "circle", "size": 4, "fill": {"color": colour}, "border": {"color": colour}},
            }
        )
    chart.set_title({"name": say(lang, "Kostnad og virkning, hvert trekk", "Cost and effect, every draw")})
    chart.set_x_axis({"name": say(lang, "ekstra synkroniserte oppføringer", "extra synced entries")})
    chart.set_y_axis({"name": say(lang, "mill. kr", "MNOK")})
    sheet.insert_chart(1, 3 * len(c.alternatives), chart)


def _all(book: Any, rows: pd.DataFrame, bold: Any, lang: str) -> None:
    """All rows of compare.csv."""
    sheet = book.add_worksheet(say(lang, "Alle tall", "All numbers"))
    formats = {unit: book.add_format({"num_format": f}) for unit, f in FORMATS.items()}
    plain = book.add_format({"num_format": "#,##0.##"})
    for at, name in enumerate(COLUMNS):
        sheet.write_string(0, at, say(lang, _COLUMNS[name], name.replace("_", " ")), bold)
    for line, row in enumerate(rows.itertuples(index=False), start=1):
        for at, name in enumerate(COLUMNS):
            value = getattr(row, name)
            if name not in NUMBERS:
                sheet.write_string(line, at, str(value))
            elif np.isfinite(value):
                sheet.write_number(line, at, float(value), formats.get(row.unit, plain))
    sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 3, 24)
    sheet.set_column(4, len(COLUMNS), 14)
