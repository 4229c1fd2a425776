"""What a report says, before anything draws or writes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.faces.charts.chart import Chart
from sim.faces.charts.sheet import Sheet, sheet
from sim.faces.report.table import Table


@dataclass(frozen=True)
class Section:
    """A part of a report: its heading, what it says, its charts and tables, in that order."""

    key: str
    title: str
    words: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """A report: its conclusion first, its sections, and what it was made from.

    ``source`` is the line under every figure; ``facts`` name what the numbers come from (scenario, seed, draws, versions, tags),
    for the method section, the spreadsheet and LESMEG; ``command`` repeats the numbers in the folder of the zip; ``files`` are
    texts that the command needs, by name; ``again`` is the page's address, without its host.
    """

    lang: str
    title: str
    what: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str | float], ...]
    source: str
    command: str
    again: str
    cite: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def charts(self) -> list[Chart]:
        """All charts, in order."""
        return [chart for section in self.sections for chart in section.charts]

    def sheets(self) -> list[Sheet]:
        """The numbers of every chart, and the tables beside them."""
        found = [sheet(chart, self.lang) for chart in self.charts]
        for section in self.sections:
            for n, table in enumerate(section.tables, start=1):
                name = section.key if len(section.tables) == 1 else f"{section.key}-{n}"
                plain = Chart(name, "table", "", "", "", table, {})
                found.append(sheet(plain, self.lang))
        return found
