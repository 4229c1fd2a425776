"""What the page says of an outlook: findings, numbers, the charts, in one language."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.experiments.observations import Observation
from sim.experiments.priced import Outlay
from sim.experiments.whatif import DRAWS, Outlook, State, grounds, labels, years
from sim.faces.charts import outlook as charts
from sim.faces.charts.chart import Chart
from sim.faces.charts.outlook import HIGH, LOW, MEDIAN
from sim.faces.charts.words import area_text, month_text, points, short, slug, spaced
from sim.faces.report.table import say
from sim.faces.web import price
from sim.faces.web.address import NAME, Address
from sim.language import number, percent
from sim.scenario.levers import BY_KEY, Setting, file, known, text_of
from sim.vocabulary import TAGS, words


def title(address: Address) -> str:
    """What the scenario is called when it is saved."""
    scenario = grounds(address.scenario).loaded.scenario
    if address.name or not address.settings:
        return address.name or scenario.title
    keys = [file(s.key).title(address.lang) for s in address.settings]
    text = say(address.lang, "Med ", "With ") + ", ".join(keys)
    return text if len(text) <= 100 else text[:99] + "…"


def asked(scenario: str, settings: Sequence[Setting]) -> tuple[str, dict[str, str]]:
    """The scenario of a run as a command names it, and the file that it takes when a name does not say all."""
    if not settings and not Path(scenario).suffix:
        return scenario, {}
    loaded = grounds(scenario).loaded
    text = text_of(grounds(scenario), settings, loaded.scenario.title, loaded.hash)
    return "scenario.yaml", {"scenario.yaml": text}


def command(address: Address, seed: int) -> str:
    """What repeats the page's exact numbers, once the scenario is saved."""
    end = f"--replications {DRAWS} --seed {seed}"
    if not address.settings:
        return f"utrulling forecast {shlex.quote(grounds(address.scenario).loaded.given)} {end}"
    return f"utrulling forecast {slug(title(address))}.yaml {end}"


def answer(
    address: Address,
    outlook: Outlook,
    outlay: Outlay | None,
    null: State,
    seed: int,
    exact: bool,
    observed: Sequence[Observation],
) -> dict[str, Any]:
    """Everything that changes on the page when a lever is turned."""
    lang = address.lang
    at = labels(State(address.scenario)).index(address.month)
    said = {
        "exact": exact,
        "query": address.query(),
        "headline": headline(address, outlook) | price.told(address, outlay, null, at),
        "charts": {chart.name: chart.as_json(lang) for chart in shown(address, outlook, observed)},
        "status": say(
            lang,
            f"{outlook.draws} trekk, frø {seed}." if exact else f"Foreløpig, anslått fra {outlook.draws} trekk.",
            f"{outlook.draws} draws, seed {seed}." if exact else f"Preliminary, estimated from {outlook.draws} draws.",
        ),
        "source": source(address, outlook.draws, seed),
        "command": command(address, seed),
        "title": title(address)[:NAME],
        "file": slug(title(address)) + ".yaml",
        "rests": rests(address, null),
    }
    return {key: all_spaced(value, lang) for key, value in said.items()}


def all_spaced(node: Any, lang: str) -> Any:
    """The texts in lists and dictionaries with the spaces that their language wants in numbers."""
    if isinstance(node, str):
        return spaced(node, lang)
    if isinstance(node, dict):
        return {key: all_spaced(value, lang) for key, value in node.items()}
    return [all_spaced(item, lang) for item in node] if isinstance(node, list) else node


def shown(address: Address, outlook: Outlook, observed: Sequence[Observation]) -> list[Chart]:
    """The charts of an outlook: the fan, the gates, the change."""
    base = State(address.scenario)
    months = labels(base)
    at = months.index(address.month)
    spans = years(base)
    year = next(i for i, (_, span) in enumerate(spans) if span.start <= at < span.stop)
    return [
        charts.fan(address, outlook, months, at, observed),
        charts.gates(address, outlook, year, spans[year][0]),
        charts.change(address, outlook, months, at),
    ]


def source(address: Address, draws: int, seed: int) -> str:
    """The line under a figure: what it was made from."""
    count = len(address.settings)
    return say(
        address.lang,
        f"Scenario {address.scenario}, {count} tiltak · {draws} trekk · frø {seed}",
        f"Scenario {address.scenario}, {count} intervention{'' if count == 1 else 's'} · {draws} draws · seed {seed}",
    )


def headline(address: Address, outlook: Outlook) -> dict[str, str]:
    """The answer in words: the rate, its interval, its change."""
    lang = address.lang
    at = labels(State(address.scenario)).index(address.month)
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


def rests(address: Address, null: State) -> list[str]:
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
                span = f"{short(low, lang)}\u2013{short(high, lang)} {lever.dose.unit.to(lang)}"
                line += say(
                    lang,
                    f" Utenfor spennet som tiltaket oppgir ({span}): virkningen der er det ingen holdepunkter for.",
                    f" Outside the range that the intervention states ({span}): nothing is known of its effect there.",
                )
        lines.append(line)
    lines += price.rests(address.state, null, lang)
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
