"""Charts of a comparison: lines with bands, curves, spans of differences, the plane of cost and effect."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.drawn.evidence import named_rows
from sim.faces.charts.drawn.frame import SERIES, WIDTH
from sim.faces.charts.drawn.time import DASHED, column, days, years_axis
from sim.faces.report.drawing import BLUE, GREY, INK, ORANGE, new_figure, panels_of, percent_axis
from sim.language import number

MARKS = {"0": "o", "A": "o", "B": "s", "C": "^", "D": "D"}


def by_series(rows: list[Row], field: str = "series") -> list[tuple[str, list[Row]]]:
    """The rows of each series, in their order."""
    order = {row[field]: n for n, row in reversed(list(enumerate(rows)))}
    ordered = sorted(rows, key=lambda row: order[row[field]])
    return [(str(name), list(some)) for name, some in groupby(ordered, itemgetter(field))]


def _letters(axes: Axes, ends: list[Row], over_time: bool) -> None:
    """A letter at each line's end."""
    for row in ends:
        axes.annotate(
            row["text"],
            (float(days([row])[0]) if over_time else row["x"], row["y"]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=SERIES[row["series"]]["color"],
            fontweight="bold",
            annotation_clip=False,
        )


def lines(chart: Chart, lang: str) -> Figure:
    """Medians and bands over time, a letter at each line's end."""
    figure = new_figure(WIDTH, 4.0)
    (axes,) = panels_of(figure)
    for name, rows in by_series(chart.data["rows"]):
        x, colour = days(rows), SERIES[name]["color"]
        if name != "0":
            band = axes.fill_between(
                x, column(rows, "low"), column(rows, "high"), color=colour, alpha=0.18, linewidth=0
            )
            band.set_gid(f"low-high-{name}")
        axes.plot(x, column(rows, "middle"), gid=f"middle-{name}", **SERIES[name])
    axes.axvline(float(days(chart.data["mark"])[0]), color=INK, linewidth=0.9, linestyle=":", gid="month")
    years_axis(axes, days(chart.data["rows"]))
    percent_axis(axes, lang)
    _letters(axes, chart.data["ends"], True)
    return figure


def curves(chart: Chart, lang: str) -> Figure:
    """Shares of draws over an amount, a letter at each line's end."""
    figure = new_figure(WIDTH, 3.8)
    (axes,) = panels_of(figure)
    for name, rows in by_series(chart.data["rows"]):
        axes.plot(column(rows, "x"), column(rows, "y"), gid=f"y-{name}", **SERIES[name])
    axes.set_xlim(0, float(column(chart.data["rows"], "x").max()))
    axes.set_xlabel(chart.settings["x"])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang)))
    percent_axis(axes, lang)
    _letters(axes, chart.data["ends"], False)
    return figure


def spans(chart: Chart, lang: str) -> Figure:
    """Differences with their intervals, a row each; with ``bars`` drawn from zero, else as the middle half of the draws."""
    rows = sorted(chart.data["rows"], key=lambda row: row["order"])
    bars = bool(chart.settings.get("bars"))
    figure, axes = named_rows(rows, 0.5)
    axes.axvline(0, color=INK, linewidth=1.4, linestyle=DASHED)
    for y, row in enumerate(rows):
        start, end = (0.0, row["middle"]) if bars else (row["quarter"], row["three"])
        colour = ORANGE if row["middle"] < 0 else BLUE
        (bar,) = axes.barh(y + 0.12, end - start, left=start, height=0.34, color=colour, alpha=0.45)
        bar.set_gid(f"bar-{y}")
        axes.plot([row["middle"]] * 2, [y - 0.05, y + 0.29], color=colour, linewidth=3, gid=f"middle-{y}")
        axes.plot(
            [row["low"], row["high"]], [y + 0.12] * 2, color=INK if bars else BLUE, linewidth=1.8, gid=f"low-high-{y}"
        )
        axes.annotate(
            row["text"], (1, y - 0.28), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=9
        )
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    decimals = 0 if max(map(abs, axes.get_xlim())) > 0.05 else 1 if max(map(abs, axes.get_xlim())) > 0.004 else 2
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(100 * v, lang, decimals)))
    axes.set_xlabel({"nb": "prosentpoeng", "en": "percentage points"}[lang])
    return figure


def plane(chart: Chart, lang: str) -> Figure:
    """Every draw's extra effect and extra cost, with lines of equal price."""
    data = chart.data
    figure = new_figure(WIDTH, 4.6)
    (axes,) = panels_of(figure)
    axes.axhline(0, color=INK, linewidth=1)
    axes.axvline(0, color=INK, linewidth=1)
    for n, (_, rows) in enumerate(by_series(data["lines"], "line")):
        axes.plot(column(rows, "x"), column(rows, "y"), color=GREY, linewidth=1, linestyle=(0, (4, 3)), gid=f"line-{n}")
        axes.annotate(
            rows[-1]["text"],
            (rows[-1]["x"], rows[-1]["y"]),
            xytext=(-4, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=9,
        )
    for name, rows in by_series(data["dots"]):
        at: dict[str, Any] = {"color": SERIES[name]["color"], "markersize": 4, "alpha": 0.55, "markeredgewidth": 0}
        axes.plot(column(rows, "x"), column(rows, "y"), MARKS[name], gid=f"dots-{name}", **at)
    for row in data["centres"]:
        axes.annotate(
            row["text"],
            (row["x"], row["y"]),
            fontweight="bold",
            ha="center",
            va="center",
            bbox={
                "boxstyle": "circle,pad=0.15",
                "facecolor": "white",
                "edgecolor": SERIES[row["series"]]["color"],
            },
        )
    axes.set_xlabel(chart.settings["x"])
    axes.set_ylabel(chart.settings["y"])
    decimals = int(chart.settings["decimals"])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, decimals)))
    return figure
