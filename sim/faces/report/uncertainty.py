"""The report's section on where the uncertainty comes from: parameters, schedule, chance."""

from __future__ import annotations

from dataclasses import dataclass

from sim.experiments.decomposition import Decomposition, Shares
from sim.faces.report.table import Table, say
from sim.language import month_name, number, percent


@dataclass(frozen=True)
class Section:
    """One sentence, the table behind it, and how to read it."""

    finding: str
    what: str
    table: Table
    reading: str


def section(decomposition: Decomposition, key: str, whole: str, lang: str) -> Section | None:
    """The section for the headline month ``key``; None where nothing varies. ``whole`` names the scenario's whole area."""
    headline = decomposition.at("national", "all", key)
    if headline is None:
        return None
    names = (
        ("parameterne", "tidsplanen", "tilfeldigheter") if lang == "nb" else ("parameters", "the schedule", "chance")
    )
    parts = [
        f"{percent(s / 100, lang)} {n}" if lang == "nb" else f"{n} ({percent(s / 100, lang)})"
        for s, n in zip(headline.per_cent(), names, strict=True)
    ]
    when = month_name(int(key[:4]), int(key[5:]), lang)
    heads = [
        say(lang, "Område og måned", "Area and month"),
        say(lang, "Standardavvik, prosentpoeng", "Standard deviation, percentage points"),
        *(f"{n[0].upper()}{n[1:]}" for n in names),
        *(
            say(lang, f"{n[0].upper()}{n[1:]}, alene\u2013i alt", f"{n[0].upper()}{n[1:]}, alone\u2013in all")
            for n in names
        ),
    ]
    table = Table(
        say(lang, "Deling av variansen i synkroniseringsgraden", "Division of the sync rate's variance"),
        heads,
        ["text", *["number"] * 7],  # type: ignore[list-item]
    )
    for shares in (s for s in decomposition.shares if s.figure.area == "national"):
        table.rows.append([_label(shares, whole, lang), number(100 * shares.deviation, lang, 1), *_cells(shares, lang)])
    return Section(
        say(
            lang,
            f"Av usikkerheten i {when} skyldes {parts[0]}, {parts[1]} og {parts[2]}",
            f"The uncertainty in {when} comes from {parts[0]}, {parts[1]} and {parts[2]}",
        ),
        say(
            lang,
            f"Andeler av variansen i andelen nye oppføringer som synkroniseres straks, i {whole}; ± er standardfeil",
            f"Shares of the variance of the share of new entries that are synced at once, in {whole}; ± is the standard error",
        ),
        table,
        say(
            lang,
            f"Parameterne kan måles bedre, tidsplanen kan styres, tilfeldighetene blir igjen. Beregnet av {decomposition.pairs} par av trekk "
            "der én av de tre byttes om gangen (Sobol'-indekser etter Jansen). «Alene» er den delen som forsvant om vi kjente "
            "bare den ene, «i alt» den som ble igjen om vi kjente de to andre; samspill er delt likt etter Shapley, så de tre andelene summerer til 100 %.",
            f"Parameters can be measured better, the schedule can be managed, chance remains. Computed from {decomposition.pairs} pairs of draws "
            "in which one of the three is exchanged at a time (Sobol' indices after Jansen). «Alone» is the part that would go if only that "
            "one were known, «in all» the part that would remain if the two others were; interactions are divided evenly after Shapley, so the three shares sum to 100 %.",
        ),
    )


def _label(shares: Shares, whole: str, lang: str) -> str:
    figure = shares.figure
    area = whole if figure.area == "national" else figure.area
    name = f"{area[0].upper()}{area[1:]}"
    if figure.sector == "hospital":
        name += say(lang, ", sykehus", ", hospitals")
    return f"{name}, {month_name(int(figure.month[:4]), int(figure.month[5:]), lang)}"


def _cells(shares: Shares, lang: str) -> list[str]:
    divided = [
        f"{percent(s, lang)} ± {number(100 * e, lang)}"
        for s, e in zip(shares.shapley, shares.shapley_error, strict=True)
    ]
    spans = [
        f"{number(100 * min(f, t), lang)}\u2013{percent(max(f, t), lang)}"
        for f, t in zip(shares.first, shares.total, strict=True)
    ]
    return divided + spans
