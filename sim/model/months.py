"""The months of a replication, counted in one compiled call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.model import entries, workforce
from sim.model.compiled import compiled
from sim.model.gates import REASONS
from sim.model.model import Model

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32]


class Counts(NamedTuple):
    """What the months leave behind; see ``record.Record`` for each."""

    new: Ints  # [T, S, 9]
    waiting: Ints  # [T, U, 3, POOLS]
    later_synced: Ints  # [T, U, 3]
    fresh: Ints  # [T, U, 3]
    arrived: Ints  # [T, U, POOLS]
    staff: Ints  # [T, S, 4]
    ordered: Ints  # [T, S]
    card_wait: Floats  # [T, U, 2]
    meets: Floats  # [T, U, 6]
    touch: Floats  # [T, U]
    leaves_old: Floats  # [T, U]
    opens: Floats  # [T, U]
    complete: Floats  # [T, U]


def room(model: Model) -> Counts:
    """Memory for the counts of a replication."""
    months, strata, units = model.months, model.strata, model.units
    return Counts(
        new=np.empty((months, strata, 9), np.int64),
        waiting=np.empty((months, units, 3, entries.POOLS), np.int64),
        later_synced=np.empty((months, units, 3), np.int64),
        fresh=np.empty((months, units, 3), np.int64),
        arrived=np.empty((months, units, entries.POOLS), np.int64),
        staff=np.empty((months, strata, 4), np.int64),
        ordered=np.empty((months, strata), np.int64),
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
    staff_draws: Uniforms,
    new_draws: Uniforms,
    wait_draws: Uniforms,
) -> None:
    """Carry ``staff`` and ``pools`` through all months and fill ``counts``."""
    for month in range(counts.new.shape[0]):
        outcomes = entries.Outcomes(
            counts.new[month], counts.fresh[month], counts.arrived[month], counts.later_synced[month]
        )
        hazards = entries.Hazards(
            counts.meets[month],
            counts.touch[month],
            counts.leaves_old[month],
            counts.opens[month],
            counts.complete[month],
        )
        counts.staff[month] = staff.people
        entries.step(month, staff.people, pools, decides, outcomes, hazards, new_draws, wait_draws)
        counts.waiting[month] = pools.waiting
        workforce.step(month, staff, moves, staff_draws)
        counts.ordered[month] = staff.ordered
        counts.card_wait[month] = staff.waited
