"""Small files beside the scenario that state one thing each: read and checked like a scenario, fault by fault."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sim.errors import ScenarioError
from sim.language import Text
from sim.scenario import data, text
from sim.scenario.faults import Faults, explain

Form = TypeVar("Form", bound=BaseModel)


def find(name: str | Path) -> Path:
    """The file called ``name``; a bare name may be one of the shipped files."""
    path = Path(name)
    if not path.exists() and not path.suffix and (data.shipped() / f"{path}.yaml").is_file():
        return data.shipped() / f"{path}.yaml"
    return path


def read(path: Path, form: type[Form]) -> tuple[Form, Faults]:
    """The file as a ``form``, and where its keys stand, for what only the whole can tell.

    Raises:
        ScenarioError: with every fault found, each with file, line, column, key and the nearest right name.
        UserError: the file cannot be read at all.
    """
    faults = Faults(path)
    plain, faults.places = text.read(
        path, Text("et ark med svar eller prioriteringer", "a sheet of answers or priorities")
    )
    try:
        return form.model_validate(plain), faults
    except ValidationError as error:
        for fault in error.errors():
            explain(fault, faults, form)
        raise ScenarioError(faults.ordered()) from None
