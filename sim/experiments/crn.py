"""Common random numbers: how alike two scenarios' replications are, and what that saves.

Two scenarios that share seed and numbers share their chance, and what draws they have in common. The variance of their difference is
Var X + Var Y - 2 Cov(X, Y) instead of Var X + Var Y (Law, Simulation Modeling and Analysis, 5th ed., §11.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import UserError
from sim.experiments.keyfigures import KeyFigure, key_figures, sample
from sim.experiments.replicate import Results


@dataclass(frozen=True)
class Achieved:
    """What common random numbers achieved for one key figure.

    ``correlation`` over the replications (NaN where one of the two does not vary); ``reduction`` is the factor by which the variance of the
    mean difference is smaller than with independent replications (infinite where the difference does not vary).
    """

    figure: KeyFigure
    correlation: float
    reduction: float


def achieved(one: Results, other: Results, figures: list[KeyFigure] | None = None) -> list[Achieved]:
    """Correlation and variance reduction of each key figure that both have, undefined replications left out.

    Raises:
        UserError: the two do not share seed and replication numbers, so they are not paired.
    """
    if one.seed != other.seed or not np.array_equal(one.numbers, other.numbers):
        raise UserError(
            "de to kjøringene har ikke samme frø og trekk og kan ikke sammenlignes parvis",
            "the two runs do not share seed and draws and cannot be compared in pairs",
        )
    if figures is None:
        there = set(key_figures(other.areas, other.model.calendar.labels))
        figures = [f for f in key_figures(one.areas, one.model.calendar.labels) if f in there]
    found = []
    for figure, x, y in zip(figures, sample(one, figures).T, sample(other, figures).T, strict=True):
        both = ~(np.isnan(x) | np.isnan(y))
        if both.sum() < 2:
            continue
        (a, c), (_, b) = np.cov(x[both], y[both])
        difference = float(np.var(x[both] - y[both], ddof=1))  # a + b - 2 c, without the cancellation
        found.append(
            Achieved(
                figure,
                float(c / np.sqrt(a * b)) if a * b > 0 else float("nan"),
                float((a + b) / difference) if difference > 0 else float("inf"),
            )
        )
    return found
