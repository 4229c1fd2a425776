"""The tables of a comparison, for the report and for standard output; numbers are set as people write them."""

from __future__ import annotations

import numpy as np

from sim.experiments.compare import NATIONAL, Comparison, Gain
from sim.experiments.compare_rows import years
from sim.experiments.paired import Difference, Ratio
from sim.faces.report.compare_charts import letter
from sim.faces.report.table import Table, say
from sim.language import number
from sim.scenario import data
from sim.scenario.parameter import Parameter
from sim.scenario.schema import parameters
from sim.vocabulary import DECIDERS, GATES, OUTCOMES, TAGS, UNITS, words

_WORDS = words(GATES, DECIDERS, TAGS, UNITS)


def points(d: Difference, lang: str) -> str:
    """«1,2 (0,4 til 3,1)» percentage points."""
    to = say(lang, "til", "to")
    return f"{number(100 * d.p50, lang, 1)} ({number(100 * d.p05, lang, 1)} {to} {number(100 * d.p95, lang, 1)})"


def spread(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]], lang: str, decimals: int = 0) -> str:
    """Median and 90 % interval of a sample."""
    low, middle, high = (float(q) for q in np.quantile(sample, (0.05, 0.5, 0.95)))
    to = say(lang, "til", "to")
    return f"{number(middle, lang, decimals)} ({number(low, lang, decimals)} {to} {number(high, lang, decimals)})"


def kroner(ratio: Ratio, lang: str, interval: bool = False) -> str:
    """A ratio in kroner, or in words where it has no meaning as a number."""
    if ratio.kind == "unclear":
        return say(lang, "gevinsten er ikke skilt fra null", "the gain is not told from zero")
    if ratio.kind == "dominated":
        return say(lang, "gir mindre enn nullalternativet", "gives less than the null alternative")
    if ratio.kind == "dominates":
        return say(lang, "sparer penger og gir mer", "saves money and gives more")
    digits = 0 if ratio.value >= 20 else 1
    text = number(ratio.value, lang, digits)
    if interval:
        text += f" ({number(ratio.low, lang, digits)} {say(lang, 'til', 'to')} {number(ratio.high, lang, digits)})"
    return text


def times(share: float, replications: int, lang: str) -> str:
    """«72 av 100»."""
    return f"{round(share * replications)} {say(lang, 'av', 'of')} {replications}"


