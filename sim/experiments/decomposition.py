"""Where the uncertainty comes from: parameters, schedule, chance.

A replication is f(p, s, n): its parameters, its schedule draws, and the random streams of its number. The three are
independent, so the variance of f splits (Sobol' 1993; groups of inputs: Saltelli et al., Global Sensitivity Analysis, 2008, §4.6).
Pick-freeze: replication a of the forecast is run again with one of the three taken from replication b. Then, by Jansen
(Comput. Phys. Commun. 117 (1999) 35-43),

    total share of G      T_G = E[(f(a) - f(a, G of b))²] / 2V
    share of G alone      S_G = 1 - E[(f(b) - f(a, G of b))²] / 2V

with 2V = E[(f(a) - f(b))²] of the same pairs: what chance put into the pairs is above and below the line, and cancels. The forecast's own replications are a and b, so a pair costs three runs and no more. Interactions
are divided evenly among those that interact by Shapley's rule, which from the closed shares C_G = S_G, C_GH = 1 - T of the third
gives shares that sum to one (Owen, SIAM/ASA J. Uncertainty Quantification 2 (2014) 245-251). Standard errors are
bootstrapped over the pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiments.checkpoint import Checkpoint
from sim.experiments.keyfigures import Floats, KeyFigure, headline_month, sample
from sim.experiments.replicate import Results, replicate
from sim.experiments.work import Executor, Ints
from sim.model.draws import Column

PARTS = ("parameter", "schedule", "chance")
SHARE = 7  # one pair per so many replications: some third longer
LEAST = 10  # pairs: with fewer nothing can be said
RESAMPLES = 400
MEASURE = "sync_rate_new"


@dataclass(frozen=True)
class Shares:
    """The shares of one figure's variance, each [parameter, schedule, chance], with standard errors."""

    figure: KeyFigure
    deviation: float  # the figure's standard deviation over the replications
    first: Floats
    first_error: Floats
    total: Floats
    total_error: Floats
    shapley: Floats
    shapley_error: Floats

    def per_cent(self) -> list[int]:
        """The Shapley shares as whole per cents that sum to 100 (largest remainders); an estimate below zero is zero."""
        exact = np.maximum(self.shapley, 0.0)
        exact = 100 * exact / exact.sum()
        whole = np.floor(exact)
        missing = 100 - int(whole.sum())
        whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
        return [int(w) for w in whole]

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        found: dict[str, Any] = {
            "measure": self.figure.measure,
            "area": self.figure.area,
            "sector": self.figure.sector,
            "month": self.figure.month,
            "standard_deviation": self.deviation,
        }
        for i, part in enumerate(PARTS):
            found[part] = {
                name: float(getattr(self, name)[i])
                for name in ("first", "first_error", "total", "total_error", "shapley", "shapley_error")
            }
        return found


@dataclass(frozen=True)
class Decomposition:
    """The shares of every figure, and the number of pairs they rest on."""

    pairs: int
    shares: list[Shares]

    def at(self, area: str, sector: str, month: str) -> Shares | None:
        """The shares of one figure, if it was decomposed."""
        wanted = KeyFigure(MEASURE, area, sector, month)
        return next((s for s in self.shares if s.figure == wanted), None)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {"pairs": self.pairs, "figures": [s.as_dict() for s in self.shares]}


def default_pairs(replications: int) -> int:
    """How many pairs a forecast decomposes unless told; none if they would be too few."""
    pairs = replications // SHARE
    return pairs if pairs >= LEAST else 0


def figures(results: Results) -> list[KeyFigure]:
    """Those that are decomposed: the rate of new entries each December and in the headline month, country and regions."""
    labels = results.model.calendar.labels
    months = sorted({headline_month(labels), *(m for m in labels if m.endswith("-12"))})
    return [
        KeyFigure(MEASURE, a.name, a.sector, month)
        for a in results.areas.rows
        if a.level != "trust" and a.sector in ("all", "hospital") and (a.name == "national" or a.sector == "all")
        for month in months
    ]


