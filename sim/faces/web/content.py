"""What the page says of an outlook: findings, numbers, the charts' data and tables, in one language. Drawn by ``vega.py``'s specs."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.experiments.observations import Observation
from sim.experiments.whatif import DRAWS, Outlook, State, grounds, labels, plain_model, years
from sim.faces.report.table import Table, say
from sim.faces.web.address import Address
from sim.language import month_name, number, percent
from sim.scenario.levers import BY_KEY, file, known
from sim.vocabulary import GATES, REGIONS, TAGS, words

Floats = npt.NDArray[np.float64]
LOW, MEDIAN, HIGH = 0, 2, 4  # of the quantiles


def spaced(text: str, lang: str) -> str:
    """``text`` with the spaces in numbers and before percent signs that its language wants: hard ones in bokmål, none in English."""
    if lang == "nb":
        text = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "\u00a0", text)
    return re.sub(r"(?<=\d) %", "\u00a0%" if lang == "nb" else "%", text)


def month_text(label: str, lang: str) -> str:
    """«des. 2028»."""
    return month_name(int(label[:4]), int(label[5:]), lang)


def _place(scenario: str, area: str) -> tuple[str, str]:
    """The name and sector of a place; what is called national is the whole scenario, which may be one region."""
    name, _, sector = area.rpartition(":")
    covered = list(plain_model(scenario).scenario.regions)
    if name == "national" and len(covered) == 1:
        name = next(word.nb for word in REGIONS if word.key == covered[0])
    return name, sector


def area_text(scenario: str, area: str, lang: str) -> str:
    """A place in words."""
    name, sector = _place(scenario, area)
    names = {word.nb: word.label(lang) for word in REGIONS}
    if name == "national":
        whole = say(lang, "hele landet, alle aktører", "the whole country, all actors")
        return say(lang, "sykehus i hele landet", "hospitals in the whole country") if sector == "hospital" else whole
    if name not in names:
        return name
    if sector == "hospital":
        return say(lang, f"sykehus i {names[name]}", f"hospitals in {names[name]}")
    return say(lang, f"{names[name]}, alle aktører", f"{names[name]}, all actors")


def points(share: float, lang: str, decimals: int = 1) -> str:
    """A difference of shares in percentage points, with its sign."""
    text = number(100 * share, lang, decimals)
    return text if text.startswith("\u2212") or not any(c in text for c in "123456789") else "+" + text


def slug(name: str) -> str:
    """A file name that every system takes."""
    plain = name.lower().replace("æ", "ae").replace("ø", "o").replace("å", "a")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "scenario"


def title(address: Address) -> str:
    """What the scenario is called when it is saved."""
    scenario = grounds(address.scenario).loaded.scenario
    if address.name or not address.settings:
        return address.name or scenario.title
    keys = [file(s.key).title(address.lang) for s in address.settings]
    text = say(address.lang, "Med ", "With ") + ", ".join(keys)
    return text if len(text) <= 100 else text[:99] + "…"


def command(address: Address, seed: int) -> str:
    """What repeats the page's exact numbers, once the scenario is saved."""
    end = f"--replications {DRAWS} --seed {seed}"
    if not address.settings:
        return f"utrulling forecast {shlex.quote(grounds(address.scenario).loaded.given)} {end}"
    return f"utrulling forecast {slug(title(address))}.yaml {end}"


def answer(
    address: Address, outlook: Outlook, seed: int, exact: bool, observed: Sequence[Observation]
) -> dict[str, Any]:
    """Everything that changes on the page when a lever is turned."""
    lang = address.lang
    base = State(address.scenario)
    months = labels(base)
    at = months.index(address.month)
    spans = years(base)
    year = next(i for i, (_, span) in enumerate(spans) if span.start <= at < span.stop)
    said = {
        "exact": exact,
        "query": address.query(),
        "headline": _headline(address, outlook, at),
        "charts": {
            "fan": _fan(address, outlook, months, at, observed),
            "gates": _gates(address, outlook, year, spans[year][0]),
            "change": _change(address, outlook, months, at),
        },
        "status": say(
            lang,
            f"{outlook.draws} trekk, frø {seed}." if exact else f"Foreløpig, anslått fra {outlook.draws} trekk.",
            f"{outlook.draws} draws, seed {seed}." if exact else f"Preliminary, estimated from {outlook.draws} draws.",
        ),
        "source": say(
            lang,
            f"Scenario {address.scenario}, {len(address.settings)} tiltak · {outlook.draws} trekk · frø {seed}",
            f"Scenario {address.scenario}, {len(address.settings)} intervention{'' if len(address.settings) == 1 else 's'} · {outlook.draws} draws · seed {seed}",
        ),
        "command": command(address, seed),
        "file": slug(title(address)) + ".yaml",
        "rests": rests(address),
    }
    return {key: _spaced(value, lang) for key, value in said.items()}


