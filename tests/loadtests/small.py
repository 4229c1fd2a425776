"""A small demand and the plainest course, made in the tests."""

from __future__ import annotations

import numpy as np

from loadtests.demand import INDEX, OPERATIONS, Demand
from loadtests.shapes import Course, Stage, course


def demand(status: float = 10.0, **others: float) -> Demand:
    """One hospital that asks for status so often every hour; other operations as given, in calls per second."""
    rates = np.zeros((1, len(OPERATIONS), 168))
    for name, rate in {"status": status, **others}.items():
        rates[0, INDEX[name]] = rate  # type: ignore[index]
    return Demand((("vest", "hospital"),), rates, 3.0, {"kind": "test"}, [])


def straight(rate: float, seconds: float, **others: float) -> Course:
    """A constant rate."""
    return course(demand(rate, **others), [Stage(seconds=seconds)])
