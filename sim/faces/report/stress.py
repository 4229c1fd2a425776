"""The description of model and scenario after the STRESS-DES checklist, made from the code and the scenario.

Monks, Currie, Onggo, Robinson, Kunc & Taylor (2019): Strengthening the reporting of empirical simulation studies:
Introducing the STRESS guidelines. Journal of Simulation 13(1), 55-67. Every item of the checklist has a section; what
it says is taken from the vocabulary, the schema, the docstrings, the scenario and the installation.
"""

from __future__ import annotations

import csv
import platform
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from sim.experiments import forecast
from sim.experiments.decomposition import default_pairs
from sim.experiments.measures import COUNTS, MEASURES, REGIONAL
from sim.experiments.replicate import cores
from sim.experiments.summary import QUANTILES
from sim.faces.report import code, document, tables
from sim.faces.report.code import Described
from sim.faces.report.table import Table, say
from sim.language import number, percent
from sim.model.draws import columns
from sim.scenario.load import Loaded
from sim.scenario.parameter import Parameter
from sim.scenario.schema import Never, Project, Ramped, Scenario, parameters
from sim.vocabulary import GATES, GROUPS, MILESTONES, REGIONS, SECTORS, SYNCED, TAGS, UNITS, words
from sim.vocabulary import MEASURES as MEASURE_WORDS

MODEL = "sim.model"
HEADLINE = "sync_rate_new"


@dataclass
class Item:
    """One item of the checklist: what it says in sentences, the code's own words, and tables."""

    number: str
    title: str
    sentences: list[str] = field(default_factory=list)
    quotes: list[Described] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def level(self) -> int:
        """How deep it stands: 1 for «2», 3 for «2.5.1»."""
        return self.number.count(".") + 1


def items(loaded: Loaded, lang: str) -> list[Item]:
    """The whole checklist, filled in for a scenario, with its posterior if runs draw from that."""
    return [
        *_objectives(loaded, lang),
        *_logic(loaded.scenario, lang),
        *_data(loaded, lang),
        *_experimentation(loaded.scenario, lang),
        *_implementation(loaded, lang),
        *_access(loaded, lang),
    ]


def html(loaded: Loaded, lang: str) -> str:
    """The description as one HTML document."""
    content = {
        "title": _title(loaded, lang),
        "items": items(loaded, lang),
        "charts": {},
        "origin": loaded.name,
        "hash": loaded.hash,
    }
    return document.render("stress.html.j2", lang, content)


def markdown(loaded: Loaded, lang: str) -> str:
    """The description as Markdown."""
    lines = [f"# {_title(loaded, lang)}", ""]
    for item in items(loaded, lang):
        lines += [f"{'#' * (item.level + 1)} {item.number} {item.title}", ""]
        for sentence in item.sentences:
            lines += [sentence, ""]
        for quote in item.quotes:
            lines += [f"`{quote.where}`", "", *(f"> {line}".rstrip() for line in quote.text.splitlines()), ""]
        for table in item.tables:
            lines += [f"**{table.caption}**", "", _row(table.heads), _row(["---"] * len(table.heads))]
            lines += [*(_row(cells) for cells in table.cells(lang)), ""]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _title(loaded: Loaded, lang: str) -> str:
    scenario = loaded.scenario
    name = scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en
    return say(lang, f"Modellbeskrivelse (STRESS-DES): {name}", f"Model description (STRESS-DES): {name}")


