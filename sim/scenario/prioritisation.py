"""The form of a prioritisation sheet: the model of the 2021 annex (PRIO-2021, chapter 2.2).

Entry questions decide whether a measure is scored at all. Each criterion has questions; every question gets 0-10 points
(for costs, 10 is cheap), a criterion's score is the mean of its questions, and the total is the weighted sum of the
criteria, with equal weights in the annex. Points may be uncertain, and may be fed by the simulation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sim.errors import ScenarioError
from sim.scenario import data, sheet
from sim.scenario.faults import Faults, nearest
from sim.scenario.parameter import Parameter, Quantity, Tag
from sim.scenario.schema import Section, SectorKey
from sim.vocabulary import MEASURES

Points = Annotated[Parameter, Quantity("points", 0, 10)]
Scale = Literal["linear", "log"]
COUNTED = ("actors", "staff")  # what a feed may take from the scenario itself


class Question(Section):
    """One question of the sheet."""

    text: str = Field(title="Spørsmål", min_length=1)
    text_en: str = Field(title="Spørsmål på engelsk", min_length=1)


class Criterion(Section):
    """A priority criterion and its questions, which count alike."""

    title: str = Field(title="Navn", min_length=1)
    title_en: str = Field(title="Navn på engelsk", min_length=1)
    weight: float = Field(1.0, title="Vekt", ge=0, le=1000, description="Vedlegget vekter alle likt.")
    questions: dict[str, Question] = Field(title="Spørsmål", min_length=1)


class Answer(Section):
    """The answer to an entry question."""

    met: bool = Field(title="Oppfylt")
    source: str = Field(title="Kilde")
    tag: Tag = Field(title="Evidensgrad")
    note: str | None = Field(None, title="Merknad")


class Feed(Section):
    """How the simulation gives points, in place of those read: to the measure that has most of something, and to none at all.

    ``of`` is a measure of the simulation, of which the difference counts that the sectors' go-live makes for the country over the
    whole period, or «actors» or «staff», the number of those who must take the API into use. Values between are placed
    on a straight line, or on a logarithmic one (from 1 up).
    """

    criterion: str = Field(title="Kriterium")
    question: str = Field(title="Spørsmål")
    of: str = Field(title="Størrelse i simuleringen")
    scale: Scale = Field("linear", title="Skala")
    none: Points = Field(title="Poeng for ingenting")
    most: Points = Field(title="Poeng for det største")


class Measure(Section):
    """A measure to be prioritised; ``sectors`` are those whose go-live it is in the simulation.

    ``not_simulated`` says why a measure of the same API has none.
    """

    title: str = Field(title="Navn", min_length=1)
    title_en: str = Field(title="Navn på engelsk", min_length=1)
    entry: dict[str, Answer] = Field(title="Inngangskriterier")
    points: dict[str, dict[str, Points]] = Field({}, title="Poeng", description="Etter kriterium og spørsmål.")
    sectors: list[SectorKey] = Field([], title="Aktørgrupper i simuleringen")
    not_simulated: str | None = Field(None, title="Hvorfor ikke i simuleringen")
    not_simulated_en: str | None = Field(None, title="Hvorfor ikke i simuleringen, på engelsk")
    published_rank: int | None = Field(None, title="Publisert plass", ge=1)
    note: str | None = Field(None, title="Merknad")


class Sheet(Section):
    """A whole prioritisation sheet."""

    title: str = Field(title="Tittel", min_length=1)
    title_en: str = Field(title="Tittel på engelsk", min_length=1)
    source: str = Field(title="Kilde")
    tie_break: str | None = Field(
        None, title="Ved likhet", description="Spørsmålet som avgjør, som «benefit.patients»; vedlegget: pasientene."
    )
    entry: dict[str, Question] = Field(title="Inngangskriterier")
    criteria: dict[str, Criterion] = Field(title="Prioriteringskriterier", min_length=1)
    feeds: list[Feed] = Field([], title="Poeng fra simuleringen")
    measures: dict[str, Measure] = Field(title="Tiltak", min_length=1)

    def admitted(self, key: str) -> bool:
        """Whether a measure meets every entry question."""
        return all(answer.met for answer in self.measures[key].entry.values())

    def feed(self, measure: str, criterion: str, question: str) -> Feed | None:
        """The feed that gives a measure its points for a question, if the simulation does."""
        if not self.measures[measure].sectors:
            return None
        return next((f for f in self.feeds if (f.criterion, f.question) == (criterion, question)), None)


def read(file: str | Path) -> Sheet:
    """Read and check a prioritisation sheet.

    Raises:
        ScenarioError: with every fault found, each with its place.
        UserError: it cannot be read.
    """
    path = sheet.find(file)
    found, faults = sheet.read(path, Sheet)
    _check(found, faults)
    if faults.problems:
        raise ScenarioError(faults.ordered())
    return found


def _check(found: Sheet, faults: Faults) -> None:
    """What only the whole can tell: that every question is answered, and that names and sources are known."""
    questions = {(c, q) for c, criterion in found.criteria.items() for q in criterion.questions}
    if not any(criterion.weight > 0 for criterion in found.criteria.values()):
        faults.fail(("criteria",), "minst én vekt må være over 0", "at least one weight must be above 0")
    known = data.sources(data.shipped() / "data")
    if data.source_key(found.source) not in known:
        faults.fail(("source",), f"ukjent kilde «{found.source}»", f"unknown source «{found.source}»")
    if found.tie_break and tuple(found.tie_break.split(".")) not in questions:
        faults.fail(("tie_break",), "er ikke et av spørsmålene", "is none of the questions")
    measures = [w.key for w in MEASURES] + list(COUNTED)
    for index, feed in enumerate(found.feeds):
        if (feed.criterion, feed.question) not in questions:
            faults.fail(("feeds", index), "er ikke et av spørsmålene", "is none of the questions")
        if feed.of not in measures:
            faults.fail(
                ("feeds", index, "of"),
                f"«{feed.of}» er ikke et mål i simuleringen",
                f"«{feed.of}» is no measure of the simulation",
                nearest(feed.of, measures),
            )
    for key, measure in found.measures.items():
        where = ("measures", key)
        for name in found.entry.keys() - measure.entry.keys():
            faults.fail((*where, "entry"), f"mangler svar på «{name}»", f"lacks an answer to «{name}»")
        for name in measure.entry.keys() - found.entry.keys():
            faults.fail(
                (*where, "entry", name), "ukjent spørsmål", "unknown question", nearest(name, list(found.entry))
            )
        given = {(c, q) for c, points in measure.points.items() for q in points}
        for c, q in given - questions:
            faults.fail((*where, "points", c, q), "er ikke et av spørsmålene", "is none of the questions")
        for c, q in sorted(given):
            if (c, q) in questions and data.source_key(measure.points[c][q].source) not in known:
                faults.fail((*where, "points", c, q, "source"), "ukjent kilde", "unknown source")
        if found.admitted(key):
            for c, q in sorted(questions - given):
                faults.fail((*where, "points"), f"mangler poeng for {c}.{q}", f"lacks points for {c}.{q}")
