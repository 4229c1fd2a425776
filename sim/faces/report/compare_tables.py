"""The tables of a comparison, for the report and for standard output; numbers are set as people write them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from sim.experiments.compare import NATIONAL, Comparison, Gain, letter
from sim.experiments.compare_rows import years
from sim.experiments.paired import Difference, Ratio
from sim.faces.report.table import Table, say
from sim.faces.report.tables import title
from sim.language import month_name, number
from sim.scenario import data
from sim.scenario.load import load
from sim.scenario.parameter import Parameter
from sim.scenario.schema import Scenario, parameters
from sim.vocabulary import DECIDERS, GATES, OUTCOMES, TAGS, UNITS, words

_WORDS = words(GATES, DECIDERS, TAGS, UNITS)


def points(d: Difference, lang: str) -> str:
    """«1,2 (0,4 til 3,1)» percentage points; more decimals where they are small, as a measure in one hospital is nationally."""
    digits = point_digits(d)
    low, middle, high = (number(100 * v, lang, digits) for v in (d.p05, d.p50, d.p95))
    return f"{middle} ({low} {say(lang, 'til', 'to')} {high})"


def point_digits(d: Difference) -> int:
    """How many decimals a gain in percentage points needs so that it does not read as nothing."""
    size = 100 * max(abs(d.p50), abs(d.p95))
    return 1 if size >= 1 or size == 0 else 2 if size >= 0.1 else 3


def spread(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]], lang: str, decimals: int = 0) -> str:
    """Median and 90 % interval of a sample."""
    low, middle, high = (float(q) for q in np.quantile(sample, (0.05, 0.5, 0.95)))
    to = say(lang, "til", "to")
    return f"{number(middle, lang, decimals)} ({number(low, lang, decimals)} {to} {number(high, lang, decimals)})"


def price(value: float, lang: str) -> str:
    """An amount of kroner with three figures that say something: «12,8 mill.», «6 930», «4,5»."""
    if abs(value) >= 1e6:
        return number(value / 1e6, lang, 1 if abs(value) < 1e8 else 0) + say(lang, " mill.", " million")
    return number(float(f"{value:.3g}"), lang, 0 if abs(value) >= 20 else 1)


def kroner(ratio: Ratio, lang: str) -> str:
    """Kroner per gain over the draws, median and 90 % interval; in words where it has no meaning as numbers.

    A draw without gain counts with an infinite price, one that gains and saves with 0 (``paired.prices``).
    """
    return _in_words(ratio, lang) or _prices(ratio.p05, ratio.p50, ratio.p95, lang)


def of_means(ratio: Ratio, lang: str) -> str:
    """The ratio of the means, with how exactly the draws settle it (Fieller)."""
    words = _in_words(ratio, lang)
    if words:
        return "\u2013"
    return _prices(ratio.low, ratio.value, ratio.high, lang)


def infinite(lang: str) -> str:
    """What a price is called where nothing is gained."""
    return say(lang, "uendelig", "infinite")


def _prices(low: float, middle: float, high: float, lang: str) -> str:
    """«12,8 mill. (9,1 til 20,4)»: an amount and its interval, in one unit."""
    to = say(lang, "til", "to")
    if np.isinf(middle):
        low_text = infinite(lang) if np.isinf(low) else price(low, lang)
        return f"{infinite(lang)} ({low_text} {to} {infinite(lang)})"

    def bound(value: float) -> str:
        if np.isinf(value):
            return infinite(lang)
        if abs(middle) >= 1e6:
            return number(value / 1e6, lang, 1)
        return number(float(f"{value:.3g}"), lang, 0 if abs(middle) >= 20 else 1)

    shown = price(middle, lang) if abs(middle) >= 1e6 else bound(middle)
    return f"{shown} ({bound(low)} {to} {bound(high)})"


def _in_words(ratio: Ratio, lang: str) -> str:
    if ratio.kind == "unclear":
        return say(lang, "ikke skilt fra null", "not told from zero")
    if ratio.kind == "dominated":
        return say(lang, "gir mindre enn nullalternativet", "gives less than the null alternative")
    if ratio.kind == "dominates":
        return say(lang, "sparer penger og gir mer", "saves money and gives more")
    return ""


def name(comparison: Comparison, alternative: int, lang: str) -> str:
    """«C A + B»: letter and short title; told if it begins too late to work by the target month."""
    one = comparison.alternatives[alternative]
    late = one.begins_after(comparison.label)
    package = " =" if any(one.known) and not one.label else ""
    return f"{letter(alternative)}{package} {one.short(lang)}" + (f" \u2013 {too_late(lang)}" if late else "")


def too_late(lang: str) -> str:
    """What is said of an alternative that begins after the target month."""
    return say(lang, "begynner etter målmåneden", "begins after the target month")


def times(share: float, replications: int, lang: str) -> str:
    """«72 av 100»."""
    return f"{round(share * replications)} {say(lang, 'av', 'of')} {replications}"


def summary(comparison: Comparison, area: str, lang: str) -> Table:
    """One row per alternative: gain, extra entries and those of them that are older, cost, cost per entry, how often its effect is largest."""
    best = comparison.best(area)
    table = Table(
        say(lang, "Alternativene mot nullalternativet", "The alternatives against the null alternative"),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Prosentpoeng", "Percentage points"),
            say(lang, "Ekstra oppføringer", "Extra entries"),
            say(lang, "av dem eldre", "older of them"),
            say(lang, "Kostnad, mill. kr", "Cost, MNOK"),
            say(lang, "Kr per ekstra oppføring", "NOK per extra entry"),
            say(lang, "Størst virkning", "Largest effect"),
        ],
        ["text", "number", "number", "number", "number", "number", "number"],
    )
    for a, one in enumerate(comparison.alternatives):
        row = [name(comparison, a, lang)]
        if a == 0:
            row += ["\u2013"] * 5
        else:
            late = one.begins_after(comparison.label)
            row += [
                points(comparison.difference(a, "rate", area), lang),
                spread(comparison.gains("synced", area)[a], lang),
                number(float(np.median(comparison.older(a, area))), lang),
                spread(comparison.cost(area)[a], lang, 1 if area == NATIONAL else 2),
                say(lang, "begynner senere", "begins later")
                if late
                else kroner(comparison.ratio(a, "synced", area), lang),
            ]
        table.rows.append([*row, times(best[a], comparison.replications, lang)])
    return table


def chosen(comparison: Comparison, lang: str) -> Table:
    """What each alternative consists of: start, duration, who decides, which gate."""
    table = Table(
        say(lang, "Tiltakene", "The interventions"),
        [
            "",
            say(lang, "Tiltak", "Intervention"),
            say(lang, "Start", "Start"),
            say(lang, "Barriere", "Gate"),
            say(lang, "Hvem bestemmer", "Who decides"),
            say(lang, "Kostnad, mill. kr", "Cost, MNOK"),
            say(lang, "Slik er virkningen tallfestet", "How the effect was put into numbers"),
        ],
        ["text", "text", "text", "text", "text", "number", "text"],
    )
    for a, one in enumerate(comparison.alternatives):
        for k, i in enumerate(one.interventions):
            cost = comparison.money_each[a][:, k, : comparison.month + 1].sum(axis=1)
            table.rows.append(
                [
                    letter(a),
                    f"{i.title(lang)} ({i.key})",
                    i.start,
                    _WORDS[i.form.gate].label(lang).split(" (")[0],
                    ", ".join(_WORDS[d].label(lang) for d in i.form.decides),
                    spread(cost, lang, 1),
                    i.form.note or "",
                ]
            )
    return table


def ratios(comparison: Comparison, area: str, lang: str) -> Table:
    """Cost per gain of every kind, as it varies over the draws, and the ratio of the means with how exactly it is settled."""
    kinds: list[tuple[Gain, str]] = [
        ("synced", say(lang, "ekstra synkronisert oppføring", "extra synced entry")),
        ("citizens", say(lang, "ekstra innbygger med informasjon", "extra citizen with information")),
        ("hours", say(lang, "spart time", "saved hour")),
        ("rate", say(lang, "prosentpoeng", "percentage point")),
    ]
    table = Table(
        say(
            lang,
            "Kroner per gevinst",
            "NOK per gain",
        ),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Per", "Per"),
            say(lang, "Median og 90 % av trekkene", "Median and 90% of the draws"),
            say(
                lang, "Forholdet mellom gjennomsnittene (regnenøyaktighet)", "Ratio of the means (computing precision)"
            ),
        ],
        ["text", "text", "number", "number"],
    )
    for a in range(1, len(comparison.alternatives)):
        for what, gain in kinds:
            if comparison.has(what, area):
                table.rows.append(
                    [
                        letter(a),
                        gain,
                        kroner(comparison.ratio(a, what, area), lang),
                        of_means(comparison.ratio(a, what, area), lang),
                    ]
                )
    return table


def differences(comparison: Comparison, area: str, lang: str) -> Table:
    """The paired differences in full, and what the common random numbers achieved."""
    names: dict[Gain, str] = {
        "rate": say(lang, "prosentpoeng", "percentage points"),
        "synced": say(lang, "ekstra oppføringer", "extra entries"),
        "citizens": say(lang, "ekstra innbyggere", "extra citizens"),
        "hours": say(lang, "sparte timer", "saved hours"),
    }
    table = Table(
        say(lang, "Parvise forskjeller", "Paired differences"),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Mål", "Measure"),
            say(lang, "Median og 90 %-intervall", "Median and 90% interval"),
            say(lang, "Gjennomsnitt (dets 90 %-intervall)", "Mean (its 90% interval)"),
            say(lang, "Over null i", "Above zero in"),
            say(lang, "Korrelasjon", "Correlation"),
            say(lang, "Støy igjen", "Noise left"),
        ],
        ["text", "text", "number", "number", "share", "number", "share"],
    )
    to = say(lang, "til", "to")
    for a in range(1, len(comparison.alternatives)):
        for what, measure in names.items():
            if not comparison.has(what, area):
                continue
            d = comparison.difference(a, what, area)
            factor, digits = (100, 2) if what == "rate" else (1, 0)
            mean, low, high = (number(factor * v, lang, digits) for v in (d.mean, d.mean_low, d.mean_high))
            table.rows.append(
                [
                    letter(a),
                    measure,
                    spread(factor * comparison.gains(what, area)[a], lang, digits),
                    f"{mean} ({low} {to} {high})",
                    d.positive,
                    "\u2013" if np.isnan(d.correlation) else number(d.correlation, lang, 3),
                    d.noise_left,
                ]
            )
    return table


def barriers(comparison: Comparison, area: str, lang: str) -> Table:
    """Share of the last year's entries by the first gate that stopped them, for every alternative."""
    count = len(comparison.alternatives)
    table = Table(
        say(
            lang,
            f"Første barriere som stoppet oppføringen, {_year(comparison, lang)}",
            f"The first gate that stopped the entry, {_year(comparison, lang)}",
        ),
        [say(lang, "Utfall", "Outcome"), *(letter(a) for a in range(count))],
        ["text", *(["share"] * count)],  # type: ignore[list-item]
    )
    shares = [comparison.stopped(a, area) for a in range(count)]
    for at, word in enumerate(OUTCOMES):
        table.rows.append([word.label(lang), *(float(s[at]) for s in shares)])
    return table


