"""What no single field of a scenario can tell: sources, names across sections, overlapping ramps, plans that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sim.scenario import data
from sim.scenario.faults import Faults, nearest
from sim.scenario.schema import Ramped, Reach, Scenario, Shift, anchored
from sim.scenario.text import KeyPath


def check_whole(scenario: Scenario, faults: Faults, folder: Path) -> None:
    """What no single field can tell: sources, names across sections, overlapping ramps, impossible dates."""
    check_sources(scenario, faults, folder)
    _check_names(scenario, faults, folder)
    for path in DATED:
        ramps = dated(scenario, path)
        check_reach(ramps, path, scenario, faults)
        _check_overlap(ramps, path, scenario, faults)
    _check_golive(scenario, faults)


DATED: tuple[tuple[str, ...], ...] = (
    ("eid", "programmes"),
    ("knowledge", "campaigns"),
    ("knowledge", "super_users"),
    ("legacy", "cleanups"),
    ("ownership", "duties"),
    ("shifts",),
)


def dated(scenario: Scenario, path: tuple[str, ...]) -> Sequence[Ramped | Shift]:
    """The list of things with a start and a reach at ``path``."""
    node: Any = scenario
    for key in path:
        node = getattr(node, key)
    found: Sequence[Ramped | Shift] = node
    return found


def check_sources(section: BaseModel, faults: Faults, folder: Path) -> None:
    """Every source below ``section`` is one of ``folder/sources.csv``."""
    known = data.sources(folder)
    for path, source in _sources(section):
        if data.source_key(source) not in known:
            faults.fail(
                path,
                f"kilden «{data.source_key(source)}» står ikke i data/sources.csv",
                f"the source «{data.source_key(source)}» is not in data/sources.csv",
                nearest(data.source_key(source), list(known)),
            )


def _sources(section: BaseModel, path: KeyPath = ()) -> Iterable[tuple[KeyPath, str]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if name == "source" and isinstance(value, str):
            yield (*path, name), value
        children: Iterable[tuple[KeyPath, Any]]
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


def _check_names(scenario: Scenario, faults: Faults, folder: Path) -> None:
    listed = [entity for entity, measure in data.figures("trusts", folder) if measure == "doctors"]
    seen: dict[str, str] = {}
    for region, content in scenario.regions.items():
        for trust in content.trusts:
            if trust in seen:
                faults.fail(
                    ("regions", region, "trusts", trust),
                    f"foretaket står allerede under {seen[trust]}",
                    f"the trust already stands under {seen[trust]}",
                )
            seen[trust] = region
            if content.trusts[trust].kind == "trust" and trust not in listed:
                faults.fail(
                    ("regions", region, "trusts", trust),
                    "ukjent helseforetak (ikke i data/trusts.csv); skriv kind: private for andre sykehus",
                    "unknown trust (not in data/trusts.csv); write kind: private for other hospitals",
                    nearest(trust, listed),
                )
    if "hospital" in scenario.sectors and not seen:
        faults.fail(("regions",), "ingen foretak i noen region", "no trust in any region")
    for index, change in enumerate(scenario.consent.law_changes):
        if change.date.date.year < 2000:
            faults.fail(("consent", "law_changes", index, "date"), "umulig dato", "impossible date")


def check_reach(ramps: Sequence[Reach], path: KeyPath, scenario: Scenario, faults: Faults) -> None:
    """Every region, sector, trust and stratum that the items at ``path`` name is in the scenario."""
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
                    faults.fail(
                        (*path, index, field, position),
                        f"«{name}» finnes ikke i scenarioet",
                        f"«{name}» is not in the scenario",
                        nearest(str(name), known),
                    )


def _check_overlap(ramps: Sequence[Ramped | Shift], path: KeyPath, scenario: Scenario, faults: Faults) -> None:
    """Two items for the same staff and time are a mistake within a scenario or an intervention; between them they combine."""

    def window(ramp: Ramped | Shift) -> tuple[bool, int, float]:
        offset = anchored(ramp.start)
        begin = scenario.period.index(ramp.start) if offset is None else offset
        return offset is not None, begin, begin + (inf if ramp.months is None else ramp.months)

    for index, ramp in enumerate(ramps):
        for before, earlier in enumerate(ramps[:index]):
            (anchor, begin, end), (anchor0, begin0, end0) = window(ramp), window(earlier)
            if anchor != anchor0 or begin >= end0 or begin0 >= end:
                continue
            if isinstance(ramp, Shift) and isinstance(earlier, Shift) and ramp.parameter != earlier.parameter:
                continue
            if faults.owner((*path, index)) != faults.owner((*path, before)):
                continue
            if all(_meet(getattr(ramp, f), getattr(earlier, f)) for f in ("regions", "sectors", "trusts", "strata")):
                faults.fail(
                    (*path, index),
                    f"«{ramp.name}» overlapper «{earlier.name}» i tid for de samme ansatte",
                    f"«{ramp.name}» overlaps «{earlier.name}» in time for the same staff",
                )


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or bool(set(one) & set(other))


def _check_golive(scenario: Scenario, faults: Faults) -> None:
    for sector in scenario.sectors:
        plans = scenario.golive.get(sector, {})
        for region in scenario.regions:
            plan = plans.get(region)
            path: KeyPath = ("golive", sector, region)
            if plan is None:
                faults.fail(path, "mangler plan (project, ramp eller never)", "lacks a plan (project, ramp or never)")
            elif plan.kind == "project" and sector != "hospital":
                faults.fail(path, "project gjelder bare sykehus; bruk ramp", "project is for hospitals; use ramp")
            elif plan.kind == "ramp" and sector == "hospital":
                faults.fail(path, "sykehus trenger project eller never", "hospitals need project or never")
            elif plan.kind == "ramp" and plan.majority.date <= plan.first.date:
                faults.fail((*path, "majority"), "må komme etter first", "must come after first")
            elif plan.kind == "project":
                if plan.technical.date < plan.vendor_module.date:
                    faults.fail((*path, "technical"), "kommer før leverandørmodulen", "comes before the vendor module")
                for index, other in enumerate(plan.competing):
                    if other.slots > plan.simultaneous:
                        faults.fail(
                            (*path, "competing", index),
                            "tar flere plasser enn regionen har",
                            "takes more slots than the region has",
                        )
        for region in plans:
            if region not in scenario.regions:
                faults.fail(("golive", sector, region), "regionen er ikke med", "the region is not in the scenario")
    for sector in scenario.golive:
        if sector not in scenario.sectors:
            faults.fail(("golive", sector), "aktørgruppen er ikke med", "the sector is not in the scenario")
