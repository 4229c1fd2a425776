"""Kjernejournal and HelseID as they fail: a steady share of errors, and outages that come at random.

Outages are a Poisson process with exponential durations. Where the capacity is known, what exceeds it fails too
(``saturation``). What fails may be sent again; the rest waits like any other stopped entry.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy

from sim.model.calendar import Calendar
from sim.model.trace import Trace

Floats = npt.NDArray[np.float64]


def outages(
    env: simpy.Environment,
    per_year: float,
    hours: float,
    down: Floats,
    calendar: Calendar,
    random: np.random.Generator,
    trace: Trace,
) -> Generator[Any, Any, None]:
    """Fill ``down`` [T] with the share of each month in which nothing gets through."""
    if per_year <= 0 or hours <= 0:
        return
    while True:
        yield env.timeout(random.exponential(365.25 / per_year))
        begin, length = env.now, random.exponential(hours / 24.0)
        trace.add(begin, "technical", "Kjernejournal/HelseID", "outage", f"{24 * length:.1f} hours")
        # noted when it begins, because a month may end while it lasts
        calendar.spread(down, begin, begin + length)
        yield env.timeout(length)
        trace.add(env.now, "technical", "Kjernejournal/HelseID", "restored", "")


def share_down(per_year: float, hours: float) -> float:
    """The long-run share of the time in outage: a mean outage out of a mean cycle (alternating renewal process)."""
    return per_year * hours / (365.25 * 24.0 + per_year * hours)


def works(errors: float, down: Floats, retried: float, lost: Floats | float = 0.0) -> Floats:
    """[T] the chance that an upload gets through in a month with the share ``down`` [T] of outage and ``lost`` [T] to
    saturation."""
    fails = 1.0 - (1.0 - errors) * (1.0 - np.minimum(down, 1.0)) * (1.0 - lost)
    return np.asarray(1.0 - fails * (1.0 - retried))
