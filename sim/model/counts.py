"""Counts, drawn or expected: the one place where chance enters the months.

The months are written once, for counts of either kind, and compiled for both. Whole numbers are *drawn*: each is the quantile
of its distribution at the random number of its place (``quantiles``, ``streams``). Real numbers are *expected*: each is
the mean of the same distribution, and no random number is made. The type of the counts decides, when the months
are compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from sim.model.quantiles import binomial, hypergeometric, inside, poisson
from sim.model.streams import uniform

Count = Any  # an int or a float, in one replication the same everywhere

_TWICE: dict[str, Any] = {"strict": False, "jit_options": {"error_model": "numpy"}}


def thin(at: np.uint64, n: Count, p: float) -> Count:
    """How many of ``n`` an event of probability ``p`` meets."""
    return n * p if isinstance(n, float) else binomial(uniform(at), n, p)


@overload(thin, **_TWICE)
def _thin(at: Any, n: Any, p: Any) -> Any:
    if isinstance(n, types.Float):
        return lambda at, n, p: n * p

    def drawn(at: Any, n: Any, p: Any) -> Any:
        if n <= 0 or p <= 0.0:
            return 0
        if p >= 1.0:
            return n
        u = uniform(at)
        if u <= 1.0 - n * p:  # none, as ``binomial`` would say too: most often so, and then no call is made
            return 0
        return inside(u, n, p)

    return drawn


def arrivals(at: np.uint64, mean: float, like: Count) -> Count:
    """How many a Poisson process brings; a count of the same kind as ``like``."""
    return mean if isinstance(like, float) else poisson(uniform(at), mean)


@overload(arrivals, **_TWICE)
def _arrivals(at: Any, mean: Any, like: Any) -> Any:
    if isinstance(like, types.Float):
        return lambda at, mean, like: mean
    return lambda at, mean, like: poisson(uniform(at), mean)


def among(at: np.uint64, good: Count, bad: Count, drawn: Count) -> Count:
    """How many of ``drawn`` taken without replacement are among the ``good``."""
    if isinstance(good, float):
        return drawn * good / (good + bad) if good > 0.0 else 0.0
    return hypergeometric(uniform(at), good, bad, drawn)


@overload(among, **_TWICE)
def _among(at: Any, good: Any, bad: Any, drawn: Any) -> Any:
    if isinstance(good, types.Float):
        return lambda at, good, bad, drawn: drawn * good / (good + bad) if good > 0.0 else 0.0

    def chosen(at: Any, good: Any, bad: Any, drawn: Any) -> Any:
        low = max(0, drawn - bad)
        if low >= min(drawn, good):
            return low
        return hypergeometric(uniform(at), good, bad, drawn)

    return chosen
