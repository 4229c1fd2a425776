"""Who is where: the units (hospitals, and one pool per region of each other sector) and their staff strata.

Built once from a scenario; the numbers of a replication are looked up in it by column.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.scenario.schema import Scenario, Stratum
from sim.vocabulary import CATEGORY_KEYS, GROUP_KEYS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unit:
    """A hospital, or all actors of a sector in a region."""

    name: str
    region: str
    sector: str
    trust: bool  # a single hospital (which a planner asks for by name), not a pool


@dataclass(frozen=True)
class StaffStratum:
    """One stratum of one unit."""

    unit: int
    key: str
    group: str
    form: Stratum


@dataclass(frozen=True)
class Structure:
    """Units and strata in the order of the scenario; strata of a unit are neighbours."""

    units: tuple[Unit, ...]
    strata: tuple[StaffStratum, ...]

    @cached_property
    def first(self) -> Ints:
        """[U + 1] the first stratum of each unit."""
        counts = np.bincount([s.unit for s in self.strata], minlength=len(self.units))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def by_unit(self, by_stratum: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[T, U, …] the sum over each unit's strata of ``by_stratum`` [T, S, …]."""
        return np.asarray(np.add.reduceat(by_stratum, self.first[:-1], axis=1))

    @cached_property
    def unit_of(self) -> Ints:
        """[S] the unit of each stratum."""
        return np.array([s.unit for s in self.strata], dtype=np.int64)

    @cached_property
    def group_of(self) -> Ints:
        """[S] the index of each stratum's professional group in ``GROUPS``."""
        return np.array([GROUP_KEYS.index(s.group) for s in self.strata], dtype=np.int64)

    @cached_property
    def exempt(self) -> npt.NDArray[np.bool_]:
        """[S] whether a stratum is exempt from consent."""
        return np.array([s.form.exempt for s in self.strata], dtype=np.bool_)

    @cached_property
    def category_mix(self) -> Floats:
        """[S, 10] how a stratum's entries are spread over the categories; rows sum to 1."""
        mix = np.array(
            [[s.form.categories.weights.get(c, 0.0) for c in CATEGORY_KEYS] for s in self.strata],  # type: ignore[call-overload]
            dtype=np.float64,
        )
        return np.asarray(mix / mix.sum(axis=1, keepdims=True), dtype=np.float64)


def build(scenario: Scenario) -> Structure:
    """The units and strata of a scenario."""
    units: list[Unit] = []
    strata: list[StaffStratum] = []
    for region, content in scenario.regions.items():
        for sector, form in scenario.sectors.items():
            names = list(content.trusts) if sector == "hospital" else [f"{region}/{sector}"]
            for name in names:
                unit = len(units)
                units.append(Unit(name, region, sector, sector == "hospital"))
                strata += [StaffStratum(unit, key, s.group, s) for key, s in form.strata.items()]
    return Structure(tuple(units), tuple(strata))
