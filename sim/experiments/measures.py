"""The measures of a replication: counts and shares per month, area and sector.

``Areas`` says what is added up (the country, each region, each hospital; all sectors or one). ``measure`` turns one
replication's record into an array [measure, area, month].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.experiments import ages, seen
from sim.experiments.ages import AGES
from sim.model import entries, saturation
from sim.model.compiled import compiled
from sim.model.draws import Values
from sim.model.gates import REASONS
from sim.model.model import Model
from sim.model.record import Record
from sim.model.workforce import KNOWING, KNOWING_EID, UNKNOWING, UNKNOWING_EID
from sim.vocabulary import GATE_KEYS, GROUP_KEYS, REGION_KEYS, REGIONS, SECTOR_KEYS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]  # whole or expected

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
    "cards_issued",
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

    def members(self, area: int) -> Ints:
        """The units of an area."""
        end = self.begin[area + 1] if area + 1 < len(self.begin) else len(self.units)
        return self.units[self.begin[area] : end]

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


_GATE_OF = pool_gates()
_EXTRA = (  # what the rates are made of, beside the counts
    "later_live",
    "seen",
    "card_days",
    "cards",
    *(f"{what}_{who}" for who in ("everybody", "doctor", "nurse") for what in ("people", "eid", "known")),
)
_ROW = {name: i for i, name in enumerate((*COUNTS, *_EXTRA))}
_SYNCED, _STOPPED, _LATER = _ROW["synced"], _ROW[f"stopped_{GATE_KEYS[0]}"], _ROW["synced_later"]
_BACKLOG, _BY_AGE, _STOCK = _ROW[f"backlog_{GATE_KEYS[0]}"], _ROW[f"backlog_{AGES[0]}"], _ROW["stock_waiting"]
_QUEUED, _LATER_LIVE, _CARDS, _STAFF = (
    _ROW["cards_queued"],
    _ROW["later_live"],
    _ROW["card_days"],
    _ROW["people_everybody"],
)


def backlog_by_age(record: Record) -> Floats:
    """[T, U, 3, 8] waiting entries registered in the period, by age and gate."""
    return ages.backlog(record, _GATE_OF)


@compiled
def _of_strata(rows: Floats, new: Numbers, ordered: Numbers, staff: Numbers, first: Ints, group_of: Ints) -> None:
    """Add up over each unit's strata, into ``rows`` [row, U, T]."""
    months, _, outcomes = new.shape
    stopped, coverage = np.empty(outcomes), np.empty(9)
    for u in range(first.shape[0] - 1):
        for t in range(months):
            queued = 0.0
            stopped[:] = 0.0
            coverage[:] = 0.0
            for s in range(first[u], first[u + 1]):
                for k in range(outcomes):
                    stopped[k] += new[t, s, k]
                queued += ordered[t, s]
                both = staff[t, s, KNOWING_EID]
                eid, known = staff[t, s, UNKNOWING_EID] + both, staff[t, s, KNOWING] + both
                people = staff[t, s, UNKNOWING] + known + eid - both
                coverage[0] += people
                coverage[1] += eid
                coverage[2] += known
                at = 3 * group_of[s]
                if at > 0:
                    coverage[at] += people
                    coverage[at + 1] += eid
                    coverage[at + 2] += known
            for k in range(outcomes - 1):
                rows[_STOPPED + k, u, t] = stopped[k]
            rows[_SYNCED, u, t] = stopped[outcomes - 1]
            rows[_QUEUED, u, t] = queued
            for k in range(9):
                rows[_STAFF + k, u, t] = coverage[k]


@compiled
def _of_units(
    rows: Floats, waiting: Numbers, later: Numbers, backlog: Floats, card_wait: Floats, gate_of: Ints
) -> None:
    """What is counted by unit, into ``rows`` [row, U, T]."""
    months, units, _, pools = waiting.shape
    for t in range(months):
        for u in range(units):
            for k in range(pools):
                rows[_STOCK, u, t] += waiting[t, u, 0, k]
                rows[_BACKLOG + gate_of[k], u, t] += waiting[t, u, 1, k] + waiting[t, u, 2, k]
            for age in range(3):
                for gate in range(backlog.shape[3]):
                    rows[_BY_AGE + age, u, t] += backlog[t, u, age, gate]
            rows[_LATER, u, t] = later[t, u, 1] + later[t, u, 2]
            rows[_LATER_LIVE, u, t] = later[t, u, 2]
            rows[_CARDS, u, t] = card_wait[t, u, 0]
            rows[_CARDS + 1, u, t] = card_wait[t, u, 1]


