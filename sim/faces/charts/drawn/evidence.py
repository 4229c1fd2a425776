"""What was foreseen beside what came, and what moved: charts of the evidence."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.charts.drawn.time import column
from sim.faces.report.drawing import BLUE, GREY, INK, ORANGE, new_figure, panels_of
from sim.language import percent


def named_rows(rows: list[Row], height: float) -> tuple[Figure, Axes]:
    """A panel with a line for each row, ``height`` inches each, the first on top."""
    figure = new_figure(WIDTH, height * len(rows) + 0.5)
    (axes,) = panels_of(figure)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    return figure, axes


def share_axis(axes: Axes, lang: str) -> None:
    """Shares along the axis across."""
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))


def foreseen(chart: Chart, lang: str) -> Figure:
    """An interval for each prediction, the published figure as a dot, the naive forecast as a square."""
    rows = chart.data["rows"]
    figure, axes = named_rows(rows, 0.42)
    y = range(len(rows))
    axes.hlines(y, column(rows, "low"), column(rows, "high"), color=BLUE, linewidth=3, gid="low-high")
    axes.plot(column(rows, "middle"), y, "|", color=BLUE, markersize=14, markeredgewidth=3, gid="middle")
    hollow: dict[str, Any] = {"markerfacecolor": "white", "markeredgewidth": 1.6}
    axes.plot(column(rows, "naive"), y, "s", color=ORANGE, markersize=7, gid="naive", **hollow)
    axes.plot(column(rows, "published"), y, "o", color=INK, markersize=7, gid="published")
    share_axis(axes, lang)
    return figure


def moved(chart: Chart, lang: str) -> Figure:
    """A bar for each parameter, with its number."""
    rows = chart.data["rows"]
    figure, axes = named_rows(rows, 0.27)
    for y, row in enumerate(rows):
        (bar,) = axes.barh(y, row["value"], height=0.65, color=BLUE if row["kind"] == "informed" else GREY)
        bar.set_gid(f"bar-{y}")
        axes.annotate(
            row["text"], (row["value"], y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_xlim(0, 1)
    share_axis(axes, lang)
    return figure
