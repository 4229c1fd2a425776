"""A scenario made ready to be simulated: its structure, its columns of numbers, and who each ramp reaches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model import golive, numbers
from sim.model.calendar import Calendar
from sim.model.draws import Column, Values, columns
from sim.model.structure import Structure, build
from sim.scenario.schema import Reach, Scenario

Floats = npt.NDArray[np.float64]

STRATUM_NUMBERS = (
    "staff",
    "entry_weight",
    "turnover",
    "rotation",
    "eid_at_start",
    "eid_at_hire",
    "eid_ordering",
    "trained_at_golive",
)


SECTOR_NUMBERS = ("entries", "overdispersion", "touch", "contacts", "calls", "away")


class Model:
    """A scenario made ready to be simulated; shared by all its replications."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.calendar = Calendar(scenario.period)
        self.structure: Structure = build(scenario)
        self.months = self.calendar.months
        self.units = len(self.structure.units)
        self.strata = len(self.structure.strata)
        self.columns: list[Column] = columns(scenario)
        self.index = {column.name: i for i, column in enumerate(self.columns)}
        self._strata_columns = {
            number: np.array(
                [self.index[f"sectors.{self._sector(s.unit)}.strata.{s.key}.{number}"] for s in self.structure.strata]
            )
            for number in STRATUM_NUMBERS
        }
        self._sector_columns = {
            number: np.array([self.index[f"sectors.{u.sector}.{number}"] for u in self.structure.units])
            for number in SECTOR_NUMBERS
        }
        units = self.structure.units
        self._population_columns = np.array([self.index[f"regions.{u.region}.population"] for u in units])
        self._hospitals = np.flatnonzero([u.trust for u in units])
        self._doctor_columns = np.array(
            [self.index[f"regions.{units[i].region}.trusts.{units[i].name}.doctors"] for i in self._hospitals], np.int64
        )
        self._region_of_hospital = np.unique([units[i].region for i in self._hospitals], return_inverse=True)[1]
        s = scenario
        self.reach = {
            id(ramp): self._reach(ramp)
            for ramps in (
                s.eid.programmes,
                s.knowledge.campaigns,
                s.knowledge.super_users,
                s.legacy.cleanups,
                s.ownership.duties,
                s.shifts,
            )
            for ramp in ramps
        }
        self.reached = {  # [n] the same strata, of all units together
            ramp: np.array([s for strata in by_unit.values() for s in strata], np.int64)
            for ramp, by_unit in self.reach.items()
        }
        self.earliest = golive.earliest(scenario, self.calendar)
        self.hashes = numbers.hashes(self.structure)
        _keep_freed_memory()

    def _reach(self, ramp: Reach) -> dict[int, list[int]]:
        """The strata that a ramp applies to, by unit."""
        found: dict[int, list[int]] = {}
        for s, stratum in enumerate(self.structure.strata):
            unit = self.structure.units[stratum.unit]
            if ramp.applies(unit.region, unit.sector, unit.name, stratum.key):
                found.setdefault(stratum.unit, []).append(s)
        return found

    def _sector(self, unit: int) -> str:
        return self.structure.units[unit].sector

    def values(self, row: Floats) -> Values:
        """A replication's numbers by name."""
        return Values(self.index, row)

    def of_strata(self, number: str, row: Floats) -> Floats:
        """[S] one number of every stratum."""
        return np.asarray(row[self._strata_columns[number]])

    def entry_shares(self, row: Floats) -> Floats:
        """[S] each stratum's share of its unit's entries."""
        weight, of = self.of_strata("entry_weight", row), self.structure.unit_of
        return np.asarray(weight / np.bincount(of, weight, self.units)[of])

    def of_sectors(self, number: str, row: Floats) -> Floats:
        """[U] one number of every unit's sector."""
        return np.asarray(row[self._sector_columns[number]])

    def populations(self, row: Floats) -> Floats:
        """[U] inhabitants behind each unit: its region's; of a hospital its share of them (by its doctors)."""
        people = row[self._population_columns]
        if len(self._hospitals):
            doctors, of = row[self._doctor_columns], self._region_of_hospital
            people[self._hospitals] *= doctors / np.bincount(of, doctors)[of]
        return np.asarray(people)


def _keep_freed_memory() -> None:
    """Let the process keep the memory that a replication frees, so that the next one need not ask the system for it again.

    The GNU C library gives freed memory back beyond twice the largest block that it has seen freed, but counts blocks
    of at most 32 MB. One block, never touched, raises that limit above what a replication needs; elsewhere it does nothing.
    """
    np.empty(30 << 20, np.uint8)
