"""How old the waiting entries are, gate by gate.

The model counts what waits by pool, not by age. Given a replication's history the fate of each month's entries is a
Markov chain over the pools (see ``entries``), so the expected age profile of every pool follows forwards from the
recorded arrivals and hazards; the counted backlog is split by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.entries import DARK, HELD, LATER, OLD, POOLS, UNTOUCHED
from sim.model.gates import REASONS
from sim.model.record import Record

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]  # whole or expected

AGES = ("under_3_months", "3_to_12_months", "over_12_months")

YEAR = 12  # older than so many months, entries are told apart no longer


@compiled
def expected(
    arrived: Numbers, opening: Floats, opens: Floats, complete: Floats, leaves_old: Floats, touch: Floats, meets: Floats
) -> Floats:
    """[T, U, 3, POOLS] expected waiting entries registered in the period, by age, from a replication's hazards.

    The cohorts of the last twelve months are carried apart, all older ones together, so the work grows with the months
    and not with their square. A month's cohort has the place of the one of the same month a year before, which joins
    the older ones: what happens to a pool happens to all its cohorts alike, so they need not be in order.
    """
    months, units = touch.shape
    result = np.zeros((months, units, 3, POOLS))
    wait = np.empty((POOLS, YEAR + 1))  # by month of the year, the last one for the older
    met = np.empty(YEAR + 1)
    for unit in range(units):
        wait[:] = 0.0
        for month in range(months):
            newest = month % YEAR
            for k in range(POOLS):
                wait[k, YEAR] += wait[k, newest]
                wait[k, newest] = 0.0
            opened, whole = opens[month, unit], complete[month, unit]
            cleaned, touched = leaves_old[month, unit], touch[month, unit]
            for kind in range(2):
                base = kind * HELD
                for age in range(YEAR + 1):
                    new, old = wait[base + UNTOUCHED, age] * opened, wait[base + OLD, age]
                    met[age] = new * whole + old * cleaned
                    wait[base + UNTOUCHED, age] -= new
                    wait[base + OLD, age] = old * (1.0 - cleaned) + new * (1.0 - whole)
                for k in range(base + LATER, base + LATER + REASONS + kind):
                    for age in range(YEAR + 1):
                        taken = wait[k, age] * touched
                        met[age] += taken
                        wait[k, age] -= taken
                for k in range(REASONS + kind):  # the held who would pass stop at the patient
                    stops = meets[month, unit, k]
                    for age in range(YEAR + 1):
                        wait[base + LATER + k, age] += met[age] * stops
            for k in range(POOLS):
                wait[k, newest] = arrived[month, unit, k]
            begun = opening[month, unit]
            if begun > 0.0:
                for kind in range(2):
                    for age in range(YEAR + 1):
                        lit = wait[kind * HELD + DARK, age] * begun
                        wait[kind * HELD + DARK, age] -= lit
                        wait[kind * HELD + UNTOUCHED, age] += lit
            second, third = (newest - 1) % YEAR, (newest - 2) % YEAR
            for k in range(POOLS):
                young = wait[k, newest] + wait[k, second] + wait[k, third]
                year = 0.0
                for age in range(0, YEAR, 4):
                    year += (wait[k, age] + wait[k, age + 1]) + (wait[k, age + 2] + wait[k, age + 3])
                result[month, unit, 0, k] = young
                result[month, unit, 1, k] = max(year - young, 0.0)
                result[month, unit, 2, k] = wait[k, YEAR]
    return result


@compiled
def _split(profile: Floats, waiting: Numbers, gate_of: Ints) -> Floats:
    """[T, U, 3, 8] what waits [T, U, class, POOLS] of the period's classes, by age as in ``profile``, and by gate."""
    months, units = profile.shape[:2]
    result = np.zeros((months, units, 3, 8))
    for month in range(months):
        for unit in range(units):
            for k in range(POOLS):
                counted = waiting[month, unit, 1, k] + waiting[month, unit, 2, k]
                total = profile[month, unit, 0, k] + profile[month, unit, 1, k] + profile[month, unit, 2, k]
                if total > 1e-9:
                    for age in range(3):
                        result[month, unit, age, gate_of[k]] += profile[month, unit, age, k] * (counted / total)
    return result


def backlog(record: Record, gate_of: Ints) -> Floats:
    """[T, U, 3, 8] the counted backlog of entries registered in the period, by age and gate.

    ``gate_of`` [POOLS] says which gate each pool is recorded at.
    """
    profile = expected(
        record.arrived,
        record.opening,
        record.opens,
        record.complete,
        record.leaves_old,
        record.touch,
        record.meets,
    )
    return _split(profile, record.waiting, gate_of)
