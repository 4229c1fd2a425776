"""The charts of the forecast's report: pure functions from a summary to a figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.experiments.observations import Observation
from sim.experiments.replicate import Results
from sim.experiments.summary import Summary, quantiles
from sim.faces.report.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    middles,
    new_figure,
    number_axis,
    panels_of,
    percent_axis,
    time_axis,
)
from sim.language import percent
from sim.model.calendar import Calendar
from sim.scenario.schema import Project, Ramp, Scenario
from sim.vocabulary import GATE_KEYS, GATES, REGIONS, SECTOR_KEYS, SECTORS

Floats = npt.NDArray[np.float64]


def _fan(axes: Axes, x: Floats, summary: Summary, measure: str, area: str, sector: str, colour: str = BLUE) -> None:
    """Two bands (90 and 50 %) and the median."""
    low, quarter, middle, three, high = (
        summary.series(measure, area, sector, s) for s in ("p05", "p25", "p50", "p75", "p95")
    )
    axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.fill_between(x, quarter, three, color=colour, alpha=0.32, linewidth=0)
    axes.plot(x, middle, color=colour, linewidth=2)


def observed(axes: Axes, observations: Sequence[Observation], lang: str, labels: bool) -> None:
    """Published rates: a dot at the middle of the window, a line over the window, hollow when derived."""
    for o in observations:
        start, end = float(date2num(o.start)), float(date2num(o.end))
        middle = (start + end) / 2
        axes.plot([start, end], [o.value, o.value], color=INK, linewidth=1)
        axes.plot(
            [middle],
            [o.value],
            "o",
            color=INK,
            markersize=6,
            markerfacecolor="white" if o.tag == "derived" else INK,
            zorder=5,
        )
        if labels:
            axes.annotate(
                percent(o.value, lang, 1),
                (middle, o.value),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )


def new_rates(observations: Sequence[Observation]) -> list[Observation]:
    """The observations about new registrations of a window (the cumulative total has another basis)."""
    return [o for o in observations if not o.key.endswith("_total")]


def fan_national(summary: Summary, lang: str) -> Figure:
    """The sync rate of new entries in the whole scenario: all sectors, and hospitals alone where there are others."""
    model = summary.results.model
    x = middles(model.calendar)
    panels = [("hospital", {"nb": "Sykehus, alle nye oppføringer", "en": "Hospitals, all new entries"}[lang])]
    if list(model.scenario.sectors) != ["hospital"]:
        panels.insert(
            0, ("all", {"nb": "Alle aktører, alle nye oppføringer", "en": "All actors, all new entries"}[lang])
        )
    figure = new_figure(9.5, 4.2)
    for axes, (sector, title) in zip(panels_of(figure, 1, len(panels), sharey=True), panels, strict=True):
        _fan(axes, x, summary, "sync_rate_new", "national", sector)
        live = summary.series("sync_rate_live", "national", sector)
        axes.plot(x, live, color=ORANGE, linewidth=1.6, linestyle=(0, (4, 2)))
        axes.set_title(title)
        time_axis(axes, model.calendar)
        percent_axis(axes, lang)
        axes.annotate(
            {"nb": "bare der løsningen er i bruk (median)", "en": "only where the API is in use (median)"}[lang],
            (x[0], 0.8),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=ORANGE,
            fontsize=9,
        )
    return figure


def fan_region(summary: Summary, area: str, observations: Sequence[Observation], lang: str) -> Figure:
    """One region's hospitals, with the published rates."""
    calendar = summary.results.model.calendar
    x = middles(calendar)
    figure = new_figure(9.5, 4.2)
    (axes,) = panels_of(figure)
    _fan(axes, x, summary, "sync_rate_live", area, "hospital")
    observed(axes, [o for o in new_rates(observations) if o.area == area], lang, True)
    time_axis(axes, calendar)
    percent_axis(axes, lang)
    return figure


