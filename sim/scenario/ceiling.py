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
    """

    per_second: float
    hours: Floats

    def __post_init__(self) -> None:
        if not self.per_second >= 0 or self.hours.shape != (HOURS,):
            raise ValueError("a ceiling has a rate of 0 or more and the 168 hours of the week")

    @property
    def key(self) -> str:
        """Tells ceilings apart, bit by bit."""
        return f"{self.per_second!r} {hashlib.sha256(self.hours.tobytes()).hexdigest()}"