def _objectives(loaded: Loaded, lang: str) -> list[Item]:
    from sim.faces.commands import COMMANDS

    scenario = loaded.scenario
    regions, names = words(REGIONS), words(MEASURE_WORDS)
    where = ", ".join(regions[r].label(lang) for r in scenario.regions)
    purpose = Item("1.1", say(lang, "Modellens formål", "Purpose of the model"))
    purpose.sentences = [
        say(
            lang,
            f"Modellen beregner, måned for måned fra {scenario.period.start} til {scenario.period.end}, hvor stor andel av den "
            f"kritiske informasjonen som registreres i journalene i {where}, som blir synkronisert til kjernejournal, og "
            "hvilken barriere som stopper resten.",
            f"The model computes, month by month from {scenario.period.start} to {scenario.period.end}, what share of the "
            f"critical information registered in the records of {where} is synced to Kjernejournal, and which gate stops the rest.",
        )
    ]
    if scenario.description:
        purpose.sentences.append(say(lang, "Scenarioet: ", "The scenario (in Norwegian): ") + scenario.description)
    purpose.quotes = [d for d in code.descriptions(MODEL) if d.where == f"{MODEL}.rollout"]

    outputs = Item("1.2", say(lang, "Modellens resultater", "Model outputs"))
    outputs.sentences = [
        say(
            lang,
            f"{len(MEASURES)} mål per måned, for landet, hver region, hvert sykehus og hver aktørgruppe. Tellinger per måned; "
            "andelene er regnet av tellingene i samme måned hvis navnet ikke sier noe annet.",
            f"{len(MEASURES)} measures per month, for the country, each region, each hospital and each sector. Counts are per month; "
            "shares are of the same month's counts unless the name says otherwise.",
        )
    ]
    table = Table(
        say(lang, "Mål", "Measures"),
        [say(lang, "Nøkkel i filene", "Key in the files"), say(lang, "Mål", "Measure"), say(lang, "Art", "Kind")],
        ["text"] * 3,
    )
    for key in MEASURES:
        kind = say(lang, "telling", "count") if key in COUNTS else say(lang, "andel eller snitt", "share or mean")
        kind = say(lang, "personer", "persons") if key in REGIONAL else kind
        table.rows.append([key, names[key].label(lang) if key in names else key, kind])
    outputs.tables = [table]

    aims = Item("1.3", say(lang, "Hva forsøkene skal svare på", "Experimentation aims"))
    low, high = percent(QUANTILES[0], lang), percent(QUANTILES[-1], lang)
    aims.sentences = [
        say(
            lang,
            f"Hovedmålet er {names[HEADLINE].label(lang)}, i hvert område og hver måned, med median og intervall fra {low}- til "
            f"{high}-kvantilen. Forsøkene skal svare på disse spørsmålene; hvert har en kommando:",
            f"The main measure is the {names[HEADLINE].label(lang)}, in each area and month, with its median and the interval from the {low} to "
            f"the {high} quantile. The experiments shall answer these questions; each has a command:",
        )
    ]
    questions = Table(
        say(lang, "Spørsmål", "Questions"),
        [
            say(lang, "Spørsmål", "Question"),
            say(lang, "Kommando", "Command"),
            say(lang, "Hva den gjør", "What it does"),
        ],
        ["text"] * 3,
    )
    questions.rows[:] = [
        [aim.to(lang), f"utrulling {name}", module.HELP.to(lang)]
        for name, module in COMMANDS.items()
        for aim in getattr(module, "AIMS", ())
    ]
    aims.tables = [questions]
    return [Item("1", say(lang, "Formål", "Objectives")), purpose, outputs, aims]


def _logic(scenario: Scenario, lang: str) -> list[Item]:
    chain = " → ".join(w.label(lang) for w in (*GATES, SYNCED))
    steps = " → ".join(w.label(lang) for w in MILESTONES)
    overview = Item("2.1", say(lang, "Oversikt", "Base model overview diagram"))
    overview.sentences = [
        say(lang, "En oppføring møter barrierene i denne rekkefølgen: ", "An entry meets the gates in this order: ")
        + chain
        + ".",
        say(lang, "Et sykehus passerer disse milepælene: ", "A hospital passes these milestones: ") + steps + ".",
    ]
    base = Item("2.2", say(lang, "Modellens logikk", "Base model logic"))
    base.sentences = [
        say(
            lang,
            "Kodens egen beskrivelse av hver del, ordrett og på engelsk, i den rekkefølgen delene bygger på hverandre.",
            "The code's own description of each part, in the order in which the parts build on each other.",
        )
    ]
    base.quotes = code.descriptions(MODEL)
    scenarios = Item("2.3", say(lang, "Scenarioets logikk", "Scenario logic"))
    scenarios.tables = [_golive(scenario, lang), _dated(scenario, lang)]
    algorithms = Item("2.4", say(lang, "Algoritmer", "Algorithms"))
    algorithms.sentences = [
        say(
            lang,
            "De kompilerte funksjonene, der modellen teller; kodens egne ord.",
            "The compiled functions, where the model counts; the code's own words.",
        )
    ]
    algorithms.quotes = code.algorithms(MODEL)
    return [
        Item("2", say(lang, "Logikk", "Logic")),
        overview,
        base,
        scenarios,
        algorithms,
        *_components(scenario, lang),
    ]


