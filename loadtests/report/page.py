"""The report of one run as a page: what it says, what was played, and how to repeat it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np

from loadtests import usl
from loadtests.capacity import Capacity
from loadtests.language import milliseconds, number, percent
from loadtests.recorder import Recorder
from loadtests.report import charts

if TYPE_CHECKING:
    from loadtests.objectives import Finding
    from loadtests.run import Outcome

COLUMNS = ("p50", "p90", "p95", "p99", "p99.9", "p99.99", "max")


def render(outcome: Outcome, told: dict[str, Any], lang: str) -> str:
    """The page in a language."""
    return (
        _environment(lang)
        .get_template("report.html.j2")
        .render(
            lang=lang,
            told=told,
            title=getattr(outcome.scenario.title, lang),
            findings=_asked(outcome.findings, lang),
            columns=COLUMNS,
            began=dt.datetime.fromtimestamp(told["began"]).strftime("%Y-%m-%d %H:%M") if told["began"] else "\u2013",
            stages=[s.model_dump(exclude_defaults=True) for s in outcome.scenario.shape],
            pictures=_pictures(outcome, told, lang),
        )
    )


def _asked(findings: list[Finding], lang: str) -> list[tuple[str, bool]]:
    """The findings as sentences, those that do not hold first; what holds of every operation alike is one sentence."""
    told = sorted(findings, key=lambda f: f.holds)
    alike = [f for f in told if f.holds and f.found == 0 and not f.invalidates and f.what in ("error_rate", "wrong")]
    sentences = [(f.sentence().to(lang), f.holds) for f in told if f not in alike]
    if alike:
        names = ", ".join(dict.fromkeys(f.operation for f in alike))
        said = "ingen feil og ingen gale svar" if lang == "nb" else "no errors and no wrong answers"
        if len({f.what for f in alike}) == 1:
            wrong = alike[0].what == "wrong"
            said = {"nb": ("ingen feil", "ingen gale svar"), "en": ("no errors", "no wrong answers")}[lang][wrong]
        sentences.append((f"\u2713 {said}: {names}", True))
    return sentences


def _stages(outcome: Outcome) -> list[tuple[float, str]]:
    begins = np.cumsum([0.0, *(s.seconds for s in outcome.scenario.shape)])
    return [(float(b), s.name) for b, s in zip(begins, outcome.scenario.shape, strict=False)]


def _environment(lang: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("loadtests.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        t=lambda nb, en: nb if lang == "nb" else en,
        ms=lambda value: milliseconds(None if value is None else value * 1000, lang),
        n=lambda value, decimals=0: number(value, lang, decimals),
        share=lambda value, decimals=2: percent(value, lang, decimals),
        at=lambda told, column, count: milliseconds(_seen(told, column, count), lang),
    )
    return environment


def _seen(told: dict[str, Any], column: str, count: int) -> float | None:
    """A percentile in microseconds, or None where not one answer in so many lies beyond it: it would be the largest."""
    beyond = count * (1 - float(column[1:]) / 100) if column.startswith("p") else 1
    return None if told[column] is None or beyond < 0.999 else told[column] * 1000


def render_capacity(found: Capacity, lang: str) -> str:
    """The page of a capacity search: the knee of every number of processes, and the law through them."""

    def t(nb: str, en: str) -> str:
        return nb if lang == "nb" else en

    pictures = []
    for point in found.points:
        steps = [s.model_dump() for s in found.steps if s.processes == point.processes]
        heading = t(
            f"Svartid etter rate, {point.processes} tjenerprosess(er)",
            f"Response time by rate, {point.processes} server process(es)",
        )
        figure = charts.knee(steps, point.rate.median, lang)
        pictures.append({"heading": heading, "svg": charts.svg(figure, f"knee{point.processes}", heading)})
    if found.scalability is not None:
        heading = t("Skalering", "Scalability")
        rates = {p.processes: p.rate.each for p in found.points}
        figure = charts.scalability(rates, found.scalability.law, usl.spread(rates), lang)
        pictures.append({"heading": heading, "svg": charts.svg(figure, "usl", heading), "law": "yes"})
    return (
        _environment(lang)
        .get_template("capacity.html.j2")
        .render(lang=lang, found=found, pictures=pictures, doubts=usl.DOUBTS)
    )


def _pictures(outcome: Outcome, told: dict[str, Any], lang: str) -> list[dict[str, str]]:
    recorder: Recorder = outcome.recorder

    def t(nb: str, en: str) -> str:
        return nb if lang == "nb" else en

    busiest = sorted(recorder.operations.items(), key=lambda item: -item[1].sent)[:6]
    tails = {name: seen.response for name, seen in busiest if seen.response.count}
    drawn = [
        (
            "heat",
            t("Svartider gjennom løpet", "Response times over the run"),
            t(
                "Fra det øyeblikket kallet skulle vært sendt. Et loddrett bånd er en stans som alle ventet på.",
                "From the moment the call was due. A vertical band is a stall that everybody waited for.",
            ),
            charts.heat(recorder, outcome.seconds, lang),
        ),
        (
            "rates",
            t("Ønsket og oppnådd rate", "Rate wanted and achieved"),
            t(
                "Ønsket: middelet som etterspørselen gir; ankomstene er tilfeldige rundt det. Sendt er mer når klienter prøver "
                "igjen. En innlogging er tre kall til HelseID.",
                "Wanted: the mean that the demand gives; arrivals are random around it. Sent is more when clients try again. "
                "A login is three calls to HelseID.",
            ),
            charts.rates(told["timeline"], _stages(outcome), lang),
        ),
        (
            "tail",
            t("Svartid etter prosentil", "Response time by percentile"),
            t("De vanligste operasjonene.", "The most frequent operations."),
            charts.tail(tails, lang),
        ),
        (
            "server",
            t("Tjenesten og generatoren", "The service and the generator"),
            t(
                "Er generatoren sen, er det den som måles, ikke tjenesten.",
                "If the generator is late, it is being measured, not the service.",
            ),
            charts.server(told["server"]["cpu_per_second"], told["timeline"], lang),
        ),
    ]
    return [
        {"heading": heading, "reading": reading, "svg": charts.svg(figure, name, heading)}
        for name, heading, reading, figure in drawn
    ]