def _spaced(node: Any, lang: str) -> Any:
    if isinstance(node, str):
        return spaced(node, lang)
    if isinstance(node, dict):
        return {key: _spaced(value, lang) for key, value in node.items()}
    return [_spaced(item, lang) for item in node] if isinstance(node, list) else node


def _headline(address: Address, outlook: Outlook, at: int) -> dict[str, str]:
    lang = address.lang
    fan, change = outlook.fan[:, at], outlook.change[:, at]
    where, when = area_text(address.scenario, address.area, lang), month_text(address.month, lang)
    none = np.isnan(fan[MEDIAN])
    same = bool(np.nanmax(np.abs(outlook.change)) == 0) if not none else False
    if none:
        nothing = say(lang, "ingen oppføringer", "no entries")
        return {"value": "\u2013", "what": nothing, "interval": "", "change": "", "better": ""}
    wins = round(float(outlook.better[at]) * outlook.draws)
    return {
        "value": percent(fan[MEDIAN], lang),
        "what": say(
            lang,
            f"av de nye oppføringene er synkronisert i {when}: {where}",
            f"of the new entries are synced in {when}: {where}",
        ),
        "interval": say(lang, "90 %-intervall ", "90% interval ")
        + f"{number(100 * fan[LOW], lang)}\u2013{percent(fan[HIGH], lang)}",
        "change": say(lang, "Som nullalternativet", "As the null alternative")
        if same
        else say(
            lang,
            f"{points(change[MEDIAN], lang)} prosentpoeng mot nullalternativet "
            f"(90 %-intervall {points(change[LOW], lang)} til {points(change[HIGH], lang)})",
            f"{points(change[MEDIAN], lang)} percentage points against the null alternative "
            f"(90% interval {points(change[LOW], lang)} to {points(change[HIGH], lang)})",
        ),
        "better": ""
        if same
        else say(
            lang,
            f"I {wins} av {outlook.draws} trekk er graden høyere enn i nullalternativet.",
            f"In {wins} of {outlook.draws} draws the rate is higher than in the null alternative.",
        ),
    }


def _time(label: str, day: int = 15) -> int:
    """Milliseconds since 1970 (UTC), as Vega takes dates."""
    moment = dt.datetime(int(label[:4]), int(label[5:]), day, tzinfo=dt.UTC)
    return int(moment.timestamp() * 1000)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 5)


