"""What became of the entries of a month, as seen at a later date.

An entry that is synced later still counts for the month in which it was registered. For a reading date, the chance that
an entry waiting in a pool at the end of month m is synced by then follows backwards from the recorded hazards
(Kolmogorov's backward equation of the pools' Markov chain); it is the same for all entries of a unit and pool.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.gates import REASONS
from sim.model.record import Record

Floats = npt.NDArray[np.float64]


def later(record: Record, reading: int) -> Floats:
    """[T, U, 3] the chance that an entry of month m that was not synced at once is synced by the end of month ``reading``.

    The last axis is what stopped it: go-live, legacy, a later gate. Zero from ``reading`` on.
    """
    return _later(reading, record.meets, record.touch, record.complete, record.opens, record.opening, record.leaves_old)


@compiled
def _later(
    reading: int,
    meets: Floats,
    touch: Floats,
    complete: Floats,
    opens: Floats,
    opening: Floats,
    leaves_old: Floats,
) -> Floats:
    months, units = touch.shape
    chance = np.zeros((months, units, 3))
    for u in range(units):
        untouched, dark, old, past = 0.0, 0.0, 0.0, 0.0
        for m in range(min(reading, months - 1), 0, -1):
            # the events of month m's end, for what waited at the end of month m - 1
            passes = meets[m, u, REASONS]
            met = passes + (1.0 - passes) * past
            opened = complete[m, u] * met + (1.0 - complete[m, u]) * old
            dark = opening[m, u] * untouched + (1.0 - opening[m, u]) * dark
            untouched = opens[m, u] * opened + (1.0 - opens[m, u]) * untouched
            old = leaves_old[m, u] * met + (1.0 - leaves_old[m, u]) * old
            past = touch[m, u] * met + (1.0 - touch[m, u]) * past
            # those registered before go-live, in the month in which it came, are opened at its end
            begun = opening[m - 1, u]
            chance[m - 1, u, 0] = begun * untouched + (1.0 - begun) * dark
            chance[m - 1, u, 1] = old
            chance[m - 1, u, 2] = past
    return chance


def synced_by(record: Record, at_once: Floats, reading: int) -> Floats:
    """[T, U] entries registered in each month that are synced by the end of month ``reading`` (expected, given the
    replication's history); months after ``reading`` as at their own end. ``at_once`` [T, U] were synced in their month."""
    return np.asarray(at_once + (record.fresh * later(record, reading)).sum(axis=2))
