"""Knowledge of the function: courses, word of mouth (Bass), forgetting.

Word of mouth: the hazard of learning at time t is p + q·F(t), with F the share that knows (Bass 1969). Inside a month the
closed form of the Bass curve is used, so that a large isolated group follows the curve exactly whatever the step.
"""

from __future__ import annotations

import math

from sim.model.compiled import compiled


@compiled
def bass_step(known: float, p: float, q: float, years: float) -> float:
    """The share that knows after ``years`` when the share ``known`` knew before (Bass 1969, closed form)."""
    if known >= 1.0 or p + q <= 0.0:
        return known
    if p + q * known <= 0.0:
        return known
    decay = math.exp(-(p + q) * years)
    odds = (1.0 - known) / (p + q * known)
    return (1.0 - p * odds * decay) / (1.0 + q * odds * decay)


@compiled
def imitation_hazard(known: float, p: float, q: float, years: float) -> float:
    """The integral of q·F(t) over ``years`` along the Bass curve from ``known``: what word of mouth adds to p·years."""
    if known >= 1.0 or q <= 0.0:
        return q * known * years
    after = bass_step(known, p, q, years)
    return max(-math.log((1.0 - after) / (1.0 - known)) - p * years, 0.0)
