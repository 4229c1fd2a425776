"""Dated shifts of parameters that otherwise keep their value: what interventions bend, month by month and within a reach.

A shift's strength rises in a straight line over its ramp and is taken at each month's middle. Factors multiply; what shifts leave
open of the rest up to 1 multiplies too, after the factors. So their order does not matter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.dates import Dates
from sim.model.draws import Values
from sim.model.model import Model
from sim.scenario.schema import SHARES, Shift

Floats = npt.NDArray[np.float64]


class Shifts:
    """All shifts of one replication; ``weight`` [S] is each stratum's share of its unit's entries."""

    def __init__(self, model: Model, values: Values, dates: Dates, weight: Floats) -> None:
        self._model, self._weight = model, weight
        self._of: dict[str, list[tuple[Shift, Floats, Floats]]] = {}
        for index, shift in enumerate(model.scenario.shifts):
            factor = values.get(f"shifts.{index}.factor", 1.0)
            closes = values.get(f"shifts.{index}.closes", 0.0)
            strength = np.zeros((model.months, model.strata))
            for unit, strata in model.reach[id(shift)].items():
                strength[:, strata] = _strength(model, dates, shift, unit)[:, None]
            self._of.setdefault(shift.parameter, []).append((shift, 1 + strength * (factor - 1), strength * closes))

    def of_strata(self, parameter: str, base: float) -> Floats:
        """[T, S] a parameter that belongs to the one who acts."""
        shape = (self._model.months, self._model.strata)
        return self._bend(parameter, np.full(shape, base), [(f, c) for _, f, c in self._of.get(parameter, [])])

    def of_units(self, parameter: str, base: float | Floats) -> Floats:
        """[T, U] a parameter of the unit; a reach of some strata counts by their share of the unit's entries."""
        found = [
            (1 + self._mean(factor - 1, parameter), self._mean(closes, parameter))
            for _, factor, closes in self._of.get(parameter, [])
        ]
        return self._bend(parameter, np.tile(base, (self._model.months, 1)) * np.ones(self._model.units), found)

    def _mean(self, strength: Floats, parameter: str) -> Floats:
        structure = self._model.structure
        if parameter == "eid.cards":  # an office that is reached for one group issues faster for all
            at = structure.first[:-1]
            lowest, highest = np.minimum.reduceat(strength, at, axis=1), np.maximum.reduceat(strength, at, axis=1)
            return np.asarray(np.where(highest > 0, highest, lowest))
        return structure.by_unit(strength * self._weight)

    @staticmethod
    def _bend(parameter: str, base: Floats, found: list[tuple[Floats, Floats]]) -> Floats:
        left = np.ones_like(base)
        for factor, closes in found:
            base = base * factor
            left = left * (1 - closes)
        if found and parameter in SHARES:
            base = 1 - (1 - np.clip(base, 0, 1)) * left
        return base


def _strength(model: Model, dates: Dates, shift: Shift, unit: int) -> Floats:
    """[T] how much of a shift's effect holds at a unit, 0-1."""
    begin = dates.begin(shift, unit)
    if begin is None:
        return np.zeros(model.months)
    since = np.arange(model.months) - begin + 0.5
    return dates.running(shift, unit) * (np.clip(since / shift.ramp, 0, 1) if shift.ramp else 1.0)
