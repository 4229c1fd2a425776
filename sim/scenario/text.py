"""A scenario file's text as plain data, with the place of every key; guarded against hostile YAML.

Scalars are those of YAML 1.2's core schema; no tag builds an object, anchors and aliases are refused.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from sim.errors import Problem, ScenarioError, UserError, why
from sim.language import Text
from sim.scenario import data

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a key stands."""

    file: Path
    line: int
    column: int


SCENARIO = Text("et scenario", "a scenario")


def read(file: Path, what: Text = SCENARIO) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    """The file's plain data, and the place of every key; ``what`` it should be is told where it is nothing of the kind.

    Raises:
        ScenarioError: it is not YAML, not a scenario, or hostile; with line and column.
        UserError: it cannot be read, is too large or not UTF-8.
    """
    places: dict[KeyPath, Place] = {}
    plain = _plain(_parse(file), file, (), places)
    if not isinstance(plain, dict):
        nb, en = (
            ("filen er tom", "the file is empty")
            if plain is None
            else ("filen har ingen nøkler", "the file has no keys")
        )
        raise _broken(file, None, f"{nb}; den skal være {what.nb}", f"{en}; it should be {what.en}")
    return plain, places


def _broken(file: Path, mark: Any, nb: str, en: str) -> ScenarioError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ScenarioError([Problem(file, line, column, "", Text(nb, en))])


def _read_text(file: Path) -> str:
    try:
        if file.is_dir():
            raise UserError(f"{file} er en mappe, ikke et scenario", f"{file} is a folder, not a scenario")
        if file.exists() and not file.is_file():
            raise UserError(f"{file} er ikke en vanlig fil", f"{file} is not a regular file")
        with file.open("rb") as handle:
            content = handle.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise UserError(
                f"{file} er større enn {MAX_BYTES // 1000} kB; et scenario er langt mindre",
                f"{file} is larger than {MAX_BYTES // 1000} kB; a scenario is far smaller",
            )
        return content.decode("utf-8-sig")
    except OSError as error:
        names = [f.stem for f in data.scenarios()]
        near = difflib.get_close_matches(file.stem, names, n=1, cutoff=0.6)
        nb = f"Mente du «{near[0]}»?" if near else f"Ferdige scenarioer: {', '.join(names)}"
        en = f"Did you mean «{near[0]}»?" if near else f"Ready scenarios: {', '.join(names)}"
        reason = why(error)
        raise UserError(
            f"{file} kan ikke leses: {reason.nb}. {nb}", f"{file} cannot be read: {reason.en}. {en}"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} er ikke UTF-8 (byte {error.start}); lagre filen som UTF-8",
            f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8",
        ) from error


def _parse(file: Path) -> yaml.Node | None:
    """The file's node tree, after the guards against hostile YAML; no YAML tag ever builds an object."""
    return _compose(file, _read_text(file))


@lru_cache(maxsize=64)  # many files build on the same few
def _compose(file: Path, text: str) -> yaml.Node | None:
    try:
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _broken(
                    file,
                    event.start_mark,
                    "ankere og aliaser (& og *) er ikke tillatt; bruk extends",
                    "anchors and aliases (& and *) are not allowed; use extends",
                )
            if depth > MAX_DEPTH or count > MAX_NODES:
                raise _broken(file, event.start_mark, "for dypt eller for stort", "too deep or too large")
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _broken(file, mark, f"ikke gyldig YAML: {error.problem}", f"not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _broken(file, None, f"ikke gyldig YAML: {error}", f"not valid YAML: {error}") from error


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = (  # the scalars of YAML 1.2's core schema, so that «no» and «12:30» stay text
    (re.compile(r"^(null|Null|NULL|~|)$"), lambda s: None),
    (re.compile(r"^(true|True|TRUE)$"), lambda s: True),
    (re.compile(r"^(false|False|FALSE)$"), lambda s: False),
    (re.compile(r"^[-+]?[0-9]{1,19}$"), int),
    (re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), float),
    (re.compile(r"^[-+]?\.(inf|Inf|INF)$"), lambda s: float(s.replace(".", ""))),
    (re.compile(r"^\.(nan|NaN|NAN)$"), lambda s: float("nan")),
)


def _plain(node: yaml.Node | None, file: Path, path: KeyPath, places: dict[KeyPath, Place]) -> Any:
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value in node.value:
            mark = key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode):
                raise _broken(file, mark, "nøkler skal være enkle ord", "keys must be plain words")
            key = str(key_node.value)
            if key in result:
                raise _broken(file, mark, f"nøkkelen «{key}» står to ganger", f"the key «{key}» stands twice")
            places[(*path, key)] = Place(file, mark.line + 1, mark.column + 1)
            result[key] = _plain(value, file, (*path, key), places)
        return result
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            places[(*path, index)] = Place(file, item.start_mark.line + 1, item.start_mark.column + 1)
            items.append(_plain(item, file, (*path, index), places))
        return items
    if not isinstance(node, yaml.ScalarNode):
        return None
    if not node.style and not node.tag.startswith("!"):  # a plain scalar; libyaml says "" where PyYAML says None
        for pattern, convert in _CORE:
            if pattern.match(node.value):
                return convert(node.value)
    return str(node.value)
