"""What a plan may choose among: interventions at the starts that a budget's cycle allows, and which exclude each other.

Money moves when the budget's cycle lets it. An intervention that must be prepared spends before it starts, so it starts as many
months after its money as the preparations take: no choice costs anything before the plan that decides it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.errors import ScenarioError, UserError
from sim.experiments.plan import Choice
from sim.language import Text
from sim.scenario import intervention
from sim.scenario.budget import Start
from sim.scenario.faults import Faults
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load


@dataclass(frozen=True)
class Options:
    """``items`` for the search: of each, one alternative may be taken; ``paid`` is the month from which the budget pays for a
    choice, and the plan that decides it. ``refused`` are choices that do not fit the scenario, or come too late for ``by``."""

    items: tuple[tuple[Choice, ...], ...]
    interventions: Mapping[str, Intervention]
    paid: Mapping[Choice, Start]
    refused: dict[Choice, Text]


def options(loaded: Loaded, names: Sequence[str], starts: Sequence[Start], by: str) -> Options:
    """The choices for a scenario whose money moves at ``starts`` and that start by a month («2027-12»).

    Raises:
        UserError: a name is unknown, its file has faults, or nothing at all fits.
    """
    found = {one.key: one for one in map(intervention.find, names)}
    fitting: dict[str, list[Choice]] = {}
    paid: dict[Choice, Start] = {}
    refused: dict[Choice, Text] = {}
    for key, one in found.items():
        for money in starts:
            choice = Choice(key, _later(money.month, one.lead))
            if choice.start > by:
                refused[choice] = Text(
                    f"forberedes i {one.lead} måneder, og rekker ikke å begynne i tide",
                    f"takes {one.lead} months to prepare, and cannot begin in time",
                )
                continue
            try:
                load(loaded.given, [one.at(choice.start)])
            except UserError as error:
                refused[choice] = _reason(error)
                continue
            fitting.setdefault(key, []).append(choice)
            paid[choice] = money
    if not fitting:
        raise UserError(
            "ingen av tiltakene kan begynne i tide: " + "; ".join(sorted({t.nb for t in refused.values()})[:3]),
            "none of the interventions can begin in time: " + "; ".join(sorted({t.en for t in refused.values()})[:3]),
        )
    items = [tuple(c for key in group for c in fitting[key]) for group in _rivals([found[k] for k in fitting])]
    return Options(tuple(items), found, paid, refused)


def _later(month: str, months: int) -> str:
    """«2027-01» so many months later."""
    number = 12 * int(month[:4]) + int(month[5:]) - 1 + months
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _reason(error: UserError) -> Text:
    """Why the scenario refuses a choice, without files and keys."""
    if not isinstance(error, ScenarioError):
        return error.text
    told = [problem.message for problem in error.problems]
    return Text("; ".join(dict.fromkeys(t.nb for t in told)), "; ".join(dict.fromkeys(t.en for t in told)))


def _rivals(interventions: Sequence[Intervention]) -> list[list[str]]:
    """The interventions, those that exclude each other (directly or by way of another) in one group."""
    groups: list[list[Intervention]] = []
    for one in interventions:
        meets = [group for group in groups if any(_exclude(one, other) for other in group)]
        groups = [group for group in groups if group not in meets] + [
            [other for group in meets for other in group] + [one]
        ]
    return [[one.key for one in group] for group in groups]


def _exclude(one: Intervention, other: Intervention) -> bool:
    try:
        intervention.apply({}, [one, other], Faults(one.path))
    except UserError:
        return True
    return False
