"""Where entries stop: a waterfall from registered to synced, the null alternative's bars as lines under it."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.faces.charts.chart import Chart
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.report.drawing import BLUE, INK, ORANGE, new_figure, panels_of
from sim.language import percent


def gates(chart: Chart, lang: str) -> Figure:
    """The waterfall; ``alone`` without the null alternative's lines."""
    rows = sorted(chart.data["rows"], key=lambda row: int(row["order"]))
    figure = new_figure(WIDTH, 4.0)
    (axes,) = panels_of(figure)
    for y, row in enumerate(rows):
        whole = row["kind"] == "whole"
        (bar,) = axes.barh(y, row["end"] - row["start"], left=row["start"], height=0.6, color=BLUE if whole else ORANGE)
        bar.set_gid(f"bar-{row['order']}")
        if not chart.settings.get("alone"):
            axes.plot(
                [row["nullStart"], row["nullEnd"]],
                [y + 0.38] * 2,
                color=INK,
                linewidth=2,
                solid_capstyle="butt",
                gid=f"null-{row['order']}",
            )
        after = row["end"] <= 0.8
        axes.annotate(
            row["text"],
            (row["end"] if after else row["start"], y),
            xytext=(4 if after or whole else -4, 0),
            textcoords="offset points",
            ha="left" if after or whole else "right",
            va="center",
            color="white" if whole and not after else INK,
            fontsize=9,
        )
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return figure
