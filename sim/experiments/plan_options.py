"""What a plan may choose among: interventions at the starts that a budget's cycle allows, and which exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.errors import UserError
from sim.experiments.plan import Choice
from sim.language import Text
from sim.scenario import intervention
from sim.scenario.faults import Faults
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load


@dataclass(frozen=True)
class Options:
    """``items`` for the search: of each, one alternative may be taken. ``refused`` are choices that do not fit the scenario."""

    items: tuple[tuple[Choice, ...], ...]
    interventions: Mapping[str, Intervention]
    refused: dict[Choice, Text]


def options(loaded: Loaded, names: Sequence[str], starts: Sequence[str]) -> Options:
    """The choices for a scenario.

    Raises:
        UserError: a name is unknown, its file has faults, or nothing at all fits.
    """
    found = {one.key: one for one in map(intervention.find, names)}
    fitting: dict[str, list[Choice]] = {}
    refused: dict[Choice, Text] = {}
    for key, one in found.items():
        for start in starts:
            try:
                load(loaded.given, [one.at(start)])
                fitting.setdefault(key, []).append(Choice(key, start))
            except UserError as error:
                refused[Choice(key, start)] = error.text
    if not fitting:
        raise UserError(
            "ingen av tiltakene kan begynne i tide: " + "; ".join(sorted({t.nb for t in refused.values()})[:3]),
            "none of the interventions can begin in time: " + "; ".join(sorted({t.en for t in refused.values()})[:3]),
        )
    items = [tuple(c for key in group for c in fitting[key]) for group in _rivals([found[k] for k in fitting])]
    return Options(tuple(items), found, refused)


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