@compiled
def _of_areas(rows: Floats, units: Ints, begin: Ints) -> Floats:
    """[row, A, T] the sums over each area's units of ``rows`` [row, U, T]."""
    count, _, months = rows.shape
    total = np.zeros((count, begin.shape[0], months))
    for row in range(count):
        for area in range(begin.shape[0]):
            end = begin[area + 1] if area + 1 < begin.shape[0] else units.shape[0]
            into = total[row, area]
            for i in range(begin[area], end):
                of = rows[row, units[i]]
                for t in range(months):
                    into[t] += of[t]
    return total


def measure(
    model: Model,
    areas: Areas,
    record: Record,
    backlog: Floats,
    row: Floats,
    result: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """[measure, area, month] of one replication, written into ``result`` if given; ``backlog`` as ``backlog_by_age`` gives it."""
    months = record.writing.shape[0]
    values = model.values(row)
    structure = model.structure
    rows = np.zeros((len(_ROW), model.units, months))
    groups = np.array([-1] * len(GROUP_KEYS))
    groups[GROUP_KEYS.index("doctor")], groups[GROUP_KEYS.index("nurse")] = 1, 2
    _of_strata(rows, record.new, record.ordered, record.staff, structure.first, groups[structure.group_of])
    _of_units(rows, record.waiting, record.later_synced, backlog, record.card_wait, _GATE_OF)
    synced = rows[_SYNCED]
    live = rows[_STOPPED + 1 : _STOPPED + len(GATE_KEYS)].sum(axis=0) + synced
    validity = max(
        values["eid.validity"], 1 / 12
    )  # expected renewals; those that are drawn only take their place in the queue
    rows[_ROW["cards_issued"]] = rows[_ROW["cards"]] + rows[_ROW["eid_everybody"]] / (12 * validity)
    rows[_ROW["registered_live"]] = live
    rows[_ROW["registered"]] = live + rows[_STOPPED]
    rows[_ROW["seen"]] = seen.synced_by(record, synced.T, months - 1).T

    populations = model.populations(row)
    actors = _actors(model, values, populations)
    for name in ("ready", "reading", "writing"):
        rows[_ROW[f"actors_{name}"]] = (getattr(record, name) * actors).T
    reading, access = record.reading.T, record.access.T
    contacts = saturation.contacts(model, row, values)
    calls = saturation.openings(model, row, contacts, record.reading)
    downloads = calls * (values["benefit.status_critical"] * values["benefit.newer"]) * access
    rows[_ROW["indicator_calls"]], rows[_ROW["downloads"]] = calls, downloads
    rows[_ROW["hours_saved"]] = (
        synced * values["benefit.documentation_minutes"] + downloads * values["benefit.lookup_minutes"]
    ) / 60
    informed, estimated = _citizens(model, values, synced + record.later_synced.sum(axis=2).T)
    regions: list[str] = list(model.scenario.regions)
    of = np.array([regions.index(u.region) for u in structure.units])
    per_inhabitant = informed / np.array([values[f"regions.{r}.population"] for r in regions])[:, None]
    rows[_ROW["encounters_informed"]] = (
        contacts * model.of_sectors("away", row)[:, None] * reading * access * per_inhabitant[of]
    )

    total = _of_areas(rows, areas.units, areas.begin)
    if result is None:
        result = np.empty((len(MEASURES), len(areas.rows), months), np.float32)
    result[len(COUNTS) :] = np.nan
    result[: len(COUNTS)] = total[: len(COUNTS)]
    names = {word.key: word.nb for word in REGIONS}
    for index, region in enumerate(regions):
        if any(a.name == names[region] for a in areas.rows):
            at = areas.find(names[region])
            result[INDEX["citizens"], at], result[INDEX["citizens_estimated"], at] = informed[index], estimated[index]
    at = areas.find("national")
    result[INDEX["citizens"], at], result[INDEX["citizens_estimated"], at] = informed.sum(axis=0), estimated.sum(axis=0)
    _rates(total, result)
    return result


def _actors(model: Model, values: Values, populations: Floats) -> Floats:
    """[U] how many actors each unit stands for."""
    country = sum(values[f"regions.{r}.population"] for r in model.scenario.regions)
    units = enumerate(model.structure.units)
    return np.array(
        [1.0 if u.trust else values[f"sectors.{u.sector}.actors"] * populations[i] / country for i, u in units]
    )


def _rates(total: Floats, result: npt.NDArray[np.float32]) -> None:
    """The rates, from the ``total`` [row, A, T]; undefined where there is nothing to divide by."""
    of = {name: total[i] for name, i in _ROW.items()}
    ever_live = np.cumsum(of["registered_live"], axis=1)
    ever_synced = np.cumsum(of["synced"] + of["later_live"], axis=1)
    quotients = {
        "sync_rate_new": (of["synced"], of["registered"]),
        "sync_rate_live": (of["synced"], of["registered_live"]),
        "sync_rate_cumulative": (ever_synced, ever_live),
        "sync_rate_seen": (of["seen"], of["registered"]),
        "eid_wait_days": (of["card_days"], of["cards"]),
    }
    for suffix, who in (("", "everybody"), ("_doctor", "doctor"), ("_nurse", "nurse")):
        quotients[f"eid_coverage{suffix}"] = (of[f"eid_{who}"], of[f"people_{who}"])
        quotients[f"knowledge_coverage{suffix}"] = (of[f"known_{who}"], of[f"people_{who}"])
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, (part, whole) in quotients.items():
            result[INDEX[name]] = np.where(whole > 0, part / whole, np.nan)


def _citizens(model: Model, v: Values, uploads: Floats) -> tuple[Floats, Floats]:
    """[region, T] citizens with information in Kjernejournal, and the estimate of who should have; ``uploads`` [U, T].

    The count starts from the national figure at the end of 2022, spread by population, and grows by the portal's yearly
    rate and by the patients of uploaded entries; both slow down as the estimate is reached, because a patient who is
    there already is not counted again.
    """
    months = uploads.shape[1]
    begin = model.calendar.date_of_month(0)
    before = (begin.year - 2023) + (begin.month - 1) / 12
    growth = v["patients.portal_growth"]
    regions: list[str] = list(model.scenario.regions)
    people = np.array([v[f"regions.{r}.population"] for r in regions])
    target = v["patients.prevalence"] * people
    now = np.minimum(v["patients.with_information"] * people / v["patients.country"] * (1 + growth) ** before, target)
    patients = np.zeros((len(regions), months))
    for index, unit in enumerate(model.structure.units):
        patients[regions.index(unit.region)] += uploads[index]
    patients /= v["patients.entries_per_patient"]
    return _informed(now, target, patients, growth / 12), np.repeat(target[:, None], months, axis=1)


@compiled
def _informed(now: Floats, target: Floats, patients: Floats, growth: float) -> Floats:
    """[region, T] see ``_citizens``; ``growth`` per month."""
    regions, months = patients.shape
    series = np.empty((regions, months))
    for region in range(regions):
        count, most = now[region], target[region]
        for month in range(months):
            room = 1.0 - count / most if most > 0.0 else 0.0
            count = min(count + (count * growth + patients[region, month]) * room, most)
            series[region, month] = count
    return series


def sync_rates(model: Model, record: Record, units: Ints) -> Floats:
    """[4, T] the sync rates of some units together: new, of the live, cumulative, and as seen at the period's end.

    What a planner asks of very many runs, without the other measures; the same numbers as ``measure``.
    """
    months = record.writing.shape[0]
    chosen = np.zeros(model.units, np.bool_)
    chosen[units] = True
    new = _total(record.new, chosen[model.structure.unit_of])
    later = record.later_synced[:, units, entries.LIVE].sum(axis=1)
    waiting = record.fresh[:, units] * seen.later(record, months - 1)[:, units]
    registered, live, synced = new.sum(axis=0), new[1:].sum(axis=0), new[8]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack(
            [
                synced / registered,
                synced / live,
                np.cumsum(synced + later) / np.cumsum(live),
                (synced + waiting.sum(axis=(1, 2))) / registered,
            ]
        )


@compiled
def _total(new: Numbers, chosen: npt.NDArray[np.bool_]) -> Floats:
    """[9, T] the sum over the ``chosen`` [S] strata of ``new`` [T, S, 9]."""
    months, strata, outcomes = new.shape
    total = np.zeros((outcomes, months))
    for month in range(months):
        for s in range(strata):
            if chosen[s]:
                for k in range(outcomes):
                    total[k, month] += new[month, s, k]
    return total
