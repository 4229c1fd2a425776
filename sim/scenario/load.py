"""Reads a scenario file: YAML to a checked ``Scenario``, with the place of every fault.

The order: text to plain data (``text``) → ``extends`` (``merge``) → interventions laid over it (``intervention``) → ``from`` figures
(``figures``) → the form (``schema``, told by ``faults``) → what only the whole can tell (``whole``). Every fault found is
reported at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.errors import ScenarioError, UserError
from sim.scenario import data, intervention
from sim.scenario.faults import Faults, explain
from sim.scenario.figures import data_folder, fill_in
from sim.scenario.intervention import Intervention
from sim.scenario.merge import with_parents
from sim.scenario.schema import Chosen, Scenario
from sim.scenario.whole import check_whole


@dataclass(frozen=True)
class Loaded:
    """A checked scenario, and where it came from."""

    scenario: Scenario
    path: Path
    given: str  # as the user named it
    data_folder: Path
    interventions: tuple[Intervention, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 of what the scenario says, whatever its comments, key order or files."""
        content = self.scenario.model_dump(mode="json", exclude_defaults=True)  # what is left out says nothing
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """The file's name without ending."""
        return self.path.stem


def load(file: str | Path, interventions: Sequence[str | Intervention] = ()) -> Loaded:
    """Read and check a scenario file, with ``interventions`` (files or names, «eid-nurses@2026-09») laid over it.

    Raises:
        ScenarioError: with every fault found, each with file, line, column, key and the nearest right name.
        UserError: a file cannot be read at all, or two interventions cannot go together.
    """
    path = Path(file)
    if not path.exists() and not path.suffix and (data.shipped() / f"{path}.yaml").is_file():
        path = data.shipped() / f"{path}.yaml"
    asked = [intervention.find(i) if isinstance(i, str) else i for i in interventions]
    faults = Faults(path)
    plain, faults.places = with_parents(path)
    chosen = [*_carried_out(plain, faults), *asked]
    plain = intervention.apply(plain, chosen, faults)
    folder = data_folder(path)
    fill_in(plain, (), faults, folder)
    if faults.problems:
        raise ScenarioError(faults.ordered())
    try:
        scenario = Scenario.model_validate(plain)
    except ValidationError as error:
        for fault in error.errors():
            explain(fault, faults)
        raise ScenarioError(faults.ordered()) from None
    check_whole(scenario, faults, folder)
    if faults.problems:
        raise ScenarioError(faults.ordered())
    return Loaded(scenario, path, str(file), folder, tuple(chosen))


class _List(BaseModel):
    interventions: list[Chosen] = []


def _carried_out(plain: dict[str, Any], faults: Faults) -> list[Intervention]:
    """The interventions that the scenario itself names."""
    try:
        listed = _List.model_validate({"interventions": plain.get("interventions", [])})
    except ValidationError as error:
        for fault in error.errors():
            explain(fault, faults)
        raise ScenarioError(faults.ordered()) from None
    found = []
    for index, item in enumerate(listed.interventions):
        try:
            found.append(intervention.chosen(item))
        except ScenarioError:
            raise
        except UserError as error:
            faults.fail(("interventions", index, "name"), error.text.nb, error.text.en)
    return found
