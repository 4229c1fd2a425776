"""The charts of a report, drawn with matplotlib as inline SVG. Each is a pure function from a result to a figure."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from loadtests.language import number
from loadtests.latency import Latency
from loadtests.recorder import HEAT_BOUNDS, Recorder
from loadtests.usl import Law

# Apart in normal and in colour-blind sight, and at least 3:1 on white; line styles tell them apart as well.
BLUE, INK, ORANGE, GREY = "#0062BA", "#1E2B3C", "#D95F02", "#6B7686"
STYLES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 3)))
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E6EA",
    "text.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "kj-load",
    "figure.constrained_layout.use": True,
}


def svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an inline SVG element with a description; ids are made unique by ``name``."""
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', text)
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _figure(height: float) -> tuple[Figure, Any]:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, height))
        return figure, figure.subplots()


def heat(recorder: Recorder, seconds: float, lang: str) -> Figure:
    """Response times over the run: darker means more answers in that second and row."""
    figure, axes = _figure(3.2)
    whole = int(np.ceil(seconds))
    counts = np.zeros((len(HEAT_BOUNDS) + 1, whole))
    for second, seen in recorder.seconds.items():
        if 0 <= second < whole:
            counts[:, second] = seen.heat
    edges = np.array([HEAT_BOUNDS[0] / 10 ** (1 / 8), *HEAT_BOUNDS, HEAT_BOUNDS[-1] * 10 ** (1 / 8)])
    rows = np.nonzero(counts.sum(axis=1))[0]
    low, high = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
    shown = np.ma.masked_equal(counts[low:high], 0)
    mesh = axes.pcolormesh(
        np.arange(whole + 1),
        edges[low : high + 1],
        shown,
        cmap="cividis_r",
        norm=LogNorm(1, max(float(counts.max()), 2)),
        rasterized=True,
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1 if v < 1 else 0)))
    axes.set_xlabel("sekund" if lang == "nb" else "second")
    axes.set_ylabel("svartid, ms" if lang == "nb" else "response time, ms")
    plain = FuncFormatter(lambda v, _: number(v, lang))
    bar = figure.colorbar(
        mesh, ax=axes, format=plain, label="svar per sekund" if lang == "nb" else "answers per second"
    )
    bar.ax.yaxis.set_major_locator(FixedLocator([d * 10**e for e in range(5) for d in (1, 2, 5)]))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.outline.set_visible(False)
    return figure


def rates(timeline: list[dict[str, Any]], stages: list[tuple[float, str]], lang: str) -> Figure:
    """Calls per second, wanted by the demand and sent, for every kind of call there was; ``stages`` are the (second,
    name) at which each begins. Beside the logins stand all the exchanges with HelseID that they and the tokens took."""
    nb = lang == "nb"
    names = {
        "status": "status",
        "read": "lesninger" if nb else "reads",
        "write": "skriving" if nb else "writes",
        "login": "innlogging" if nb else "logins",
    }
    totals = {k: np.sum([row["kinds"][k] for row in timeline], axis=0) for k in names} if timeline else {}
    shown = [k for k in totals if totals[k][1] or totals[k][0] >= 1]  # not what is too rare to come in the run
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 0.6 + 1.35 * max(len(shown), 1)))
        panels = np.atleast_1d(figure.subplots(max(len(shown), 1), 1, sharex=True))
    seconds = [row["second"] for row in timeline]
    for axes, kind in zip(panels, shown, strict=False):
        if kind == "login":
            label = "alle kall til HelseID" if nb else "all calls to HelseID"
            axes.step(seconds, [r["helseid"] for r in timeline], where="post", color=ORANGE, lw=1, ls=":", label=label)
        label = "sendt" if nb else "sent"
        axes.step(seconds, [r["kinds"][kind][1] for r in timeline], where="post", color=BLUE, lw=1, label=label)
        label = "ønsket" if nb else "wanted"
        middles = [second + 0.5 for second in seconds]
        axes.plot(middles, [r["kinds"][kind][0] for r in timeline], color=INK, lw=1.6, ls="--", label=label)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 0 if v == int(v) else 1)))
        axes.set_ylabel(f"{names[kind]} /s")
        for begin, _ in stages[1:]:
            axes.axvline(begin, color=GREY, lw=0.8)
    room = (seconds[-1] + 1) / 60 if seconds else 1  # a name of so many seconds to the letter would not fit
    ends = [begin for begin, _ in stages[1:]] + [seconds[-1] + 1 if seconds else 0]
    for (begin, name), end in zip(stages, ends, strict=True):
        if name and len(name) * room <= end - begin:
            panels[0].annotate(
                name, (begin, 1), xycoords=("data", "axes fraction"), xytext=(3, 3), textcoords="offset points"
            )
    handles = {line.get_label(): line for axes in panels for line in axes.get_lines() if line.get_label()[0] != "_"}
    panels[-1].set_xlabel("sekund" if nb else "second")
    figure.legend(list(handles.values()), list(handles), frameon=False, ncols=3, loc="outside upper right")
    return figure


