"""What a chart says, whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sim.faces.report.table import Table

Row = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart: what is found in it, what it shows, how to read it, its marks and its numbers.

    ``name`` is its own on a page and names its files; ``kind`` is the drawing (the same key in every drawer); ``data`` rows by the
    name of a layer's data, in the order in which they are drawn, with shares as numbers from 0 to 1 and times in milliseconds since
    1970 (UTC); ``settings`` what a drawing of this kind can be told (a title of an axis, a unit); ``keys`` what lines and marks
    mean: swatch and words.
    """

    name: str
    kind: str
    finding: str
    what: str
    reading: str
    table: Table
    data: dict[str, list[Row]]
    settings: dict[str, Any] = field(default_factory=dict)
    keys: tuple[tuple[str, str], ...] = ()

    def as_json(self, lang: str) -> dict[str, Any]:
        """What the page's script needs to show it."""
        table = {
            "caption": self.table.caption,
            "heads": self.table.heads,
            "kinds": self.table.kinds,
            "rows": self.table.cells(lang),
        }
        said = {"kind": self.kind, "finding": self.finding, "what": self.what, "reading": self.reading}
        return said | {"data": self.data, "settings": self.settings, "table": table}
