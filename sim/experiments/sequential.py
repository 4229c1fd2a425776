"""How many replications are enough: a sequential rule with look-ahead on absolute half-widths.

Replications go on until the confidence interval of the mean of *every* key figure is narrower than wished and stays so
over a look-ahead (Hoad, Robinson & Davies, «Automated selection of the number of replications for a discrete-event
simulation», J. Oper. Res. Soc. 61 (2010) 1632-1644; there relative, here absolute, because a relative width means nothing for a
difference near 0). Stopping when the estimated width is small enough has the nominal coverage in the limit of small
widths (Chow & Robbins, Ann. Math. Stat. 36 (1965) 457-462); a minimum number and the look-ahead guard against a variance that is
underestimated early. Batches grow to what the variance so far foretells, at most to double.

The rule looks at the replications in the order of their numbers, one by one, so its answer does not depend on who ran
them or in what batches beyond its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sim.errors import UserError
from sim.experiments.keyfigures import LEVEL, Floats, KeyFigure, key_figures, sample
from sim.experiments.replicate import Results, Run
from sim.model.draws import table

LEAST = 100  # replications before the first look
LOOK_AHEAD = 5  # per cent of the replications so far, at least as many as this (Hoad et al.'s kLimit)
STEP = 32  # batches are whole multiples of this


@dataclass(frozen=True)
class Rule:
    """Stop when every half-width is at most ``wish``; never before ``least`` replications, at ``most`` in any case."""

    wish: float
    most: int
    least: int = LEAST
    look_ahead: float = LOOK_AHEAD
    level: float = LEVEL

    def widest(self, values: Floats) -> Floats:
        """[n] the widest half-width after each replication of ``values`` [n, figure]; infinite before ``least``."""
        if not values.shape[1]:
            return np.zeros(len(values))
        count = np.arange(1, len(values) + 1)
        centred = values - values[:1]  # the variance does not hang on it, and cancels less
        mean = np.cumsum(centred, axis=0) / count[:, None]
        square = np.cumsum(centred**2, axis=0) / count[:, None]
        spread = np.sqrt(np.maximum(square - mean**2, 0).max(axis=1) * count / np.maximum(count - 1, 1))
        width = stats.t.isf((1 - self.level) / 2, np.maximum(count - 1, 1)) * spread / np.sqrt(count)
        return np.asarray(np.where(count >= max(self.least, 2), width, np.inf))

    def ahead(self, count: int) -> int:
        """How many replications the wish must hold after ``count``."""
        return int(self.look_ahead * max(count, 100) / 100)

    def next(self, values: Floats) -> int:
        """How many replications there must be in all before the next look; no more than there are: it is enough."""
        count = len(values)
        if count < min(self.least, self.most):
            return min(self.least, self.most)
        if count >= self.most:
            return count
        width = self.widest(values)
        missed = np.arange(count)[width > self.wish]
        since = int(missed[-1]) + 2 if missed.size else 1  # the wish has held from this count on
        if since <= count:
            return min(since + self.ahead(since), self.most)
        foretold = math.ceil(count * (float(width[-1]) / self.wish) ** 2)
        grown = min(max(foretold + self.ahead(foretold), count + STEP), 2 * count)
        return min(-(-grown // STEP) * STEP, self.most)


@dataclass(frozen=True)
class Reached:
    """How a sequential run ended."""

    rule: Rule
    figures: list[KeyFigure]
    left_out: list[KeyFigure]  # undefined in some replications
    half_width: float  # the widest
    held: bool


def extend(run: Run, rule: Rule, say: Callable[[int, float], None] | None = None) -> tuple[Results, Reached]:
    """Run replications until ``rule`` is content; ``say`` is told the number so far and the widest half-width."""
    figures = key_figures(run.job.areas, run.job.model.calendar.labels)
    columns, seed = run.job.model.columns, run.spec.seed
    values, defined = np.empty((0, len(figures))), np.ones(len(figures), bool)
    while (wanted := rule.next(values[:, defined])) > len(run):
        more = np.arange(len(run), wanted)
        run.extend(more, table(columns, seed, wanted)[len(run) :])
        values = sample(run.results(), figures)
        defined = np.asarray(~np.isnan(values).any(axis=0))
        if say is not None:
            say(len(run), float(rule.widest(values[:, defined])[-1]))
    width = float(rule.widest(values[:, defined])[-1])
    reached = Reached(
        rule,
        [f for f, d in zip(figures, defined, strict=True) if d],
        [f for f, d in zip(figures, defined, strict=True) if not d],
        width,
        width <= rule.wish,
    )
    return run.results(), reached


def wish(text: str) -> float:
    """The half-width that a user asks for: «0.5pp», «0,5 pp» (percentage points) or «0.005» (a share).

    Raises:
        UserError: it is none of these, or not between 0 and 50 percentage points.
    """
    found = re.fullmatch(r"\s*(\d*[.,]?\d+)\s*(pp|%-poeng|prosentpoeng)?\s*", text)
    value = float(found[1].replace(",", ".")) / (100 if found[2] else 1) if found else math.nan
    if not 0 < value < 0.5:
        raise UserError(
            f"--precision skal være en halvbredde mellom 0 og 50 prosentpoeng, som 0,5pp eller 0.005, ikke «{text}»",
            f"--precision must be a half-width between 0 and 50 percentage points, like 0.5pp or 0.005, not «{text}»",
        )
    return value
