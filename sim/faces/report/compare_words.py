"""What is said of a comparison, and which of its alternatives are shown: the same in the report and on the page."""

from __future__ import annotations

import numpy as np

from sim.experiments.compare import NATIONAL, Comparison, letter
from sim.faces.report import compare_tables as tables
from sim.faces.report.table import say
from sim.language import month_name, number, percent

SHOWN = 4  # alternatives that share a panel


def top(comparison: Comparison, area: str = NATIONAL) -> list[int]:
    """The alternatives that the charts of a few series show, in their own order: those with the highest median gain in the whole
    scenario, and the one with the highest in the area."""
    medians = np.median(comparison.gains("rate"), axis=1)
    here = np.median(comparison.gains("rate", area), axis=1)
    order = sorted(range(1, len(medians)), key=lambda a: -medians[a])
    leading = 1 + int(np.argmax(here[1:]))
    return sorted({*order[:SHOWN]} if leading in order[:SHOWN] else {*order[: SHOWN - 1], leading})


def leader(comparison: Comparison, area: str) -> int:
    """The alternative with the highest median gain (not the null alternative)."""
    return 1 + int(np.argmax(np.median(comparison.gains("rate", area)[1:], axis=1)))


def place(comparison: Comparison, area: str, lang: str) -> str:
    """What the area is called: the hospital, or the whole scenario."""
    if area != NATIONAL:
        return area
    return say(lang, "Hele scenarioet", "The whole scenario")


def when(comparison: Comparison, lang: str) -> str:
    """The target month in words."""
    return month_name(int(comparison.label[:4]), int(comparison.label[5:]), lang)


def worth(comparison: Comparison, area: str, willingness: float | None, lang: str) -> str:
    """Which alternative gives most net benefit, by what an extra entry is worth: where each takes over, or at what was asked."""
    steps = comparison.frontier(area)

    def called(a: int) -> str:
        return say(lang, "nullalternativet", "the null alternative") if a == 0 else letter(a)

    if willingness is not None:
        a = [b for at, b in steps if at <= willingness][-1]
        share = float(comparison.acceptability(np.array([willingness]), area)[a, 0])
        amount = number(willingness, lang)
        return say(
            lang,
            f"er en ekstra oppføring verd {amount} kr, gir {called(a)} størst netto nytte i gjennomsnitt, og i {percent(share, lang)} av trekkene.",
            f"if an extra entry is worth NOK {amount}, {called(a)} gives the highest net benefit on average, and in {percent(share, lang)} of the draws.",
        )
    if len(steps) == 1:
        only = called(steps[0][1])
        return say(
            lang,
            f"{only} gir størst netto nytte i gjennomsnitt, hva en ekstra oppføring enn er verd.",
            f"{only} gives the highest net benefit on average, whatever an extra entry is worth.",
        )
    told = [
        say(lang, f"fra {tables.price(at, lang)} kr: {called(a)}", f"from NOK {tables.price(at, lang)}: {called(a)}")
        for at, a in steps[1:]
    ]
    first = say(
        lang,
        f"er en ekstra oppføring, ny eller gammel, verd under {tables.price(steps[1][0], lang)} kr, gir {called(steps[0][1])} størst netto nytte i gjennomsnitt",
        f"if an extra entry, new or old, is worth less than NOK {tables.price(steps[1][0], lang)}, {called(steps[0][1])} gives the highest net benefit on average",
    )
    return "; ".join([first, *told]) + "."


def turns(c: Comparison, area: str, lang: str) -> str:
    """Where another alternative takes over as the one with the highest mean net benefit."""
    steps = c.frontier(area)
    if len(steps) == 1:
        a = steps[0][1]
        return say(
            lang,
            f"{say(lang, 'Nullalternativet', '') if a == 0 else letter(a)} lønner seg best i gjennomsnitt, uansett hva en oppføring er verd",
            f"{'The null alternative' if a == 0 else letter(a)} pays best on average, whatever an entry is worth",
        )
    told = [f"{letter(a)} {say(lang, 'fra', 'from NOK')} {tables.price(at, lang)}" for at, a in steps[1:]]
    return say(
        lang,
        f"Lønner seg best i gjennomsnitt, etter hva en oppføring er verd: {', '.join(told)} kr",
        f"Pays best on average, by what an entry is worth: {', '.join(told)}",
    )


def cheapest(comparison: Comparison, area: str) -> int | None:
    """The alternative with the lowest median price per extra synced entry, of those that cost and gain; None where there is none."""
    found = [(comparison.ratio(a, "synced", area), a) for a in range(1, len(comparison.alternatives))]
    prices = [(r.p50, a) for r, a in found if r.kind == "plain" and np.isfinite(r.p50)]
    return min(prices)[1] if prices else None


def cheapest_told(comparison: Comparison, area: str, lang: str) -> str:
    """What the cost-effectiveness plane shows in one line: who costs least per extra entry."""
    a = cheapest(comparison, area)
    if a is None:
        return say(
            lang, "Ingen har en pris per oppføring som kan fastslås", "None has a price per entry that can be settled"
        )
    amount = tables.kroner(comparison.ratio(a, "synced", area), lang)
    return say(
        lang,
        f"{letter(a)} koster minst per ekstra oppføring i median: {amount} kr",
        f"{letter(a)} costs least per extra entry in the median: NOK {amount}",
    )


def thresholds(comparison: Comparison, area: str, chosen: list[int]) -> list[float]:
    """Three round amounts (kroner per extra synced entry) for the plane's lines."""
    found = [comparison.ratio(a, "synced", area) for a in chosen]
    highest = 2 * max([*(r.value for r in found if r.kind == "plain"), 500.0])
    return [float(f"{highest * part:.1g}") for part in (0.1, 0.3, 1.0)]


def late_starters(comparison: Comparison) -> list[str]:
    """The interventions that begin after the target month."""
    names = {i.name for a in comparison.alternatives for i in a.interventions if i.start > comparison.label}
    return sorted(names)


def past_starters(comparison: Comparison, lang: str) -> str:
    """A warning of the interventions that begin before the last figure of the calibration; empty where there are none."""
    until = comparison.measured_until or ""
    found = sorted({i.name for a in comparison.alternatives for i in a.interventions if i.start <= until})
    if not found:
        return ""
    names, last = ", ".join(found), month_name(int(until[:4]), int(until[5:]), lang)
    return say(
        lang,
        f"Begynner i fortiden: {names}. Det kan ikke gjøres lenger, og starten ligger i perioden som modellen er kalibrert mot "
        f"(siste publiserte tall: {last}); tallene viser hva som kunne ha skjedd.",
        f"Begins in the past: {names}. It cannot be done any more, and the start lies in the period that the model is calibrated "
        f"to (last published figure: {last}); the numbers show what might have been.",
    )


def narrow_reach(comparison: Comparison, lang: str) -> str:
    """A warning where a narrow reach carries all of a central cost; empty if nowhere."""
    keys = ", ".join(comparison.narrow())
    return keys and say(
        lang,
        f"Snever rekkevidde: {keys} bærer hele den felles kostnaden alene (beløp i MNOK deles bare på dem tiltaket når).",
        f"Narrow reach: {keys} carries all of the central cost alone (amounts in MNOK are shared only by those it reaches).",
    )
