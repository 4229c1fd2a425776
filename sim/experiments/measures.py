"""The measures of a replication: counts and shares per month, area and sector.

``Areas`` says what is added up (the country, each region, each hospital; all sectors or one). ``measure`` turns one
replication's record into an array [measure, area, month].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.experiments import ages, seen
from sim.experiments.ages import AGES
from sim.model import entries
from sim.model.draws import Values
from sim.model.gates import REASONS
from sim.model.rollout import Model, Record
from sim.model.workforce import KNOWING, KNOWING_EID, UNKNOWING_EID
from sim.vocabulary import GATE_KEYS, GROUP_KEYS, REGION_KEYS, REGIONS, SECTOR_KEYS

Floats = npt.NDArray[np.float64]

COUNTS = (
    "registered",
    "registered_live",
    "synced",
    *(f"stopped_{g}" for g in GATE_KEYS),
    "synced_later",
    *(f"backlog_{g}" for g in GATE_KEYS),
    *(f"backlog_{a}" for a in AGES),
    "stock_waiting",
    "cards_queued",
    "actors_ready",
    "actors_reading",
    "actors_writing",
    "indicator_calls",
    "downloads",
    "hours_saved",
    "encounters_informed",
)
RATES = (
    "sync_rate_new",
    "sync_rate_live",
    "sync_rate_cumulative",
    "sync_rate_seen",
    "eid_coverage",
    "eid_coverage_doctor",
    "eid_coverage_nurse",
    "knowledge_coverage",
    "knowledge_coverage_doctor",
    "knowledge_coverage_nurse",
    "eid_wait_days",
)
REGIONAL = ("citizens", "citizens_estimated")  # only where everybody in an area is counted
MEASURES = (*COUNTS, *RATES, *REGIONAL)
INDEX = {name: i for i, name in enumerate(MEASURES)}


@dataclass(frozen=True)
class Area:
    """What a series is about: ``name`` is national, a region's name or a hospital's; ``sector`` may be «all»."""

    name: str
    sector: str
    level: str  # national, region or trust


@dataclass(frozen=True)
class Areas:
    """The areas of a model, and which units each adds up."""

    rows: tuple[Area, ...]
    units: npt.NDArray[np.int64]  # the units of the first area, then of the second …
    begin: npt.NDArray[np.int64]  # [A] where each area's units begin in ``units``

    @classmethod
    def of(cls, model: Model) -> Areas:
        """The country and its regions, all sectors and each, and the hospitals."""
        units = model.structure.units
        names = {word.key: word.nb for word in REGIONS}
        sectors = [s for s in SECTOR_KEYS if any(u.sector == s for u in units)]
        rows: list[Area] = []
        members: list[list[int]] = []

        def add(area: Area, chosen: list[bool]) -> None:
            if any(chosen):
                rows.append(area)
                members.append([i for i, belongs in enumerate(chosen) if belongs])

        places = [("national", None), *((names[r], r) for r in REGION_KEYS)]
        for name, region in places:
            level = "national" if region is None else "region"
            for sector in ("all", *sectors):
                chosen = [
                    (region is None or u.region == region) and (sector == "all" or u.sector == sector) for u in units
                ]
                add(Area(name, sector, level), chosen)
        for unit in units:
            if unit.trust:
                add(Area(unit.name, "hospital", "trust"), [u.name == unit.name for u in units])
        begin = np.cumsum([0, *map(len, members[:-1])])
        return cls(tuple(rows), np.concatenate(members).astype(np.int64), begin.astype(np.int64))

    def total(self, by_unit: Floats) -> Floats:
        """[A, T] the sum over each area's units of ``by_unit`` [T, U]."""
        return np.add.reduceat(by_unit.T[self.units], self.begin, axis=0)

    def find(self, name: str, sector: str = "all") -> int:
        """The row of an area; for a hospital ``sector`` may be left out."""
        for index, area in enumerate(self.rows):
            if area.name == name and (area.sector == sector or area.level == "trust"):
                return index
        raise KeyError(f"{name}/{sector}")


def pool_gates() -> npt.NDArray[np.int64]:
    """[POOLS] the gate that the entries of each pool are recorded at."""
    free = [0, 0, 1, *range(2, 2 + REASONS)]
    return np.array([*free, *free, 7], dtype=np.int64)


_POOL_GATES = np.eye(len(GATE_KEYS))[pool_gates()]  # [POOLS, 8]


def backlog_by_age(record: Record) -> Floats:
    """[T, U, 3, 8] waiting entries registered in the period, by age and gate."""
    return ages.backlog(record, _POOL_GATES)