def _year(comparison: Comparison, lang: str) -> str:
    """The year that the gates are about: «de tolv månedene fram til des. 2027»."""
    until = month_name(int(comparison.label[:4]), int(comparison.label[5:]), lang)
    return say(lang, f"de tolv månedene fram til {until}", f"the twelve months until {until}")


def _shows(cell: str) -> bool:
    """Whether a written number is more than nothing."""
    return any(digit in cell for digit in "123456789")


def gate_shares(comparison: Comparison, area: str, lang: str) -> Table:
    """Each gate's Shapley share: of what is lost in the null alternative, and of each alternative's gain (percentage points).

    Gates that neither take nor give anything are left out.
    """
    count = len(comparison.alternatives)
    table = Table(
        say(
            lang,
            f"Barrierenes andeler etter Shapley, prosentpoeng, {_year(comparison, lang)}",
            f"The gates' Shapley shares, percentage points, {_year(comparison, lang)}",
        ),
        [
            say(lang, "Barriere", "Gate"),
            say(lang, "Tap i nullalternativet", "Loss in the null alternative"),
            *(f"{say(lang, 'Gevinst', 'Gain')} {letter(a)}" for a in range(1, count)),
        ],
        ["text", *(["number"] * count)],  # type: ignore[list-item]
    )
    loss = comparison.gates_loss(0, area)
    gains = [comparison.gates_gain(a, area) for a in range(1, count)]
    for word in GATES:
        cells = [number(100 * v, lang, 2) for v in (loss[word.key], *(g[word.key] for g in gains))]
        if any(_shows(cell) for cell in cells):
            table.rows.append([word.label(lang), *cells])
    totals = [sum(loss.values()), *(sum(g.values()) for g in gains)]
    table.rows.append([say(lang, "Sum", "Total"), *(number(100 * v, lang, 2) for v in totals)])
    return table