def tail(histograms: dict[str, Latency], lang: str) -> Figure:
    """Response time by percentile, with the far end of the tail stretched out."""
    figure, axes = _figure(3.0)
    for index, (name, histogram) in enumerate(histograms.items()):
        buckets = histogram.buckets()
        total = histogram.count
        reached = np.cumsum([count for _, count in buckets])
        beyond = total / np.maximum(total - reached, 0.5)
        color = (BLUE, INK, ORANGE, GREY)[index % 4]
        values = [value / 1000 for value, _ in buckets]
        axes.step(beyond, values, where="post", color=color, ls=STYLES[index % len(STYLES)], lw=1.5, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [1, 2, 10, 100, 1000, 10_000]
    axes.set_xticks(ticks, ["0", "50", "90", "99", number(99.9, lang, 1), number(99.99, lang, 2)])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1 if v < 1 else 0)))
    axes.set_xlabel("prosentil" if lang == "nb" else "percentile")
    axes.set_ylabel("svartid, ms" if lang == "nb" else "response time, ms")
    axes.legend(frameon=False, ncols=2)
    return figure


def server(cpu: list[list[float]], timeline: list[dict[str, Any]], lang: str) -> Figure:
    """The server's processor beside the generator's own lateness, the worst of each second."""
    figure, axes = _figure(2.4)
    if cpu:
        label = "tjenestens prosessor, kjerner" if lang == "nb" else "the service's processor, cores"
        axes.step([c[0] for c in cpu], [c[1] for c in cpu], where="pre", color=BLUE, lw=1.3, label=label)
    other = axes.twinx()
    label = "generatorens verste forsinkelse, ms" if lang == "nb" else "the generator's worst lateness, ms"
    seconds = [r["second"] for r in timeline]
    other.plot(seconds, [r["lateness_ms"] for r in timeline], color=ORANGE, lw=1.2, ls="--", label=label)
    other.grid(False)
    axes.set_ylim(bottom=0)
    other.set_ylim(bottom=0)
    axes.set_xlabel("sekund" if lang == "nb" else "second")
    axes.set_ylabel("kjerner" if lang == "nb" else "cores")
    other.set_ylabel("ms")
    lines = [*axes.get_lines(), *other.get_lines()]
    names = [str(line.get_label()) for line in lines]
    figure.legend(lines, names, frameon=False, loc="outside upper left", ncols=2)
    return figure


def knee(steps: list[dict[str, Any]], rate: float, lang: str) -> Figure:
    """Response times of the openings over the rate; filled marks passed, open ones did not; the line is the knee."""
    figure, axes = _figure(3.4)
    names = {"p50_ms": "p50", "p99_ms": "p99"}
    for key, color, mark in (("p50_ms", BLUE, "o"), ("p99_ms", ORANGE, "s")):
        for passed in (True, False):
            chosen = [s for s in steps if s[key] is not None and (s["verdict"] == "pass") is passed]
            axes.plot(
                [s["achieved"] for s in chosen],
                [s[key] for s in chosen],
                mark,
                color=color,
                mfc=color if passed else "white",
                label=names[key] if passed else None,
            )
    axes.axvline(rate, color=INK, ls="--", lw=1)
    axes.annotate(
        number(rate, lang, 0),
        (rate, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -12),
        textcoords="offset points",
    )
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1 if v < 1 else 0)))
    axes.set_xlabel("oppnådde åpninger per sekund" if lang == "nb" else "openings per second achieved")
    axes.set_ylabel("svartid, ms" if lang == "nb" else "response time, ms")
    axes.legend(frameon=False, loc="upper left")
    return figure


def scalability(points: dict[int, list[float]], law: Law, laws: list[Law], lang: str) -> Figure:
    """Rates by number of server processes, and the Universal Scalability Law through them with the range of ``laws``;
    beyond what was measured it is dotted and grey."""
    figure, axes = _figure(2.8)
    nb, most = lang == "nb", max(points)
    parts = (
        (np.linspace(1, most, 100), INK, "--", "USL"),
        (np.linspace(most, most + 2, 50), GREY, ":", "ikke målt" if nb else "not measured"),
    )
    for n, color, style, label in parts:
        if laws:
            each = np.array([one.rate(n) for one in laws])
            axes.fill_between(n, each.min(axis=0), each.max(axis=0), color=color, alpha=0.15, lw=0)
        axes.plot(n, law.rate(n), color=color, lw=1.4, ls=style, label=label)
    for processes, rates in points.items():
        axes.plot([processes] * len(rates), rates, "o", color=BLUE)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(1, most + 3))
    axes.set_xlabel("tjenerprosesser" if nb else "server processes")
    axes.set_ylabel("åpninger per sekund" if nb else "openings per second")
    axes.legend(frameon=False)
    return figure
