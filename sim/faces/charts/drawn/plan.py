"""The plan over time (Gantt), and a plan's cost against its budget."""

from __future__ import annotations

from typing import Any

from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.faces.charts.chart import Chart
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.charts.drawn.time import column, days
from sim.faces.report.drawing import BLUE, INK, ORANGE, new_figure, panels_of
from sim.language import number

PHASES = {1: 0.06, 2: 0.22, 3: 0.5, 4: 1.0}  # how dark a phase is
OFFSETS = {"write": 0.32, "technical": -0.32}  # of a tail from its line


def gantt(chart: Chart, lang: str) -> Figure:
    """Bars of phases, tails of uncertainty, planned dates, the null alternative's, and the law as vertical lines."""
    data, names = chart.data, chart.settings["names"]
    at = {name: y for y, name in enumerate(names)}
    figure = new_figure(WIDTH, 0.42 * len(names) + 0.5)
    (axes,) = panels_of(figure)
    for law in data["laws"]:
        axes.axvspan(float(days([law], "low")[0]), float(days([law], "high")[0]), color=INK, alpha=0.1, linewidth=0)
        axes.axvline(float(days([law])[0]), color=INK, linewidth=1.6, linestyle=(0, (5, 3)))
    for begun in data["begun"]:
        axes.axvline(float(days([begun])[0]), color=ORANGE, linewidth=2.2)
    for n, row in enumerate(data["rows"]):
        start, end = float(days([row])[0]), float(days([row], "x2")[0])
        (bar,) = axes.barh(
            at[row["name"]], end - start, left=start, height=0.5, color=(BLUE, PHASES[row["phase"]]), edgecolor=BLUE
        )
        bar.set_gid(f"bar-{n}")
    for n, row in enumerate(data["tails"]):
        y = at[row["name"]] + OFFSETS[row["of"]]
        axes.plot([*days([row], "low"), *days([row], "high")], [y, y], color=INK, linewidth=1.2, gid=f"tail-{n}")
        axes.plot(days([row]), [y], "o", color=INK, markersize=4)
    for n, row in enumerate(data["null"]):
        x, y = float(days([row])[0]), at[row["name"]]
        axes.plot([x, x], [y - 0.34, y + 0.34], color=INK, linewidth=2.6, gid=f"null-{n}")
    for row in data["plans"]:
        fill: dict[str, Any] = {"markerfacecolor": ORANGE if row["sure"] else "white", "markeredgecolor": ORANGE}
        axes.plot(days([row]), [at[row["name"]]], "D", markersize=6, markeredgewidth=1.6, zorder=5, **fill)
    for row in data["labels"]:
        after = row["side"] == "after"
        axes.annotate(
            row["text"],
            (float(days([row])[0]), at[row["name"]]),
            xytext=(5 if after else -5, 0),
            textcoords="offset points",
            ha="left" if after else "right",
            va="center",
            fontsize=9,
            color="white" if after else INK,
        )
    axes.set_xlim(*days(data["span"]))
    axes.xaxis.set_major_locator(YearLocator())
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    return figure


def money(chart: Chart, lang: str) -> Figure:
    """Bars of expected cost, lines of 8 in 10 draws, the budget as a step over each year."""
    rows = chart.data["rows"]
    figure = new_figure(WIDTH, 3.4)
    (axes,) = panels_of(figure)
    for n, row in enumerate(rows):
        (bar,) = axes.bar(n, row["cost"], width=0.55, color=BLUE)
        bar.set_gid(f"bar-{n}")
    x = range(len(rows))
    axes.vlines(x, column(rows, "low"), column(rows, "high"), color=INK, linewidth=1.8, gid="low-high")
    budget = column(rows, "budget")
    axes.hlines(budget, [n - 0.45 for n in x], [n + 0.45 for n in x], color=ORANGE, linewidth=3.5, gid="budget")
    axes.set_xticks(x, [str(row["year"]) for row in rows])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    decimals = 0 if axes.get_ylim()[1] > 5 else 1
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, decimals)))
    axes.grid(axis="x", visible=False)
    return figure
