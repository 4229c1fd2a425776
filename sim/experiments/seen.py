"""What became of the entries of a month, as seen at a later date.

An entry that is synced later still counts for the month in which it was registered. For a reading date, the chance that
an entry waiting in a pool at the end of month m is synced by then follows backwards from the recorded hazards
(Kolmogorov's backward equation of the pools' Markov chain); it is the same for all entries of a unit and pool.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.rollout import Record

Floats = npt.NDArray[np.float64]


def later(record: Record, reading: int) -> Floats:
    """[T, U, 3] the chance that an entry of month m that was not synced at once is synced by the end of month ``reading``.

    The last axis is what stopped it: go-live, legacy, a later gate. Zero from ``reading`` on.
    """
    months, units = record.touch.shape
    chance = np.zeros((months, units, 3))
    untouched = np.zeros(units)
    dark, old, past = np.zeros(units), np.zeros(units), np.zeros(units)
    for m in range(min(reading, months - 1), 0, -1):
        # the events of month m's end, for what waited at the end of month m - 1
        passes, touch = record.meets[m, :, -1], record.touch[m]
        met = passes + (1 - passes) * past
        opened = record.complete[m] * met + (1 - record.complete[m]) * old
        dark = record.opening[m] * untouched + (1 - record.opening[m]) * dark
        untouched = record.opens[m] * opened + (1 - record.opens[m]) * untouched
        old = record.leaves_old[m] * met + (1 - record.leaves_old[m]) * old
        past = touch * met + (1 - touch) * past
        # those registered before go-live, in the month in which it came, are opened at its end
        begun = record.opening[m - 1]
        chance[m - 1] = np.stack([begun * untouched + (1 - begun) * dark, old, past], axis=1)
    return chance


def synced_by(record: Record, at_once: Floats, reading: int) -> Floats:
    """[T, U] entries registered in each month that are synced by the end of month ``reading`` (expected, given the
    replication's history); months after ``reading`` as at their own end. ``at_once`` [T, U] were synced in their month."""
    return np.asarray(at_once + np.einsum("tup,tup->tu", record.fresh, later(record, reading)))
