"""A table of a report: headings, kinds of columns, rows; how a number looks is settled by its column's kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sim.language import number, percent


class Norwegian(str):
    """Text that exists in Norwegian only (a source, a note): shown as it is and marked so in an English report."""

    language = "nb"


Kind = Literal["text", "count", "share", "decimal", "number"]  # «number» is set already


@dataclass(frozen=True)
class Table:
    """A table: headings, the kind of each column, rows of numbers and words; ``sheet`` is a shorter caption for a spreadsheet's tab."""

    caption: str
    heads: list[str]
    kinds: list[Kind]
    rows: list[list[Any]] = field(default_factory=list)
    sheet: str = ""

    def cells(self, lang: str) -> list[list[str]]:
        """The rows as people read them."""
        return [[_show(value, kind, lang) for value, kind in zip(row, self.kinds, strict=True)] for row in self.rows]


def _show(value: Any, kind: Kind, lang: str) -> str:
    if isinstance(value, Norwegian):
        return value
    if kind in ("text", "number"):
        return str(value)
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "\u2013"
    if kind == "share":
        return percent(float(value), lang, 1)
    if kind == "decimal":
        return number(float(value), lang, 2)
    return number(float(value), lang)


def say(lang: str, nb: str, en: str) -> str:
    """The one of the two."""
    return nb if lang == "nb" else en


def median_and_ends(values: Iterable[float], lang: str) -> str:
    """«0,31 (0,16–0,39)» of a low, a middle and a high value, in three digits."""
    low, middle, high = (f"{v:.3g}" for v in values)
    text = f"{middle} ({low}\u2013{high})"
    return text.replace(".", ",") if lang == "nb" else text
