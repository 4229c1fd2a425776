"""Calibration: the bank's draws weighed by what is known, and what the weights say.

Parameters are integrated out over the bank by importance sampling; nothing walks. The likelihood needs no second
simulation: a draw's simulated rates hold their own chance, so the average over draws of the error density at the published
figures is an unbiased estimate of the likelihood, and the weighted draws are exact in the limit (pseudo-marginal argument,
Andrieu & Roberts 2009).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.experiments import evidence as known
from sim.experiments.bank import Bank
from sim.experiments.proposal import effective, normalised
from sim.model.draws import Column, uniforms
from sim.model.streams import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 1000  # of a posterior
BINS = 10  # of a parameter's prior quantiles
TRUSTED, ENOUGH, HEAVIEST = 0.7, 100, 0.1  # Pareto k below, effective draws above, largest weight below
CHANCE = 0.001  # how often a parameter without information is called informed


@dataclass(frozen=True)
class Fit:
    """A bank weighed by what was known at ``cutoff``; ``weights`` [N] sum to 1."""

    bank: Bank
    cutoff: dt.date
    weights: Floats
    errors: Floats  # [N] the model's error, drawn given the data

    @cached_property
    def ess(self) -> float:
        """Effective sample size."""
        return effective(self.weights)

    @cached_property
    def pareto_k(self) -> float:
        """Shape of the weights' tail (generalised Pareto): below 0.7 they can be trusted (Vehtari et al. 2024)."""
        return pareto_k(self.weights)

    @property
    def doubts(self) -> list[str]:
        """Which checks of the weights fail."""
        return doubts(self.ess, self.pareto_k, float(self.weights.max()))

    @cached_property
    def predicted(self) -> Floats:
        """[N, figure] what would be published, by draw."""
        return known.published_as(self.bank.evidence, self.bank.fits, self.errors, self.bank.noise)

    def resample(self, draws: int = DRAWS) -> Ints:
        """[draws] draws of the bank, each as often as its weight says (systematic resampling, Kitagawa 1996)."""
        at = (np.arange(draws) + uniforms(self.bank.seed, "resampling", 1)[0]) / draws
        return np.asarray(np.minimum(np.searchsorted(np.cumsum(self.weights), at), self.bank.size - 1))


def fit(bank: Bank, cutoff: dt.date | None = None) -> Fit:
    """The bank weighed by what was known at a date; without one, by all that is known."""
    cutoff = bank.evidence.last if cutoff is None else cutoff
    by_level = known.log_likelihoods(bank.evidence, bank.fits, bank.judged, cutoff)
    likelihood = known.log_likelihood(bank.evidence, bank.fits, bank.judged, cutoff)
    errors = known.drawn_errors(bank.evidence, by_level, bank.level)
    return Fit(bank, cutoff, normalised(bank.log_base + likelihood), errors)


def prior(bank: Bank) -> Fit:
    """The bank weighed by nothing but the priors."""
    return fit(bank, dt.date.min)


def doubts(effective: float, pareto_k: float, largest_weight: float = 0.0) -> list[str]:
    """Which checks of the weights fail, by name: «pareto_k», «effective», «largest_weight»; none if they can be trusted."""
    held = {
        "pareto_k": pareto_k < TRUSTED,
        "effective": effective >= ENOUGH,
        "largest_weight": largest_weight < HEAVIEST,
    }
    return [name for name, holds in held.items() if not holds]


def pareto_k(weights: Floats) -> float:
    """Shape of a generalised Pareto distribution fitted to the largest weights."""
    count = int(min(0.2 * len(weights), 3 * np.sqrt(len(weights))))
    largest = np.sort(weights)[-count - 1 :]
    excess = largest[1:] - largest[0]
    if largest[-1] <= largest[0] * (1 + 1e-12):
        return float("-inf")  # equal weights have no tail
    shape, _, _ = stats.genpareto.fit(excess / excess.mean(), floc=0)
    return float(shape)


def weighted_quantile(values: Floats, weights: Floats, probabilities: tuple[float, ...]) -> Floats:
    """The values below which so much of the weight lies (inverse of the weighted distribution function)."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = np.searchsorted(reached, np.array(probabilities) * reached[-1])
    return np.asarray(values[order][np.minimum(at, len(values) - 1)])


@dataclass(frozen=True)
class Learned:
    """What the data say about one parameter: prior and posterior quantiles (5, 50, 95 %), overlap of the two (1: the same),
    and whether it is smaller than chance makes it."""

    column: Column
    prior: Floats
    posterior: Floats
    overlap: float
    informed: bool


def learned(fitted: Fit) -> list[Learned]:
    """What the data say about every fitted parameter, the most informed first."""
    bank = fitted.bank
    quantiles = stats.norm.cdf(bank.scores)
    least = least_overlap(fitted.ess)
    found = []
    for position, index in enumerate(bank.fitted):
        column = bank.columns[index]
        share = np.bincount(np.minimum((quantiles[:, position] * BINS).astype(int), BINS - 1), fitted.weights, BINS)
        overlap = float(np.minimum(share, 1 / BINS).sum())
        probabilities = (0.05, 0.5, 0.95)
        found.append(
            Learned(
                column,
                column.parameter.quantile(np.array(probabilities)),
                weighted_quantile(bank.draws[:, index], fitted.weights, probabilities),
                overlap,
                overlap < least,
            )
        )
    return sorted(found, key=lambda item: item.overlap)


def least_overlap(ess: float) -> float:
    """The overlap that ``ess`` draws from the prior itself fall below with chance ``CHANCE``."""
    counts = generator(0, 0, "overlap").multinomial(max(int(ess), 1), np.full(BINS, 1 / BINS), 20_000)
    return float(np.quantile(np.minimum(counts / max(int(ess), 1), 1 / BINS).sum(axis=1), CHANCE))


@dataclass(frozen=True)
class Tied:
    """Two parameters that the data tie together: rank correlation in the posterior (0 in the prior)."""

    one: Column
    other: Column
    correlation: float


def tied(fitted: Fit, most: int = 12) -> list[Tied]:
    """The pairs whose correlation stands out from chance (four standard errors), the strongest first."""
    bank = fitted.bank
    quantiles = stats.norm.cdf(bank.scores)
    centred = quantiles - fitted.weights @ quantiles
    covariance = (centred * fitted.weights[:, None]).T @ centred
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    rows, columns = np.triu_indices(len(spread), 1)
    strength = correlation[rows, columns]
    order = np.argsort(-np.abs(strength), kind="stable")[:most]
    index = bank.fitted
    return [
        Tied(bank.columns[index[rows[i]]], bank.columns[index[columns[i]]], float(strength[i]))
        for i in order
        if abs(strength[i]) > 4 / np.sqrt(fitted.ess)
    ]
