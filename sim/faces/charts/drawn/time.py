"""Charts over time: the fan and the change."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.report.drawing import BLUE, INK, new_figure, panels_of, percent_axis
from sim.language import number

Floats = npt.NDArray[np.float64]
DAY = 86_400_000  # milliseconds
DASHED = (0, (5, 3))


def days(rows: list[Row], field: str = "x") -> Floats:
    """The dates of ``rows`` as matplotlib counts them: days since 1970."""
    return np.array([row[field] for row in rows], float) / DAY


def column(rows: list[Row], field: str) -> Floats:
    """A field of ``rows``; nothing is not a number."""
    return np.array([np.nan if row[field] is None else row[field] for row in rows], float)


def years_axis(axes: Axes, x: Floats) -> None:
    """The months of ``x``, a tick a year."""
    axes.set_xlim(float(x[0]) - 15, float(x[-1]) + 15)
    axes.xaxis.set_major_locator(YearLocator())
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.grid(axis="x", visible=False)


def points_axis(axes: Axes, lang: str) -> None:
    """Differences of shares in percentage points."""
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    decimals = 0 if max(map(abs, axes.get_ylim())) > 0.05 else 1
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(100 * y, lang, decimals)))


def bands(axes: Axes, rows: list[Row], colour: str = BLUE) -> None:
    """The bands of 90 and 50 % of the draws, and the median."""
    x = days(rows)
    for low, high, alpha in (("low", "high", 0.18), ("quarter", "three", 0.3)):
        band = axes.fill_between(x, column(rows, low), column(rows, high), color=colour, alpha=alpha, linewidth=0)
        band.set_gid(f"{low}-{high}")
    line(axes, rows, "middle", color=colour, linewidth=2.2)


def line(axes: Axes, rows: list[Row], field: str, **style: Any) -> None:
    """A field over time."""
    axes.plot(days(rows), column(rows, field), gid=field, **style)


def read_at(axes: Axes, mark: list[Row]) -> None:
    """The month that is read: a thin line and a dot on the median."""
    axes.axvline(float(days(mark)[0]), color=INK, linewidth=0.9, linestyle=":", gid="month")
    axes.plot(days(mark), column(mark, "middle"), "o", color=BLUE, markersize=7, zorder=5, gid="mark")


def fan(chart: Chart, lang: str) -> Figure:
    """Median and bands, the null alternative's median, the published dots."""
    rows, dots = chart.data["rows"], chart.data["dots"]
    figure = new_figure(WIDTH, 3.8)
    (axes,) = panels_of(figure)
    line(axes, rows, "null", color=INK, linewidth=1.8, linestyle=DASHED)
    bands(axes, rows)
    read_at(axes, chart.data["mark"])
    if dots:
        axes.plot(days(dots), column(dots, "y"), "o", color=INK, markersize=6, zorder=6, gid="dots")
    years_axis(axes, days(rows))
    percent_axis(axes, lang)
    return figure


def change(chart: Chart, lang: str) -> Figure:
    """Median and bands of the difference to the null alternative."""
    rows = chart.data["rows"]
    figure = new_figure(WIDTH, 3.8)
    (axes,) = panels_of(figure)
    axes.axhline(0, color=INK, linewidth=1.8, linestyle=DASHED, gid="zero")
    bands(axes, rows)
    read_at(axes, chart.data["mark"])
    years_axis(axes, days(rows))
    points_axis(axes, lang)
    axes.set_ylabel({"nb": "prosentpoeng", "en": "percentage points"}[lang])
    return figure
