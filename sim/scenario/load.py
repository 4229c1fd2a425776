"""Reads a scenario file: YAML to a checked ``Scenario``, with the place of every fault.

The order: guard the text (size, encoding, aliases, depth) → parse → ``extends`` → ``from`` figures → check the form
(pydantic) → check what only the whole can tell (names, overlaps, sources). Every fault found is reported at once.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sim.errors import Problem, ScenarioError, UserError
from sim.language import Text
from sim.scenario import data
from sim.scenario.schema import Ramped, Reach, Scenario, anchored, parameters

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a key stands."""

    file: Path
    line: int
    column: int


@dataclass(frozen=True)
class Loaded:
    """A checked scenario, the plain data behind it, and where it came from."""

    scenario: Scenario
    plain: dict[str, Any]
    path: Path
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


class _Reader:
    """Collects the plain data of a scenario and its parents, the place of every key, and the problems."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: dict[Path_, Place] = {}
        self.problems: list[Problem] = []

    def fail(self, path: Path_, nb: str, en: str, suggestion: str | None = None) -> None:
        """Note a problem at ``path`` (or at the nearest key above it that has a place)."""
        at = path
        while at not in self.places and at:
            at = at[:-1]
        place = self.places.get(at, Place(self.file, 1, 1))
        key = ".".join(map(str, path))
        self.problems.append(Problem(place.file, place.line, place.column, key, Text(nb, en), suggestion))

    def read(self, file: Path, chain: tuple[Path, ...] = ()) -> dict[str, Any]:
        """The file's plain data, with what it extends merged underneath."""
        places: dict[Path_, Place] = {}
        plain = _plain(_parse(file), file, (), places)
        if not isinstance(plain, dict):
            raise _broken(file, None, "filen er ikke et scenario", "the file is not a scenario")
        parent_name = plain.pop("extends", None)
        if parent_name is None:
            self.places |= places
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
        base = self.read(parent, (*chain, file.resolve()))
        for path in _replaced(base, plain):  # what the child states as a whole has no place in the parent
            self.places = {p: place for p, place in self.places.items() if p[: len(path)] != path}
        self.places |= places
        merged: dict[str, Any] = _merge(base, plain)
        return merged


def load(file: str | Path) -> Loaded:
    """Read and check a scenario file.

    Raises:
        ScenarioError: with every fault found, each with file, line, column, key and the nearest right name.
        UserError: the file cannot be read at all.
    """
    path = Path(file)
    if not path.exists() and not path.suffix and (data.shipped() / f"{path}.yaml").is_file():
        path = data.shipped() / f"{path}.yaml"
    reader = _Reader(path)
    plain = reader.read(path)
    folder = _data_folder(path)
    _fill_in_figures(plain, (), reader, folder)
    if reader.problems:
        raise ScenarioError(reader.problems)
    try:
        scenario = Scenario.model_validate(plain)
    except ValidationError as error:
        for fault in error.errors():
            _explain(fault, reader, plain)
        raise ScenarioError(_in_order(reader.problems)) from None
    _check_whole(scenario, reader, folder)
    if reader.problems:
        raise ScenarioError(_in_order(reader.problems))
    return Loaded(scenario, plain, path, folder)


def _in_order(problems: list[Problem]) -> list[Problem]:
    unique = {(p.file, p.line, p.column, p.key, p.message.en): p for p in problems}
    return sorted(unique.values(), key=lambda p: (str(p.file), p.line, p.column))


def _data_folder(path: Path) -> Path:
    """``data/`` beside the scenario if it has one, else the shipped one."""
    beside = path.parent / "data"
    return beside.resolve() if (beside / "sources.csv").is_file() else data.shipped() / "data"


def _broken(file: Path, mark: Any, nb: str, en: str) -> ScenarioError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ScenarioError([Problem(file, line, column, "", Text(nb, en))])


def _read_text(file: Path) -> str:
    try:
        if file.is_dir():
            raise UserError(f"{file} er en mappe, ikke et scenario", f"{file} is a folder, not a scenario")
        if file.stat().st_size > MAX_BYTES:
            raise UserError(
                f"{file} er større enn {MAX_BYTES // 1000} kB; et scenario er langt mindre",
                f"{file} is larger than {MAX_BYTES // 1000} kB; a scenario is far smaller",
            )
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"{file} kan ikke leses: {error.strerror}. Ferdige scenarioer ligger i {data.shipped()}",
            f"{file} cannot be read: {error.strerror}. Ready scenarios are in {data.shipped()}",
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} er ikke UTF-8 (byte {error.start}); lagre filen som UTF-8",
            f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8",
        ) from error


def _parse(file: Path) -> yaml.Node | None:
    """The file's node tree, after the guards against hostile YAML; no YAML tag ever builds an object."""
    text = _read_text(file)
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


def _plain(node: yaml.Node | None, file: Path, path: Path_, places: dict[Path_, Place]) -> Any:
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


def _is_parameter(node: dict[str, Any]) -> bool:
    return bool(node.keys() & {"value", "distribution", "from"})