def mixed(columns: list[Column], a: Floats, b: Floats, numbers_a: Ints, numbers_b: Ints) -> tuple[Floats, Ints]:
    """Rows [3 n, columns] and numbers [3 n] of the runs of pairs (a, b): with b's parameters, b's schedule, b's chance."""
    schedule = np.array([c.kind == "schedule" for c in columns])
    rows = [np.where(schedule, a, b), np.where(schedule, b, a), a]
    return np.concatenate(rows), np.concatenate([numbers_a, numbers_a, numbers_b])


def estimate(a: Floats, b: Floats, variants: Floats) -> tuple[Floats, Floats, Floats]:
    """First-order, total and Shapley shares [3] of one figure; NaN where the pairs do not differ.

    ``a`` and ``b`` [n] are the replications of the pairs, ``variants`` [3, n] the runs of ``a`` with one part from ``b``.
    """
    twice = ((a - b) ** 2).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        total = ((a - variants) ** 2).mean(axis=1) / twice
        first = 1 - ((b - variants) ** 2).mean(axis=1) / twice
    return first, total, shapley(first, total)


def shapley(first: Floats, total: Floats) -> Floats:
    """[3] shares with the interactions divided evenly; they sum to one."""
    pair = 1 - total  # the closed share of the two others
    result = np.empty(3)
    for g in range(3):
        others = [h for h in range(3) if h != g]
        # joining h makes {g, h}, whose closed share is 1 - T of the third one
        joining = sum(pair[3 - g - h] - first[h] for h in others) / 6
        result[g] = first[g] / 3 + joining + (1 - pair[g]) / 3
    return result


def decompose(
    results: Results,
    pairs: int,
    executor: Executor | None = None,
    progress: str | None = None,
    checkpoint: Checkpoint | None = None,
) -> Decomposition:
    """Decompose the variance of a forecast with ``pairs`` of its replications (at most half of them)."""
    pairs = min(pairs, results.replications // 2)
    rows, numbers = mixed(
        results.model.columns,
        results.draws[:pairs],
        results.draws[pairs : 2 * pairs],
        results.numbers[:pairs],
        results.numbers[pairs : 2 * pairs],
    )
    runs = replicate(
        results.model.scenario,
        seed=results.seed,
        progress=progress,
        rows=rows,
        numbers=numbers,
        measures=(MEASURE,),
        executor=executor,
        checkpoint=checkpoint,
    )
    chosen = figures(results)
    everything = sample(results, chosen)
    variants = sample(runs, chosen).reshape(3, pairs, len(chosen))
    found = []
    for k, figure in enumerate(chosen):
        one = everything[:, k]
        if np.isnan(one).any() or np.isnan(variants[:, :, k]).any() or (one[:pairs] == one[pairs : 2 * pairs]).all():
            continue
        found.append(_shares(figure, one, one[:pairs], one[pairs : 2 * pairs], variants[:, :, k]))
    return Decomposition(pairs, found)


def _shares(figure: KeyFigure, everything: Floats, a: Floats, b: Floats, variants: Floats) -> Shares:
    first, total, divided = estimate(a, b, variants)
    errors = bootstrap(lambda of: estimate(a[of], b[of], variants[:, of]), len(a))
    return Shares(figure, float(everything.std(ddof=1)), first, errors[0], total, errors[1], divided, errors[2])


def bootstrap(statistic: Callable[[Ints], Any], pairs: int) -> Floats:
    """Standard errors of a statistic of chosen pairs, by resampling them with replacement."""
    random = np.random.Generator(np.random.PCG64(0))  # the same resamples for every figure, and in every run
    drawn = [statistic(random.integers(0, pairs, pairs)) for _ in range(RESAMPLES)]
    return np.asarray(np.nanstd(np.array(drawn), axis=0, ddof=1))
