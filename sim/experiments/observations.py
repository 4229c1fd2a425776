"""The published sync rates, and what a replication gives on the same basis.

Each observation is a window of registrations and a reading date (the window's end): the share of the entries that were
registered while the API was live in the window and are synced at the reading date.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim.experiments import seen
from sim.model.rollout import Model, Record
from sim.scenario.data import figures
from sim.vocabulary import REGIONS

Floats = npt.NDArray[np.float64]


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
    unit_of = model.structure.unit_of
    result = np.full(len(observations), np.nan)
    read: dict[int, Floats] = {}
    for index, observation in enumerate(observations):
        members = [i for i, u in enumerate(units) if u.trust and u.region == names[observation.area]]
        first = model.calendar.month_of(model.calendar.day(observation.start))
        last = model.calendar.month_of(model.calendar.day(observation.end))
        if last not in read:
            read[last] = record.fresh[:, :, 1:] * seen.later(record, last)[:, :, 1:]
        waiting = read[last]
        strata = np.isin(unit_of, members)
        at_once = record.new[first : last + 1, strata, 8].sum()
        live = record.new[first : last + 1, strata, 1:].sum()
        later = waiting[first : last + 1, members].sum()
        if live:
            result[index] = (at_once + later) / live
    return result