def _components(scenario: Scenario, lang: str) -> list[Item]:
    regions, sectors, groups = words(REGIONS), words(SECTORS), words(GROUPS)
    entities = Item("2.5.1", say(lang, "Entiteter", "Entities"))
    entities.sentences = [
        say(
            lang,
            "Oppføringer, telt etter hva som stoppet dem, og ansatte, telt etter om de kjenner funksjonen og har eID. "
            "Ansatte hører til et stratum ved en enhet:",
            "Entries, counted by what stopped them, and staff, counted by whether they know the function and have an eID. "
            "Staff belong to a stratum of a unit:",
        )
    ]
    strata = Table(
        say(lang, "Personellstrata", "Staff strata"),
        [
            say(lang, "Aktørgruppe", "Sector"),
            say(lang, "Stratum", "Stratum"),
            say(lang, "Personellgruppe", "Professional group"),
            say(lang, "Unntatt samtykkekravet", "Exempt from consent"),
        ],
        ["text"] * 4,
    )
    for sector, content in scenario.sectors.items():
        for key, stratum in content.strata.items():
            name = stratum.title if lang == "nb" and stratum.title else key
            exempt = say(lang, "ja", "yes") if stratum.exempt else say(lang, "nei", "no")
            strata.rows.append([sectors[sector].label(lang), name, groups[stratum.group].label(lang), exempt])
    entities.tables = [strata]

    activities = Item("2.5.2", say(lang, "Aktiviteter", "Activities"))
    activities.sentences = [say(lang, "Prosessene på SimPys klokke:", "The processes on SimPy's clock:")]
    activities.quotes = code.processes(MODEL)

    resources = Item("2.5.3", say(lang, "Ressurser", "Resources"))
    held = Table(
        say(lang, "Ressurser", "Resources"),
        [say(lang, "Ressurs", "Resource"), say(lang, "Kapasitet", "Capacity")],
        ["text"] * 2,
    )
    for sector, plans in scenario.golive.items():
        for region, plan in plans.items():
            if isinstance(plan, Project):
                name = say(lang, "Samtidige innføringsprosjekter", "Simultaneous go-live projects")
                where = f"{name}: {sectors[sector].label(lang)}, {regions[region].label(lang)}"
                held.rows.append([where, number(plan.simultaneous, lang)])
    held.rows.append(
        [say(lang, "Saksbehandlere for eID per foretak", "eID clerks per trust"), number(scenario.eid.clerks, lang)]
    )
    for section, key in ((scenario.eid, "cards"), (scenario.eid, "alternative_cards"), (scenario.knowledge, "seats")):
        parameter: Parameter = getattr(section, key)
        unit = words(UNITS)[parameter.unit].label(lang)
        held.rows.append([_heading(section, key, lang), f"{tables.describe(parameter, lang)} ({unit})"])
    resources.tables = [held]

    queues = Item("2.5.4", say(lang, "Køer", "Queues"))
    queues.sentences = [
        say(
            lang,
            "eID-bestillinger venter på en saksbehandler, først til mølla; lokale prosjekter venter på en ledig prosjektplass i regionen.",
            "eID orders wait for a clerk, first come first served; local projects wait for a free project slot in the region.",
        )
    ]
    queues.quotes = [d for d in code.descriptions(MODEL) if d.where in (f"{MODEL}.eid", f"{MODEL}.golive")]

    ends = Item("2.5.5", say(lang, "Inn og ut", "Entry and exit points"))
    ends.sentences = [
        say(
            lang,
            "Inn: nye oppføringer, en Poisson-prosess per stratum og måned, og beholdningen fra før perioden. "
            f"Ut: {SYNCED.nb}. Det som stoppes, venter i modellen til noen åpner det igjen.",
            "In: new entries, a Poisson process per stratum and month, and the stock from before the period. "
            f"Out: {SYNCED.en}. What is stopped waits in the model until somebody opens it again.",
        )
    ]
    arrivals = Table(
        say(lang, "Nye oppføringer", "New entries"),
        [say(lang, "Aktørgruppe", "Sector"), say(lang, "Per 1000 innbyggere og år", "Per 1,000 inhabitants and year")],
        ["text"] * 2,
    )
    arrivals.rows[:] = [
        [sectors[s].label(lang), tables.describe(content.entries, lang)] for s, content in scenario.sectors.items()
    ]
    ends.tables = [arrivals]
    return [Item("2.5", say(lang, "Komponenter", "Components")), entities, activities, resources, queues, ends]


