"""The faults of a scenario: collected with their places, told in plain words, with the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from sim.errors import Problem
from sim.language import Text
from sim.scenario.schema import Scenario
from sim.scenario.text import KeyPath, Place


class Faults:
    """Collects problems, each at the place of its key."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self.owners: dict[Path, str] = {}  # files of interventions, and which one each belongs to

    def owner(self, path: KeyPath) -> str:
        """Who stated what stands at ``path``: the intervention, or the scenario file."""
        place = self.places.get(path)
        return self.owners.get(place.file, str(place.file)) if place is not None else ""

    def fail(self, path: KeyPath, nb: str, en: str, suggestion: str | None = None) -> None:
        """Note a problem at ``path`` (or at the nearest key above it that has a place)."""
        at = path
        while at not in self.places and at:
            at = at[:-1]
        place = self.places.get(at, Place(self.file, 1, 1))
        key = ".".join(map(str, path))
        self.problems.append(Problem(place.file, place.line, place.column, key, Text(nb, en), suggestion))

    def ordered(self) -> list[Problem]:
        """The problems by file and line, each once."""
        unique = {(p.file, p.line, p.column, p.key, p.message.en): p for p in self.problems}
        return sorted(unique.values(), key=lambda p: (str(p.file), p.line, p.column))


def nearest(word: str, words: Sequence[str]) -> str | None:
    """The most similar of ``words``, if any is similar."""
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return found[0] if found else None


_FORM = {
    "missing": ("mangler", "is missing"),
    "extra_forbidden": ("ukjent nøkkel", "unknown key"),
    "float_type": ("skal være et tall", "must be a number"),
    "float_parsing": ("skal være et tall", "must be a number"),
    "finite_number": ("skal være et endelig tall", "must be a finite number"),
    "int_type": ("skal være et heltall", "must be a whole number"),
    "int_parsing": ("skal være et heltall", "must be a whole number"),
    "int_from_float": ("skal være et heltall", "must be a whole number"),
    "bool_type": ("skal være true eller false", "must be true or false"),
    "bool_parsing": ("skal være true eller false", "must be true or false"),
    "string_type": ("skal være tekst", "must be text"),
    "list_type": ("skal være en liste", "must be a list"),
    "dict_type": ("skal være nøkler med verdier", "must be keys with values"),
    "model_type": ("skal være nøkler med verdier", "must be keys with values"),
    "model_attributes_type": ("skal være nøkler med verdier", "must be keys with values"),
    "date_parsing": ("er ikke en dato som 2025-09-20", "is not a date such as 2025-09-20"),
    "date_from_datetime_parsing": ("er ikke en dato som 2025-09-20", "is not a date such as 2025-09-20"),
    "date_type": ("er ikke en dato som 2025-09-20", "is not a date such as 2025-09-20"),
    "union_tag_not_found": ("mangler kind: project, ramp eller never", "lacks kind: project, ramp or never"),
    "union_tag_invalid": ("kind skal være project, ramp eller never", "kind must be project, ramp or never"),
}


def explain(fault: Any, faults: Faults, form: type[BaseModel] = Scenario) -> None:
    """Turn one pydantic fault of ``form`` into a problem with place, plain words and the nearest right name."""
    union_arms = {"project", "ramp", "never"}
    keys = [k for k in fault["loc"] if k != "[key]"]
    path = tuple(k for i, k in enumerate(keys) if not (k in union_arms and i > 0 and keys[0] == "golive"))
    kind, context = fault["type"], fault.get("ctx", {})
    suggestion = None
    if kind == "extra_forbidden":
        suggestion = nearest(str(path[-1]), _fields_at(form, fault["loc"][:-1]))
    if kind in ("literal_error", "enum"):
        choices = [c.strip().strip("'") for c in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        given = fault["input"]
        suggestion = nearest(str(given), choices)
        faults.fail(
            path,
            f"«{given}» er ikke en av {', '.join(choices)}",
            f"«{given}» is not one of {', '.join(choices)}",
            suggestion,
        )
        return
    if kind in _FORM:
        nb, en = _FORM[kind]
    elif "|" in fault["msg"]:
        nb, en = fault["msg"].split("|", 1)
    else:
        nb = en = fault["msg"]
    faults.fail(path, nb, en, suggestion)


def _fields_at(form: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The field names a section of ``form`` at ``loc`` may have."""
    model: Any = form
    for key in loc:
        model = _step(model, key)
        if model is None:
            return []
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _step(model: Any, key: str | int) -> Any:
    if isinstance(model, type) and issubclass(model, BaseModel):
        field = model.model_fields.get(str(key))
        target: Any = field.annotation if field else None
    else:
        target = model
        origin = get_origin(target)
        if origin in (dict, list):
            target = get_args(target)[-1]
    while get_origin(target) is Annotated:
        target = get_args(target)[0]
    arms = [a for a in get_args(target) if isinstance(a, type) and issubclass(a, BaseModel)]
    if arms and get_origin(target) not in (dict, list):
        named = {a.__name__.lower(): a for a in arms}
        return named.get(str(key), arms[0] if len(arms) == 1 else target)
    return target
