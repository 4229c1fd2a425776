"""The Universal Scalability Law: X(N) = λN / (1 + σ(N - 1) + κN(N - 1)) (Gunther 2007, Guerrilla Capacity Planning).

λ is the rate of one process, σ the share of the work that cannot be done side by side, κ the cost of keeping the
processes in agreement. With κ > 0 the rate has a peak at N = √((1 - σ)/κ).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from math import ceil, inf, prod, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from loadtests.language import Text

Floats = npt.NDArray[np.float64]
MOST_LAWS = 200  # of the laws through one repetition of each number
WIDE = 1.5  # highest rate of a number over its lowest, from which the law is doubted
DOUBTS = {
    "exact": Text(
        "Tre målte antall til tre parametre: ingenting er til overs som kan vise om loven gjelder.",
        "Three measured numbers for three parameters: nothing is left over to tell whether the law holds.",
    ),
    "single": Text(
        "Ett søk per antall: usikkerheten er ukjent.", "One search of each number: the uncertainty is unknown."
    ),
    "flat": Text(
        "Raten stiger ikke med antallet: loven er uten mening her.",
        "The rate does not rise with the number: the law has no meaning here.",
    ),
    "wide": Text("Gjentakelsene spriker.", "The repetitions are far apart."),
    "cores": Text(
        "Maskinen har færre kjerner enn tjenerprosesser og generator: loven beskriver deres kamp om kjernene, ikke tjenesten.",
        "The machine has fewer cores than server processes and generator: the law describes their contest for them, not the service.",
    ),
    "generator": Text(
        "Generatoren var grensen for minst ett antall: raten der er en nedre grense, og loven med den.",
        "The generator was the limit of at least one number: its rate is a lower bound, and so is the law.",
    ),
}


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


def spread(rates: dict[int, list[float]]) -> list[Law]:
    """The laws through one repetition of each number of processes: how far the law hangs on which search one believes.

    All of them, or evenly chosen ones where there are more than ``MOST_LAWS``. This is wider than the error of a fit to
    all repetitions, because a single search varies more than their mean. Empty with one repetition each.
    """
    numbers = sorted(rates)
    ways = prod(len(rates[n]) for n in numbers)
    if ways == 1:
        return []
    chosen = islice(product(*(rates[n] for n in numbers)), 0, None, max(ceil(ways / MOST_LAWS), 1))
    return [law for law in (fit(numbers, list(one)) for one in chosen) if law is not None]


def doubts(law: Law, rates: dict[int, list[float]], generator: bool, cores: int | None, workers: int) -> list[str]:
    """Why the law through these rates says less than it seems to (keys of ``DOUBTS``); ``generator``: it was the limit
    somewhere, ``workers`` its processes."""
    found = {
        "exact": len(rates) == 3,
        "single": max(map(len, rates.values())) == 1,
        "flat": max(float(law.rate(n)) for n in rates) < 1.05 * float(law.rate(min(rates))),
        "wide": any(max(each) > WIDE * min(each) for each in rates.values()),
        "cores": cores is not None and cores < max(rates) + max(workers, 1),
        "generator": generator,
    }
    return [name for name, here in found.items() if here]