def _golive(scenario: Scenario, lang: str) -> Table:
    regions, sectors = words(REGIONS), words(SECTORS)
    table = Table(
        say(lang, "Innføringsplaner", "Go-live plans"),
        [
            say(lang, "Aktørgruppe", "Sector"),
            say(lang, "Region", "Region"),
            say(lang, "Art", "Kind"),
            say(lang, "Dato og forsinkelse i måneder", "Date and delay in months"),
        ],
        ["text"] * 4,
    )

    def dated(milestone: Any) -> str:
        delay = "" if milestone.delay is None else f" (+ {tables.describe(milestone.delay, lang)})"
        return f"{milestone.date.isoformat()}{delay}"

    for sector, plans in scenario.golive.items():
        for region, plan in plans.items():
            if isinstance(plan, Never):
                kind, when = say(lang, "ikke i perioden", "not in the period"), ""
            elif isinstance(plan, Project):
                kind = say(lang, "prosjekt", "project")
                when = f"{MILESTONES[2].label(lang)}: {dated(plan.technical)}"
            else:
                kind = say(lang, "rampe", "ramp")
                first, half = say(lang, "de første", "first"), say(lang, "halvparten", "half")
                when = f"{first}: {dated(plan.first)}; {half}: {dated(plan.majority)}"
            table.rows.append([sectors[sector].label(lang), regions[region].label(lang), kind, when])
    return table


def _dated(scenario: Scenario, lang: str) -> Table:
    """Everything with a name that runs for some time or comes into force."""
    table = Table(
        say(
            lang,
            "Programmer, kampanjer, prosjekter og lovendringer",
            "Programmes, campaigns, projects and changes of law",
        ),
        [
            say(lang, "Hva", "What"),
            say(lang, "Start", "Start"),
            say(lang, "Måneder", "Months"),
            say(lang, "Størrelse", "Size"),
        ],
        ["text"] * 4,
    )
    for section in (scenario.eid, scenario.knowledge, scenario.legacy, scenario.ownership, scenario.consent):
        for name in type(section).model_fields:
            value = getattr(section, name)
            for thing in value if isinstance(value, list) else []:
                sizes = [
                    f"{_heading(thing, str(key), lang)} {tables.describe(p, lang)}"
                    for (key, *_), p in parameters(thing)
                ]
                start, months = "", ""
                if isinstance(thing, Ramped):
                    start, months = thing.start, str(thing.months)
                elif hasattr(thing, "date"):
                    start = thing.date.date.isoformat()
                table.rows.append([thing.name, start, months, "; ".join(sizes)])
    return table


def _heading(section: BaseModel, key: str, lang: str) -> str:
    """What a field is called."""
    return type(section).model_fields[key].title or key if lang == "nb" else key.replace("_", " ")


