"""The charts of the evidence: what the model would have foreseen, and what the data say about each parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.experiments.backtest import MODEL, NAIVE, Record
from sim.experiments.observations import Observation
from sim.faces.charts.chart import Chart
from sim.faces.charts.words import month_text
from sim.faces.report.table import Table, median_and_ends, say
from sim.language import number, percent

SHOWN = 20  # parameters in the chart; the table has all


def hindcast(records: Sequence[Record], observed: Mapping[str, Observation], lang: str) -> Chart:
    """What was predicted at each cut-off, by the model (median and 80 % interval) and by the best naive forecast, beside what came."""
    rows, table = [], _predictions(lang)
    held = 0
    for r in (r for r in records if r.forecaster == MODEL):
        rivals = [o for o in records if (o.cutoff, o.target) == (r.cutoff, r.target) and o.forecaster in NAIVE]
        naive = min(rivals, key=lambda o: o.crps)
        held += r.low <= r.published <= r.high
        name = f"{month_text(r.cutoff[:7], lang)} → {_span(observed[r.target], lang)}"
        rows.append(
            {
                "name": name,
                "low": r.low,
                "middle": r.median,
                "high": r.high,
                "published": r.published,
                "naive": naive.median,
                "tip": f"{name}: {percent(r.median, lang)} ({number(100 * r.low, lang)}\u2013{percent(r.high, lang)})",
            }
        )
        table.rows.append([name, r.published, r.low, r.median, r.high, naive.median])
    return Chart(
        name="hindcast",
        kind="foreseen",
        finding=say(
            lang,
            f"{held} av {len(rows)} publiserte tall kom innenfor det 80 %-intervallet som modellen ville ha gitt på forhånd",
            f"{held} of {len(rows)} published figures came inside the 80% interval that the model would have given beforehand",
        ),
        what=say(
            lang,
            "Synkroniseringsgrad forutsagt med det som var kjent, mot det som ble publisert senere",
            "Sync rate predicted from what was known, against what was published later",
        ),
        reading=say(
            lang,
            "Strek: modellens 80 %-intervall, med medianen som kort strek. Prikk: publisert. Firkant: den enkle framskrivningen som "
            "traff best den gangen (valgt i ettertid, altså i dens favør).",
            "Line: the model's 80% interval with its median as a tick. Dot: published. Square: the naive forecast that came closest "
            "that time (chosen afterwards, so in its favour).",
        ),
        table=table,
        data={"rows": rows},
        keys=(
            ("scenario", say(lang, "modellen", "the model")),
            ("dot", say(lang, "publisert", "published")),
            ("square", say(lang, "beste enkle framskrivning", "best naive forecast")),
        ),
    )


def _predictions(lang: str) -> Table:
    return Table(
        say(lang, "Forutsagt og publisert", "Predicted and published"),
        [
            say(lang, "Kjent til → gjelder", "Known until → of"),
            say(lang, "Publisert", "Published"),
            "P10",
            say(lang, "Median", "Median"),
            "P90",
            say(lang, "Beste enkle", "Best naive"),
        ],
        ["text", "share", "share", "share", "share", "share"],
    )


def _span(observation: Observation, lang: str) -> str:
    first, last = month_text(observation.start.isoformat()[:7], lang), month_text(observation.end.isoformat()[:7], lang)
    if first == last:
        return first
    return f"{first.removesuffix(last[-5:])}\u2013{last}" if first[-5:] == last[-5:] else f"{first}\u2013{last}"


def learned(
    found: Sequence[Mapping[str, Any]], label: Callable[[str], str], unit: Callable[[str], str], lang: str
) -> Chart:
    """How far the published figures moved each parameter: 1 minus the overlap of prior and posterior.

    ``found`` are the records of ``calibrate --json``; ``label`` and ``unit`` put names and units in words.
    """
    table = Table(
        say(lang, "Hva dataene sier om hver parameter", "What the data say about each parameter"),
        [
            say(lang, "Parameter", "Parameter"),
            say(lang, "Enhet", "Unit"),
            say(lang, "Før: median (90 %)", "Before: median (90 %)"),
            say(lang, "Etter: median (90 %)", "After: median (90 %)"),
            say(lang, "Overlapp", "Overlap"),
            say(lang, "Dataene sier", "The data say"),
        ],
        ["text", "text", "number", "number", "share", "text"],
    )
    rows = []
    for order, one in enumerate(found):
        name, moved = label(one["parameter"]), 1 - float(one["overlap"])
        says = say(lang, "noe", "something") if one["informed"] else say(lang, "ingenting", "nothing")
        table.rows.append(
            [
                name,
                unit(one["unit"]),
                median_and_ends(one["prior"], lang),
                median_and_ends(one["posterior"], lang),
                one["overlap"],
                says,
            ]
        )
        if order < SHOWN:
            rows.append(
                {
                    "name": name,
                    "value": round(moved, 4),
                    "kind": "informed" if one["informed"] else "silent",
                    "text": percent(moved, lang),
                    "tip": f"{name}: {percent(moved, lang)}",
                }
            )
    informed = sum(bool(one["informed"]) for one in found)
    return Chart(
        name="learned",
        kind="moved",
        finding=say(
            lang,
            f"De publiserte tallene sier noe om {informed} av {len(found)} usikre parametere",
            f"The published figures say something about {informed} of {len(found)} uncertain parameters",
        ),
        what=say(
            lang,
            f"Hvor mye tallene flyttet hver parameter (0 % er ingenting); de {len(rows)} som flyttet seg mest",
            f"How far the figures moved each parameter (0% is not at all); the {len(rows)} that moved most",
        ),
        reading=say(
            lang,
            "Blå stolper: mer enn tilfeldigheter i beregningen ville gitt. Grå: ikke mer enn det; der er svaret forutsetningen.",
            "Blue bars: more than chance in the computation would give. Grey: no more than that; there the answer is the assumption.",
        ),
        table=table,
        data={"rows": rows},
    )