def _whole(base: Any, over: Any) -> bool:
    """Whether ``over`` takes the place of ``base`` and is not merged with it."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return True
    return _is_parameter(over) or ("kind" in over and over["kind"] != base.get("kind")) or "date" in over


def _replaced(base: dict[str, Any], over: dict[str, Any], path: Path_ = ()) -> Iterable[Path_]:
    """Where ``over`` replaces something of ``base`` as a whole."""
    for key in over.keys() & base.keys():
        if _whole(base[key], over[key]):
            yield (*path, key)
        else:
            yield from _replaced(base[key], over[key], (*path, key))


def _merge(base: Any, over: Any) -> Any:
    """``over`` on top of ``base``: sections merge key by key; lists, numbers and whole parameters are replaced."""
    if _whole(base, over):
        return over
    return base | {key: _merge(base[key], value) if key in base else value for key, value in over.items()}


def _fill_in_figures(node: Any, path: Path_, reader: _Reader, folder: Path) -> Any:
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
            node[key] = _figure(value, here, reader, folder)
        else:
            _fill_in_figures(value, here, reader, folder)


def _figure(node: dict[str, Any], path: Path_, reader: _Reader, folder: Path) -> dict[str, Any]:
    reference = node["from"]
    parts = reference.split("/") if isinstance(reference, str) else []
    if len(parts) != 3 or set(node) - {"from", "note"}:
        reader.fail(
            (*path, "from"),
            "skal være fil/enhet/mål, og står alene",
            "must be file/entity/measure, and stand alone",
        )
        return node
    name, entity, measure = parts
    known = sorted(f.stem for f in folder.glob("*.csv") if f.stem not in ("sources", "conflicts"))
    if name not in known:
        reader.fail((*path, "from"), f"ingen datafil «{name}»", f"no data file «{name}»", _nearest(name, known))
        return node
    table = data.figures(name, folder)
    figure = table.get((entity, measure))
    if figure is None:
        reader.fail(
            (*path, "from"),
            f"«{entity}/{measure}» finnes ikke i data/{name}.csv",
            f"«{entity}/{measure}» is not in data/{name}.csv",
            _nearest(f"{entity}/{measure}", ["/".join(k) for k in table]),
        )
        return node
    note = "; ".join(filter(None, (figure.period, figure.note, node.get("note"))))
    return {"value": figure.value, "unit": figure.unit, "source": figure.source, "tag": figure.tag, "note": note}


def _nearest(word: str, words: Sequence[str]) -> str | None:
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


def _explain(fault: Any, reader: _Reader, plain: dict[str, Any]) -> None:
    """Turn one pydantic fault into a problem with place, plain words and the nearest right name."""
    union_arms = {"project", "ramp", "never"}
    keys = [k for k in fault["loc"] if k != "[key]"]
    path = tuple(k for i, k in enumerate(keys) if not (k in union_arms and i > 0 and keys[0] == "golive"))
    kind, context = fault["type"], fault.get("ctx", {})
    suggestion = None
    if kind == "extra_forbidden":
        suggestion = _nearest(str(path[-1]), _fields_at(fault["loc"][:-1]))
    if kind in ("literal_error", "enum"):
        choices = [c.strip().strip("'") for c in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        given = fault["input"]
        suggestion = _nearest(str(given), choices)
        reader.fail(
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
    reader.fail(path, nb, en, suggestion)


def _fields_at(loc: Sequence[str | int]) -> list[str]:
    """The field names a section at ``loc`` may have."""
    model: Any = Scenario
    for key in loc:
        model = _step(model, key)
        if model is None:
            return []
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _step(model: Any, key: str | int) -> Any:
    from typing import Annotated, get_args, get_origin

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


def _check_whole(scenario: Scenario, reader: _Reader, folder: Path) -> None:
    """What no single field can tell: sources, names across sections, overlapping ramps, impossible dates."""
    known = data.sources(folder)
    for path, source in _sources(scenario):
        if data.source_key(source) not in known:
            reader.fail(
                path,
                f"kilden «{data.source_key(source)}» står ikke i data/sources.csv",
                f"the source «{data.source_key(source)}» is not in data/sources.csv",
                _nearest(data.source_key(source), list(known)),
            )
    _check_names(scenario, reader)
    for path in (
        ("eid", "programmes"),
        ("knowledge", "campaigns"),
        ("knowledge", "super_users"),
        ("legacy", "cleanups"),
        ("ownership", "duties"),
    ):
        ramps: list[Ramped] = getattr(getattr(scenario, path[0]), path[1])
        _check_reach(ramps, path, scenario, reader)
        _check_overlap(ramps, path, scenario, reader)
    _check_golive(scenario, reader)


def _sources(section: BaseModel, path: Path_ = ()) -> Iterable[tuple[Path_, str]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if name == "source" and isinstance(value, str):
            yield (*path, name), value
        children: Iterable[tuple[Path_, Any]]
        if isinstance(value, dict):
            children = [((*path, name, k), v) for k, v in value.items()]
        elif isinstance(value, list):
            children = [((*path, name, i), v) for i, v in enumerate(value)]
        else:
            children = [((*path, name), value)]
        for child_path, child in children:
            if isinstance(child, BaseModel):
                yield from _sources(child, child_path)
            elif isinstance(child, dict):
                for key, grandchild in child.items():
                    if isinstance(grandchild, BaseModel):
                        yield from _sources(grandchild, (*child_path, key))


def _check_names(scenario: Scenario, reader: _Reader) -> None:
    seen: dict[str, str] = {}
    for region, content in scenario.regions.items():
        for trust in content.trusts:
            if trust in seen:
                reader.fail(
                    ("regions", region, "trusts", trust),
                    f"foretaket står allerede under {seen[trust]}",
                    f"the trust already stands under {seen[trust]}",
                )
            seen[trust] = region
    if "hospital" in scenario.sectors and not seen:
        reader.fail(("regions",), "ingen foretak i noen region", "no trust in any region")
    for index, change in enumerate(scenario.consent.law_changes):
        if change.date.date.year < 2000:
            reader.fail(("consent", "law_changes", index, "date"), "umulig dato", "impossible date")


def _check_reach(ramps: Sequence[Reach], path: Path_, scenario: Scenario, reader: _Reader) -> None:
    names: dict[str, list[str]] = {
        "regions": list(scenario.regions),
        "sectors": list(scenario.sectors),
        "trusts": [t for r in scenario.regions.values() for t in r.trusts],
        "strata": sorted({s for sector in scenario.sectors.values() for s in sector.strata}),
    }
    for index, ramp in enumerate(ramps):
        for field, known in names.items():
            for position, name in enumerate(getattr(ramp, field)):
                if name not in known:
                    reader.fail(
                        (*path, index, field, position),
                        f"«{name}» finnes ikke i scenarioet",
                        f"«{name}» is not in the scenario",
                        _nearest(str(name), known),
                    )


def reaches(ramp: Reach, region: str, sector: str, unit: str, stratum: str | None = None) -> bool:
    """Whether ``ramp`` applies to this stratum of this unit."""
    return (
        (not ramp.regions or region in ramp.regions)
        and (not ramp.sectors or sector in ramp.sectors)
        and (not ramp.trusts or unit in ramp.trusts)
        and (stratum is None or not ramp.strata or stratum in ramp.strata)
    )


def _check_overlap(ramps: Sequence[Ramped], path: Path_, scenario: Scenario, reader: _Reader) -> None:
    def window(ramp: Ramped) -> tuple[bool, int, int]:
        offset = anchored(ramp.start)
        begin = scenario.period.index(ramp.start) if offset is None else offset
        return offset is not None, begin, begin + ramp.months

    for index, ramp in enumerate(ramps):
        for earlier in ramps[:index]:
            (anchor, begin, end), (anchor0, begin0, end0) = window(ramp), window(earlier)
            if anchor != anchor0 or begin >= end0 or begin0 >= end:
                continue
            if all(_meet(getattr(ramp, f), getattr(earlier, f)) for f in ("regions", "sectors", "trusts", "strata")):
                reader.fail(
                    (*path, index),
                    f"«{ramp.name}» overlapper «{earlier.name}» i tid for de samme ansatte",
                    f"«{ramp.name}» overlaps «{earlier.name}» in time for the same staff",
                )


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or bool(set(one) & set(other))


def _check_golive(scenario: Scenario, reader: _Reader) -> None:
    for sector in scenario.sectors:
        plans = scenario.golive.get(sector, {})
        for region in scenario.regions:
            plan = plans.get(region)
            path: Path_ = ("golive", sector, region)
            if plan is None:
                reader.fail(path, "mangler plan (project, ramp eller never)", "lacks a plan (project, ramp or never)")
            elif plan.kind == "project" and sector != "hospital":
                reader.fail(path, "project gjelder bare sykehus; bruk ramp", "project is for hospitals; use ramp")
            elif plan.kind == "ramp" and sector == "hospital":
                reader.fail(path, "sykehus trenger project eller never", "hospitals need project or never")
            elif plan.kind == "ramp" and plan.majority.date <= plan.first.date:
                reader.fail((*path, "majority"), "må komme etter first", "must come after first")
            elif plan.kind == "project":
                if plan.technical.date < plan.vendor_module.date:
                    reader.fail((*path, "technical"), "kommer før leverandørmodulen", "comes before the vendor module")
                for index, other in enumerate(plan.competing):
                    if other.slots > plan.simultaneous:
                        reader.fail(
                            (*path, "competing", index),
                            "tar flere plasser enn regionen har",
                            "takes more slots than the region has",
                        )
        for region in plans:
            if region not in scenario.regions:
                reader.fail(("golive", sector, region), "regionen er ikke med", "the region is not in the scenario")
    for sector in scenario.golive:
        if sector not in scenario.sectors:
            reader.fail(("golive", sector), "aktørgruppen er ikke med", "the sector is not in the scenario")


def untagged(scenario: Scenario) -> list[str]:
    """Paths of parameters whose unit, source or tag is empty (none, in a checked scenario)."""
    return [".".join(map(str, path)) for path, p in parameters(scenario) if not (p.unit and p.source and p.tag)]
