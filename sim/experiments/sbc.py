"""Simulation-based calibration: does the machinery recover truths that it made itself?

A truth is a draw from the priors; its simulated rates, with errors, are the data; the bank weighed by them is its posterior.
If everything is right, the truth's rank among posterior draws is uniform for every parameter (Talts et al. 2018). A wrong
likelihood, a wrong weight or a wrong draw bends the ranks. The rates themselves are ranked too: they hang on many parameters
at once and so show a fault that no single parameter shows (Modrák et al. 2023).

Data far from what the bank was made for leave few effective draws, whose ranks say more of the bank's size than of its
truth. Such truths are set aside. That is a choice by the data alone, under which the ranks stay uniform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.experiments import evidence as known
from sim.experiments.bank import Bank
from sim.experiments.proposal import effective, normalised
from sim.model.streams import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TRUTHS = 500
ENOUGH = 60.0  # effective draws of a posterior whose ranks count
DRAWS = 99  # of each posterior, so that ranks run from 0 to 99
BINS = 10
ALARM = 0.01  # how often right machinery is called wrong, over all quantities together


@dataclass(frozen=True)
class Ranks:
    """``ranks`` [truth, quantity] 0-99 of the truths that count; ``names`` of the quantities; ``tried`` truths."""

    names: list[str]
    ranks: Ints
    tried: int

    @property
    def histogram(self) -> Ints:
        """[quantity, bin] how often the ranks fall in each tenth."""
        tenth = self.ranks * BINS // (DRAWS + 1)
        return np.stack([np.bincount(column, minlength=BINS) for column in tenth.T])

    @property
    def enough(self) -> bool:
        """Whether there are truths enough for a test (Cochran's rule: five expected in each bin)."""
        return len(self.ranks) >= 5 * BINS

    @property
    def p_values(self) -> Floats:
        """[quantity] chi-square test of uniformity; NaN without truths enough."""
        if not self.enough:
            return np.full(len(self.names), np.nan)
        return np.asarray(stats.chisquare(self.histogram, axis=1).pvalue)

    @property
    def uniform(self) -> bool:
        """Whether no quantity's ranks differ from uniform (Bonferroni; false alarms: ``ALARM``); no without truths enough."""
        return self.enough and bool(self.p_values.min() * len(self.names) >= ALARM)


def ranks(bank: Bank, truths: int = TRUTHS, widen: float = 1.0) -> Ranks:
    """The ranks of ``truths`` draws of the priors in their own posteriors.

    ``widen`` multiplies the errors of the synthetic data and not those of the likelihood: 1 is right, anything else plants
    a fault (for tests of the test).
    """
    evidence, cutoff = bank.evidence, bank.evidence.last
    truths = min(truths, bank.pilot)
    random = generator(bank.seed, 0, "sbc")
    chosen = bank.fitted
    levels = known.model_errors(evidence)
    trust = np.array([s.trust for s in evidence.statements])
    quantities = np.hstack([bank.scores, bank.fits])
    kept = []
    for truth in range(truths):
        errors = np.sqrt(levels[random.integers(len(levels))] ** 2 + evidence.errors**2)
        values = bank.fits[truth] + widen * errors * random.standard_normal(len(evidence.figures))
        said = bank.judged[truth] ^ (random.random(len(trust)) > trust)
        logs = bank.log_base + known.log_likelihood(evidence, bank.fits, bank.judged, cutoff, values, said)
        logs[truth] = -np.inf
        weights = normalised(logs)
        u = random.random(DRAWS)
        if effective(weights) < ENOUGH:
            continue
        drawn = np.minimum(np.searchsorted(np.cumsum(weights), u), bank.size - 1)
        kept.append((quantities[drawn] < quantities[truth]).sum(axis=0))
    names = [bank.columns[i].stream for i in chosen] + [o.key for o in evidence.figures]
    return Ranks(names, np.array(kept, np.int64).reshape(-1, len(names)), truths)
