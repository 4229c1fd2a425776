"""Capacity: the knee, a run second by second, the headroom of each month."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from sim.faces.charts.chart import Chart
from sim.faces.charts.drawn.compare import by_series
from sim.faces.charts.drawn.frame import WIDTH
from sim.faces.charts.drawn.time import column, days, line, years_axis
from sim.faces.report.drawing import BLUE, INK, ORANGE, new_figure, panels_of
from sim.language import number

RED = "#B3253A"  # of a requirement


def _amounts(axes: Axes, lang: str, logarithmic: bool) -> None:
    """Amounts upwards, from nothing or on a logarithmic axis."""
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 0 if v >= 1 or v == 0 else 2)))


def knee(chart: Chart, lang: str) -> Figure:
    """Response times by achieved rate, on logarithmic axes of time."""
    data = chart.data
    figure = new_figure(WIDTH, 3.8)
    (axes,) = panels_of(figure)
    for row in data["knee"]:
        axes.axvspan(row["low"], row["high"], color=ORANGE, alpha=0.16, linewidth=0)
        axes.axvline(row["x"], color=ORANGE, linewidth=2, gid="knee")
    for row in data["limit"]:
        axes.axhline(row["y"], color=RED, linewidth=1.8, linestyle=(0, (6, 3)), gid="limit")
    for which, colour, dash in (("p50", INK, (0, (5, 3))), ("p99", BLUE, "-")):
        of_percentile = [row for row in data["rows"] if row["which"] == which]
        for search, rows in by_series(of_percentile, "search"):
            rows = sorted(rows, key=lambda row: row["rate"])
            axes.plot(
                column(rows, "rate"),
                column(rows, "ms"),
                color=colour,
                linestyle=dash,
                linewidth=1.4,
                gid=f"{which}-{search}",
            )
            for held, fill in ((True, colour), (False, "white")):
                some = [row for row in rows if row["held"] == held]
                axes.plot(
                    column(some, "rate"), column(some, "ms"), "o", color=colour, markerfacecolor=fill, markersize=6
                )
    axes.set_xlim(left=0)
    axes.set_xlabel({"nb": "åpninger per sekund", "en": "openings per second"}[lang])
    axes.set_ylabel("ms")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang)))
    _amounts(axes, lang, True)
    return figure


def timeline(chart: Chart, lang: str) -> Figure:
    """Calls wanted, sent and failed in each second."""
    rows = chart.data["rows"]
    figure = new_figure(WIDTH, 3.4)
    (axes,) = panels_of(figure)
    x = column(rows, "second")
    axes.bar(x, column(rows, "failed"), width=0.7, color=ORANGE)
    axes.plot(x, column(rows, "wanted"), color=INK, linewidth=1.8, linestyle=(0, (5, 3)), gid="wanted")
    axes.plot(x, column(rows, "sent"), color=BLUE, linewidth=2.2, gid="sent")
    axes.set_xlabel({"nb": "sekunder", "en": "seconds"}[lang])
    _amounts(axes, lang, False)
    return figure


def headroom(chart: Chart, lang: str) -> Figure:
    """The short peak of each month against the capacity with its range."""
    rows, limit = chart.data["rows"], chart.data["limit"]
    figure = new_figure(WIDTH, 3.8)
    (axes,) = panels_of(figure)
    for some, colour, alpha in ((limit, ORANGE, 0.16), (rows, BLUE, 0.2)):
        axes.fill_between(days(some), column(some, "low"), column(some, "high"), color=colour, alpha=alpha, linewidth=0)
    axes.plot(days(limit), column(limit, "y"), color=ORANGE, linewidth=2.2, gid="limit")
    line(axes, rows, "hour", color=INK, linewidth=1.6, linestyle=(0, (2, 2)))
    line(axes, rows, "middle", color=BLUE, linewidth=2.2)
    years_axis(axes, days(rows))
    _amounts(axes, lang, bool(chart.settings["log"]))
    return figure