def summary(comparison: Comparison, area: str, lang: str) -> Table:
    """One row per alternative: gain, extra entries, cost, cost per entry, how often best."""
    best = comparison.best(area)
    table = Table(
        say(lang, "Alternativene mot nullalternativet", "The alternatives against the null alternative"),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Prosentpoeng", "Percentage points"),
            say(lang, "Ekstra oppføringer", "Extra entries"),
            say(lang, "Kostnad, mill. kr", "Cost, MNOK"),
            say(lang, "Kr per ekstra oppføring", "NOK per extra entry"),
            say(lang, "Best", "Best"),
        ],
        ["text", "number", "number", "number", "number", "number"],
    )
    for a, one in enumerate(comparison.alternatives):
        row = [f"{letter(a)} {one.title(lang)}"]
        if a == 0:
            row += ["\u2013"] * 4
        else:
            row += [
                points(comparison.difference(a, "rate", area), lang),
                spread(comparison.gains("synced", area)[a], lang),
                spread(comparison.cost(area)[a], lang, 1 if area == NATIONAL else 2),
                kroner(comparison.ratio(a, "synced", area), lang),
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
    """Cost per gain of every kind, undiscounted and discounted, with Fieller's interval."""
    kinds: list[tuple[Gain, str]] = [
        ("synced", say(lang, "ekstra synkronisert oppføring", "extra synced entry")),
        ("citizens", say(lang, "ekstra innbygger med informasjon", "extra citizen with information")),
        ("hours", say(lang, "spart time", "saved hour")),
        ("rate", say(lang, "prosentpoeng", "percentage point")),
    ]
    table = Table(
        say(
            lang,
            "Kroner per gevinst: forholdet mellom gjennomsnittene, med Fiellers 90 %-intervall",
            "NOK per gain: the ratio of the means, with Fieller's 90% interval",
        ),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Per", "Per"),
            say(lang, "Udiskontert", "Undiscounted"),
            say(lang, "Diskontert", "Discounted"),
        ],
        ["text", "text", "number", "number"],
    )
    for a in range(1, len(comparison.alternatives)):
        for what, name in kinds:
            if comparison.has(what, area):
                table.rows.append(
                    [
                        f"{letter(a)} {comparison.alternatives[a].title(lang)}",
                        name,
                        kroner(comparison.ratio(a, what, area), lang, True),
                        kroner(comparison.ratio(a, what, area, True), lang, True),
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
        for what, name in names.items():
            if not comparison.has(what, area):
                continue
            d = comparison.difference(a, what, area)
            factor, digits = (100, 2) if what == "rate" else (1, 0)
            mean, low, high = (number(factor * v, lang, digits) for v in (d.mean, d.mean_low, d.mean_high))
            table.rows.append(
                [
                    f"{letter(a)} {comparison.alternatives[a].title(lang)}",
                    name,
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
        say(lang, "Første barriere som stoppet oppføringen", "The first gate that stopped the entry"),
        [say(lang, "Utfall", "Outcome"), *(letter(a) for a in range(count))],
        ["text", *(["share"] * count)],  # type: ignore[list-item]
    )
    shares = [comparison.stopped(a, area) for a in range(count)]
    for at, word in enumerate(OUTCOMES):
        table.rows.append([word.label(lang), *(float(s[at]) for s in shares)])
    return table


def gate_shares(comparison: Comparison, area: str, lang: str) -> Table:
    """Each gate's Shapley share: of what is lost in the null alternative, and of each alternative's gain (percentage points)."""
    count = len(comparison.alternatives)
    table = Table(
        say(
            lang,
            "Barrierenes andeler etter Shapley, prosentpoeng siste år",
            "The gates' Shapley shares, percentage points in the last year",
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
        values = [loss[word.key], *(g[word.key] for g in gains)]
        table.rows.append([word.label(lang), *(number(100 * v, lang, 2) for v in values)])
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
    for name, values in comparison.regions.items():
        gains = 100 * (values[1:] - values[0])
        table.rows.append([name, *(spread(g, lang, 1) if np.isfinite(g).all() else "\u2013" for g in gains)])
    return table


def by_year(comparison: Comparison, area: str, lang: str) -> Table:
    """Median cost in each calendar year."""
    table = Table(
        say(lang, "Kostnad per år, mill. 2024-kroner (median)", "Cost per year, million 2024 NOK (median)"),
        [say(lang, "Alternativ", "Alternative"), *map(str, years(comparison))],
        ["text", *(["number"] * len(years(comparison)))],  # type: ignore[list-item]
    )
    for a in range(1, len(comparison.alternatives)):
        medians = np.median(comparison.cost_by_year(a, area), axis=0)
        table.rows.append(
            [f"{letter(a)} {comparison.alternatives[a].title(lang)}", *(number(m, lang, 2) for m in medians)]
        )
    return table


def assumptions(comparison: Comparison, lang: str) -> Table:
    """Every effect and cost prior of the interventions, with unit, source and tag."""
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
        found = [(".".join(map(str, p)), q) for p, q in _effects(one.form.adds)]
        for at, cost in enumerate(one.form.costs):
            what = cost.name if lang == "nb" else cost.name_en or cost.name
            found += [(what, q) for p, q in parameters(cost, ("costs", at))]
        for what, q in found:
            table.rows.append(
                [
                    one.key,
                    what,
                    _range(q, lang),
                    _WORDS[q.unit].label(lang) if q.unit in _WORDS else q.unit,
                    q.source,
                    _WORDS[q.tag].label(lang),
                    q.note or "",
                ]
            )
    return table


def _effects(node: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Parameter]]:
    """The parameters that an intervention adds, each with its place (a named thing by its name)."""
    if isinstance(node, dict):
        if node.keys() & {"value", "distribution"}:
            return [(path, Parameter.model_validate(node))]
        here = (*path, str(node["name"])) if "name" in node else path
        return [f for key, value in node.items() for f in _effects(value, (*here, key))]
    return [f for item in node for f in _effects(item, path)] if isinstance(node, list) else []


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
        table.rows.append([f"{letter(a)} {comparison.alternatives[a].title(lang)}", *(float(v) for v in row)])
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