def regions(summary: Summary, observations: Sequence[Observation], lang: str) -> Figure:
    """Hospitals of each region, with the national median behind."""
    model = summary.results.model
    x = middles(model.calendar)
    names = [w for w in REGIONS if w.key in model.scenario.regions]
    figure = new_figure(9.5, 5.6 if len(names) > 2 else 3.2)
    panels = panels_of(figure, (len(names) + 1) // 2, min(2, len(names)), sharex=True, sharey=True)
    national = summary.series("sync_rate_new", "national", "hospital")
    for axes, word in zip(panels, names, strict=False):
        axes.plot(x, national, color=GREY, linewidth=1.2, linestyle=":")
        _fan(axes, x, summary, "sync_rate_new", word.nb, "hospital")
        observed(axes, [o for o in new_rates(observations) if o.area == word.nb], lang, False)
        axes.set_title(word.label(lang))
        time_axis(axes, model.calendar)
        percent_axis(axes, lang)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    return figure


def years(calendar: Calendar) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """The calendar years of the period, each with its months."""
    of_month = np.array([calendar.date_of_month(m).year for m in range(calendar.months)])
    return [(int(y), np.flatnonzero(of_month == y)) for y in np.unique(of_month)]


def gate_shares(summary: Summary, area: str, sector: str, months: npt.NDArray[np.int64]) -> Floats:
    """[9] mean share of a year's entries per outcome (gates in order, then synced)."""
    total = summary.series("registered", area, sector, "mean")[months].sum()
    names = [*(f"stopped_{g}" for g in GATE_KEYS), "synced"]
    return np.array([summary.series(n, area, sector, "mean")[months].sum() / total for n in names])


def falls(axes: Axes, shares: Floats, names: list[str], lang: str) -> None:
    """A waterfall of ``shares`` [9] (gates in order, then synced) on one panel; ``names`` of its 10 bars."""
    y = np.arange(len(names))[::-1]
    left, widths, colours = [0.0], [1.0], [BLUE]
    rest = 1.0
    for share in shares[:8]:
        rest -= share
        left.append(rest)
        widths.append(share)
        colours.append(ORANGE)
    left.append(0.0)
    widths.append(shares[8])
    colours.append(BLUE)
    axes.barh(y, widths, left=left, color=colours, height=0.7)
    for at, begin, width, colour in zip(y, left, widths, colours, strict=True):
        inside = begin + width > 0.82
        axes.annotate(
            _loss(width, lang) if colour == ORANGE else percent(width, lang, 1 if width < 0.0995 else 0),
            (begin if inside else begin + width, at),
            xytext=(-4 if inside else 4, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            fontsize=8,
            color="white" if inside and begin < 0.05 else INK,
        ) if not (inside and begin < 0.05) else axes.text(
            0.5, at, percent(width, lang), ha="center", va="center", color="white", fontsize=8
        )
    axes.set_yticks(y, names, fontsize=8)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    axes.grid(axis="y", visible=False)


def waterfall(summary: Summary, area: str, sector: str, lang: str) -> Figure:
    """Where a year's entries are lost, gate by gate, to what is synced at the end of their month."""
    spans = years(summary.results.model.calendar)
    figure = new_figure(9.5, 2.6 * ((len(spans) + 1) // 2) + 0.4)
    panels = panels_of(figure, (len(spans) + 1) // 2, 2, sharex=True, sharey=True)
    names = [{"nb": "registrert", "en": "registered"}[lang], *(g.label(lang).split(" (")[0] for g in GATES)]
    names.append({"nb": "synkronisert", "en": "synced"}[lang])
    for axes, (year, months) in zip(panels, spans, strict=False):
        shares = gate_shares(summary, area, sector, months)
        falls(axes, shares, names, lang)
        axes.set_title(str(year))
    for axes in panels[len(spans) :]:
        axes.set_visible(False)
    return figure


def _loss(share: float, lang: str) -> str:
    """A loss as its label says it; what rounds to nothing is told as less than a tenth of a percent."""
    if 0 < share < 0.0005:
        return "<" + percent(0.001, lang, 1)
    return "\u2212" + percent(share, lang, 1 if share < 0.0995 else 0)


def fit(results: Results, lang: str) -> Figure:
    """The model against every published sync rate, each on its own basis."""
    figure = new_figure(9.5, 0.55 * len(results.observations) + 1.3)
    (axes,) = panels_of(figure)
    low, quarter, middle, three, high = quantiles(results.fits, (0.05, 0.25, 0.5, 0.75, 0.95))
    y = np.arange(len(results.observations))[::-1]
    axes.hlines(y, low, high, color=BLUE, linewidth=2)
    axes.hlines(y, quarter, three, color=BLUE, linewidth=8, alpha=0.45)
    axes.plot(middle, y, "|", color=BLUE, markersize=14, markeredgewidth=2)
    for at, o in zip(y, results.observations, strict=True):
        face = "white" if o.tag == "derived" else INK
        axes.plot([o.value], [at], "o", color=INK, markersize=7, markerfacecolor=face, zorder=5)
    axes.set_yticks(y, [window(o, lang) for o in results.observations])
    axes.set_ylim(-0.6, len(y) - 0.4)
    axes.set_xlim(0.3, 0.8)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    axes.grid(axis="y", visible=False)
    return figure


def window(observation: Observation, lang: str) -> str:
    """«12.02.2024-31.08.2024» or ISO dates in English."""

    def show(date: dt.date) -> str:
        return date.strftime("%d.%m.%Y") if lang == "nb" else date.isoformat()

    return f"{show(observation.start)}\u2013{show(observation.end)}"


def gantt(results: Results, lang: str) -> Figure:
    """Planned and simulated go-lives: hospitals one by one, the other sectors by region."""
    model = results.model
    calendar, scenario, units = model.calendar, model.scenario, model.structure.units
    base = float(date2num(calendar.date_of_month(0)))
    last = float(calendar.starts[-1])
    order = [w.key for w in REGIONS]
    rows = sorted(
        range(len(units)),
        key=lambda i: (not units[i].trust, SECTOR_KEYS.index(units[i].sector), order.index(units[i].region)),
    )
    figure = new_figure(9.5, 0.235 * len(rows) + 1.2)
    (axes,) = panels_of(figure)
    labels = []
    sector_names = {w.key: w.label(lang) for w in SECTORS}
    region_names = {w.key: w.label(lang) for w in REGIONS}
    never = {"nb": "ikke i perioden", "en": "not in the period"}[lang]
    for y, unit in enumerate(rows):
        place = units[unit]
        short = sector_names[place.sector].split(" (")[0]
        labels.append(place.name if place.trust else f"{short}, {region_names[place.region]}")
        technical, write = results.milestones[:, unit, 0], results.milestones[:, unit, 2]
        shown = np.where(np.isfinite(write), write, 1e6)
        early, middle, late = np.quantile(shown, (0.1, 0.5, 0.9))
        begun = float(np.quantile(np.where(np.isfinite(technical), technical, 1e6), 0.5))
        if early > last:
            axes.text(base + last * 0.99, y, never, ha="right", va="center", fontsize=7.5, color=GREY)
        else:
            if begun < min(middle, last):
                axes.barh(y, min(middle, last) - begun, left=base + begun, height=0.5, color="#A9C8E8")
            if middle <= last:
                axes.barh(y, last - middle, left=base + middle, height=0.5, color=BLUE)
            ends = [early] if late > last else [early, late]
            axes.hlines(y, base + early, base + min(late, last), color=INK, linewidth=1.1, zorder=4)
            axes.plot([base + e for e in ends], [y] * len(ends), "|", color=INK, markersize=6, zorder=4)
        for planned, face in _planned(scenario, place.sector, place.region):
            if base <= planned <= base + last:
                axes.plot([planned], [y], "D", color=ORANGE, markersize=5, markerfacecolor=face, zorder=5)
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    time_axis(axes, calendar)
    axes.grid(axis="y", visible=False)
    return figure


def _planned(scenario: Scenario, sector: str, region: str) -> list[tuple[float, str]]:
    """Planned dates with the face of their diamond: technical go-live (or a sector's first) filled, in use hollow."""
    plan = scenario.golive[sector][region]  # type: ignore[index]
    if isinstance(plan, Project):
        found = [(float(date2num(plan.technical.date)), ORANGE)]
        if plan.planned_in_use is not None:
            found.append((float(date2num(plan.planned_in_use.date)), "white"))
        return found
    return [(float(date2num(plan.first.date)), ORANGE)] if isinstance(plan, Ramp) else []


def coverage(summary: Summary, area: str, sector: str, lang: str) -> Figure:
    """eID and knowledge of doctors and nurses."""
    calendar = summary.results.model.calendar
    x = middles(calendar)
    figure = new_figure(9.5, 3.6)
    panels = panels_of(figure, 1, 2, sharey=True)
    titles = {
        "eid_coverage": {"nb": "Har eID på høyt nivå", "en": "Have an eID at level high"},
        "knowledge_coverage": {"nb": "Kjenner funksjonen", "en": "Know the function"},
    }
    for axes, (measure, title) in zip(panels, titles.items(), strict=True):
        for group, colour, name in (
            ("doctor", BLUE, {"nb": "leger", "en": "doctors"}),
            ("nurse", ORANGE, {"nb": "sykepleiere", "en": "nurses"}),
        ):
            low, middle, high = (summary.series(f"{measure}_{group}", area, sector, s) for s in ("p05", "p50", "p95"))
            axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(x, middle, color=colour, linewidth=2, linestyle="-" if group == "doctor" else (0, (5, 2)))
            k = int(len(x) * 0.6)
            axes.annotate(
                name[lang],
                (x[k], middle[k]),
                xytext=(0, 7 if group == "doctor" else -26),
                textcoords="offset points",
                color=colour,
                fontsize=9,
                ha="center",
            )
        axes.set_title(title[lang])
        time_axis(axes, calendar)
        percent_axis(axes, lang, 1.05)
    return figure


def citizens(summary: Summary, lang: str) -> Figure:
    """Citizens with critical information in Kjernejournal, against the estimate of who should have."""
    calendar = summary.results.model.calendar
    x = middles(calendar)
    figure = new_figure(9.5, 3.6)
    (axes,) = panels_of(figure)
    _fan(axes, x, summary, "citizens", "national", "all")
    low, middle, high = (summary.series("citizens_estimated", "national", "all", s) for s in ("p05", "p50", "p95"))
    axes.plot(x, middle, color=INK, linewidth=1.4, linestyle=(0, (5, 3)))
    axes.plot(x, low, color=INK, linewidth=0.8, linestyle=":")
    axes.plot(x, high, color=INK, linewidth=0.8, linestyle=":")
    axes.annotate(
        {
            "nb": "anslag: så mange bør ha (median, 90 %-intervall)",
            "en": "estimate of who should have (median, 90 % interval)",
        }[lang],
        (x[2], middle[2]),
        xytext=(0, 6),
        textcoords="offset points",
        fontsize=9,
    )
    axes.set_ylim(0, float(np.nanmax(high)) * 1.08)
    time_axis(axes, calendar)
    number_axis(axes, lang)
    return figure
