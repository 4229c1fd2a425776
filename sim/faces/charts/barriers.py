"""The charts of the barriers: where a year's entries stop without and with a scenario, where the gain comes from, what it hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.outlook import View, gate_bars
from sim.faces.charts.words import area_text, month_text, points
from sim.faces.report.compare_tables import gate_names
from sim.faces.report.table import Table, say
from sim.language import number, percent
from sim.vocabulary import GATES, TAGS, words

Floats = npt.NDArray[np.float64]
MOST = 12  # bars of a tornado


def falls(view: View, name: str, title: str, shares: Floats, by_draw: Floats, year: int) -> Chart:
    """The waterfall of a year: ``shares`` [9] of all draws together, ``by_draw`` [R, 9] of each."""
    lang = view.lang
    names = [*gate_names(lang).values(), say(lang, "synkronisert", "synced")]
    worst = 1 + int(np.argmax(shares[1:8]))
    table = Table(
        say(lang, f"{title}: hvor oppføringene stopper, {year}", f"{title}: where entries stop, {year}"),
        [say(lang, "Utfall", "Outcome"), say(lang, "Andel", "Share"), "P5", say(lang, "Median", "Median"), "P95"],
        ["text", *["share"] * 4],  # type: ignore[list-item]
    )
    low, middle, high = np.nanquantile(by_draw, (0.05, 0.5, 0.95), axis=0)
    for at, word in enumerate(names):
        table.rows.append([word, *(float(v[at]) for v in (shares, low, middle, high))])
    return Chart(
        name=name,
        kind="gates",
        finding=say(
            lang,
            f"{title}: {percent(shares[8], lang)} synkronisert ({number(100 * low[8], lang)}\u2013{percent(high[8], lang)}); flest stopper ved {names[worst]} ({percent(shares[worst], lang, 1)})",
            f"{title}: {percent(shares[8], lang)} synced ({number(100 * low[8], lang)}\u2013{percent(high[8], lang)}); most stop at {names[worst]} ({percent(shares[worst], lang, 1)})",
        ),
        what=say(
            lang,
            f"Andel av nye oppføringer i {year} etter den første barrieren som stoppet dem, {area_text(view.scenario, view.area, lang)}",
            f"Share of new entries in {year} by the first gate that stopped them, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Alle trekkene under ett; intervallene (90 % av trekkene) står i tabellen. Den første barrieren som stopper, står som årsak; "
            "en oppføring kan mangle flere ting.",
            "All draws together; the intervals (90% of the draws) stand in the table. The first gate that stops is the reason on record; "
            "an entry may lack several things.",
        ),
        data={"rows": gate_bars(shares, shares, lang)},
        settings={"alone": True},
        table=table,
    )


def gates(
    view: View,
    gain: Mapping[str, float],
    by_draw: Floats,
    losses: tuple[Mapping[str, float], Mapping[str, float]],
    year: int,
) -> Chart:
    """Where the gain of a year comes from: each gate's Shapley share, of all draws together and [R, 8] of each.

    ``losses`` are what each gate takes without and with the scenario.
    """
    lang = view.lang
    named = gate_names(lang)
    rows = [_span(named[key], at, value, by_draw[:, at], lang) for at, (key, value) in enumerate(gain.items())]
    total, sums = sum(gain.values()), by_draw.sum(axis=1)
    rows.append(_span(say(lang, "sum", "total"), len(rows), total, sums, lang))
    table = Table(
        say(
            lang,
            f"Barrierenes andeler etter Shapley, prosentpoeng, {year}",
            f"The gates' Shapley shares, percentage points, {year}",
        ),
        [
            say(lang, "Barriere", "Gate"),
            say(lang, "Tap i nullalternativet", "Loss in the null alternative"),
            say(lang, "Tap i scenarioet", "Loss in the scenario"),
            say(lang, "Andel av gevinsten (90 % av trekkene)", "Share of the gain (90% of the draws)"),
        ],
        ["text", "number", "number", "number"],
    )
    for word, row in zip(GATES, rows, strict=False):
        before, after = (number(100 * loss[word.key], lang, 2) for loss in losses)
        table.rows.append([word.label(lang), before, after, row["text"]])
    before, after = (number(100 * sum(loss.values()), lang, 2) for loss in losses)
    table.rows.append([say(lang, "Sum", "Total"), before, after, rows[-1]["text"]])
    most = max(gain, key=lambda key: gain[key])
    return Chart(
        name="shares",
        kind="spans",
        finding=say(
            lang,
            f"Gevinsten kommer mest fra «{named[most]}»: {points(gain[most], lang)} av {points(total, lang)} prosentpoeng",
            f"The gain comes mostly from «{named[most]}»: {points(gain[most], lang)} of {points(total, lang)} percentage points",
        )
        if total > 0
        else say(lang, f"Scenarioet gir ingen gevinst i {year}", f"The scenario gives no gain in {year}"),
        what=say(
            lang,
            f"Barrierenes andeler av gevinsten i synkroniseringsgrad i {year} etter Shapley, prosentpoeng, {area_text(view.scenario, view.area, lang)}",
            f"The gates' Shapley shares of the gain in sync rate in {year}, percentage points, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Stolpe: alle trekkene under ett; tynn strek: 90 % av trekkene. Hver andel er gjennomsnittet over alle rekkefølger barrierene "
            "kan lettes i; de summerer til gevinsten. En negativ andel betyr at flere kommer forbi en tidligere barriere og stoppes ved denne.",
            "Bar: all draws together; thin line: 90% of the draws. Each share is the mean over all orders in which the gates could be eased; "
            "they add up to the gain. A negative share means that more come past an earlier gate and are stopped at this one.",
        ),
        data={"rows": rows},
        settings={"rows": len(rows), "bars": True},
        table=table,
    )


def within(view: View, shares: Mapping[str, Floats], alone: Mapping[str, Floats]) -> Chart:
    """What each intervention contributes to the package's gain in the month, [R] by its title."""
    lang = view.lang
    rows = [_span(name, at, float(v.mean()), v, lang) for at, (name, v) in enumerate(shares.items())]
    everything = np.sum(list(shares.values()), axis=0)
    rows.append(
        _span(say(lang, "hele pakken", "the whole package"), len(rows), float(everything.mean()), everything, lang)
    )
    table = Table(
        say(
            lang,
            "Tiltakenes andeler av gevinsten, prosentpoeng (90 % av trekkene)",
            "The interventions' shares of the gain, percentage points (90% of the draws)",
        ),
        [say(lang, "Tiltak", "Intervention"), say(lang, "I pakken", "In the package"), say(lang, "Alene", "Alone")],
        ["text", "number", "number"],
    )
    for row, (name, v) in zip(rows, alone.items(), strict=False):
        table.rows.append([name, row["text"], _span(name, 0, float(v.mean()), v, lang)["text"]])
    table.rows.append([rows[-1]["name"], rows[-1]["text"], "\u2013"])
    most = max(shares, key=lambda name: float(shares[name].mean()))
    return Chart(
        name="within",
        kind="spans",
        finding=say(
            lang,
            f"{most} bidrar mest: {points(float(shares[most].mean()), lang)} av {points(float(everything.mean()), lang)} prosentpoeng",
            f"{most} contributes most: {points(float(shares[most].mean()), lang)} of {points(float(everything.mean()), lang)} percentage points",
        ),
        what=say(
            lang,
            f"Tiltakenes andeler av gevinsten i {month_text(view.month, lang)} etter Shapley, prosentpoeng, {area_text(view.scenario, view.area, lang)}",
            f"The interventions' Shapley shares of the gain in {month_text(view.month, lang)}, percentage points, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            f"Stolpe: gjennomsnitt av {len(everything)} trekk; tynn strek: 90 % av dem. Hver delmengde av pakken er simulert med de samme trekkene; "
            "andelene er gjennomsnittet over alle rekkefølger og summerer til pakkens gevinst i hvert trekk.",
            f"Bar: mean of {len(everything)} draws; thin line: 90% of them. Every part of the package is simulated with the same draws; the "
            "shares are the mean over all orders and add up to the package's gain in every draw.",
        ),
        data={"rows": rows},
        settings={"rows": len(rows), "bars": True},
        table=table,
    )


