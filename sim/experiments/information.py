"""What it is worth to know an unknown before deciding.

A decision among D alternatives has the net benefit NB[r, d] in draw r. Deciding now gives max_d E[NB]; knowing everything gives
E[max_d NB]; the difference is the expected value of perfect information (EVPI). Knowing only some parameters φ gives
E[max_d E[NB_d | φ]], and the difference is their EVPPI. The conditional means are estimated by regressing NB on φ over the draws
(Strong, Oakley & Brennan 2014, Medical Decision Making 34(3), 311-326), here with cubic regression splines, and the draws keep
whatever correlation the parameters have.

The estimate is biased upwards, because the largest of several fitted curves also picks up noise. The bias is estimated by the same
regression on permuted draws, where φ says nothing, and taken off; what does not stand clearly out from the
permutations is reported as not told from zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline

Floats = npt.NDArray[np.float64]
DEGREE = 3
PERMUTATIONS = 39
CLEAR = (
    4.0  # standard deviations of the permuted values: hundreds of numbers are tried, and few may stand out by chance
)


@dataclass(frozen=True)
class Worth:
    """EVPPI of some parameters: ``value`` with the bias taken off (not below 0), the ``bias``, and whether it stands out."""

    value: float
    bias: float
    distinct: bool


def evpi(benefit: Floats) -> float:
    """The value of knowing everything; ``benefit`` [R, D]."""
    return max(float(benefit.max(axis=1).mean() - benefit.mean(axis=0).max()), 0.0)


def openness(benefit: Floats) -> float:
    """The share of the draws in which another alternative is better than the one that is best in the mean."""
    return float(np.mean(benefit.argmax(axis=1) != benefit.mean(axis=0).argmax()))


def evppi(known: Floats, benefit: Floats, seed: int, permutations: int = PERMUTATIONS) -> Worth:
    """The value of knowing the parameters ``known`` [R, K] before choosing by ``benefit`` [R, D]."""
    basis, _ = np.linalg.qr(_basis(known))
    relative = benefit - benefit[:, [int(benefit.mean(axis=0).argmax())]]  # only differences decide
    value = _gain(basis, relative)
    random = np.random.default_rng(np.random.SeedSequence((seed, 0x45565049)))
    null = [_gain(basis, relative[random.permutation(len(relative))]) for _ in range(permutations)]
    bias = float(np.mean(null)) if null else 0.0
    clear = bool(null) and value > max(max(null), bias + CLEAR * float(np.std(null)))
    return Worth(max(value - bias, 0.0), bias, clear)


def _gain(basis: Floats, relative: Floats) -> float:
    fitted = basis @ (basis.T @ relative)
    return float(fitted.max(axis=1).mean() - fitted.mean(axis=0).max())


def _basis(known: Floats) -> Floats:
    """[R, B] a constant and cubic splines of every parameter; fewer knots for few draws or many parameters, lines for very many."""
    rows, count = known.shape
    inner = 3 if count == 1 and rows >= 400 else 1
    parts = [np.ones((rows, 1))]
    for k in range(count):
        x = known[:, k]
        low, high = float(x.min()), float(x.max())
        if high <= low:
            continue
        knots = np.unique(np.quantile(x, np.linspace(0, 1, inner + 2)[1:-1]))
        knots = knots[(knots > low) & (knots < high)]
        if count * (DEGREE + inner) > rows / 10 or len(np.unique(x)) <= DEGREE + inner:
            parts.append(((x - low) / (high - low) - 0.5)[:, None])
            continue
        whole = np.concatenate([[low] * (DEGREE + 1), knots, [high] * (DEGREE + 1)])
        parts.append(BSpline.design_matrix(x, whole, DEGREE).toarray()[:, 1:])
    return np.hstack(parts)
