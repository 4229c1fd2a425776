"""The report of an address: its sections, made of what the pages show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import UserError
from sim.experiments.observations import Observation
from sim.experiments.output import version
from sim.experiments.priced import Outlay
from sim.experiments.whatif import DRAWS, Outlook, State, grounds, labels
from sim.faces.charts.chart import Chart
from sim.faces.charts.words import area_text, month_text, points, short, spaced
from sim.faces.report import code
from sim.faces.report.table import Norwegian, Table, say
from sim.faces.takeaway.dossier import Dossier, Section
from sim.faces.web import content, evidence, panel, price
from sim.faces.web.address import Address
from sim.language import Text
from sim.model.version import MODEL_VERSION
from sim.scenario import data, levers, text

LIBRARIES = ("numpy", "numba", "scipy", "simpy", "matplotlib")  # that the numbers and figures are made with


@dataclass(frozen=True)
class Seen:
    """What sections are made of: the address, its outlook there and in every place, the published figures."""

    address: Address
    outlook: Outlook
    outlay: Outlay
    null: State
    places: dict[str, Outlook]
    observed: Sequence[Observation]
    charts: dict[str, Chart]
    behind: dict[str, Any]


def _interventions(seen: Seen) -> Section:
    address, lang = seen.address, seen.address.lang
    table = Table(
        say(lang, "Tiltakene", "The interventions"),
        say(
            lang,
            "Tiltak|Hva|Omfang|Start|Bestemmes av|Evidensgrad|Kilde",
            "Intervention|What|Dose|Start|Decided by|Tag|Source",
        ).split("|"),
        ["text"] * 7,
    )
    costs = Table(
        say(lang, "Hva tiltakene koster", "What the interventions cost"),
        [say(lang, "Tiltak", "Intervention"), say(lang, "Kostnad", "Cost")],
        ["text", "text"],
    )
    turned = {s.key for s in address.settings}
    for _, controls in panel.groups(address):
        for c in controls:
            if c.key in turned:
                dose = f"{short(c.dose, lang)} {c.unit}" if c.dosed else say(lang, "alt eller intet", "all or none")
                table.rows.append(
                    [
                        c.title,
                        c.what if c.dosed else "–",
                        dose,
                        month_text(c.start, lang),
                        c.decides,
                        c.tag,
                        Norwegian(c.source),
                    ]
                )
                costs.rows.extend([c.title, cost] for cost in c.costs)
    told = () if table.rows else (say(lang, "Ingen tiltak er lagt til.", "No intervention is added."),)
    return Section(
        "interventions", "", (*told, *content.rests(address, seen.null)), (), tuple(t for t in (table, costs) if t.rows)
    )


def _places(seen: Seen) -> Section:
    address, lang = seen.address, seen.address.lang
    at = labels(State(address.scenario)).index(address.month)
    when = month_text(address.month, lang)
    table = Table(
        say(lang, f"Synkroniseringsgrad i {when}", f"Sync rate in {when}"),
        [
            say(lang, "Sted", "Place"),
            "P5",
            "Median",
            "P95",
            say(lang, "Nullalternativet", "Null alternative"),
            say(lang, "Endring, prosentpoeng", "Change, percentage points"),
        ],
        ["text", "share", "share", "share", "share", "number"],
    )
    for area, outlook in seen.places.items():
        low, middle, high = (float(outlook.fan[q, at]) for q in (0, 2, 4))
        null, change = float(outlook.null[2, at]), float(outlook.change[2, at])
        moved = "\u2013" if np.isnan(change) else points(change, lang)
        table.rows.append([area_text(address.scenario, area, lang), low, middle, high, null, moved])
    return Section("places", "", (), (), (table,))


def _assumptions(seen: Seen) -> Section:
    lang, behind = seen.address.lang, seen.behind
    told = say(
        lang,
        f"Av alle tall og datoer i scenarioet er {behind['assumed']} forutsetninger. Det som vises, er hva som følger av dem.",
        f"Of all numbers and dates of the scenario, {behind['assumed']} are assumptions. What is shown is what follows from them.",
    )
    return Section("assumptions", "", (told,), (), (behind["assumptions"], behind["sources"]))


def _conflicts(seen: Seen) -> Section:
    lang = seen.address.lang
    here = say(lang, "Her:", "Here:")
    return Section(
        "conflicts",
        "",
        tuple(f"{c['number']}. {c['title']}: {c['text']} {here} {c['handling']}" for c in seen.behind["conflicts"]),
    )


def _of_chart(name: str) -> Callable[[Seen], Section]:
    return lambda seen: Section(name, "", (), (seen.charts[name],))


SECTIONS: dict[str, tuple[Text, Callable[[Seen], Section]]] = {
    "fan": (Text("Utviklingen", "Development"), _of_chart("fan")),
    "change": (Text("Endring mot nullalternativet", "Change against the null alternative"), _of_chart("change")),
    "gates": (Text("Hvor oppføringene stopper", "Where entries stop"), _of_chart("gates")),
    "interventions": (Text("Tiltakene og hva de hviler på", "The interventions and what they rest on"), _interventions),
    "places": (Text("Hvert sted", "Every place"), _places),
    "evidence": (
        Text("Publiserte tall", "Published figures"),
        lambda seen: Section("evidence", "", (), (), (seen.behind["published"],)),
    ),
    "assumptions": (Text("Forutsetninger og kilder", "Assumptions and sources"), _assumptions),
    "conflicts": (Text("Motstrid mellom kildene", "Conflicts between the sources"), _conflicts),
}
PICTURES = ("fan", "gates", "change")


def chosen(pairs: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    """The sections that a query asks for, in its order (all where it names none), and the rest of the query.

    Raises:
        UserError: a section is not there.
    """
    given = [value for key, value in pairs if key == "sections"]
    rest = [(key, value) for key, value in pairs if key != "sections"]
    if not given:
        return list(SECTIONS), rest
    keys = list(dict.fromkeys(key for value in given for key in value.split(",") if key))
    for key in keys:
        if key not in SECTIONS:
            known = ", ".join(SECTIONS)
            raise UserError(
                f"ukjent del av rapporten «{key[:40]}»; kjente: {known}",
                f"unknown section of the report «{key[:40]}»; known: {known}",
            )
    return keys, rest


def seen(
    address: Address,
    answer: tuple[Outlook, Outlay],
    null: State,
    places: dict[str, Outlook],
    observed: Sequence[Observation],
    keys: Sequence[str],
) -> Seen:
    """What the sections ``keys`` need; slow where they need what is behind the numbers."""
    lang = address.lang
    charts = {
        c.name: replace(
            c,
            finding=spaced(c.finding, lang),
            what=spaced(c.what, lang),
            reading=spaced(c.reading, lang),
            data=content.all_spaced(c.data, lang),
        )
        for c in content.shown(address, answer[0], observed)
    }
    wanted = {"evidence", "assumptions", "conflicts"} & set(keys)
    behind = evidence.behind(address, observed) if wanted else {}
    return Seen(address, *answer, null, places, observed, charts, behind)


def dossier(given: Seen, keys: Sequence[str], seed: int) -> Dossier:
    """The report of an address with the sections ``keys``, in their order."""
    address, lang = given.address, given.address.lang
    at = labels(State(address.scenario)).index(address.month)
    said = content.headline(address, given.outlook) | price.told(address, given.outlay, given.null, at)
    lead = [
        f"{said['value']} {said['what']}. {said['interval']}.",
        said["change"] + ".",
        said["better"],
        said["cost"],
        said["per"],
    ]
    title = content.title(address)
    files, command = scenario_files(address, seed)
    where = f"{area_text(address.scenario, address.area, lang)}, {month_text(address.month, lang)}"
    loaded = grounds(address.scenario).loaded
    sections = []
    for key in keys:
        name, build = SECTIONS[key]
        sections.append(replace(build(given), title=name.to(lang)))
    facts: list[tuple[str, str | float]] = [
        (say(lang, "Scenario", "Scenario"), address.scenario),
        (say(lang, "Scenarioets SHA-256", "The scenario's SHA-256"), loaded.hash),
        (say(lang, "Tiltak", "Interventions"), ", ".join(map(_setting, address.settings)) or "–"),
        (say(lang, "Nullalternativet", "Null alternative"), given.null.scenario),
        (say(lang, "Sted og måned", "Place and month"), where),
        (say(lang, "Trekk", "Draws"), given.outlook.draws),
        (say(lang, "Frø", "Seed"), seed),
        ("utrulling", version()),
        (say(lang, "Modellversjon", "Model version"), MODEL_VERSION),
        *((name, metadata.version(name)) for name in LIBRARIES),
        (say(lang, "Kilde", "Source"), _origin(lang)),
        (say(lang, "Lisens", "Licence"), _licence(lang)),
        (say(lang, "Evidensgrader", "Tags"), _tags(address, lang)),
    ]
    return Dossier(
        lang=lang,
        title=title,
        what=say(
            lang,
            f"Prognose for Pasientens kritiske informasjon: {where}",
            f"Forecast of critical patient information: {where}",
        ),
        lead=tuple(spaced(line, lang) for line in lead if line.strip(". ")),
        sections=tuple(sections),
        facts=tuple((key, spaced(value, lang) if isinstance(value, str) else value) for key, value in facts),
        source=f"{content.source(address, given.outlook.draws, seed)} · utrulling {version()}",
        command=command,
        again=f"rapport?{address.query()}&sections={','.join(keys)}",
        cite=say(
            lang,
            f"«{title}». Prognose med utrulling {version()}, modellversjon {MODEL_VERSION}, scenario {address.scenario}, "
            f"{given.outlook.draws} trekk, frø {seed}.",
            f"“{title}”. Forecast with utrulling {version()}, model version {MODEL_VERSION}, scenario {address.scenario}, "
            f"{given.outlook.draws} draws, seed {seed}.",
        ),
        files=files,
    )


def _setting(setting: levers.Setting) -> str:
    return f"{setting.key}={setting}"


def _origin(lang: str) -> str:
    return say(
        lang,
        "Simulert med utrulling av publiserte tall og forutsetninger; hver forutsetning står i rapporten med kilde og evidensgrad.",
        "Simulated with utrulling from published figures and assumptions; each assumption stands in the report with source and tag.",
    )


def _licence(lang: str) -> str:
    return say(
        lang,
        f"Programmet og scenarioene: {code.licence()}. Det stiller ingen vilkår for resultatene; publiserte tall tilhører utgiverne sine.",
        f"The program and the scenarios: {code.licence()}. It sets no terms for results; published figures are their publishers'.",
    )


def _tags(address: Address, lang: str) -> str:
    counts = evidence.tags(levers.build(grounds(address.scenario), address.settings), lang)
    return ", ".join(f"{name} {count} ({share})" for name, count, share in counts)


def scenario_files(address: Address, seed: int) -> tuple[dict[str, str], str]:
    """The scenario as files that stand together in one folder, and the command that repeats the numbers there."""
    ground = grounds(address.scenario)
    title = content.title(address)
    command = f"utrulling forecast scenario.yaml --replications {DRAWS} --seed {seed}"
    head = say(address.lang, f"Laget med utrulling web {version()}: ", f"Made with utrulling web {version()}: ")
    written = levers.text_of(ground, address.settings, title, head + command)
    files = {}
    path = ground.loaded.path.resolve()
    if path.parent != data.shipped():
        files = _own(path)
        absolute = levers.text_of(ground, (), title, "").splitlines()
        stated = next(line for line in absolute if line.startswith("extends:"))
        written = written.replace(stated, f"extends: {next(iter(files))}", 1)
    return {"scenario.yaml": written, **files}, command


def _own(path: Path) -> dict[str, str]:
    """A scenario's own file and those of its own that it extends, under names that stand beside each other."""
    files: dict[str, str] = {}
    while True:
        name = f"grunnlag-{len(files) + 1}.yaml"
        plain, places = text.read(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        parent = plain.get("extends")
        beside = None if parent is None else (path.parent / parent).resolve()
        inside = beside is not None and beside.is_file() and beside.parent != data.shipped()
        if parent is not None:
            at = places[("extends",)].line - 1
            below = f"grunnlag-{len(files) + 2}.yaml" if inside else Path(parent).stem
            lines[at] = f"extends: {below}"
        files[name] = "\n".join(lines) + "\n"
        if not inside or beside is None:
            return files
        path = beside
