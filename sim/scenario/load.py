"""Reads a scenario file: YAML to a checked ``Scenario``, with the place of every fault.

The order: text to plain data (``text``) → ``extends`` → ``from`` figures → the form (``schema``, told by ``faults``) → what only
the whole can tell (``whole``). Every fault found is reported at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem, ScenarioError
from sim.language import Text
from sim.scenario import data, text
from sim.scenario.faults import Faults, explain, nearest
from sim.scenario.schema import Scenario
from sim.scenario.text import KeyPath
from sim.scenario.whole import check_whole


@dataclass(frozen=True)
class Loaded:
    """A checked scenario, and where it came from."""

    scenario: Scenario
    path: Path
    given: str  # as the user named it
    data_folder: Path

    @property
    def hash(self) -> str:
        """SHA-256 of what the scenario says, whatever its comments, key order or files."""
        text = json.dumps(self.scenario.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """The file's name without ending."""
        return self.path.stem


def load(file: str | Path) -> Loaded:
    """Read and check a scenario file.

    Raises:
        ScenarioError: with every fault found, each with file, line, column, key and the nearest right name.
        UserError: the file cannot be read at all.
    """
    path = Path(file)
    if not path.exists() and not path.suffix and (data.shipped() / f"{path}.yaml").is_file():
        path = data.shipped() / f"{path}.yaml"
    faults = Faults(path)
    plain = _with_parents(path, faults)
    folder = _data_folder(path)
    _fill_in_figures(plain, (), faults, folder)
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
    return Loaded(scenario, path, str(file), folder)


def _data_folder(path: Path) -> Path:
    """``data/`` beside the scenario if it has one, else the shipped one."""
    beside = path.parent / "data"
    return beside.resolve() if (beside / "sources.csv").is_file() else data.shipped() / "data"


