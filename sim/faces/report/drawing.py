"""What all charts share: colours, style, panels, axes; a figure as SVG or PNG.

Colours keep their distance in normal and colour-blind sight and at least 3:1 on white; meaning is never by colour alone.
"""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sim.language import number, percent
from sim.model.calendar import Calendar

BLUE, INK, ORANGE = "#0062BA", "#1E2B3C", "#D95F02"
GREY = "#6B7686"
Floats = npt.NDArray[np.float64]

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E6EA",
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "utrulling",
    "figure.constrained_layout.use": True,
}


def svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an inline SVG element with a description; ids are made unique by ``name``.

    It has attributes in place of styles, so that a page whose policy allows no inline style can show it.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.S)
    text = re.sub(r' style="([^"]*)"', lambda m: _attributes(m[1]), text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', text)
    text = text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")  # Verdana has the same widths
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    round_joins = 'stroke-linejoin="round" stroke-linecap="butt"'  # matplotlib's style for all
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" {round_joins} ', 1)


def _attributes(style: str) -> str:
    """An element's style as presentation attributes (SVG 1.1, 6.1)."""
    pairs = (declaration.split(":", 1) for declaration in style.split(";") if declaration.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def png(figure: Figure) -> bytes:
    """The figure as PNG at twice the screen's resolution."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    with matplotlib.rc_context(STYLE):
        return Figure(figsize=(width, height), layout="constrained")


def panels_of(figure: Figure, rows: int = 1, columns: int = 1, **options: Any) -> list[Axes]:
    """Its panels, row by row."""
    with matplotlib.rc_context(STYLE):
        return list(np.atleast_1d(figure.subplots(rows, columns, **options)).ravel())


def middles(calendar: Calendar) -> Floats:
    """The middle of each month as matplotlib dates."""
    first = float(date2num(calendar.date_of_month(0)))
    return first + (calendar.starts[:-1] + calendar.starts[1:]) / 2


def time_axis(axes: Axes, calendar: Calendar) -> None:
    """The period, with its years."""
    axes.set_xlim(float(date2num(calendar.date_of_month(0))), float(date2num(calendar.date_of_month(calendar.months))))
    axes.xaxis.set_major_locator(YearLocator())
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))


def percent_axis(axes: Axes, lang: str, top: float = 1.0) -> None:
    """Shares from 0 to ``top``, written as percentages."""
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MultipleLocator(0.2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y, lang)))


def number_axis(axes: Axes, lang: str) -> None:
    """Numbers as people write them."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y, lang)))
