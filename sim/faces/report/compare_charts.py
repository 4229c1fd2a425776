"""The charts of a comparison: pure functions from a ``Comparison`` to a figure.

At most five series share a panel: the null alternative and the four alternatives with the highest median. An alternative has the
same colour, mark and line in every chart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.experiments.compare import Comparison, letter
from sim.faces.report.charts import falls
from sim.faces.report.compare_words import SHOWN, thresholds, top
from sim.faces.report.drawing import BLUE, GREY, INK, ORANGE, middles, new_figure, panels_of, percent_axis, time_axis
from sim.language import number
from sim.vocabulary import GATES

Floats = npt.NDArray[np.float64]
COLOURS = (BLUE, ORANGE, "#0DA0A0", "#7A3E9D", "#B8336A", "#6B7A00")
MARKS = ("o", "s", "^", "D", "v")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


def style(alternative: int) -> tuple[str, str, Any]:
    """Colour, mark and line of an alternative."""
    at = alternative - 1
    return COLOURS[at % len(COLOURS)], MARKS[at % len(MARKS)], LINES[at % len(LINES)]


def gains(comparison: Comparison, area: str, lang: str) -> Figure:
    """Every alternative's gain in the sync rate, sorted: median, 50 and 90 % of the draws."""
    sample = 100 * comparison.gains("rate", area)
    order = sorted(range(1, len(sample)), key=lambda a: np.median(sample[a]))
    figure = new_figure(9.5, 0.42 * len(order) + 1.2)
    (axes,) = panels_of(figure)
    y = np.arange(len(order))
    low, quarter, middle, three, high = np.quantile(sample[order], (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)
    axes.hlines(y, low, high, color=BLUE, linewidth=2)
    axes.hlines(y, quarter, three, color=BLUE, linewidth=8, alpha=0.45)
    axes.plot(middle, y, "|", color=BLUE, markersize=14, markeredgewidth=2)
    for at, value, end in zip(y, middle, high, strict=True):
        axes.annotate(
            number(value, lang, 1 if value == 0 or abs(value) >= 0.1 else 3),
            (end, at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.axvline(0, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
    axes.set_yticks(y, [_name(comparison, a, lang) for a in order], fontsize=8)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.margins(x=0.12)
    axes.set_xlabel({"nb": "prosentpoeng mot nullalternativet", "en": "percentage points against the null"}[lang])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1)))
    axes.grid(axis="y", visible=False)
    return figure


def development(comparison: Comparison, area: str, lang: str) -> Figure:
    """The median sync rate over time of the null alternative and of the best three."""
    calendar = comparison.model.calendar
    x = middles(calendar)
    figure = new_figure(9.5, 4.0)
    (axes,) = panels_of(figure)

    def median(a: int) -> Floats:
        return np.asarray(np.nanmedian(comparison.outcomes[a, area].series["sync_rate_new"], axis=0))

    axes.plot(x, median(0), color=INK, linewidth=1.8, linestyle=(0, (5, 3)))
    ends = [(median(0)[-1], letter(0), INK)]
    for a in top(comparison, area):
        colour, _, line = style(a)
        axes.plot(x, median(a), color=colour, linewidth=2, linestyle=line)
        ends.append((median(a)[-1], letter(a), colour))
    _label_ends(axes, float(x[-1]), ends)
    axes.axvline(float(x[comparison.month]), color=GREY, linewidth=1, linestyle=":")
    time_axis(axes, calendar)
    percent_axis(axes, lang)
    return figure


def _label_ends(axes: Axes, x: float, ends: list[tuple[float, str, str]]) -> None:
    """Write each line's letter beside its end (axes from 0 to 1); those too close are set side by side there instead of apart."""
    groups: list[list[tuple[float, str, str]]] = []
    for end in sorted(ends):
        if groups and end[0] - groups[-1][0][0] < 0.05:
            groups[-1].append(end)
        else:
            groups.append([end])
    for group in groups:
        height = sum(value for value, _, _ in group) / len(group)
        for at, (_, text, colour) in enumerate(reversed(group)):
            axes.annotate(
                text,
                (x, height),
                xytext=(6 + 12 * at, 0),
                textcoords="offset points",
                color=colour,
                fontsize=10,
                fontweight="bold",
                va="center",
                annotation_clip=False,
            )


def barriers(comparison: Comparison, alternative: int, area: str, lang: str) -> Figure:
    """The waterfall of the last year without and with an alternative."""
    figure = new_figure(9.5, 3.4)
    names = [{"nb": "registrert", "en": "registered"}[lang], *(g.label(lang).split(" (")[0] for g in GATES)]
    names.append({"nb": "synkronisert", "en": "synced"}[lang])
    titles = (comparison.alternatives[0].title(lang), _name(comparison, alternative, lang))
    for axes, a, title in zip(panels_of(figure, 1, 2, sharey=True), (0, alternative), titles, strict=True):
        falls(axes, comparison.stopped(a, area), names, lang)
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8])  # 100 % would meet the next panel's 0 %
        axes.set_title(title, fontsize=9)
    return figure


