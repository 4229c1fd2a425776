"""The eID queue: an issuing office with a few clerks, first come first served, then a delivery time.

The office is a G/G/c queue. Its waiting times follow exactly from the Kiefer-Wolfowitz recursion: an order starts when it
has arrived and the first clerk is free (Kiefer & Wolfowitz 1955; with exponential times this is M/M/c, and the tests
hold it against Erlang C). No event list is needed, which is what makes hundreds of offices affordable.

Orders belong to positions: when somebody who waits leaves, the successor gets the card.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled


@compiled
def serve(arrival: float, service: float, free_at: npt.NDArray[np.float64], unit: int, channel: int) -> float:
    """When the service of an order ends.

    ``free_at`` [unit, channel, clerk] says when each clerk is free and is brought up to date. Times in days; orders must
    come in the order of their arrival.
    """
    first = 0
    for clerk in range(1, free_at.shape[2]):
        if free_at[unit, channel, clerk] < free_at[unit, channel, first]:
            first = clerk
    done = max(arrival, free_at[unit, channel, first]) + service
    free_at[unit, channel, first] = done
    return float(done)


@compiled
def lot_service(size: int, days_per_card: float, cv: float, z: float) -> float:
    """Days a clerk needs for a lot of ``size`` cards whose single times have mean and coefficient of variation given.

    The single times are gamma distributed, so their sum is. Its quantile at Φ(``z``) is taken by Wilson and Hilferty
    (1931), whose mean is right within 1/(729·k³), k = size/cv² the shape.
    """
    if cv <= 0.0:
        return size * days_per_card
    spread = cv * cv / (9.0 * size)
    root = max(1.0 - spread + z * math.sqrt(spread), 0.0)
    return size * days_per_card * (root * root * root)
