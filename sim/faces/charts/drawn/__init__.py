"""Charts as files: matplotlib draws, in the report's style, what Vega-Lite draws on the page.

A kind of chart is a function from its content and a language to a figure, in a file of this folder and in ``KINDS`` under the key
that the page's drawing has. Its marks carry the name of what they show as their id (``Artist.set_gid``), so that tests find them in
the SVG. Importing this package imports matplotlib, which takes a second: import it where drawing is done.
"""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from sim.faces.charts.chart import Chart
from sim.faces.charts.drawn.capacity import headroom, knee, timeline
from sim.faces.charts.drawn.compare import curves, lines, plane, spans
from sim.faces.charts.drawn.evidence import foreseen, moved
from sim.faces.charts.drawn.frame import framed
from sim.faces.charts.drawn.gates import gates
from sim.faces.charts.drawn.plan import gantt, money
from sim.faces.charts.drawn.time import change, fan
from sim.faces.charts.drawn.tornado import tornado
from sim.faces.report import drawing

KINDS: dict[str, Callable[[Chart, str], Figure]] = {
    "fan": fan,
    "gates": gates,
    "change": change,
    "foreseen": foreseen,
    "moved": moved,
    "lines": lines,
    "curves": curves,
    "spans": spans,
    "plane": plane,
    "tornado": tornado,
    "gantt": gantt,
    "money": money,
    "knee": knee,
    "timeline": timeline,
    "headroom": headroom,
}


def svg(chart: Chart, lang: str, source: str = "") -> str:
    """The chart as SVG; with a ``source`` it stands alone: its finding, what it is, how to read it and the source are in the picture.

    Raises:
        KeyError: nothing draws this kind.
    """
    figure = framed(KINDS[chart.kind](chart, lang), chart, source)
    return drawing.svg(figure, chart.name, f"{chart.finding}. {chart.what}.")


def png(chart: Chart, lang: str, source: str = "") -> bytes:
    """The chart as PNG, as ``svg`` draws it."""
    return drawing.png(framed(KINDS[chart.kind](chart, lang), chart, source))
