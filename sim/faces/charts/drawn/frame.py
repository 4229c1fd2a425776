"""What stands around a drawing: the key of its lines above it; where it stands alone also its finding, its reading and its source."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from sim.faces.charts.chart import Chart
from sim.faces.report.drawing import BLUE, INK, ORANGE

SOFT = "#46566A"
WIDTH = 9.5  # inches
_EDGE = 0.08  # inches
_SHORT = 38  # characters of a key of which three stand in a line
# Lines of text: size in points, inches of a line, characters that fit in the width.
Size = tuple[float, float, int]
_TITLE: Size = (13, 0.24, 78)
_TEXT: Size = (10, 0.19, 104)
_SMALL: Size = (8.5, 0.17, 122)
SERIES: dict[str, dict[str, Any]] = {  # the alternatives of a comparison: colour and dash of their lines
    "0": {"color": INK, "linewidth": 1.8, "linestyle": (0, (5, 3))},
    "A": {"color": BLUE, "linewidth": 2.2, "linestyle": "-"},
    "B": {"color": ORANGE, "linewidth": 2.2, "linestyle": (0, (6, 2))},
    "C": {"color": "#0B8585", "linewidth": 2.2, "linestyle": (0, (1.5, 1.5))},
    "D": {"color": "#7A3E9D", "linewidth": 2.2, "linestyle": (0, (6, 2, 1.5, 2))},
}
SWATCHES: dict[
    str, dict[str, Any]
] = {  # what a key's swatch looks like, by the name that the page's style sheet gives it
    "scenario": {"color": BLUE, "linewidth": 3},
    "null": {"color": INK, "linewidth": 2, "linestyle": (0, (4, 2))},
    "lost": {"color": ORANGE, "linewidth": 6},
    "use": {"color": BLUE, "linewidth": 7},
    "bar": {"color": ORANGE, "linewidth": 3},
    "dot": {"color": INK, "linestyle": "none", "marker": "o"},
    "square": {
        "color": ORANGE,
        "linestyle": "none",
        "marker": "s",
        "markerfacecolor": "white",
        "markeredgewidth": 1.6,
    },
    **{f"series-{name}": style for name, style in SERIES.items()},
}


def framed(figure: Figure, chart: Chart, source: str) -> Figure:
    """The figure with its key; with a ``source`` also with the words that it needs where nothing else stands beside it."""
    above = [(chart.finding, _TITLE, "bold", INK), (chart.what, _TEXT, "normal", SOFT)] if source else []
    below = [(chart.reading, _SMALL, "normal", SOFT), (source, _SMALL, "normal", SOFT)] if source else []
    keys = [key for key in chart.keys if key[0] in SWATCHES]
    columns = 3 if max((len(words) for _, words in keys), default=0) <= _SHORT else 1
    key = 0.06 + 0.21 * -(-len(keys) // columns) if keys else 0.0
    top = sum(_height(text, size) for text, size, _, _ in above) + key
    bottom = sum(_height(text, size) for text, size, _, _ in below)
    inner = float(figure.get_size_inches()[1])
    whole = inner + top + bottom + (2 * _EDGE if source else 0)
    figure.set_size_inches(WIDTH, whole)
    at = whole - (_EDGE if source else 0)
    for text, size, weight, colour in above:
        at = _write(figure, at, whole, text, size, weight, colour)
    if keys:
        figure.legend(
            handles=[Line2D([], [], label=words, **SWATCHES[name]) for name, words in keys],
            loc="upper left",
            bbox_to_anchor=(0, at / whole),
            ncols=columns,
            frameon=False,
            borderpad=0.2,
            fontsize=9,
        ).set_in_layout(False)
        at -= key
    low = bottom + (_EDGE if source else 0)
    layout = figure.get_layout_engine()
    assert isinstance(layout, ConstrainedLayoutEngine)
    layout.set(rect=(0, low / whole, 1, (at - low) / whole))
    for text, size, weight, colour in below:
        low = _write(figure, low, whole, text, size, weight, colour)
    return figure


def _wrapped(text: str, size: Size) -> list[str]:
    return textwrap.wrap(text, size[2], break_on_hyphens=False)


def _height(text: str, size: Size) -> float:
    return size[1] * len(_wrapped(text, size)) + 0.04


def _write(figure: Figure, at: float, whole: float, text: str, size: Size, weight: str, colour: str) -> float:
    """Write a text under ``at`` inches, line by line; returns where the next may begin."""
    begin = at
    for line in _wrapped(text, size):
        figure.text(
            _EDGE / WIDTH,
            at / whole,
            line.replace("$", r"\$"),
            va="top",
            fontsize=size[0],
            fontweight=weight,
            color=colour,
            in_layout=False,
        )
        at -= size[1]
    return begin - _height(text, size)
