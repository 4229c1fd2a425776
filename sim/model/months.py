"""The months of a replication, counted in one compiled call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.model import entries, workforce
from sim.model.compiled import compiled
from sim.model.gates import REASONS
from sim.model.model import Model
from sim.model.numbers import Streams

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]  # whole when they are drawn, real when they are expected


class Counts(NamedTuple):
    """What the months leave behind; see ``record.Record`` for each."""

    new: Numbers  # [T, S, 9]
    waiting: Numbers  # [T, U, 3, POOLS]
    later_synced: Numbers  # [T, U, 3]
    fresh: Numbers  # [T, U, 3]
    arrived: Numbers  # [T, U, POOLS]
    access: Floats  # [T, U]
    staff: Numbers  # [T, S, 4]
    ordered: Numbers  # [T, S]
    card_wait: Floats  # [T, U, 2]
    meets: Floats  # [T, U, 6]
    touch: Floats  # [T, U]
    leaves_old: Floats  # [T, U]
    opens: Floats  # [T, U]
    complete: Floats  # [T, U]


def room(model: Model, kind: npt.DTypeLike = np.int32) -> Counts:
    """Memory for the counts of a replication."""
    months, strata, units = model.months, model.strata, model.units
    return Counts(
        new=np.empty((months, strata, 9), kind),
        waiting=np.empty((months, units, 3, entries.POOLS), kind),
        later_synced=np.empty((months, units, 3), kind),
        fresh=np.empty((months, units, 3), kind),
        arrived=np.empty((months, units, entries.POOLS), kind),
        access=np.empty((months, units)),
        staff=np.empty((months, strata, 4), kind),
        ordered=np.empty((months, strata), kind),
        card_wait=np.empty((months, units, 2)),
        meets=np.empty((months, units, REASONS + 1)),
        touch=np.empty((months, units)),
        leaves_old=np.empty((months, units)),
        opens=np.empty((months, units)),
        complete=np.empty((months, units)),
    )


@compiled
def count(
    staff: workforce.Staff,
    moves: workforce.StaffRates,
    pools: entries.Pools,
    decides: entries.EntryRates,
    counts: Counts,
    streams: Streams,
) -> None:
    """Carry ``staff`` and ``pools`` through all months and fill ``counts``."""
    for month in range(counts.new.shape[0]):
        outcomes = entries.Outcomes(
            counts.new[month],
            counts.fresh[month],
            counts.arrived[month],
            counts.later_synced[month],
            counts.access[month],
        )
        hazards = entries.Hazards(
            counts.meets[month],
            counts.touch[month],
            counts.leaves_old[month],
            counts.opens[month],
            counts.complete[month],
        )
        counts.staff[month] = staff.people
        entries.step(month, staff.people, pools, decides, outcomes, hazards, streams.new, streams.wait)
        counts.waiting[month] = pools.waiting
        workforce.step(month, staff, moves, streams.staff, streams.office)
        counts.ordered[month] = staff.ordered
        counts.card_wait[month] = staff.waited
