"""The published sync rates, and what a replication gives on the same basis.

Each observation is a window of registrations and a reading date (the window's end): the share of the entries that were
registered while the API was live in the window and are synced at the reading date.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.experiments import seen
from sim.model.compiled import compiled
from sim.model.rollout import Model, Record
from sim.scenario.data import figures
from sim.vocabulary import REGIONS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]  # whole or expected


@dataclass(frozen=True)
class Observation:
    """A published (or derived) sync rate."""

    key: str
    area: str
    start: dt.date
    end: dt.date
    value: float
    tag: str
    source: str
    note: str


def published(folder: Path) -> list[Observation]:
    """The sync rates of ``data/sync_rates.csv``, in the order of the file."""
    found = []
    for figure in figures("sync_rates", folder).values():
        if figure.measure.startswith("sync_rate"):
            start, end = map(dt.date.fromisoformat, figure.period.split("/"))
            found.append(
                Observation(
                    figure.measure, figure.entity, start, end, figure.value, figure.tag, figure.source, figure.note
                )
            )
    return found


def applicable(model: Model, observations: list[Observation]) -> list[Observation]:
    """Those whose region and window the model covers."""
    last = model.calendar.months - 1
    names = {word.nb: word.key for word in REGIONS}
    return [
        o
        for o in observations
        if names.get(o.area) in model.scenario.regions
        and model.calendar.month_of(model.calendar.day(o.end)) <= last
        and model.calendar.month_of(model.calendar.day(o.start)) >= 0
    ]


def modelled(model: Model, record: Record, observations: list[Observation]) -> Floats:
    """[observation] what the replication gives for each."""
    units = model.structure.units
    names = {word.nb: word.key for word in REGIONS}
    result = np.full(len(observations), np.nan)
    read: dict[int, Floats] = {}
    for index, observation in enumerate(observations):
        region = names[observation.area]
        chosen = np.array([u.trust and u.region == region for u in units])
        first = model.calendar.month_of(model.calendar.day(observation.start))
        last = model.calendar.month_of(model.calendar.day(observation.end))
        if last not in read:
            read[last] = seen.later(record, last)
        synced, live = _window(record.new, record.fresh, read[last], model.structure.first, chosen, first, last)
        if live:
            result[index] = synced / live
    return result


@compiled
def _window(
    new: Numbers, fresh: Numbers, later: Floats, first_of: Ints, chosen: Bools, first: int, last: int
) -> tuple[float, float]:
    """The entries of the ``chosen`` [U] units and of months ``first`` to ``last`` that are synced, at once or ``later``
    [T, U, 3], and all that were registered where the API was in use."""
    synced, live = 0.0, 0.0
    for month in range(first, last + 1):
        for unit in range(chosen.shape[0]):
            if chosen[unit]:
                for s in range(first_of[unit], first_of[unit + 1]):
                    synced += new[month, s, 8]
                    for k in range(1, 9):
                        live += new[month, s, k]
                for k in range(1, 3):
                    synced += fresh[month, unit, k] * later[month, unit, k]
    return synced, live
