"""The comparison's report: its findings, charts and tables as one HTML document."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from sim.experiments.compare import NATIONAL, Comparison, letter
from sim.experiments.summary import FEW
from sim.faces.report import compare_charts as charts
from sim.faces.report import compare_tables as tables
from sim.faces.report import document, drawing
from sim.faces.report.compare_words import (
    cheapest,
    cheapest_told,
    late_starters,
    leader,
    narrow_reach,
    past_starters,
    place,
    turns,
    when,
    worth,
)
from sim.faces.report.document import Chart
from sim.faces.report.table import Table, say
from sim.language import month_name, number, percent


def figures(comparison: Comparison, lang: str) -> dict[str, Figure]:
    """All charts by name: «national-gains», «trust-plane» …"""
    found: dict[str, Figure] = {}
    for area, name in _areas(comparison):
        leading = leader(comparison, area)
        found[f"{name}-gains"] = charts.gains(comparison, area, lang)
        found[f"{name}-development"] = charts.development(comparison, area, lang)
        found[f"{name}-barriers"] = charts.barriers(comparison, leading, area, lang)
        found[f"{name}-gates"] = charts.gates(comparison, area, lang)
        found[f"{name}-plane"] = charts.plane(comparison, area, lang)
        found[f"{name}-acceptability"] = charts.acceptability(comparison, area, lang)
    return found


def render(comparison: Comparison, made: dict[str, Figure], repeat: str, willingness: float | None, lang: str) -> str:
    """The whole report as HTML; ``made`` are the charts, ``repeat`` the command that makes it again."""
    c, scenario = comparison, comparison.loaded.scenario
    title = scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en
    found: dict[str, Chart] = {}
    for area, name in _areas(c):
        for chart in _charts(c, made, area, name, willingness, lang):
            found[chart.name] = chart
    return document.render(
        "compare.html.j2",
        lang,
        {
            "title": title,
            "conclusion": conclusion(c, willingness, lang),
            "charts": found,
            "chosen": tables.chosen(c, lang),
            "null": say(
                lang,
                f"Nullalternativet er scenarioet «{scenario.title}» uten nye tiltak. Målmåneden er {when(c, lang)}.",
                f"The null alternative is the scenario «{title}» without new interventions. The target month is {when(c, lang)}.",
            ),
            "areas": [
                {
                    "name": name,
                    "title": place(c, area, lang),
                    "summary": tables.summary(c, area, lang),
                    "ratios": tables.ratios(c, area, lang),
                    "differences": tables.differences(c, area, lang),
                    "by_payer": tables.by_payer(c, area, lang),
                    "by_year": tables.by_year(c, area, lang),
                }
                for area, name in _areas(c)
            ],
            "regions": tables.regions(c, lang),
            "packages": tables.packages(c, lang),
            "assumptions": tables.assumptions(c, lang),
            "sources": tables.sources(c, lang),
            "discounting": discounting(c, lang),
            "repeat": repeat,
            "origin": say(
                lang,
                f"Scenario: {c.loaded.name} · {c.replications} trekk · frø {c.seed}",
                f"Scenario: {c.loaded.name} · {c.replications} draws · seed {c.seed}",
            ),
            "hash": c.loaded.hash,
            "scenario": c.loaded.name,
        },
    )


def discounting(comparison: Comparison, lang: str) -> str:
    """How discounting was done, and after what."""
    rate, year = percent(comparison.discount_rate, lang), comparison.base_year
    return say(
        lang,
        f"Beløp er i 2024-kroner. Diskonterte tall bruker {rate} per år (Finansdepartementets rundskriv R-109/21, som DFØs "
        f"veileder følger; evidensgrad: planlagt) og er henført til {year}; oppføringer og timer er da diskontert likt. "
        "Innbyggere og prosentpoeng er nivåer i målmåneden og diskonteres ikke.",
        f"Amounts are in 2024 kroner. Discounted figures use {rate} a year (circular R-109/21 of the Ministry of Finance, "
        f"which DFØ's guide follows; tag: planned) as of {year}; entries and hours are then discounted alike. "
        "Citizens and percentage points are levels in the target month and are not discounted.",
    )


def conclusion(comparison: Comparison, willingness: float | None, lang: str) -> list[str]:
    """The answer in a few sentences, and warnings."""
    c, found = comparison, []
    for area, _ in _areas(c):
        a = leader(c, area)
        d = c.difference(a, "rate", area)
        name = c.alternatives[a].short(lang)
        best = c.best(area)
        where = say(lang, "I hele scenarioet", "In the whole scenario") if area == NATIONAL else area
        found.append(
            say(
                lang,
                f"{where}: størst virkning i median har {letter(a)} ({name}), med {tables.points(d, lang)} prosentpoeng høyere "
                f"synkroniseringsgrad i {when(c, lang)}; den har størst virkning i {tables.times(best[a], c.replications, lang)} trekk.",
                f"{where}: {letter(a)} ({name}) has the largest median effect, {tables.points(d, lang)} percentage points on the sync "
                f"rate in {when(c, lang)}; its effect is largest in {tables.times(best[a], c.replications, lang)} draws.",
            )
        )
        if len(c.alternatives[a].interventions) > 1:
            found.append(
                say(
                    lang,
                    "En pakke virker nesten alltid minst like mye som delene sine; om den er verd pengene, er et annet spørsmål.",
                    "A package nearly always has at least the effect of its parts; whether it is worth the money is another question.",
                )
            )
        found.append(f"{say(lang, 'Verd pengene', 'Worth the money')}: {worth(c, area, willingness, lang)}")
        b = cheapest(c, area)
        if b is not None:
            found.append(
                say(
                    lang,
                    f"Lavest kostnad per ekstra synkronisert oppføring (median) har {letter(b)} ({c.alternatives[b].short(lang)}): "
                    f"{tables.kroner(c.ratio(b, 'synced', area), lang)} kr.",
                    f"The lowest cost per extra synced entry (median) is that of {letter(b)} ({c.alternatives[b].short(lang)}): "
                    f"NOK {tables.kroner(c.ratio(b, 'synced', area), lang)}.",
                )
            )
    late = late_starters(c)
    if late:
        found.append(
            say(
                lang,
                f"Begynner etter målmåneden og kan ikke virke før den: {', '.join(late)}.",
                f"Begins after the target month and cannot work before it: {', '.join(late)}.",
            )
        )
    found += [line for line in (past_starters(c, lang), narrow_reach(c, lang)) if line]
    if c.replications < FEW:
        found.append(
            say(
                lang,
                f"Bare {c.replications} trekk: intervallene er usikre. Bruk minst {FEW}.",
                f"Only {c.replications} draws: the intervals are uncertain. Use at least {FEW}.",
            )
        )
    return found


def _areas(comparison: Comparison) -> list[tuple[str, str]]:
    return [(area, "national" if area == NATIONAL else "trust") for area in comparison.areas]


def _charts(
    c: Comparison, made: dict[str, Figure], area: str, name: str, willingness: float | None, lang: str
) -> list[Chart]:
    found: list[Chart] = []
    where = place(c, area, lang)
    a = leader(c, area)
    best_name = f"{letter(a)} ({c.alternatives[a].short(lang)})"
    d = c.difference(a, "rate", area)

    def add(kind: str, finding: str, what: str, reading: str, numbers: list[Table]) -> None:
        key = f"{name}-{kind}"
        svg = drawing.svg(made[key], key, f"{finding}. {what}")
        found.append(Chart(key, finding, f"{where}. {what}", svg, reading, numbers))

    three = say(
        lang,
        "Bokstavene er alternativene i tabellen; vises ikke alle, er det de fire med høyest median i hele scenarioet (og stedets egen).",
        "The letters are the alternatives of the table; if not all are shown, it is the four with the highest median in the whole scenario (and the place's own).",
    )
    add(
        "gains",
        say(
            lang,
            f"{letter(a)} gir mest: {number(100 * d.p50, lang, tables.point_digits(d))} prosentpoeng",
            f"{letter(a)} gives most: {number(100 * d.p50, lang, tables.point_digits(d))} percentage points",
        ),
        say(
            lang,
            f"Økt synkroniseringsgrad for nye oppføringer i {when(c, lang)}, mot nullalternativet",
            f"Increase in the sync rate of new entries in {when(c, lang)}, against the null alternative",
        ),
        say(
            lang,
            "Strek: median; tykk: 50 % av trekkene; tynn: 90 %. I 9 av 10 trekk ligger forskjellen på den tynne streken.",
            "Mark: median; thick: 50% of the draws; thin: 90%. In 9 of 10 draws the difference lies on the thin bar.",
        ),
        [],  # the summary stands above
    )
    null = float(np.median(c.values("rate", area)[0]))
    add(
        "development",
        say(
            lang,
            f"{percent(null, lang)} i nullalternativet; {letter(a)} legger til {tables.points(d, lang)} prosentpoeng",
            f"{percent(null, lang)} in the null alternative; {letter(a)} adds {tables.points(d, lang)} percentage points",
        ),
        say(lang, "Synkroniseringsgrad for nye oppføringer, median", "Sync rate of new entries, median"),
        say(
            lang,
            "0: nullalternativet; prikket strek: målmåneden. Gevinsten i overskriften er medianen av forskjellen trekk for trekk; "
            "avstanden mellom kurvene er forskjellen mellom medianene, som kan være en litt annen. ",
            "0: the null alternative; dotted: the target month. The gain in the heading is the median of the difference draw by "
            "draw; the distance between the curves is the difference of the medians, which may differ a little. ",
        )
        + three,
        [_medians(c, area, lang)],
    )
    loss = c.gates_loss(0, area)
    gain = c.gates_gain(a, area)
    first, most = max(loss, key=lambda g: loss[g]), max(gain, key=lambda g: gain[g])
    named = tables.gate_names(lang)
    add(
        "barriers",
        say(
            lang,
            f"I nullalternativet går mest tapt ved «{named[first]}»; {letter(a)} flytter mest ved «{named[most]}»",
            f"In the null alternative most is lost at «{named[first]}»; {letter(a)} moves most at «{named[most]}»",
        ),
        say(
            lang,
            f"Oppføringer de tolv månedene fram til {when(c, lang)} etter første barriere som stoppet dem, uten og med {best_name}",
            f"Entries of the twelve months until {when(c, lang)} by the first gate that stopped them, without and with {best_name}",
        ),
        say(
            lang,
            "Den første barrieren som stopper, står som årsak; en oppføring kan mangle flere ting. Tapene her er derfor andre enn Shapley-"
            "andelene i neste tabell, for de samme tolv månedene: her får den barrieren som kommer først i rekkefølgen, hele oppføringen.",
            "The first gate that stops is the reason on record; an entry may lack several things. The losses here are thus others than the "
            "Shapley shares in the next table, for the same twelve months: here the gate that comes first in order gets the whole entry.",
        ),
        [tables.barriers(c, area, lang)],
    )
    add(
        "gates",
        say(
            lang,
            f"Gevinsten av {letter(a)} kommer mest fra «{named[most]}» ({number(100 * gain[most], lang, 1)} av {number(100 * sum(gain.values()), lang, 1)} prosentpoeng)",
            f"The gain of {letter(a)} comes mostly from «{named[most]}» ({number(100 * gain[most], lang, 1)} of {number(100 * sum(gain.values()), lang, 1)} percentage points)",
        ),
        say(
            lang,
            "Barrierenes andeler av gevinsten etter Shapley, prosentpoeng, siste tolv måneder",
            "The gates' Shapley shares of the gain, percentage points, last twelve months",
        ),
        say(
            lang,
            "Hver andel er gjennomsnittet over alle rekkefølger barrierene kan lettes i; de summerer til gevinsten (i parentes). "
            "En negativ andel betyr at flere kommer forbi en tidligere barriere og stoppes ved denne i stedet. «Tap i nullalternativet» i "
            "tabellen deler det samme tapet som fossefallet over, for de samme tolv månedene, men på en annen måte: andelen som "
            "synkroniseres, er produktet av sjansene for å passere hver barriere, og en oppføring som ville ha stoppet ved to, teller "
            "halvt for hver. Tidlige barrierer får derfor mindre og sene mer enn i fossefallet; summene er like. ",
            "Each share is the mean over all orders in which the gates could be eased; they add up to the gain (in brackets). "
            "A negative share means that more come past an earlier gate and are stopped at this one instead. «Loss in the null "
            "alternative» in the table divides the same loss as the waterfall above, for the same twelve months, but in another way: the "
            "share that is synced is the product of the chances of passing each gate, and an entry that would have stopped at two counts "
            "half for each. Early gates thus get less and late ones more than in the waterfall; the totals are the same. ",
        )
        + three,
        [tables.gate_shares(c, area, lang)],
    )
    add(
        "plane",
        cheapest_told(c, area, lang),
        say(
            lang,
            f"Kostnad-virkning-planet, summert fram til {when(c, lang)}, udiskontert",
            f"Cost-effectiveness plane, summed up to {when(c, lang)}, undiscounted",
        ),
        say(
            lang,
            "Hvert punkt er ett trekk. Øverst til høyre: koster og gir mer; nederst til høyre: sparer og gir mer; øverst til venstre: "
            "koster og gir mindre. Under en stiplet linje er prisen per oppføring lavere enn beløpet på linjen. ",
            "Each mark is one draw. Upper right: costs and gives more; lower right: saves and gives more; upper left: costs and "
            "gives less. Below a dashed line the price per entry is lower than the amount on it. ",
        )
        + three,
        [],  # the ratios stand below
    )
    add(
        "acceptability",
        turns(c, area, lang),
        say(
            lang,
            "Andel av trekkene der alternativet gir størst netto nytte, med nullalternativet",
            "Share of the draws in which the alternative has the highest net benefit, the null alternative included",
        ),
        say(
            lang,
            "Vannrett: hva en ekstra synkronisert oppføring er verdt. 0: nullalternativet. ",
            "Horizontal: what an extra synced entry is worth. 0: the null alternative. ",
        )
        + three,
        [tables.acceptable(c, area, willingness, lang)],
    )
    return found


def _medians(c: Comparison, area: str, lang: str) -> Table:
    """The median sync rate of every alternative at the end of each year."""
    count = len(c.alternatives)
    table = Table(
        say(lang, "Synkroniseringsgrad, median", "Sync rate, median"),
        [say(lang, "Måned", "Month"), *(letter(a) for a in range(count))],
        ["text", *(["share"] * count)],  # type: ignore[list-item]
    )
    for month, label in enumerate(c.model.calendar.labels):
        if label.endswith("-12") or month == c.month:
            rates = [float(np.nanmedian(c.outcomes[a, area].series["sync_rate_new"][:, month])) for a in range(count)]
            table.rows.append([month_name(int(label[:4]), int(label[5:]), lang), *rates])
    return table