def tornado(view: View, middle: float, swings: Sequence[Mapping[str, Any]]) -> Chart:
    """What the answer hangs on: ``swings`` with name, p10, p90 and tags, widest first, as ``utrulling sensitivity`` gives them."""
    lang = view.lang
    tags = words(TAGS)
    rows: list[Row] = []
    for at, s in enumerate(swings[:MOST]):
        text = f"P10 {percent(s['p10'], lang, 1)}, P90 {percent(s['p90'], lang, 1)}"
        rows.append(
            {
                "name": _short(s["name"]),
                "order": at,
                "low": s["p10"],
                "high": s["p90"],
                "middle": middle,
                "text": text,
                "tip": f"{s['name']}: {text}",
            }
        )
    table = Table(
        say(lang, "Svaret når ett tall flyttes", "The answer as one number moves"),
        [
            say(lang, "Tall", "Number"),
            say(lang, "Ved P10", "At P10"),
            say(lang, "Ved P90", "At P90"),
            say(lang, "Evidensgrad", "Tag"),
        ],
        ["text", "share", "share", "text"],
    )
    table.rows.extend(
        [s["name"], s["p10"], s["p90"], ", ".join(tags[t].label(lang) for t in s["tags"])] for s in swings
    )
    return Chart(
        name="tornado",
        kind="tornado",
        finding=say(
            lang,
            f"Svaret henger mest på: {_short(swings[0]['name'])}",
            f"The answer hangs most on: {_short(swings[0]['name'])}",
        ),
        what=say(
            lang,
            f"Synkroniseringsgrad i {month_text(view.month, lang)} når ett tall om gangen flyttes, {area_text(view.scenario, view.area, lang)}",
            f"Sync rate in {month_text(view.month, lang)} as one number at a time moves, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            f"Oransje: tallet er lavt (P10); blått: høyt (P90). I 8 av 10 tilfeller ligger tallet mellom. Loddrett strek: alt på medianen ({percent(middle, lang, 1)}). "
            "Forventede tall, uten tilfeldigheter.",
            f"Orange: the number is low (P10); blue: high (P90). In 8 of 10 cases it lies between. Vertical line: all at the median ({percent(middle, lang, 1)}). "
            "Expected numbers, without chance.",
        ),
        data={"rows": rows, "middle": [{"x": middle}]},
        settings={"rows": len(rows)},
        table=table,
    )


def _span(name: str, order: int, value: float, by_draw: Floats, lang: str) -> Row:
    low, high = (float(q) for q in np.nanquantile(by_draw, (0.05, 0.95)))
    text = f"{points(value, lang, 2)} ({number(100 * low, lang, 2)} {say(lang, 'til', 'to')} {number(100 * high, lang, 2)})"
    return {
        "name": name,
        "order": order,
        "low": low,
        "middle": float(value),
        "high": high,
        "text": text,
        "tip": f"{name}: {text}",
    }


def _short(name: str) -> str:
    """A name that fits above a bar: its first and last parts; the whole one stands in the table."""
    parts = name.split(" · ")
    if len(name) > 46 and len(parts) > 2:
        name = " · ".join([parts[0], parts[-2] if len(parts[-2]) <= 16 else parts[-2][:15] + "…", parts[-1]])
    return name if len(name) <= 48 else name[:46] + " …"
