"""What the answer hangs on: a bar for each number, from its low end's answer to its high end's."""

from __future__ import annotations

from matplotlib.figure import Figure

from sim.faces.charts.chart import Chart
from sim.faces.charts.drawn.evidence import share_axis
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.report.drawing import BLUE, INK, ORANGE, new_figure, panels_of


def tornado(chart: Chart, lang: str) -> Figure:
    """The bars, each with its name and both ends above it."""
    rows = sorted(chart.data["rows"], key=lambda row: row["order"])
    figure = new_figure(WIDTH, 0.55 * len(rows) + 0.5)
    (axes,) = panels_of(figure)
    for y, row in enumerate(rows):
        for field, colour in (("low", ORANGE), ("high", BLUE)):
            (bar,) = axes.barh(y + 0.22, row[field] - row["middle"], left=row["middle"], height=0.32, color=colour)
            bar.set_gid(f"{field}-{y}")
        axes.annotate(row["name"], (0.005, y - 0.3), xycoords=("axes fraction", "data"), va="center", fontsize=9)
        axes.annotate(
            row["text"], (0.995, y - 0.3), xycoords=("axes fraction", "data"), va="center", ha="right", fontsize=8.5
        )
    for row in chart.data["middle"]:
        axes.axvline(row["x"], color=INK, linewidth=1.4, gid="middle")
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.grid(axis="y", visible=False)
    share_axis(axes, lang)
    return figure
