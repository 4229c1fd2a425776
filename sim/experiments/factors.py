"""The uncertain numbers of a scenario as factors: what belongs together is moved together.

A factor is one thing that could be found out: the small professional groups of the hospitals have one (for each number), a sector's
strata have one, a region's trusts share the duration of their local projects. Every column is reached through the quantile of its
own distribution (or of its calibrated draws), so a factor is a set of numbers between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.model.draws import Column
from sim.scenario.schema import Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LARGE_GROUPS = ("doctor", "nurse")


@dataclass(frozen=True)
class Factor:
    """Uncertain numbers that belong together: positions in the list of columns, and in the list of streams."""

    key: str
    columns: tuple[int, ...]
    streams: tuple[int, ...]
    tags: frozenset[str]


class Space:
    """The unit cube of a scenario's uncertain numbers: one dimension per stream, grouped into factors."""

    def __init__(self, scenario: Scenario, columns: list[Column]) -> None:
        self.columns = columns
        self.streams = list(dict.fromkeys(c.stream for c in columns if _uncertain(c)))
        at = {stream: i for i, stream in enumerate(self.streams)}
        members: dict[str, list[int]] = {}
        for index, column in enumerate(columns):
            if _uncertain(column):
                members.setdefault(_key(scenario, column), []).append(index)
        self.factors = [
            Factor(
                key,
                tuple(found),
                tuple(sorted({at[columns[i].stream] for i in found})),
                frozenset(columns[i].parameter.tag for i in found),
            )
            for key, found in members.items()
        ]
        self._stream = {i: at[c.stream] for i, c in enumerate(columns) if _uncertain(c)}
        self._fitted = {i: np.sort(c.fitted) for i, c in enumerate(columns) if c.fitted is not None}

    @property
    def groups(self) -> list[str]:
        """The factor of each stream."""
        names = [""] * len(self.streams)
        for factor in self.factors:
            for stream in factor.streams:
                names[stream] = factor.key
        return names

    def rows(self, u: Floats) -> Floats:
        """[N, columns] the numbers at points ``u`` [N, streams] of the cube."""
        result = np.empty((len(u), len(self.columns)))
        for index, column in enumerate(self.columns):
            if index not in self._stream:
                result[:, index] = column.parameter.quantile(np.zeros(len(u)))
                continue
            at = np.clip(u[:, self._stream[index]], 1e-9, 1 - 1e-9)
            if index in self._fitted:
                result[:, index] = np.quantile(self._fitted[index], at)
            else:
                result[:, index] = column.parameter.quantile(at)
        return result

    def middle(self) -> Floats:
        """[streams] every number at its median."""
        return np.full(len(self.streams), 0.5)


def _uncertain(column: Column) -> bool:
    return column.parameter.uncertain or column.fitted is not None


def _key(scenario: Scenario, column: Column) -> str:
    """The factor that a column belongs to."""
    name, _, _ = column.name.partition("@")
    parts = name.split(".")
    if parts[0] == "sectors" and len(parts) > 4 and parts[2] == "strata":
        sector, stratum, number = parts[1], parts[3], parts[4]
        if sector != "hospital":
            return f"sectors.{sector}.strata.{number}"
        group = scenario.sectors["hospital"].strata[stratum].group
        return f"sectors.hospital.{group if group in LARGE_GROUPS else 'other'}.{number}"
    if parts[0] == "regions":
        return f"regions.{parts[-1]}"
    if parts[0] == "golive":
        sector = parts[1]
        if sector == "hospital":
            return name
        return column.stream if column.stream.endswith(".vendors") else f"golive.{sector}.{parts[-1]}"
    if column.stream.startswith("law."):
        return column.stream.rsplit(".", 1)[0]
    return column.stream