def packages(comparison: Comparison, lang: str) -> Table:
    """What each intervention contributes to its package's gain (Shapley)."""
    table = Table(
        say(
            lang,
            "Tiltakenes andeler av pakkens gevinst etter Shapley, prosentpoeng",
            "The interventions' Shapley shares of the package's gain, percentage points",
        ),
        [
            say(lang, "Pakke", "Package"),
            say(lang, "Tiltak", "Intervention"),
            say(lang, "I pakken", "In the package"),
            say(lang, "Alene", "Alone"),
            say(lang, "Trekk", "Draws"),
        ],
        ["text", "text", "number", "number", "count"],
    )
    for a, shares in comparison.within.items():
        worth = comparison.coalitions[a]
        for one in comparison.alternatives[a].interventions:
            alone = worth[frozenset({one.key})] - worth[frozenset()]
            table.rows.append(
                [
                    letter(a),
                    one.title(lang),
                    spread(100 * shares[one.key], lang, 2),
                    spread(100 * alone, lang, 2),
                    len(alone),
                ]
            )
    return table


def regions(comparison: Comparison, lang: str) -> Table:
    """The gain in the hospitals' sync rate by region."""
    count = len(comparison.alternatives)
    table = Table(
        say(lang, "Gevinst i sykehusene, prosentpoeng", "Gain in hospitals, percentage points"),
        [say(lang, "Region", "Region"), *(letter(a) for a in range(1, count))],
        ["text", *(["number"] * (count - 1))],  # type: ignore[list-item]
    )
    for region, values in comparison.regions.items():
        gains = 100 * (values[1:] - values[0])
        table.rows.append([region, *(spread(g, lang, 1) if np.isfinite(g).all() else "\u2013" for g in gains)])
    return table


