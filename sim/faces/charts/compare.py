"""The charts of a comparison: development, paired differences, cost and effect, which pays best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.experiments.compare import Comparison, letter
from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.outlook import View
from sim.faces.charts.words import area_text, milliseconds, month_text, plain, points, share
from sim.faces.report import compare_tables as tables
from sim.faces.report.compare_words import cheapest_told, leader, thresholds, turns
from sim.faces.report.table import Table, say
from sim.language import number, percent

Floats = npt.NDArray[np.float64]
APART = 0.055  # of the height of a chart: what keeps two letters from covering each other


def keys(comparison: Comparison, lang: str) -> tuple[tuple[str, str], ...]:
    """What the letters are: the class of the swatch, and the words."""
    return tuple(
        (f"series-{letter(a)}", f"{letter(a)}: {one.title(lang)}") for a, one in enumerate(comparison.alternatives)
    )


def development(view: View, comparison: Comparison, area: str, months: Sequence[str]) -> Chart:
    """The sync rate of every alternative over time: median and 50 % band."""
    lang, c = view.lang, comparison
    found = [np.nanquantile(c.outcomes[a, area].series["sync_rate_new"], (0.25, 0.5, 0.75), axis=0) for a in _all(c)]
    rows: list[Row] = []
    for a, three in enumerate(found):
        for m, label in enumerate(months):
            low, middle, high = map(plain, three[:, m])
            tip = f"{letter(a)}, {month_text(label, lang)}: {share(three[1, m], lang)} ({share(three[0, m], lang)}\u2013{share(three[2, m], lang)})"
            rows.append(
                {"x": milliseconds(label), "series": letter(a), "low": low, "middle": middle, "high": high, "tip": tip}
            )
    table = Table(
        say(lang, "Synkroniseringsgrad, median (halvparten av trekkene)", "Sync rate, median (half of the draws)"),
        [say(lang, "Måned", "Month"), *(letter(a) for a in _all(c))],
        ["text", *["number"] * len(found)],  # type: ignore[list-item]
    )
    for m, label in enumerate(months):
        if label.endswith("-12") or m == c.month:
            cells = [
                "\u2013"
                if np.isnan(three[1, m])
                else f"{percent(three[1, m], lang, 1)} ({number(100 * three[0, m], lang, 1)}\u2013{number(100 * three[2, m], lang, 1)})"
                for three in found
            ]
            table.rows.append([month_text(label, lang), *cells])
    best, when = leader(c, area), month_text(c.label, lang)
    null, most = (found[a][1, c.month] for a in (0, best))
    return Chart(
        name="development",
        kind="lines",
        finding=say(
            lang,
            f"{letter(best)} kommer lengst i {when}: {share(most, lang)} i median, mot {share(null, lang)} i nullalternativet",
            f"{letter(best)} gets furthest in {when}: {share(most, lang)} in the median, against {share(null, lang)} in the null alternative",
        ),
        what=say(
            lang,
            f"Synkroniseringsgrad for nye oppføringer, {area_text(view.scenario, view.area, lang)}",
            f"Sync rate of new entries, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Linje: median. Bånd: halvparten av trekkene. Båndene overlapper mer enn forskjellene er usikre, fordi trekkene er de "
            "samme i alle alternativene; forskjellene står i neste figur.",
            "Line: median. Band: half of the draws. The bands overlap more than the differences are uncertain, because the draws are "
            "the same in all alternatives; the differences stand in the next chart.",
        ),
        data={
            "rows": rows,
            "mark": [{"x": milliseconds(months[c.month])}],
            "ends": _ends([(float(three[1, -1]), a) for a, three in enumerate(found)], milliseconds(months[-1])),
        },
        table=table,
        keys=keys(c, lang),
    )


def differences(view: View, comparison: Comparison, area: str) -> Chart:
    """Every alternative against the null alternative in the target month: median, 50 and 90 % of the draws."""
    lang, c = view.lang, comparison
    gains = c.gains("rate", area)
    rows = []
    for a in _all(c)[1:]:
        low, quarter, middle, three, high = (float(q) for q in np.quantile(gains[a], (0.05, 0.25, 0.5, 0.75, 0.95)))
        text = f"{points(middle, lang)} ({number(100 * low, lang, 1)} {say(lang, 'til', 'to')} {number(100 * high, lang, 1)})"
        rows.append(
            {
                "name": letter(a),
                "order": a,
                "low": low,
                "quarter": quarter,
                "middle": middle,
                "three": three,
                "high": high,
                "text": text,
                "tip": f"{letter(a)}: {text}",
            }
        )
    table = Table(
        say(
            lang,
            "Forskjell mot nullalternativet, prosentpoeng",
            "Difference to the null alternative, percentage points",
        ),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Median (90 %-intervall)", "Median (90% interval)"),
            say(lang, "Gjennomsnitt (dets 90 %-intervall)", "Mean (its 90% interval)"),
            say(lang, "Trekk med økning", "Draws with an increase"),
        ],
        ["text", "number", "number", "share"],
    )
    to = say(lang, "til", "to")
    for a in _all(c)[1:]:
        d = c.difference(a, "rate", area)
        mean, least, most = (number(100 * v, lang, 2) for v in (d.mean, d.mean_low, d.mean_high))
        table.rows.append(
            [tables.name(c, a, lang), tables.points(d, lang), f"{mean} ({least} {to} {most})", d.positive]
        )
    best = leader(c, area)
    return Chart(
        name="differences",
        kind="spans",
        finding=say(
            lang,
            f"{letter(best)} gir mest: {tables.points(c.difference(best, 'rate', area), lang)} prosentpoeng",
            f"{letter(best)} gives most: {tables.points(c.difference(best, 'rate', area), lang)} percentage points",
        ),
        what=say(
            lang,
            f"Forskjell i synkroniseringsgrad mot nullalternativet i {month_text(c.label, lang)}, prosentpoeng, {area_text(view.scenario, view.area, lang)}",
            f"Difference in sync rate against the null alternative in {month_text(c.label, lang)}, percentage points, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Strek: median; tykk: 50 % av trekkene; tynn: 90 %. Hvert trekk er sammenlignet med seg selv uten tiltakene.",
            "Mark: median; thick: 50% of the draws; thin: 90%. Each draw is compared with itself without the interventions.",
        ),
        data={"rows": rows},
        settings={"rows": len(rows)},
        table=table,
        keys=keys(c, lang)[1:],
    )


def plane(view: View, comparison: Comparison, area: str) -> Chart:
    """The cost-effectiveness plane: every draw's extra cost and extra synced entries, with three amounts per entry."""
    lang, c = view.lang, comparison
    extra, cost = c.gains("synced", area), c.cost(area)
    chosen = _all(c)[1:]
    dots = [
        {"x": float(f"{x:.6g}"), "y": float(f"{y:.6g}"), "series": letter(a)}
        for a in chosen
        for x, y in zip(extra[a], cost[a], strict=True)
    ]
    right, upper = (1.08 * max(float(v.max()), 1e-9) for v in (extra, cost))
    lines = []
    for kroner in thresholds(c, area, chosen):
        reach = min(right, upper * 1e6 / kroner)
        lines += [
            {"x": 0.0, "y": 0.0, "line": kroner, "text": ""},
            {"x": reach, "y": kroner * reach / 1e6, "line": kroner, "text": f"{number(kroner, lang)} kr"},
        ]
    below = [
        (kroner, a, float(np.mean(1e6 * cost[a] < kroner * extra[a])))
        for kroner in thresholds(c, area, chosen)
        for a in chosen
    ]
    shares = Table(
        say(lang, "Kostnad og gevinst, summert til målmåneden", "Cost and gain, summed up to the target month"),
        [
            say(lang, "Alternativ", "Alternative"),
            say(lang, "Ekstra oppføringer", "Extra entries"),
            say(lang, "Kostnad, mill. kr", "Cost, MNOK"),
            say(lang, "Kr per ekstra oppføring", "NOK per extra entry"),
            *(
                say(lang, f"Trekk under {number(k, lang)} kr", f"Draws below NOK {number(k, lang)}")
                for k in thresholds(c, area, chosen)
            ),
        ],
        ["text", "number", "number", "number", "share", "share", "share"],
    )
    for a in chosen:
        shares.rows.append(
            [
                tables.name(c, a, lang),
                tables.spread(extra[a], lang),
                tables.spread(cost[a], lang, 1),
                tables.kroner(c.ratio(a, "synced", area), lang),
                *(part for _, b, part in below if a == b),
            ]
        )
    return Chart(
        name="plane",
        kind="plane",
        finding=cheapest_told(c, area, lang),
        what=say(
            lang,
            f"Ekstra kostnad (mill. 2024-kroner, udiskontert) og ekstra synkroniserte oppføringer fram til {month_text(c.label, lang)}, {_where(area, lang)}",
            f"Extra cost (million 2024 NOK, undiscounted) and extra synced entries until {month_text(c.label, lang)}, {_where(area, lang)}",
        ),
        reading=say(
            lang,
            "Hvert punkt er ett trekk, bokstaven er gjennomsnittet. Øverst til høyre: koster og gir mer; nederst til høyre: sparer og gir "
            "mer; øverst til venstre: koster og gir mindre. Under en stiplet linje er prisen per oppføring lavere enn beløpet på linjen.",
            "Each mark is one draw, the letter is the mean. Upper right: costs and gives more; lower right: saves and gives more; upper "
            "left: costs and gives less. Below a dashed line the price per entry is lower than the amount on it.",
        ),
        data={
            "lines": lines,
            "dots": dots,
            "centres": [
                {"x": float(extra[a].mean()), "y": float(cost[a].mean()), "series": letter(a), "text": letter(a)}
                for a in chosen
            ],
        },
        settings={
            "x": say(lang, "ekstra synkroniserte oppføringer", "extra synced entries"),
            "y": say(lang, "ekstra kostnad, mill. kr", "extra cost, MNOK"),
            "decimals": 0 if upper > 5 else 2,
        },
        table=shares,
        keys=keys(c, lang)[1:],
    )


