"""The report's section on uncertainty: where it comes from (parameters, schedule, chance), and how exact the computation is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiments import keyfigures
from sim.experiments.decomposition import MEASURE, Decomposition, Shares
from sim.experiments.replicate import Results
from sim.faces.report.table import Table, say
from sim.language import month_name, number, percent

ROUGH = 0.1  # standard error of a share above which the shares are told to be rough


@dataclass(frozen=True)
class Section:
    """One sentence, the table behind it, and how to read it."""

    finding: str
    what: str
    table: Table
    spans: Table
    reading: str


def section(decomposition: Decomposition, key: str, whole: str, lang: str) -> Section | None:
    """The section for the headline month ``key``; None where nothing varies. ``whole`` names the scenario's whole area."""
    headline = decomposition.at("national", "all", key)
    if headline is None:
        return None
    names = (
        ("parameterne", "tidsplanen", "tilfeldigheter") if lang == "nb" else ("parameters", "the schedule", "chance")
    )
    rough = float(headline.shapley_error.max()) > ROUGH
    parts = [
        f"{n} ({number(s, lang)} ± {percent(e, lang)})"
        for s, e, n in zip(headline.per_cent(), headline.shapley_error, names, strict=True)
    ]
    when = month_name(int(key[:4]), int(key[5:]), lang)
    place = say(lang, "Område og måned", "Area and month")
    capital = [f"{n[0].upper()}{n[1:]}" for n in names]
    table = Table(
        say(lang, "Deling av variansen i synkroniseringsgraden", "Division of the sync rate's variance"),
        [place, say(lang, "Standardavvik, prosentpoeng", "Standard deviation, percentage points"), *capital],
        ["text", *["number"] * 4],  # type: ignore[list-item]
    )
    spans = Table(
        say(lang, "Hver for seg: alene\u2013i alt", "One by one: alone\u2013in all"),
        [place, *capital],
        ["text", *["number"] * 3],  # type: ignore[list-item]
    )
    for shares in (s for s in decomposition.shares if s.figure.area == "national"):
        label = _label(shares.figure, whole, lang)
        table.rows.append([label, number(100 * shares.deviation, lang, 1), *_cells(shares, lang)])
        spans.rows.append([label, *_spans(shares, lang)])
    more = (
        (
            " Standardfeilen er stor: flere par (--decomposition) gir skarpere andeler.",
            " The standard error is large: more pairs (--decomposition) sharpen the shares.",
        )
        if rough
        else ("", "")
    )
    return Section(
        say(
            lang,
            f"{'Grovt anslått kommer usikkerheten' if rough else 'Usikkerheten'} i {when}"
            f"{'' if rough else ' kommer'} fra {parts[0]}, {parts[1]} og {parts[2]}",
            f"{'By a rough estimate the' if rough else 'The'} uncertainty in {when} comes from {parts[0]}, {parts[1]} and {parts[2]}",
        ),
        say(
            lang,
            f"Andeler av variansen i andelen nye oppføringer som synkroniseres straks, i {whole}; ± er standardfeil",
            f"Shares of the variance of the share of new entries that are synced at once, in {whole}; ± is the standard error",
        ),
        table,
        spans,
        say(
            lang,
            f"Parameterne kan måles bedre, tidsplanen kan styres, tilfeldighetene blir igjen. Beregnet av {decomposition.pairs} par av trekk "
            "der én av de tre byttes om gangen (Sobol'-indekser etter Jansen). «Alene» er den delen som forsvant om vi kjente "
            "bare den ene, «i alt» den som ble igjen om vi kjente de to andre; samspill er delt likt etter Shapley, så de tre andelene summerer til 100 %. "
            f"Med få par kan et anslag havne under 0 eller over 100 %; det er da satt til grensen.{more[0]}",
            f"Parameters can be measured better, the schedule can be managed, chance remains. Computed from {decomposition.pairs} pairs of draws "
            "in which one of the three is exchanged at a time (Sobol' indices after Jansen). «Alone» is the part that would go if only that "
            "one were known, «in all» the part that would remain if the two others were; interactions are divided evenly after Shapley, so the three shares sum to 100 %. "
            f"With few pairs an estimate may fall below 0 or above 100 %; it is then set to the bound.{more[1]}",
        ),
    )


