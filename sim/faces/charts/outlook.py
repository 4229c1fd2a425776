"""The charts of an outlook: its fan, its gates, its change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sim.experiments.observations import Observation
from sim.experiments.whatif import Outlook
from sim.faces.charts.chart import Chart, Row
from sim.faces.charts.words import area_text, milliseconds, month_text, place_of, plain, points, share
from sim.faces.report.table import Table, say
from sim.language import number, percent
from sim.vocabulary import GATES

Floats = npt.NDArray[np.float64]
LOW, MEDIAN, HIGH = 0, 2, 4  # of the quantiles


class View(Protocol):
    """What is looked at: language, scenario, place and month (an address has them)."""

    @property
    def lang(self) -> str:
        """nb or en."""

    @property
    def scenario(self) -> str:
        """Its name or file."""

    @property
    def area(self) -> str:
        """«national:hospital», «Helse Bergen:hospital» …"""

    @property
    def month(self) -> str:
        """2028-12."""


def keys(lang: str) -> tuple[tuple[str, str], ...]:
    """What the lines of the time charts are: the class of the swatch, and the words."""
    return (
        ("scenario", say(lang, "dette scenarioet (median og bånd)", "this scenario (median and bands)")),
        ("null", say(lang, "nullalternativet", "the null alternative")),
    )


def fan(view: View, outlook: Outlook, months: Sequence[str], at: int, observed: Sequence[Observation]) -> Chart:
    """The sync rate over time beside the null alternative's, with the published figures; ``at`` is the month that is read."""
    lang = view.lang
    where, when = area_text(view.scenario, view.area, lang), month_text(view.month, lang)
    null_word = say(lang, "nullalternativet", "the null alternative")
    rows = []
    for m, label in enumerate(months):
        low, quarter, middle, three, high = map(plain, outlook.fan[:, m])
        tip = f"{month_text(label, lang)}: "
        if middle is not None:
            tip += f"{percent(middle, lang)} ({number(100 * (low or 0), lang)}\u2013{percent(high or 0, lang)}); "
            tip += f"{null_word} {percent(float(outlook.null[MEDIAN, m]), lang)}"
        rows.append(
            {
                "x": milliseconds(label),
                "low": low,
                "quarter": quarter,
                "middle": middle,
                "three": three,
                "high": high,
                "null": plain(outlook.null[MEDIAN, m]),
                "tip": tip,
            }
        )
    table = Table(
        say(lang, "Synkroniseringsgrad for nye oppføringer", "Sync rate of new entries"),
        [
            say(lang, "Måned", "Month"),
            "P5",
            say(lang, "Median", "Median"),
            "P95",
            say(lang, "Nullalternativet, median", "Null alternative, median"),
        ],
        ["text", "share", "share", "share", "share"],
    )
    for m, label in enumerate(months):
        if label[5:] in ("06", "12") or m == at:
            table.rows.append(
                [month_text(label, lang), *outlook.fan[[LOW, MEDIAN, HIGH], m].tolist(), float(outlook.null[MEDIAN, m])]
            )
    value = outlook.fan[MEDIAN, at]
    reading = say(
        lang,
        "Mørkt bånd: 50 % av trekkene; lyst bånd: 90 %. I 9 av 10 trekk ligger svaret i det lyse båndet, gitt forutsetningene.",
        "Dark band: 50% of the draws; light band: 90%. In 9 of 10 draws the answer lies in the light band, given the assumptions.",
    )
    place = place_of(view.scenario, view.area)
    dots = [
        {
            "x": milliseconds(o.start.isoformat()[:7]) // 2 + milliseconds(o.end.isoformat()[:7]) // 2,
            "y": o.value,
            "tip": say(lang, "Publisert: ", "Published: ") + percent(o.value, lang, 1),
        }
        for o in observed
        if (o.area, "hospital") == place and not o.key.endswith("_total")
    ]
    if dots:
        reading += say(lang, " Prikker: publiserte tall.", " Dots: published figures.")
    return Chart(
        name="fan",
        kind="fan",
        finding=say(
            lang,
            f"{share(value, lang)} synkronisert i {when}, mot {share(outlook.null[MEDIAN, at], lang)} i nullalternativet",
            f"{share(value, lang)} synced in {when}, against {share(outlook.null[MEDIAN, at], lang)} in the null alternative",
        ),
        what=say(
            lang,
            f"Synkroniseringsgrad for nye oppføringer, {where}",
            f"Sync rate of new entries, {where}",
        ),
        reading=reading,
        data={"rows": rows, "mark": [rows[at]], "dots": dots},
        table=table,
        keys=keys(lang),
    )


