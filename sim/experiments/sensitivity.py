"""Which unknowns move an answer: one at a time, by screening, and by shares of the variance.

- *Tornado*: each factor to its P10 and P90, all others at their medians.
- *Screening* (Morris 1991, Technometrics 33(2), 161-174; with groups and μ* after Campolongo, Cariboni & Saltelli 2007).
- *Variance shares* (Sobol' 1993; total indices after Jansen 1999, groups after Saltelli et al. 2008), by SALib.

All are about independent unknowns. Calibrated parameters are moved over their own calibrated ranges, but not together as the
calibration has them: see ``information`` for a measure that keeps them together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from SALib.analyze import morris as morris_analysis
from SALib.analyze import sobol as sobol_analysis
from SALib.sample import morris as morris_sample
from SALib.sample import sobol as sobol_sample

from sim.experiments.factors import Space

Floats = npt.NDArray[np.float64]
Function = Callable[[Floats], Floats]  # points of the unit cube [N, D] to answers [N]
LEVELS = 4
REST = "rest"


@dataclass(frozen=True)
class Swing:
    """The answer with a factor at its P10 and its P90."""

    key: str
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart they are."""
        return abs(self.high - self.low)


@dataclass(frozen=True)
class Effect:
    """Morris' μ* of a factor (mean absolute elementary effect over the whole range) and its 95 % half-width."""

    key: str
    mu_star: float
    confidence: float


@dataclass(frozen=True)
class Share:
    """A factor's share of the variance: alone (first order), with all its interactions (total), and their 95 % half-widths."""

    key: str
    first: float
    first_confidence: float
    total: float
    total_confidence: float


def tornado(space: Space, answer: Function, low: float = 0.1, high: float = 0.9) -> tuple[float, list[Swing]]:
    """The answer with everything at its median, and every factor's swing, widest first."""
    points = np.tile(space.middle(), (1 + 2 * len(space.factors), 1))
    for i, factor in enumerate(space.factors):
        points[1 + 2 * i, list(factor.streams)] = low
        points[2 + 2 * i, list(factor.streams)] = high
    values = answer(points)
    swings = [Swing(f.key, float(values[1 + 2 * i]), float(values[2 + 2 * i])) for i, f in enumerate(space.factors)]
    return float(values[0]), sorted(swings, key=lambda s: -s.width)


def screen(groups: Sequence[str], answer: Function, trajectories: int, seed: int) -> list[Effect]:
    """Morris' screening of groups of dimensions, largest first."""
    problem = _problem(groups)
    points = morris_sample.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    found = morris_analysis.analyze(problem, points, answer(points), num_levels=LEVELS, seed=seed)
    effects = [
        Effect(str(k), float(m), float(c))
        for k, m, c in zip(found["names"], found["mu_star"], found["mu_star_conf"], strict=True)
    ]
    return sorted(effects, key=lambda e: -e.mu_star)


def shares(groups: Sequence[str], answer: Function, size: int, seed: int) -> list[Share]:
    """Sobol' indices of groups of dimensions, in the order in which the groups first appear; ``size`` is a power of two."""
    problem = _problem(groups)
    points = sobol_sample.sample(problem, size, calc_second_order=False, scramble=True, seed=seed)
    values = answer(points)
    spread = values.std()
    if spread == 0:
        return [Share(key, 0.0, 0.0, 0.0, 0.0) for key in dict.fromkeys(groups)]
    centred = (values - values.mean()) / spread
    found = sobol_analysis.analyze(problem, centred, calc_second_order=False, seed=seed)
    columns = zip(found["S1"], found["S1_conf"], found["ST"], found["ST_conf"], strict=True)
    return [Share(key, *map(float, four)) for key, four in zip(dict.fromkeys(groups), columns, strict=True)]


def important(groups: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The same groups with all but the chosen ones as one, the rest."""
    return [g if g in chosen else REST for g in groups]


def _problem(groups: Sequence[str]) -> dict[str, object]:
    return {
        "num_vars": len(groups),
        "names": [str(i) for i in range(len(groups))],
        "bounds": [[0.0, 1.0]] * len(groups),
        "groups": list(groups),
    }
