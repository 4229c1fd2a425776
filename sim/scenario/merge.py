"""Laying one file's content over another's: what ``extends`` does, and an intervention's ``adds``.

Sections merge key by key, lists of named things name by name; other lists, numbers, dates and whole parameters are replaced.
The places of the keys follow, so that a fault is told in the file that stated it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.language import Text
from sim.scenario import data, text
from sim.scenario.text import KeyPath, Place


def with_parents(
    file: Path, chain: tuple[Path, ...] = (), what: Text = text.SCENARIO
) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    """A file's plain data with what it ``extends`` merged underneath, and the place of every key; ``what`` it should be.

    Raises:
        ScenarioError: a file is not YAML, or extends itself or a file that is not there.
        UserError: a file cannot be read at all.
    """
    plain, places = text.read(file, what)
    parent_name = plain.pop("extends", None)
    if parent_name is None:
        return plain, places
    where = places[("extends",)]

    def refuse(nb: str, en: str) -> ScenarioError:
        return ScenarioError([Problem(file, where.line, where.column, "extends", Text(nb, en))])

    if not isinstance(parent_name, str):
        raise refuse("skal være et filnavn", "must be a file name")
    parent = (file.parent / parent_name).resolve()
    if not parent.exists() and not Path(parent_name).suffix:  # the name of a shipped one, as on the command line
        parent = data.shipped() / f"{parent_name}.yaml"
    if parent in (*chain, file.resolve()):
        raise refuse(f"{parent.name} bygger på seg selv", f"{parent.name} extends itself")
    if not parent.is_file():
        raise refuse(f"finner ikke {parent}", f"cannot find {parent}")
    base, under = with_parents(parent, (*chain, file.resolve()), what)
    if (
        plain.get("title", base.get("title")) != base.get("title") and "title_en" not in plain and "title_en" in base
    ):  # the parent's English is of another title
        plain["title_en"], places[("title_en",)] = plain["title"], places[("title",)]
    return overlay(base, plain, under, places), under


def overlay(
    base: dict[str, Any], over: dict[str, Any], under: dict[KeyPath, Place], stated: dict[KeyPath, Place]
) -> dict[str, Any]:
    """``over`` on top of ``base``; ``under``, the base's places, becomes those of the result."""
    stated = dict(stated)
    for path in _replaced(base, over):  # what the upper file states as a whole has no place in the lower
        for gone in [p for p in under if p[: len(path)] == path]:
            del under[gone]
    for path, origins in _named_lists(base, over):  # items of both files now stand in one list
        moved = {p: under.pop(p) for p in list(under) if _inside(p, path)}
        mine = {p: stated.pop(p) for p in list(stated) if _inside(p, path)}
        for index, (own, at) in enumerate(origins):
            for p, place in (mine if own else moved).items():
                if p[len(path)] == at:
                    under[(*path, index, *p[len(path) + 1 :])] = place
    under |= stated
    merged: dict[str, Any] = _merge(base, over)
    return merged


def _inside(place: KeyPath, path: KeyPath) -> bool:
    return len(place) > len(path) and place[: len(path)] == path


def statements(over: Any, path: KeyPath = ()) -> Iterable[tuple[KeyPath, Any]]:
    """What a file states: each whole thing (a number, a parameter, a date, a named item) with where it stands.

    A named item's place ends in its name.
    """
    if named(over):
        yield from (((*path, item["name"]), item) for item in over)
    elif isinstance(over, dict) and not (_is_parameter(over) or "date" in over):
        for key, value in over.items():
            yield from statements(value, (*path, key))
    else:
        yield path, over


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
        if named(base[key]) and named(over[key]):
            continue
        if _whole(base[key], over[key]):
            yield (*path, key)
        else:
            yield from _replaced(base[key], over[key], (*path, key))


def named(node: Any) -> bool:
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
    if named(base) and named(over):
        yield path, _origins(base, over)
    elif not _whole(base, over):
        for key in over.keys() & base.keys():
            yield from _named_lists(base[key], over[key], (*path, key))


def _merge(base: Any, over: Any) -> Any:
    """``over`` on top of ``base``: sections merge key by key, lists of named things name by name; other lists, numbers
    and whole parameters are replaced."""
    if named(base) and named(over):
        return _merge_named(base, over)
    if _whole(base, over):
        return over
    return base | {key: _merge(base[key], value) if key in base else value for key, value in over.items()}