def gates(view: View, outlook: Outlook, index: int, year: int) -> Chart:
    """Where a year's new entries stop; ``index`` is the year's place in the outlook."""
    lang = view.lang
    ours, theirs = outlook.gates[index], outlook.null_gates[index]
    names = [g.label(lang).split(" (")[0] for g in GATES]
    synced = say(lang, "synkronisert", "synced")
    rows = gate_bars(ours, theirs, lang)
    table = Table(
        say(lang, f"Hvor oppføringene stopper, {year}", f"Where entries stop, {year}"),
        [
            say(lang, "Utfall", "Outcome"),
            say(lang, "Andel", "Share"),
            say(lang, "Nullalternativet", "Null alternative"),
            say(lang, "Endring, prosentpoeng", "Change, percentage points"),
        ],
        ["text", "share", "share", "number"],
        [
            [name, float(a), float(b), points(float(a - b), lang)]
            for name, a, b in zip([*names, synced], ours, theirs, strict=True)
        ],
    )
    worst = int(np.argmax(ours[1:8])) + 1
    moved = int(np.argmin((ours - theirs)[:8]))
    finding = say(
        lang,
        f"Der løsningen er i bruk, stopper flest ved {names[worst]} ({percent(ours[worst], lang, 1)} i {year})",
        f"Where the API is in use, most stop at {names[worst]} ({percent(ours[worst], lang, 1)} in {year})",
    )
    if ours[moved] - theirs[moved] < -0.0005:
        finding = say(
            lang,
            f"Mest vinnes ved «{names[moved]}»: {points(float(ours[moved] - theirs[moved]), lang)} prosentpoeng stopper der i {year}",
            f"Most is won at «{names[moved]}»: {points(float(ours[moved] - theirs[moved]), lang)} percentage points stop there in {year}",
        )
    return Chart(
        name="gates",
        kind="gates",
        finding=finding,
        what=say(
            lang,
            f"Andel av nye oppføringer i {year} etter den første barrieren som stoppet dem, {area_text(view.scenario, view.area, lang)}",
            f"Share of new entries in {year} by the first gate that stopped them, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Gjennomsnitt av trekkene. Den smale streken under hver stolpe er nullalternativet.",
            "Mean of the draws. The thin line under each bar is the null alternative.",
        ),
        data={"rows": rows},
        table=table,
    )


def gate_bars(ours: Floats, theirs: Floats, lang: str) -> list[Row]:
    """The bars of a waterfall of shares [9], with those of the null alternative under them."""
    names = [g.label(lang).split(" (")[0] for g in GATES]
    registered, synced = say(lang, "registrert", "registered"), say(lang, "synkronisert", "synced")
    rows = [_bar(registered, 0, 0.0, 1.0, 0.0, 1.0, "whole", percent(1, lang))]
    left, null_left = 1.0, 1.0
    for order, (name, taken, null) in enumerate(zip(names, ours[:8], theirs[:8], strict=True), start=1):
        left, null_left = left - taken, null_left - null
        rows.append(_bar(name, order, left, left + taken, null_left, null_left + null, "lost", _loss(taken, lang)))
    rows.append(_bar(synced, 9, 0.0, ours[8], 0.0, theirs[8], "whole", percent(ours[8], lang)))
    return rows


def _loss(share: float, lang: str) -> str:
    """What a gate takes; nothing has no sign."""
    text = percent(share, lang, 1)
    return "\u2212" + text if any(c in text for c in "123456789") else text


def _bar(
    name: str, order: int, start: float, end: float, null: float, null_end: float, kind: str, text: str
) -> dict[str, Any]:
    return {
        "name": name,
        "order": order,
        "start": round(max(float(start), 0.0), 5),
        "end": round(float(end), 5),
        "nullStart": round(max(float(null), 0.0), 5),
        "nullEnd": round(float(null_end), 5),
        "kind": kind,
        "text": text,
        "tip": f"{name}: {text}",
    }


def change(view: View, outlook: Outlook, months: Sequence[str], at: int) -> Chart:
    """The paired difference to the null alternative over time."""
    lang = view.lang
    rows = []
    for m, label in enumerate(months):
        low, quarter, middle, three, high = map(plain, outlook.change[:, m])
        tip = month_text(label, lang)
        if middle is not None:
            tip += f": {points(middle, lang)} ({points(low or 0, lang)} \u2013 {points(high or 0, lang)})"
        rows.append(
            {
                "x": milliseconds(label),
                "low": low,
                "quarter": quarter,
                "middle": middle,
                "three": three,
                "high": high,
                "tip": tip,
            }
        )
    table = Table(
        say(
            lang, "Endring mot nullalternativet, prosentpoeng", "Change against the null alternative, percentage points"
        ),
        [
            say(lang, "Måned", "Month"),
            "P5",
            say(lang, "Median", "Median"),
            "P95",
            say(lang, "Trekk med økning", "Draws with an increase"),
        ],
        ["text", "number", "number", "number", "share"],
    )
    for m, label in enumerate(months):
        if label[5:] in ("06", "12") or m == at:
            shown = [
                "\u2013" if np.isnan(v) else points(float(v), lang) for v in outlook.change[[LOW, MEDIAN, HIGH], m]
            ]
            table.rows.append([month_text(label, lang), *shown, float(outlook.better[m])])
    middle = outlook.change[MEDIAN, at]
    return Chart(
        name="change",
        kind="change",
        finding=say(
            lang,
            f"{'–' if np.isnan(middle) else points(float(middle), lang)} prosentpoeng i {month_text(view.month, lang)}",
            f"{'–' if np.isnan(middle) else points(float(middle), lang)} percentage points in {month_text(view.month, lang)}",
        ),
        what=say(
            lang,
            f"Forskjell i synkroniseringsgrad mot nullalternativet, samme trekk, {area_text(view.scenario, view.area, lang)}",
            f"Difference in sync rate against the null alternative, the same draws, {area_text(view.scenario, view.area, lang)}",
        ),
        reading=say(
            lang,
            "Hvert trekk er sammenlignet med seg selv uten tiltakene, så båndet viser virkningen og ikke tilfeldighetene.",
            "Each draw is compared with itself without the interventions, so the band shows the effect and not the chance.",
        ),
        data={"rows": rows, "mark": [rows[at]]},
        table=table,
        keys=keys(lang),
    )
