"""How old the waiting entries are, gate by gate.

The model counts what waits by pool, not by age. Given a replication's history the fate of each month's entries is a
Markov chain over the pools (see ``entries``), so the expected age profile of every pool follows forwards from the
recorded arrivals and hazards; the counted backlog is split by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.entries import DARK, HELD, LATER, OLD, POOLS, UNTOUCHED
from sim.model.gates import REASONS
from sim.model.rollout import Record

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AGES = ("under_3_months", "3_to_12_months", "over_12_months")


@compiled
def expected(
    arrived: Ints, opening: Floats, opens: Floats, complete: Floats, leaves_old: Floats, touch: Floats, meets: Floats
) -> Floats:
    """[T, U, 3, POOLS] expected waiting entries registered in the period, by age, from a replication's hazards."""
    months, units = touch.shape
    result = np.zeros((months, units, 3, POOLS))
    wait = np.zeros(POOLS)
    for unit in range(units):
        for born in range(months):
            wait[:] = arrived[born, unit]
            for month in range(born, months):
                for kind in range(2):
                    base = kind * HELD
                    if month > born:
                        opened = wait[base + UNTOUCHED] * opens[month, unit]
                        in_order = opened * complete[month, unit]
                        cleaned = wait[base + OLD] * leaves_old[month, unit]
                        wait[base + UNTOUCHED] -= opened
                        wait[base + OLD] += opened - in_order - cleaned
                        met = in_order + cleaned
                        for k in range(REASONS + kind):
                            taken = wait[base + LATER + k] * touch[month, unit]
                            wait[base + LATER + k] -= taken
                            met += taken
                        for k in range(REASONS + kind):  # the held who would pass stop at the patient
                            wait[base + LATER + k] += met * meets[month, unit, k]
                    lit = wait[base + DARK] * opening[month, unit]
                    wait[base + DARK] -= lit
                    wait[base + UNTOUCHED] += lit
                age = 0 if month - born < 3 else 1 if month - born < 12 else 2
                for k in range(POOLS):
                    result[month, unit, age, k] += wait[k]
    return result


def backlog(record: Record, pool_gates: Floats) -> Floats:
    """[T, U, 3, 8] the counted backlog of entries registered in the period, by age and gate.

    ``pool_gates`` [POOLS, 8] says which gate each pool is recorded at.
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
    counted = record.waiting[:, :, 1:].sum(axis=2)  # [T, U, POOLS]
    total = profile.sum(axis=2)
    scale = np.divide(counted, total, out=np.zeros_like(total), where=total > 1e-9)
    return np.asarray((profile * scale[:, :, None, :]) @ pool_gates)