def _fan(
    address: Address, outlook: Outlook, months: list[str], at: int, observed: Sequence[Observation]
) -> dict[str, Any]:
    lang = address.lang
    where, when = area_text(address.scenario, address.area, lang), month_text(address.month, lang)
    null_word = say(lang, "nullalternativet", "the null alternative")
    rows = []
    for m, label in enumerate(months):
        low, quarter, middle, three, high = map(_plain, outlook.fan[:, m])
        tip = f"{month_text(label, lang)}: "
        if middle is not None:
            tip += f"{percent(middle, lang)} ({number(100 * (low or 0), lang)}\u2013{percent(high or 0, lang)}); "
            tip += f"{null_word} {percent(float(outlook.null[MEDIAN, m]), lang)}"
        rows.append(
            {
                "x": _time(label),
                "low": low,
                "quarter": quarter,
                "middle": middle,
                "three": three,
                "high": high,
                "null": _plain(outlook.null[MEDIAN, m]),
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
    place = _place(address.scenario, address.area)
    dots = [
        {
            "x": _time(o.start.isoformat()[:7]) // 2 + _time(o.end.isoformat()[:7]) // 2,
            "y": o.value,
            "tip": say(lang, "Publisert: ", "Published: ") + percent(o.value, lang, 1),
        }
        for o in observed
        if (o.area, "hospital") == place and not o.key.endswith("_total")
    ]
    if dots:
        reading += say(lang, " Prikker: publiserte tall.", " Dots: published figures.")
    return {
        "finding": say(
            lang,
            f"{_share(value, lang)} synkronisert i {when}, mot {_share(outlook.null[MEDIAN, at], lang)} i nullalternativet",
            f"{_share(value, lang)} synced in {when}, against {_share(outlook.null[MEDIAN, at], lang)} in the null alternative",
        ),
        "what": say(
            lang,
            f"Synkroniseringsgrad for nye oppføringer, {where}",
            f"Sync rate of new entries, {where}",
        ),
        "reading": reading,
        "data": {"rows": rows, "mark": [rows[at]], "dots": dots},
        "table": _table(table, lang),
    }


def _share(value: float, lang: str) -> str:
    return "\u2013" if np.isnan(value) else percent(float(value), lang)


def _gates(address: Address, outlook: Outlook, index: int, year: int) -> dict[str, Any]:
    lang = address.lang
    ours, theirs = outlook.gates[index], outlook.null_gates[index]
    names = [g.label(lang).split(" (")[0] for g in GATES]
    registered, synced = say(lang, "registrert", "registered"), say(lang, "synkronisert", "synced")
    rows = [_bar(registered, 0, 0.0, 1.0, 0.0, 1.0, "whole", percent(1, lang))]
    left, null_left = 1.0, 1.0
    for order, (name, share, null) in enumerate(zip(names, ours[:8], theirs[:8], strict=True), start=1):
        left, null_left = left - share, null_left - null
        rows.append(_bar(name, order, left, left + share, null_left, null_left + null, "lost", _loss(share, lang)))
    rows.append(_bar(synced, 9, 0.0, ours[8], 0.0, theirs[8], "whole", percent(ours[8], lang)))
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
            f"Mest vinnes ved {names[moved]}: {points(float(ours[moved] - theirs[moved]), lang)} prosentpoeng stopper der i {year}",
            f"Most is won at {names[moved]}: {points(float(ours[moved] - theirs[moved]), lang)} percentage points stop there in {year}",
        )
    return {
        "finding": finding,
        "what": say(
            lang,
            f"Andel av nye oppføringer i {year} etter den første barrieren som stoppet dem, {area_text(address.scenario, address.area, lang)}",
            f"Share of new entries in {year} by the first gate that stopped them, {area_text(address.scenario, address.area, lang)}",
        ),
        "reading": say(
            lang,
            "Gjennomsnitt av trekkene. Den smale streken under hver stolpe er nullalternativet.",
            "Mean of the draws. The thin line under each bar is the null alternative.",
        ),
        "data": {"rows": rows},
        "table": _table(table, lang),
    }


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


def _change(address: Address, outlook: Outlook, months: list[str], at: int) -> dict[str, Any]:
    lang = address.lang
    rows = []
    for m, label in enumerate(months):
        low, quarter, middle, three, high = map(_plain, outlook.change[:, m])
        tip = month_text(label, lang)
        if middle is not None:
            tip += f": {points(middle, lang)} ({points(low or 0, lang)} \u2013 {points(high or 0, lang)})"
        rows.append(
            {
                "x": _time(label),
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
    return {
        "finding": say(
            lang,
            f"{'–' if np.isnan(middle) else points(float(middle), lang)} prosentpoeng i {month_text(address.month, lang)}",
            f"{'–' if np.isnan(middle) else points(float(middle), lang)} percentage points in {month_text(address.month, lang)}",
        ),
        "what": say(
            lang,
            f"Forskjell i synkroniseringsgrad mot nullalternativet, samme trekk, {area_text(address.scenario, address.area, lang)}",
            f"Difference in sync rate against the null alternative, the same draws, {area_text(address.scenario, address.area, lang)}",
        ),
        "reading": say(
            lang,
            "Hvert trekk er sammenlignet med seg selv uten tiltakene, så båndet viser virkningen og ikke tilfeldighetene.",
            "Each draw is compared with itself without the interventions, so the band shows the effect and not the chance.",
        ),
        "data": {"rows": rows, "mark": [rows[at]]},
        "table": _table(table, lang),
    }


def _table(table: Table, lang: str) -> dict[str, Any]:
    return {"caption": table.caption, "heads": table.heads, "kinds": table.kinds, "rows": table.cells(lang)}


def rests(address: Address) -> list[str]:
    """The assumptions behind what is visible: one line for each lever turned, and what holds for all."""
    lang = address.lang
    tags = words(TAGS)
    lines = []
    for setting in address.settings:
        form = file(setting.key).form
        lever = BY_KEY[setting.key]
        line = f"{file(setting.key).title(lang)}: {tags[form.tag].label(lang)}, {form.source}."
        if lever.dose is not None and setting.dose is not None:
            low, _, high = known(lever)
            if not low <= setting.dose <= high:
                span = f"{_short(low, lang)}\u2013{_short(high, lang)} {lever.dose.unit.to(lang)}"
                line += say(
                    lang,
                    f" Utenfor spennet som tiltaket oppgir ({span}): virkningen der er det ingen holdepunkter for.",
                    f" Outside the range that the intervention states ({span}): nothing is known of its effect there.",
                )
        lines.append(line)
    fitted = grounds(address.scenario).loaded.scenario.fitted is not None
    lines.append(
        say(
            lang,
            "Parametere som publiserte tall sier noe om, er kalibrert mot Helse Vest til juni 2025. Resten, og alt om de andre "
            "regionene og framtiden, er planer og forutsetninger.",
            "Parameters that published figures inform are calibrated to Helse Vest until June 2025. The rest, and all about the "
            "other regions and the future, are plans and assumptions.",
        )
        if fitted
        else say(
            lang,
            "Modellens parametere er ikke kalibrert i dette scenarioet; alt er planer og forutsetninger.",
            "The model's parameters are not calibrated in this scenario; all is plans and assumptions.",
        )
    )
    return lines


def _short(value: float, lang: str) -> str:
    return number(value, lang, 0 if value == int(value) else 1)
