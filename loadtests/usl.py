"""The Universal Scalability Law: X(N) = λN / (1 + σ(N - 1) + κN(N - 1)) (Gunther 2007, Guerrilla Capacity Planning).

λ is the rate of one process, σ the share of the work that cannot be done side by side, κ the cost of keeping the
processes in agreement. With κ > 0 the rate has a peak at N = √((1 - σ)/κ).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """The fitted law; ``error`` is the root mean square of the relative residuals."""

    rate_of_one: float
    contention: float
    coherency: float
    error: float

    def rate(self, processes: float | Floats) -> float | Floats:
        """The rate of so many processes."""
        n = processes
        return self.rate_of_one * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1))

    @property
    def best(self) -> float:
        """The number of processes with the highest rate; infinite without coherency."""
        if self.coherency <= 0:
            return inf
        return sqrt(max(1 - self.contention, 0) / self.coherency)

    def needed(self, rate: float, most: int = 1000) -> int | None:
        """The fewest processes that reach a rate; None where no number does."""
        limit = min(most, ceil(self.best)) if self.best < inf else most
        for n in range(1, limit + 1):
            if float(self.rate(n)) >= rate:
                return n
        return None


def fit(processes: list[int], rates: list[float]) -> Law | None:
    """Fit the law by least squares on relative residuals; None with fewer than three different numbers.

    Parameters are held at or above zero: a negative one has no meaning in the law.
    """
    if len(set(processes)) < 3:
        return None
    n, x = np.array(processes, float), np.array(rates, float)

    def residuals(p: Floats) -> Floats:
        return np.asarray(p[0] * n / (1 + p[1] * (n - 1) + p[2] * n * (n - 1)) / x - 1)

    start = [float(np.median(x / n)), 0.05, 0.001]
    found = least_squares(residuals, start, bounds=([0, 0, 0], [np.inf, 1, 1]), x_scale=[start[0], 0.1, 0.01])
    one, contention, coherency = map(float, found.x)
    return Law(one, contention, coherency, float(np.sqrt(np.mean(found.fun**2))))