def measure(model: Model, areas: Areas, record: Record, backlog: Floats, row: Floats) -> npt.NDArray[np.float32]:
    """[measure, area, month] of one replication; ``backlog`` as ``backlog_by_age`` gives it."""
    months = record.writing.shape[0]
    values = model.values(row)
    structure = model.structure
    sectors = [u.sector for u in model.structure.units]
    result = np.full((len(MEASURES), len(areas.rows), months), np.nan, np.float32)

    def put(name: str, by_unit: Floats) -> Floats:
        """Add up ``by_unit`` [T, U] over the areas, keep it, and return it [A, T]."""
        total = areas.total(by_unit)
        result[INDEX[name]] = total
        return total

    new = np.moveaxis(structure.by_unit(record.new), 2, 0).astype(np.float64)  # [9, T, U]
    everything = new.sum(axis=0)
    registered = put("registered", everything)
    live = put("registered_live", everything - new[0])
    synced = put("synced", new[8])
    for gate, name in enumerate(GATE_KEYS):
        put(f"stopped_{name}", new[gate])
    later = record.later_synced
    put("synced_later", later[:, :, 1:].sum(axis=2).astype(np.float64))
    counted = np.tensordot(record.waiting[:, :, 1:].sum(axis=2), _POOL_GATES, axes=1)  # [T, U, 8]
    for gate, name in enumerate(GATE_KEYS):
        put(f"backlog_{name}", counted[:, :, gate])
    for age, name in enumerate(AGES):
        put(f"backlog_{name}", backlog[:, :, age].sum(axis=2))
    put("stock_waiting", record.waiting[:, :, 0].sum(axis=2).astype(np.float64))
    put("cards_queued", structure.by_unit(record.ordered))

    populations = model.populations(values)
    country = sum(values[f"regions.{r}.population"] for r in model.scenario.regions)
    actors = np.array(
        [1.0 if u.trust else values[f"sectors.{u.sector}.actors"] for u in model.structure.units]
    ) * np.where([u.trust for u in model.structure.units], 1.0, populations / country)
    put("actors_ready", record.ready * actors)
    put("actors_reading", record.reading * actors)
    put("actors_writing", record.writing * actors)

    def of_sector(name: str) -> Floats:
        return np.array([values[f"sectors.{s}.{name}"] for s in sectors])

    contacts = of_sector("contacts") * populations * model.calendar.activity(values["weekend"])[:, None]
    calls = contacts * of_sector("calls") * record.reading
    downloads = calls * values["benefit.status_critical"] * values["benefit.newer"] * record.access
    put("indicator_calls", calls)
    put("downloads", downloads)
    saved = new[8] * values["benefit.documentation_minutes"] + downloads * values["benefit.lookup_minutes"]
    put("hours_saved", saved / 60)

    uploads = new[8] + later.sum(axis=2)
    informed, estimated = _citizens(model, values, uploads)
    per_inhabitant = np.stack([informed[u.region] for u in model.structure.units], axis=1) / np.array(
        [values[f"regions.{u.region}.population"] for u in model.structure.units]
    )
    away = contacts * of_sector("away") * record.reading * record.access * per_inhabitant
    put("encounters_informed", away)
    names = {word.key: word.nb for word in REGIONS}
    for region in model.scenario.regions:
        if any(a.name == names[region] for a in areas.rows):
            at = areas.find(names[region])
            result[INDEX["citizens"], at] = informed[region]
            result[INDEX["citizens_estimated"], at] = estimated[region]
    at = areas.find("national")
    result[INDEX["citizens"], at] = sum(informed.values())
    result[INDEX["citizens_estimated"], at] = sum(estimated.values())

    cumulative_synced = np.asarray(synced + areas.total(later[:, :, entries.LIVE].astype(np.float64)))
    at_end = areas.total(seen.synced_by(record, new[8], months - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        result[INDEX["sync_rate_new"]] = synced / registered
        result[INDEX["sync_rate_live"]] = np.where(live > 0, synced / live, np.nan)
        total = np.cumsum(live, axis=1)
        result[INDEX["sync_rate_cumulative"]] = np.where(
            total > 0, np.cumsum(cumulative_synced, axis=1) / total, np.nan
        )
        result[INDEX["sync_rate_seen"]] = at_end / registered
        _coverages(model, areas, record, result)
        waited = areas.total(record.card_wait[:, :, 0])
        cards = areas.total(record.card_wait[:, :, 1])
        result[INDEX["eid_wait_days"]] = np.where(cards > 0, waited / cards, np.nan)
    return result


def _coverages(model: Model, areas: Areas, record: Record, result: npt.NDArray[np.float32]) -> None:
    """Shares of the staff that have an eID and that know the function: everybody, doctors, nurses."""
    groups = model.structure.group_of
    for suffix, group in (("", None), ("_doctor", "doctor"), ("_nurse", "nurse")):
        chosen = np.ones(len(groups), bool) if group is None else groups == GROUP_KEYS.index(group)
        states = model.structure.by_unit(record.staff * chosen[:, None])  # [T, U, 4]
        people = areas.total(states.sum(axis=2))
        eid = areas.total(states[:, :, UNKNOWING_EID] + states[:, :, KNOWING_EID])
        known = areas.total(states[:, :, KNOWING] + states[:, :, KNOWING_EID])
        result[INDEX[f"eid_coverage{suffix}"]] = np.where(people > 0, eid / people, np.nan)
        result[INDEX[f"knowledge_coverage{suffix}"]] = np.where(people > 0, known / people, np.nan)


def _citizens(model: Model, v: Values, uploads: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Citizens with information in Kjernejournal per region [T], and the estimate of who should have.

    The count starts from the national figure at the end of 2022, spread by population, and grows by the portal's yearly
    rate and by the patients of uploaded entries; both slow down as the estimate is reached, because a patient who is
    there already is not counted again.
    """
    months = uploads.shape[0]
    country = v["patients.country"]
    before = (model.calendar.date_of_month(0).year - 2023) + (model.calendar.date_of_month(0).month - 1) / 12
    growth = v["patients.portal_growth"]
    informed: dict[str, Floats] = {}
    estimated: dict[str, Floats] = {}
    for region in model.scenario.regions:
        people = v[f"regions.{region}.population"]
        target = v["patients.prevalence"] * people
        now = min(v["patients.with_information"] * people / country * (1 + growth) ** before, target)
        members = [i for i, u in enumerate(model.structure.units) if u.region == region]
        patients = uploads[:, members].sum(axis=1) / v["patients.entries_per_patient"]
        series = np.empty(months)
        for month in range(months):
            room = 1 - now / target if target > 0 else 0.0
            now = min(now + (now * growth / 12 + patients[month]) * room, target)
            series[month] = now
        informed[region] = series
        estimated[region] = np.full(months, target)
    return informed, estimated