def _with_parents(file: Path, faults: Faults, chain: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The file's plain data, with what it extends merged underneath."""
    plain, places = text.read(file)
    parent_name = plain.pop("extends", None)
    if parent_name is None:
        faults.places |= places
        return plain
    where = places[("extends",)]

    def refuse(nb: str, en: str) -> ScenarioError:
        return ScenarioError([Problem(file, where.line, where.column, "extends", Text(nb, en))])

    if not isinstance(parent_name, str):
        raise refuse("skal være et filnavn", "must be a file name")
    parent = (file.parent / parent_name).resolve()
    if parent in (*chain, file.resolve()):
        raise refuse(f"{parent.name} bygger på seg selv", f"{parent.name} extends itself")
    if not parent.is_file():
        raise refuse(f"finner ikke {parent}", f"cannot find {parent}")
    base = _with_parents(parent, faults, (*chain, file.resolve()))
    for path in _replaced(base, plain):  # what the child states as a whole has no place in the parent
        faults.places = {p: place for p, place in faults.places.items() if p[: len(path)] != path}
    for path, origins in _named_lists(base, plain):  # items of both files now stand in one list
        moved = {p: place for p, place in faults.places.items() if p[: len(path)] == path and len(p) > len(path)}
        stated = {p: place for p, place in places.items() if p[: len(path)] == path and len(p) > len(path)}
        for p in moved:
            del faults.places[p]
        for p in stated:
            del places[p]
        for index, (mine, at) in enumerate(origins):
            for p, place in (stated if mine else moved).items():
                if p[len(path)] == at:
                    faults.places[(*path, index, *p[len(path) + 1 :])] = place
    faults.places |= places
    merged: dict[str, Any] = _merge(base, plain)
    return merged


def _is_parameter(node: dict[str, Any]) -> bool:
    return bool(node.keys() & {"value", "distribution", "from"})


def _whole(base: Any, over: Any) -> bool:
    """Whether ``over`` takes the place of ``base`` and is not merged with it."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return True
    return _is_parameter(over) or ("kind" in over and over["kind"] != base.get("kind")) or "date" in over


def _replaced(base: dict[str, Any], over: dict[str, Any], path: KeyPath = ()) -> Iterable[KeyPath]:
    """Where ``over`` replaces something of ``base`` as a whole."""
    for key in over.keys() & base.keys():
        if _named(base[key]) and _named(over[key]):
            continue
        if _whole(base[key], over[key]):
            yield (*path, key)
        else:
            yield from _replaced(base[key], over[key], (*path, key))


def _named(node: Any) -> bool:
    """Whether ``node`` is a list of things with names (programmes, campaigns, law changes …)."""
    return isinstance(node, list) and bool(node) and all(isinstance(item, dict) and "name" in item for item in node)


def _origins(base: list[Any], over: list[Any]) -> list[tuple[bool, int]]:
    """Where the items of two merged lists come from: (whether from ``over``, index there).

    The base's items keep their order, each replaced by its namesake of ``over``; then come the new ones. What says
    ``remove: true`` is left out.
    """
    mine = {item["name"]: at for at, item in enumerate(over)}
    known = {item["name"] for item in base}
    found = [(True, mine[i["name"]]) if i["name"] in mine else (False, at) for at, i in enumerate(base)]
    found += [(True, at) for at, item in enumerate(over) if item["name"] not in known]
    return [(own, at) for own, at in found if not (over if own else base)[at].get("remove")]


def _merge_named(base: list[Any], over: list[Any]) -> list[Any]:
    return [(over if own else base)[at] for own, at in _origins(base, over)]


def _named_lists(base: Any, over: Any, path: KeyPath = ()) -> Iterable[tuple[KeyPath, list[tuple[bool, int]]]]:
    """The lists that ``over`` merges into the base's, and where their items come from."""
    if _named(base) and _named(over):
        yield path, _origins(base, over)
    elif not _whole(base, over):
        for key in over.keys() & base.keys():
            yield from _named_lists(base[key], over[key], (*path, key))


def _merge(base: Any, over: Any) -> Any:
    """``over`` on top of ``base``: sections merge key by key, lists of named things name by name; other lists, numbers
    and whole parameters are replaced."""
    if _named(base) and _named(over):
        return _merge_named(base, over)
    if _whole(base, over):
        return over
    return base | {key: _merge(base[key], value) if key in base else value for key, value in over.items()}


def _fill_in_figures(node: Any, path: KeyPath, faults: Faults, folder: Path) -> Any:
    """Replace ``{from: file/entity/measure}`` by the figure it names, in place."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    else:
        return
    for key, value in items:
        here = (*path, key)
        if isinstance(value, dict) and "from" in value:
            node[key] = _figure(value, here, faults, folder)
        else:
            _fill_in_figures(value, here, faults, folder)


def _figure(node: dict[str, Any], path: KeyPath, faults: Faults, folder: Path) -> dict[str, Any]:
    reference = node["from"]
    parts = reference.split("/") if isinstance(reference, str) else []
    if len(parts) != 3 or set(node) - {"from", "note"}:
        faults.fail(
            (*path, "from"),
            "skal være fil/enhet/mål, og står alene",
            "must be file/entity/measure, and stand alone",
        )
        return node
    name, entity, measure = parts
    known = sorted(f.stem for f in folder.glob("*.csv") if f.stem not in ("sources", "conflicts"))
    if name not in known:
        faults.fail((*path, "from"), f"ingen datafil «{name}»", f"no data file «{name}»", nearest(name, known))
        return node
    table = data.figures(name, folder)
    figure = table.get((entity, measure))
    if figure is None:
        faults.fail(
            (*path, "from"),
            f"«{entity}/{measure}» finnes ikke i data/{name}.csv",
            f"«{entity}/{measure}» is not in data/{name}.csv",
            nearest(f"{entity}/{measure}", ["/".join(k) for k in table]),
        )
        return node
    note = "; ".join(filter(None, (figure.period, figure.note, node.get("note"))))
    return {"value": figure.value, "unit": figure.unit, "source": figure.source, "tag": figure.tag, "note": note}