def _data(loaded: Loaded, lang: str) -> list[Item]:
    scenario = loaded.scenario
    sources = Item("3.1", say(lang, "Datakilder", "Data sources"))
    sources.tables = [tables.source_list(loaded, lang)]

    inputs = Item("3.2", say(lang, "Inndata", "Input parameters"))
    inputs.tables = [tables.assumptions(scenario, lang)]

    preprocessing = Item("3.3", say(lang, "Forbehandling", "Preprocessing"))
    files = Table(
        say(lang, "Datafiler", "Data files"),
        [say(lang, "Fil", "File"), say(lang, "Tall", "Figures")],
        ["text", "count"],
    )
    for file in sorted(loaded.data_folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as handle:
            files.rows.append([file.name, sum(1 for _ in csv.DictReader(handle))])
    preprocessing.tables = [files]
    preprocessing.quotes = [
        d for d in code.descriptions("sim.scenario") if d.where in ("sim.scenario.data", "sim.scenario.load")
    ]

    assumed = Item("3.4", say(lang, "Forutsetninger", "Assumptions"))
    counts = tables.tag_counts(scenario)
    share = percent(counts["assumption"] / max(sum(counts.values()), 1), lang)
    assumed.sentences = [
        say(
            lang,
            f"{share} av parametrene og datoene er forutsetninger: ikke målt, planlagt eller anslått av en kilde.",
            f"{share} of the parameters and dates are assumptions: not measured, planned or estimated by a source.",
        )
    ]
    if scenario.fitted is not None:
        assumed.sentences.append(
            say(
                lang,
                f"Prognoser trekker de kalibrerte parameterne fra {scenario.posterior}, tilpasset de publiserte synkroniseringsgradene; "
                "resten fra spennene over. Med --prior brukes bare spennene.",
                f"Forecasts draw the calibrated parameters from {scenario.posterior}, fitted to the published sync rates; the others "
                "from the ranges above. With --prior the ranges alone are used.",
            )
        )
    elif scenario.posterior is not None:
        assumed.sentences.append(
            say(
                lang,
                f"Beskrivelsen gjelder kjøringer med --prior: alle parametere trekkes fra spennene over, ikke fra {scenario.posterior}.",
                f"This describes runs with --prior: all parameters are drawn from the ranges above, not from {scenario.posterior}.",
            )
        )
    evidence = Table(
        say(lang, "Evidensgrader", "Evidence tags"),
        [say(lang, "Evidensgrad", "Tag"), say(lang, "Parametere og datoer", "Parameters and dates")],
        ["text", "count"],
    )
    evidence.rows[:] = [[w.label(lang), counts[w.key]] for w in TAGS]
    assumed.tables = [evidence]
    return [Item("3", say(lang, "Data", "Data")), sources, inputs, preprocessing, assumed]


_INITIAL = ("eid_at_start", "stock", "stock_share", "with_information")


def _experimentation(scenario: Scenario, lang: str) -> list[Item]:
    initial = Item("4.1", say(lang, "Starttilstand", "Initialisation"))
    initial.sentences = [
        say(
            lang,
            "Ingen oppvarming: perioden begynner før bruksstart, med personellet, beholdningen og innbyggerne som disse parametrene sier.",
            "No warm-up: the period begins before go-live, with the staff, stock and citizens that these parameters state.",
        )
    ]
    start = Table(
        say(lang, "Ved start", "At the start"),
        [say(lang, "Parameter", "Parameter"), say(lang, "Verdi eller spenn", "Value or range")],
        ["text"] * 2,
    )
    for path, parameter in parameters(scenario):
        if path[-1] in _INITIAL:
            start.rows.append([tables.title(scenario, path, lang), tables.describe(parameter, lang)])
    initial.tables = [start]
    length = Item("4.2", say(lang, "Varighet", "Run length"))
    length.sentences = [
        say(
            lang,
            f"{scenario.period.months} måneder, fra {scenario.period.start} til {scenario.period.end}.",
            f"{scenario.period.months} months, from {scenario.period.start} to {scenario.period.end}.",
        )
    ]
    estimation = Item("4.3", say(lang, "Estimering", "Estimation approach"))
    found = columns(scenario)
    uncertain = [c for c in found if c.parameter.uncertain]
    kinds = {kind: len({c.stream for c in uncertain if c.kind == kind}) for kind in ("parameter", "schedule")}
    low, high = percent(QUANTILES[0], lang), percent(QUANTILES[-1], lang)
    estimation.sentences = [
        say(
            lang,
            f"{number(scenario.replications, lang)} trekk (frø {scenario.seed}). Hvert trekk har {kinds['parameter']} usikre parametere, "
            f"{kinds['schedule']} usikre tall i tidsplanen og egne tilfeldigheter. Resultatene oppgis som gjennomsnitt, median "
            f"og kvantiler fra {low} til {high}.",
            f"{number(scenario.replications, lang)} draws (seed {scenario.seed}). Each has {kinds['parameter']} uncertain parameters, "
            f"{kinds['schedule']} uncertain numbers of the schedule and chance of its own. Results are given as mean, median and "
            f"quantiles from {low} to {high}.",
        )
    ]
    estimation.quotes = [d for d in code.descriptions(MODEL) if d.where == f"{MODEL}.draws"]
    return [Item("4", say(lang, "Forsøk", "Experimentation")), initial, length, estimation]


def _implementation(loaded: Loaded, lang: str) -> list[Item]:
    software = Item("5.1", say(lang, "Programvare", "Software and programming language"))
    software.sentences = [f"Python {platform.python_version()}, utrulling {forecast.version()}."]
    libraries = Table(
        say(lang, "Biblioteker", "Libraries"),
        [say(lang, "Bibliotek", "Library"), say(lang, "Versjon", "Version")],
        ["text"] * 2,
    )
    libraries.rows[:] = [list(pair) for pair in code.libraries()]
    software.tables = [libraries]
    sampling = Item("5.2", say(lang, "Tilfeldige tall", "Random sampling"))
    streams = Table(
        say(lang, "Tilfeldige strømmer", "Random streams"),
        [say(lang, "Hvor", "Where"), say(lang, "Strømmens navn", "Name of the stream")],
        ["text"] * 2,
    )
    streams.rows[:] = [[d.where, d.text] for d in code.streams(MODEL)]
    sampling.tables = [streams]
    sampling.quotes = [d for d in code.descriptions(MODEL) if d.where in (f"{MODEL}.streams", f"{MODEL}.quantiles")]
    execution = Item("5.3", say(lang, "Kjøring", "Model execution"))
    count = loaded.scenario.replications
    execution.sentences = [f"`{forecast.repeat(loaded, loaded.scenario.seed, count, default_pairs(count))}`"]
    execution.quotes = [d for d in code.descriptions("sim.experiments") if d.where == "sim.experiments.replicate"]
    system = Item("5.4", say(lang, "System", "System specification"))
    system.sentences = [
        say(
            lang,
            f"Beskrivelsen er laget på {platform.system()} {platform.machine()} med {cores()} prosessorer.",
            f"This description was made on {platform.system()} {platform.machine()} with {cores()} processors.",
        )
    ]
    return [Item("5", say(lang, "Implementering", "Implementation")), software, sampling, execution, system]


def _access(loaded: Loaded, lang: str) -> list[Item]:
    sharing = Item("6.1", say(lang, "Tilgang til modellen", "Computer model sharing statement"))
    sharing.sentences = [
        say(
            lang,
            f"Kildekoden følger med distribusjonen utrulling {forecast.version()}, med lisensen {code.licence()}. Scenarioet er "
            f"filen {loaded.path.name}; innholdet har SHA-256 `{loaded.hash}`.",
            f"The source comes with the distribution utrulling {forecast.version()}, under the licence {code.licence()}. The scenario "
            f"is the file {loaded.path.name}; its content has SHA-256 `{loaded.hash}`.",
        )
    ]
    return [Item("6", say(lang, "Tilgang til koden", "Code access")), sharing]