def by_year(comparison: Comparison, area: str, lang: str) -> Table:
    """Median cost in each calendar year in which something costs."""
    medians = [np.median(comparison.cost_by_year(a, area), axis=0) for a in range(1, len(comparison.alternatives))]
    cells = [[number(m, lang, 2) for m in row] for row in medians]
    used = [y for y in range(len(years(comparison))) if any(_shows(row[y]) for row in cells)]
    table = Table(
        say(lang, "Kostnad per år, mill. 2024-kroner (median)", "Cost per year, million 2024 NOK (median)"),
        [say(lang, "Alternativ", "Alternative"), *(str(years(comparison)[y]) for y in used)],
        ["text", *(["number"] * len(used))],  # type: ignore[list-item]
    )
    for a, row in enumerate(cells, start=1):
        table.rows.append([name(comparison, a, lang), *(row[y] for y in used)])
    return table


def by_payer(comparison: Comparison, area: str, lang: str) -> Table:
    """What each pays, up to the target month."""
    decimals = 1 if area == NATIONAL else 2
    paid = [comparison.cost_by_payer(a, area) for a in range(len(comparison.alternatives))]
    payers = [word for word in DECIDERS if any(word.key in p for p in paid)]
    table = Table(
        say(
            lang,
            "Hvem som betaler, mill. 2024-kroner fram til målmåneden",
            "Who pays, million 2024 NOK up to the target month",
        ),
        [say(lang, "Alternativ", "Alternative"), *(word.label(lang) for word in payers)],
        ["text", *(["number"] * len(payers))],  # type: ignore[list-item]
    )
    for a in range(1, len(comparison.alternatives)):
        shares = (spread(paid[a][w.key], lang, decimals) if w.key in paid[a] else "\u2013" for w in payers)
        table.rows.append([name(comparison, a, lang), *shares])
    return table


def assumptions(comparison: Comparison, lang: str) -> Table:
    """Every effect and cost prior of the interventions, and what an entry saves of time, with unit, source and tag."""
    table = Table(
        say(lang, "Forutsetninger om virkning og kostnad", "Assumptions about effect and cost"),
        [
            say(lang, "Tiltak", "Intervention"),
            say(lang, "Hva", "What"),
            say(lang, "Verdi", "Value"),
            say(lang, "Enhet", "Unit"),
            say(lang, "Kilde", "Source"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Begrunnelse", "Reason"),
        ],
        ["text", "text", "number", "text", "text", "text", "text"],
    )
    seen = set()
    for one in (i for a in comparison.alternatives for i in a.interventions):
        if one.key in seen:
            continue
        seen.add(one.key)
        named = _places(load(comparison.loaded.given, (one,)).scenario, lang)
        found = [(named.get(p, ".".join(p)), q) for p, q in _effects(one.form.adds)]
        for at, cost in enumerate(one.form.costs):
            what = cost.name if lang == "nb" else cost.name_en or cost.name
            found += [(what, q) for p, q in parameters(cost, ("costs", at))]
        table.rows.extend(_assumption(one.key, what, q, lang) for what, q in found)
    benefit = comparison.loaded.scenario.benefit
    hours = say(lang, "sparte timer", "saved hours")
    for what, q in (
        (say(lang, "spart dobbeltdokumentasjon", "double documentation saved"), benefit.documentation_minutes),
        (say(lang, "spart oppslag i portalen", "look-up in the portal saved"), benefit.lookup_minutes),
    ):
        table.rows.append(_assumption(hours, what, q, lang))
    return table


def _assumption(owner: str, what: str, q: Parameter, lang: str) -> list[str]:
    unit = _WORDS[q.unit].label(lang) if q.unit in _WORDS else q.unit
    return [owner, what, _range(q, lang), unit, q.source, _WORDS[q.tag].label(lang), q.note or ""]


def _effects(node: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Parameter]]:
    """The parameters that an intervention adds, each with its place (a named thing by its name)."""
    if isinstance(node, dict):
        if node.keys() & {"value", "distribution"}:
            return [(path, Parameter.model_validate(node))]
        here = (*path, str(node["name"])) if "name" in node else path
        return [f for key, value in node.items() for f in _effects(value, (*here, key))]
    return [f for item in node for f in _effects(item, path)] if isinstance(node, list) else []


