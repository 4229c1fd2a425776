"""The form of a budget: what may be spent in each year, and when in the year money can begin to move."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from sim.errors import ScenarioError, UserError
from sim.language import Text
from sim.scenario import data, sheet
from sim.scenario.faults import Faults, explain
from sim.scenario.figures import data_folder, fill_in
from sim.scenario.parameter import Parameter, Quantity, Tag
from sim.scenario.schema import Section
from sim.scenario.text import read as read_text

Amount = Annotated[Parameter, Quantity("MNOK (2024)")]
_DAY = re.compile(r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")


def _day(value: object) -> object:
    if isinstance(value, str) and _DAY.match(value):
        return value
    raise PydanticCustomError("day", "skal være måned og dag, som 02-01|must be month and day, such as 02-01")


class Cycle(Section):
    """A yearly plan: its deadline, and the month in which what it decides can begin."""

    plan: Annotated[str, BeforeValidator(_day)] = Field(title="Frist for planen")
    begins: int = Field(title="Tiltak begynner i måned", ge=1, le=12)
    years_later: int = Field(0, title="År etter planen", ge=0, le=5)
    source: str = Field(title="Kilde")
    tag: Tag = Field(title="Evidensgrad")
    note: str | None = Field(None, title="Merknad")

    def start(self, year: int) -> str:
        """The month («2027-01») in which what the plan of a year decides begins."""
        return f"{year + self.years_later:04d}-{self.begins:02d}"

    def deadline(self, year: int) -> dt.date:
        """The date of the plan in a year."""
        month, day = map(int, self.plan.split("-"))
        return dt.date(year, month, day)


class Budget(Section):
    """A budget. A year's money is that year's alone: what is not spent is not carried over."""

    title: str = Field(title="Tittel", min_length=1)
    title_en: str = Field(title="Tittel på engelsk", min_length=1)
    source: str = Field(title="Kilde")
    years: dict[int, Amount] = Field(title="Ramme per år", min_length=1)
    cycles: list[Cycle] = Field(title="Årshjul", min_length=1)
    first_plan: dt.date = Field(title="Første plan som kan brukes")


@dataclass(frozen=True)
class Start:
    """A month in which the money of interventions may begin to move, and the deadline of the plan that decides it."""

    month: str
    plan: dt.date


def starts(budget: Budget, first: dt.date, by: str) -> list[Start]:
    """The months in which money may begin to move, from the first plan on or after ``first`` until ``by``."""
    last = int(by[:4])
    found = {
        cycle.start(year): Start(cycle.start(year), cycle.deadline(year))
        for year in range(first.year, last + 1)
        for cycle in budget.cycles
        if cycle.deadline(year) >= first and cycle.start(year) <= by
    }
    return [found[month] for month in sorted(found)]


def read(file: str | Path) -> Budget:
    """Read and check a budget.

    Raises:
        ScenarioError: with every fault found, each with its place.
        UserError: it cannot be read, a year is missing between the first and the last, or there is no money at all.
    """
    path = sheet.find(file)
    faults = Faults(path)
    plain, faults.places = read_text(path, Text("et budsjett (mill. kr per år)", "a budget (NOK million by year)"))
    folder = data_folder(path)
    fill_in(plain, (), faults, folder)
    if faults.problems:
        raise ScenarioError(faults.ordered())
    try:
        budget = Budget.model_validate(plain)
    except ValidationError as error:
        for fault in error.errors():
            explain(fault, faults, Budget)
        raise ScenarioError(faults.ordered()) from None
    known = data.sources(folder)
    for where, source in (
        *((("years", year), amount.source) for year, amount in budget.years.items()),
        *((("cycles", i), cycle.source) for i, cycle in enumerate(budget.cycles)),
        (("source",), budget.source),
    ):
        if data.source_key(source) not in known:
            faults.fail(where, f"ukjent kilde «{source}»", f"unknown source «{source}»")
    years = sorted(budget.years)
    for year in sorted(set(range(years[0], years[-1] + 1)) - set(years)):
        faults.fail(
            ("years",),
            f"{year} mangler; skriv 0 hvis det ikke er penger det året",
            f"{year} is missing; write 0 if there is no money that year",
        )
    for year, amount in budget.years.items():
        if amount.uncertain:
            faults.fail(("years", year), "skal være et fast beløp (value)", "must be a fixed amount (value)")
    if faults.problems:
        raise ScenarioError(faults.ordered())
    if not any(amount.value for amount in budget.years.values()):
        raise UserError(
            f"{path}: rammen er 0 i alle år; da er det ingenting å planlegge",
            f"{path}: the budget is 0 in every year; there is nothing to plan",
        )
    return budget
