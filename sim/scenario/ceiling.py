"""The ceiling that a measured capacity puts on the openings of an hour."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HOURS = 168


@dataclass(frozen=True, eq=False)
class Ceiling:
    """The openings per second that are borne, and ``hours`` [168]: the share of a weekday's openings that falls in each
    hour of the week, Monday 00-01 first (a weekend day sums to its part of a weekday).

    The rate is uncertain where ``span`` (low, high) is given; ``covers`` is the probability of that range.
    """

    per_second: float
    hours: Floats
    span: tuple[float, float] | None = None
    covers: float = 1.0

    def __post_init__(self) -> None:
        if not self.per_second >= 0 or self.hours.shape != (HOURS,):
            raise ValueError("a ceiling has a rate of 0 or more and the 168 hours of the week")

    @property
    def uncertain(self) -> bool:
        """Whether its rate is drawn."""
        return self.span is not None and self.covers > 0 and self.span[0] < self.span[1]

    def rate(self, u: float = 0.5) -> float:
        """The quantile ``u`` (0-1) of the rate: straight from low over the median to high, which have the probability
        (1 - covers)/2, 1/2 and (1 + covers)/2, and the ends beyond them (ASSUMPTION: nothing outside what was measured)."""
        if self.span is None or not self.uncertain:
            return self.per_second
        edge = (1 - self.covers) / 2
        return float(np.interp(u, [edge, 0.5, 1 - edge], [self.span[0], self.per_second, self.span[1]]))

    @property
    def key(self) -> str:
        """Tells ceilings apart, bit by bit."""
        return f"{self.per_second!r} {self.span!r} {self.covers!r} {hashlib.sha256(self.hours.tobytes()).hexdigest()}"
