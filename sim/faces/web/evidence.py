"""What is behind a scenario's numbers: the hindcast, what the data say, published figures, assumptions, conflicts between sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.experiments.observations import Observation
from sim.experiments.whatif import grounds
from sim.faces.report.table import Table, say
from sim.faces.web.address import Address
from sim.faces.web.runs import Run
from sim.language import number, percent
from sim.model.model import Model
from sim.scenario.levers import build
from sim.vocabulary import TAGS, UNITS, words


def behind(address: Address, observed: Sequence[Observation]) -> dict[str, Any]:
    """What the page of evidence shows: counts by tag, figures, assumptions, conflicts, sources."""
    from sim.faces.report import page, tables  # draws charts too, which takes a second to import

    lang = address.lang
    ground = grounds(address.scenario)
    scenario = build(ground, address.settings)
    counts = tables.tag_counts(scenario)
    total = max(sum(counts.values()), 1)
    tags = words(TAGS)
    assumptions = tables.assumptions(scenario, lang)
    return {
        "scenario_title": scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en,
        "fitted": scenario.fitted is not None,
        "tags": [(tags[key].label(lang), count, percent(count / total, lang)) for key, count in counts.items()],
        "assumed": percent(counts["assumption"] / total, lang),
        "published": _published(observed, lang),
        "assumptions": assumptions,
        "conflicts": page.conflicts(ground.loaded.data_folder, lang),
        "sources": tables.source_list(ground.loaded, lang),
    }


def _published(observed: Sequence[Observation], lang: str) -> Table:
    table = Table(
        say(lang, "Publiserte synkroniseringsgrader", "Published sync rates"),
        [
            say(lang, "Sted", "Place"),
            say(lang, "Fra", "From"),
            say(lang, "Til", "To"),
            say(lang, "Grad", "Rate"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Kilde", "Source"),
        ],
        ["text", "text", "text", "share", "text", "text"],
    )
    tags = words(TAGS)
    for o in observed:
        dates = [d.strftime("%d.%m.%Y") if lang == "nb" else d.isoformat() for d in (o.start, o.end)]
        table.rows.append([o.area, *dates, o.value, tags[o.tag].label(lang), o.source])
    return table


def tried(run: Run, observed: Sequence[Observation], lang: str) -> dict[str, Any]:
    """The hindcast that ``utrulling backtest`` made: chart, scores, coverage, verdict in words."""
    from sim.experiments import backtest
    from sim.faces.charts.evidence import hindcast as chart
    from sim.faces.report import hindcast

    answer = run.answer()
    records = [backtest.Record(**r) for r in answer["records"]]
    verdicts = backtest.verdicts(records, {c["cutoff"]: c["model_error"] for c in answer["cutoffs"]})
    return {
        "chart": chart(records, {o.key: o for o in observed}, lang),
        "goals": hindcast.goals(verdicts, lang),
        "scores": hindcast.scores(verdicts, lang),
        "coverage": hindcast.coverage_table(records, lang),
    }


def fitted(run: Run, scenario: str, lang: str) -> dict[str, Any]:
    """What ``utrulling calibrate`` found: how far each parameter moved, and whether the computation passes its own checks."""
    from sim.faces.charts.evidence import learned
    from sim.faces.report.calibration import doubts, label

    answer, loaded, units = run.answer(), grounds(scenario).loaded, words(UNITS)
    names = {column.stream: column.name for column in Model(loaded.scenario).columns}
    return {
        "chart": learned(
            answer["learned"],
            lambda stream: label(loaded, names.get(stream, stream), lang),
            lambda unit: units[unit].label(lang),
            lang,
        ),
        "doubts": doubts(answer["doubts"], answer["effective"], answer["pareto_k"], lang, answer["largest_weight"]),
        "effective": number(answer["effective"], lang),
        "size": number(answer["size"], lang),
    }