def precision(results: Results, whole: str, lang: str) -> Table:
    """How exact the computation is: the Monte Carlo error of the key figures of the country, of so many draws."""
    table = Table(
        say(
            lang,
            f"Hvor nøyaktig {results.replications} trekk gir nøkkeltallene (95 %-konfidens i parentes)",
            f"How exactly {results.replications} draws give the key figures (95 % confidence in brackets)",
        ),
        [
            say(lang, "Nøkkeltall", "Key figure"),
            say(lang, "Gjennomsnitt ±", "Mean ±"),
            "P5",
            say(lang, "Median", "Median"),
            "P95",
        ],
        ["text", *["number"] * 4],  # type: ignore[list-item]
    )
    for item in keyfigures.precision(results):
        if item["area"] != "national" or item["measure"] != MEASURE:
            continue
        figure = keyfigures.KeyFigure(item["measure"], item["area"], item["sector"], item["month"])
        half = item["half_width"]
        mean = percent(item["mean"], lang, 1) + ("" if half is None else f" ± {number(100 * half, lang, 1)}")
        table.rows.append([_label(figure, whole, lang), mean, *(quantile(q, lang) for q in item["quantiles"].values())])
    return table


def quantile(stated: dict[str, Any], lang: str) -> str:
    """«52,3 % (51,0\u201353,5)»: a quantile and its confidence interval; «ukjent» where the draws are too few for one."""
    value = percent(stated["value"], lang, 1)
    if stated["low"] is None or stated["high"] is None:
        return f"{value} ({say(lang, 'for få trekk', 'too few draws')})"
    return f"{value} ({number(100 * stated['low'], lang, 1)}\u2013{number(100 * stated['high'], lang, 1)})"


def exactness(results: Results, key: str, lang: str) -> str | None:
    """One sentence on how exactly the headline's median and mean are known; None where no interval can be had."""
    for item in keyfigures.precision(results):
        if (item["area"], item["sector"], item["measure"]) == ("national", "all", MEASURE):
            median = item["quantiles"]["p50"]
            if median["low"] is None or item["half_width"] is None:
                return None
            low, high = number(100 * median["low"], lang, 1), percent(median["high"], lang, 1)
            half = number(100 * item["half_width"], lang, 1)
            return say(
                lang,
                f"Regnenøyaktighet: med {results.replications} trekk er medianen kjent til {low}\u2013{high} og gjennomsnittet til "
                f"± {half} prosentpoeng (95 %-konfidens).",
                f"Precision of the computation: {results.replications} draws give the median to {low}\u2013{high} and the mean to "
                f"± {half} percentage points (95 % confidence).",
            )
    return None


def _label(figure: keyfigures.KeyFigure, whole: str, lang: str) -> str:
    area = whole if figure.area == "national" else figure.area
    name = f"{area[0].upper()}{area[1:]}"
    if figure.sector == "hospital":
        name += say(lang, ", sykehus", ", hospitals")
    return f"{name}, {month_name(int(figure.month[:4]), int(figure.month[5:]), lang)}"


def _cells(shares: Shares, lang: str) -> list[str]:
    return [
        f"{number(s, lang)} ± {percent(e, lang)}" for s, e in zip(shares.per_cent(), shares.shapley_error, strict=True)
    ]


def _spans(shares: Shares, lang: str) -> list[str]:
    inside = [np.clip((min(f, t), max(f, t)), 0, 1) for f, t in zip(shares.first, shares.total, strict=True)]
    return [f"{number(100 * low, lang)}\u2013{percent(high, lang)}" for low, high in inside]