def acceptability(view: View, comparison: Comparison, area: str) -> Chart:
    """How often each alternative has the highest net benefit, by what an extra synced entry is worth."""
    lang, c = view.lang, comparison
    willing = c.willingness(area)
    curves = c.acceptability(willing, area)
    rows = [
        {
            "x": float(w),
            "series": letter(a),
            "y": float(y),
            "tip": f"{letter(a)}, {number(w, lang)} kr: {percent(y, lang)}",
        }
        for a, curve in enumerate(curves)
        for w, y in zip(willing, curve, strict=True)
    ]
    return Chart(
        name="acceptability",
        kind="curves",
        finding=turns(c, area, lang),
        what=say(
            lang,
            f"Andel av trekkene der alternativet gir størst netto nytte, {_where(area, lang)}",
            f"Share of the draws in which the alternative has the highest net benefit, {_where(area, lang)}",
        ),
        reading=say(
            lang,
            "Vannrett: hva en ekstra synkronisert oppføring er verd. Nullalternativet er med og får like resultater.",
            "Horizontal: what an extra synced entry is worth. The null alternative takes part, and gets ties.",
        ),
        data={"rows": rows, "ends": _ends([(float(y[-1]), a) for a, y in enumerate(curves)], float(willing[-1]))},
        settings={"x": say(lang, "kroner per ekstra oppføring", "NOK per extra entry")},
        table=tables.acceptable(c, area, None, lang),
        keys=keys(c, lang),
    )


def _all(comparison: Comparison) -> list[int]:
    return list(range(len(comparison.alternatives)))


def _where(area: str, lang: str) -> str:
    return say(lang, "hele scenarioet", "the whole scenario") if area == "national" else area


def _ends(values: list[tuple[float, int]], x: float) -> list[Row]:
    """The letter beside each line's end, lifted where it would cover the one below (axes from 0 to 1)."""
    found: list[Row] = []
    height = -1.0
    for value, a in sorted(values):
        height = max(height + APART, value)
        found.append({"x": x, "y": height, "series": letter(a), "text": letter(a)})
    over = max(height - 1.0, 0.0)
    return [row | {"y": row["y"] - over} for row in found]
