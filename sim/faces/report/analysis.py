"""An analysis as report, workbook and CSV: an answer in a few sentences, then sections of charts and tables."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.experiments import output
from sim.experiments.forecast import version
from sim.faces.report import document
from sim.faces.report.document import Chart
from sim.faces.report.table import Table

_FORMATS = {"count": "#,##0", "share": "0.0%", "decimal": "#,##0.00"}


@dataclass
class Section:
    """A part of the report; ``folded`` tables open on demand."""

    title: str
    sentences: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    folded: list[Table] = field(default_factory=list)


@dataclass
class Analysis:
    """A whole analysis: what it is, its answer, a warning if there is one, the sections, and how to repeat it."""

    what: str
    title: str
    answer: list[str]
    sections: list[Section]
    repeat: str
    origin: str
    hash: str
    warning: str = ""

    @property
    def tables(self) -> list[Table]:
        """All tables, those behind the charts too."""
        found: list[Table] = []
        for section in self.sections:
            found += [t for chart in section.charts for t in chart.numbers] + section.tables + section.folded
        return found

    def html(self, lang: str) -> str:
        """The report as one HTML document."""
        charts = {chart.name: chart for section in self.sections for chart in section.charts}
        return document.render(
            "analysis.html.j2", lang, {"analysis": self, "title": self.title, "charts": charts, "origin": self.origin}
        )

    def workbook(self) -> bytes:
        """The tables as a workbook: one sheet each, numbers as numbers with the format of their kind."""
        import xlsxwriter

        buffer = io.BytesIO()
        with xlsxwriter.Workbook(
            buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        ) as book:
            bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
            formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
            for index, table in enumerate(self.tables, start=1):
                sheet = book.add_worksheet(_sheet_name(index, table.sheet or table.caption))
                sheet.write_string(0, 0, table.caption, book.add_format({"bold": True}))
                for column, head in enumerate(table.heads):
                    sheet.write_string(1, column, head, bold)
                    width = max(
                        [
                            len(head) / 2,
                            *(len(str(row[column])) for row in table.rows if isinstance(row[column], str)),
                            8,
                        ]
                    )
                    sheet.set_column(column, column, min(width, 60))
                for r, row in enumerate(table.rows, start=2):
                    for c, (value, kind) in enumerate(zip(row, table.kinds, strict=True)):
                        if _missing(value):
                            continue
                        if kind in _FORMATS and not isinstance(value, str):
                            sheet.write_number(r, c, float(value), formats[kind])
                        else:
                            sheet.write_string(r, c, str(value))
                sheet.freeze_panes(2, 1)
        return buffer.getvalue()


def as_csv(table: Table) -> str:
    """A table as CSV, numbers to six digits: comma, decimal point, UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.heads)
    writer.writerows(
        [["" if _missing(v) else f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in table.rows]
    )
    return text.getvalue()


def as_records(table: Table) -> list[dict[str, Any]]:
    """A table's rows for ``--json``."""
    return [
        {
            head: None if _missing(v) else v if isinstance(v, str) else float(v)
            for head, v in zip(table.heads, row, strict=True)
        }
        for row in table.rows
    ]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _sheet_name(index: int, caption: str) -> str:
    """A name that spreadsheets take: at most 31 characters, none of []:*?/\\, unique by its number."""
    clean = "".join(" " if c in "[]:*?/\\'" else c for c in caption)
    return f"{index} {clean}"[:31].strip()


def write(target: Path, analysis: Analysis, data: dict[str, Table], manifest: dict[str, Any], lang: str) -> list[str]:
    """Write report, workbook, one CSV for each of ``data`` and the manifest, all or nothing; the files' names.

    Raises:
        UserError: ``target`` holds something else, or cannot be written.
    """
    with output.folder(target) as folder:
        (folder / "report.html").write_text(analysis.html(lang), encoding="utf-8")
        (folder / "tables.xlsx").write_bytes(analysis.workbook())
        for name, table in data.items():
            (folder / f"{name}.csv").write_text(as_csv(table), encoding="utf-8")
        files = sorted([*(p.name for p in folder.iterdir()), output.MANIFEST])
        content = {
            **manifest,
            "scenario_hash": analysis.hash,
            "repeat": analysis.repeat,
            "versions": {"utrulling": version()},
        }
        output.write_json(folder / output.MANIFEST, {**content, "files": files})
    return files