def _places(scenario: Scenario, lang: str) -> dict[tuple[str, ...], str]:
    """What the parameters of a scenario are called, by place; a named thing of a list by its name, as in ``_effects``."""
    found = {}
    for path, _ in parameters(scenario):
        node: Any = scenario
        place: list[str] = []
        for key in path:
            node = getattr(node, str(key)) if isinstance(node, BaseModel) else node[key]
            if not isinstance(key, int):
                place.append(key)
            elif name := getattr(node, "name", None):
                place.append(str(name))
        found[tuple(place)] = title(scenario, path, lang)
    return found


def _range(parameter: Parameter, lang: str) -> str:
    def show(value: float) -> str:
        digits = 0 if abs(value) >= 20 or value == int(value) else 1 if abs(value) >= 2 else 3
        return number(value, lang, digits)

    if parameter.value is not None:
        return show(parameter.value)
    low, middle, high = (float(q) for q in parameter.quantile(np.array([0.05, 0.5, 0.95])))
    return f"{show(middle)} ({show(low)} {say(lang, 'til', 'to')} {show(high)})"


def acceptable(comparison: Comparison, area: str, willingness: float | None, lang: str) -> Table:
    """How often each alternative pays best, at a few values of an extra synced entry."""
    grid = comparison.willingness(area)
    values = sorted(
        {*(float(grid[i]) for i in (0, 10, 25, 50, 75, 100)), *([] if willingness is None else [willingness])}
    )
    shares = comparison.acceptability(np.array(values), area)
    table = Table(
        say(
            lang,
            "Andel av trekkene der alternativet gir størst netto nytte, etter verdien av en ekstra oppføring",
            "Share of the draws in which the alternative has the highest net benefit, by the worth of an extra entry",
        ),
        [say(lang, "Alternativ", "Alternative"), *(f"{number(v, lang)} kr" for v in values)],
        ["text", *(["share"] * len(values))],  # type: ignore[list-item]
    )
    for a, row in enumerate(shares):
        table.rows.append([name(comparison, a, lang), *(float(v) for v in row)])
    return table


def gate_names(lang: str) -> dict[str, str]:
    """The gates' short names by key."""
    return {word.key: word.label(lang).split(" (")[0] for word in GATES}


def sources(comparison: Comparison, lang: str) -> Table:
    """The sources that the interventions and the discounting rest on."""
    c = comparison
    used = {"R-109-2021"}
    for one in (i for a in c.alternatives for i in a.interventions):
        used.add(data.source_key(one.form.source))
        used |= {data.source_key(q.source) for _, q in (*_effects(one.form.adds), *parameters(one.form))}
    benefit = c.loaded.scenario.benefit
    used |= {data.source_key(q.source) for q in (benefit.documentation_minutes, benefit.lookup_minutes)}
    known = data.sources(c.loaded.data_folder)
    table = Table(
        say(lang, "Kildene til tiltakene; scenarioets egne står i prognosens rapport", "The interventions' sources"),
        [
            say(lang, "Nøkkel", "Key"),
            say(lang, "Tittel", "Title"),
            say(lang, "Utgiver", "Publisher"),
            say(lang, "Dato", "Date"),
        ],
        ["text"] * 4,
    )
    table.rows.extend([s.key, s.title, s.publisher, s.date] for s in known.values() if s.key in used)
    return table
