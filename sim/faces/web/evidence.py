"""What is behind a scenario's numbers: published figures, assumptions with source and tag, conflicts between sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.experiments.observations import Observation
from sim.experiments.whatif import grounds
from sim.faces.report.table import Table, say
from sim.faces.web.address import Address
from sim.language import percent
from sim.scenario.levers import build
from sim.scenario.schema import Scenario
from sim.vocabulary import TAGS, words


def behind(address: Address, observed: Sequence[Observation]) -> dict[str, Any]:
    """What the page of evidence shows: counts by tag, figures, assumptions, conflicts, sources."""
    from sim.faces.report import page, tables  # draws charts too, which takes a second to import

    lang = address.lang
    ground = grounds(address.scenario)
    scenario = build(ground, address.settings)
    counts = tables.tag_counts(scenario)
    assumptions = tables.assumptions(scenario, lang)
    return {
        "scenario_title": scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en,
        "fitted": scenario.fitted is not None,
        "tags": tags(scenario, lang),
        "assumed": percent(counts["assumption"] / max(sum(counts.values()), 1), lang),
        "published": _published(observed, lang),
        "assumptions": assumptions,
        "conflicts": page.conflicts(ground.loaded.data_folder, lang),
        "sources": tables.source_list(ground.loaded, lang),
    }


def tags(scenario: Scenario, lang: str) -> list[tuple[str, int, str]]:
    """How many parameters and dates carry each tag: its name, the count, the share."""
    from sim.faces.report import tables

    counts, labels = tables.tag_counts(scenario), words(TAGS)
    total = max(sum(counts.values()), 1)
    return [(labels[key].label(lang), count, percent(count / total, lang)) for key, count in counts.items()]


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
    labels = words(TAGS)
    for o in observed:
        dates = [d.strftime("%d.%m.%Y") if lang == "nb" else d.isoformat() for d in (o.start, o.end)]
        table.rows.append([o.area, *dates, o.value, labels[o.tag].label(lang), o.source])
    return table
