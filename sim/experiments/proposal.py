"""Where to draw so that the data leave many draws: linear-Gaussian proposals in the normal scores of the priors.

A parameter's prior quantile u is z = Φ⁻¹(u), a priori standard normal and independent of the others. Regressing the
simulated rates on z over a pilot of prior draws gives, for given data, the Gaussian posterior of the linear model (the
Kalman update). It differs from the prior along as many directions as there are figures, however many parameters there
are, so it is estimated well from a few thousand draws. It only says where to draw: every draw is weighed by prior over
proposal, the mixture of prior and proposals taken together (balance heuristic: Veach & Guibas 1995; Owen & Zhou 2000), which
bounds the weights by the inverse of the prior's share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Proposal:
    """A normal distribution that differs from the standard one along a few directions.

    ``axes`` [P, K] orthonormal directions; ``centre`` [K] mean along them; ``scale`` [K] standard deviation.
    """

    axes: Floats
    centre: Floats
    scale: Floats

    def place(self, z: Floats) -> Floats:
        """[N, P] draws of this distribution from standard normal ones."""
        along = z @ self.axes
        return np.asarray(z + (self.centre + (self.scale - 1) * along) @ self.axes.T)

    def log_ratio(self, z: Floats) -> Floats:
        """[N] log density of this distribution over that of the standard normal one."""
        along = z @ self.axes
        inside = (along - self.centre) / self.scale
        return np.asarray(0.5 * (along**2 - inside**2).sum(axis=1) - np.log(self.scale).sum())


def kalman(z: Floats, rates: Floats, values: Floats, errors: Floats) -> Proposal:
    """The posterior of the linear model of ``rates`` [N, F] on ``z`` [N, P], given ``values`` [F].

    ``errors`` [F] are the figures' standard errors. What the linear model leaves over, chance and curvature, counts
    as error too, which makes the proposal wider than the posterior.
    """
    count, parameters = z.shape
    design = np.hstack([np.ones((count, 1)), z])
    coefficients, *_ = np.linalg.lstsq(design, rates, rcond=None)
    left = rates - design @ coefficients
    slopes = coefficients[1:].T  # [F, P]
    error = left.T @ left / max(count - parameters - 1, 1) + np.diag(errors**2)
    root = np.linalg.cholesky(slopes @ slopes.T + error)
    standard = np.linalg.solve(root, slopes)
    gap = np.linalg.solve(root, values - coefficients[0])
    left_axes, singular, axes = np.linalg.svd(standard, full_matrices=False)
    # mean: standardᵀ·gap; covariance: I - standardᵀ·standard, whose eigenvalues along the axes are 1 - singular²
    return Proposal(axes.T, singular * (left_axes.T @ gap), np.sqrt(np.maximum(1 - singular**2, 1e-6)))


def influential(z: Floats, rates: Floats, count: int) -> npt.NDArray[np.int64]:
    """The ``count`` parameters that move any of the rates most, by the linear model."""
    design = np.hstack([np.ones((len(z), 1)), z])
    coefficients, *_ = np.linalg.lstsq(design, rates / rates.std(axis=0), rcond=None)
    return np.sort(np.argsort(-np.abs(coefficients[1:]).max(axis=1), kind="stable")[:count])


def moments(z: Floats, log_weights: Floats, chosen: npt.NDArray[np.int64]) -> Proposal:
    """The normal distribution with the weighted mean and covariance of the ``chosen`` parameters.

    The weights are tempered until some draws per parameter carry them, so that the moments are estimated and not
    copied from a few; that widens the proposal, which is the safe side.
    """
    weights = tempered(log_weights, ENOUGH * len(chosen))
    some = z[:, chosen]
    mean = weights @ some
    covariance = (some - mean).T @ ((some - mean) * weights[:, None])
    variances, vectors = np.linalg.eigh(covariance)
    axes = np.zeros((z.shape[1], len(chosen)))
    axes[chosen] = vectors
    return Proposal(axes, vectors.T @ mean, np.sqrt(np.maximum(variances, 1e-4)))


ENOUGH = 12  # effective draws per parameter that moments are taken from


def normalised(log_weights: Floats) -> Floats:
    """[N] weights that sum to 1."""
    return np.asarray(np.exp(log_weights - logsumexp(log_weights)))


def effective(weights: Floats) -> float:
    """Effective sample size of weights that sum to 1 (Kish 1965)."""
    return float(1 / np.sum(weights**2))


def tempered(log_weights: Floats, enough: float) -> Floats:
    """[N] normalised weights to the highest power, at most 1, that leaves ``enough`` effective draws (or half of all)."""
    enough = min(enough, len(log_weights) / 2)
    low, high = 0.0, 1.0
    if effective(normalised(log_weights)) >= enough:
        return normalised(log_weights)
    for _ in range(40):
        power = (low + high) / 2
        low, high = (power, high) if effective(normalised(power * log_weights)) >= enough else (low, power)
    return normalised(low * log_weights)


def log_base(z: Floats, proposals: list[Proposal], counts: list[int]) -> Floats:
    """[N] log of prior over mixture density at ``z``; ``counts`` are draws of the prior, then of each proposal."""
    ratios = np.stack([np.zeros(len(z)), *(p.log_ratio(z) for p in proposals)])
    shares = np.array(counts) / sum(counts)
    return np.asarray(-logsumexp(ratios, axis=0, b=shares[:, None]))