def gates(comparison: Comparison, area: str, lang: str) -> Figure:
    """Where the gain comes from: each gate's Shapley share, one panel for each of the best three."""
    chosen = top(comparison, area)
    figure = new_figure(9.5, 3.2)
    gains = {a: 100 * np.array(list(comparison.gates_gain(a, area).values())) for a in chosen}
    shown = np.any(
        [np.abs(v) >= 0.005 for v in gains.values()], axis=0
    )  # a gate that gives 0,00 everywhere is left out
    names = [g.label(lang).split(" (")[0] for g, some in zip(GATES, shown, strict=True) if some]
    y = np.arange(len(names))[::-1]
    for axes, a in zip(panels_of(figure, 1, len(chosen), sharex=True, sharey=True), chosen, strict=True):
        values = gains[a][shown]
        axes.barh(y, values, color=[BLUE if v >= 0 else ORANGE for v in values], height=0.7)
        for at, value in zip(y, values, strict=True):
            axes.annotate(
                number(value, lang, 2),
                (max(value, 0), at),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(y, names, fontsize=8)
        axes.margins(x=0.3)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1)))
        axes.grid(axis="y", visible=False)
        axes.set_title(f"{letter(a)} ({number(gains[a].sum(), lang, 1)})", fontsize=9)
    return figure


def plane(comparison: Comparison, area: str, lang: str) -> Figure:
    """The cost-effectiveness plane: every draw's extra cost and extra synced entries, with three thresholds."""
    figure = new_figure(9.5, 4.6)
    (axes,) = panels_of(figure)
    extra, cost = comparison.gains("synced", area), comparison.cost(area)
    chosen = top(comparison, area)
    for a in chosen:
        colour, mark, _ = style(a)
        axes.plot(extra[a], cost[a], mark, color=colour, markersize=4, alpha=0.5, markeredgewidth=0)
    centres = np.stack([extra[chosen].mean(axis=1), cost[chosen].mean(axis=1)], axis=1)
    size = np.array([max(float(extra[chosen].max()), 1e-9), max(float(cost[chosen].max()), 1e-9)])
    for a, at in zip(chosen, _apart(centres / size) * size, strict=True):
        colour, _, _ = style(a)
        axes.annotate(
            letter(a),
            (float(at[0]), float(at[1])),
            color=INK,
            fontsize=12,
            fontweight="bold",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": colour},
        )
    right = 1.08 * max(float(extra[chosen].max()), 1e-9)
    left, bottom = min(float(extra[chosen].min()), 0.0), min(float(cost[chosen].min()), 0.0)
    upper = 1.08 * max(float(cost[chosen].max()), 1e-9)
    for kroner in thresholds(comparison, area, chosen):
        reach = min(right, upper * 1e6 / kroner)
        axes.plot([0, reach], [0, kroner * reach / 1e6], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{number(kroner, lang)} kr",
            (reach, kroner * reach / 1e6),
            xytext=(-3, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
            color=GREY,
        )
    axes.axhline(0, color=INK, linewidth=1)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlim(left * 1.08, right)
    axes.set_ylim(bottom * 1.08, upper)
    axes.set_xlabel({"nb": "ekstra synkroniserte oppføringer", "en": "extra synced entries"}[lang])
    axes.set_ylabel({"nb": "ekstra kostnad, mill. kr", "en": "extra cost, million NOK"}[lang])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang)))
    decimals = 0 if upper > 5 else 2
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, decimals)))
    return figure


def _apart(centres: Floats) -> Floats:
    """``centres`` [N, 2] in shares of the axes, moved up as little as keeps badges from covering each other."""
    wide, high = 0.035, 0.08
    moved = centres.copy()
    order = np.argsort(centres[:, 1])
    for k, i in enumerate(order):
        for j in order[:k]:
            if abs(moved[i, 0] - moved[j, 0]) < wide and moved[i, 1] < moved[j, 1] + high:
                moved[i, 1] = moved[j, 1] + high
    return np.asarray(moved)


def acceptability(comparison: Comparison, area: str, lang: str) -> Figure:
    """How often each alternative has the highest net benefit, by what an extra synced entry is worth."""
    willingness = comparison.willingness(area)
    curves = comparison.acceptability(willingness, area)
    shown = [0, *sorted(sorted(range(1, len(curves)), key=lambda a: -curves[a].max())[:SHOWN])]
    figure = new_figure(9.5, 3.8)
    (axes,) = panels_of(figure)
    ends = []
    for a in shown:
        colour, _, line = style(a) if a else (INK, "", (0, (5, 3)))
        axes.plot(willingness, curves[a], color=colour, linewidth=2, linestyle=line)
        ends.append((float(curves[a][-1]), letter(a), colour))
    _label_ends(axes, float(willingness[-1]) * 1.01, ends)
    axes.set_xlim(0, float(willingness[-1]))
    axes.set_xlabel({"nb": "kroner per ekstra synkronisert oppføring", "en": "NOK per extra synced entry"}[lang])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang)))
    percent_axis(axes, lang)
    return figure


def _name(comparison: Comparison, alternative: int, lang: str) -> str:
    one = comparison.alternatives[alternative]
    title = f"= {one.short(lang)}" if any(one.known) and not one.label else one.short(lang)
    return f"{letter(alternative)}  {title if len(title) <= 60 else title[:58] + '…'}"
