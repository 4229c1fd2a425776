"""Latency histograms: HdrHistogram with three significant digits from 1 µs to 10 minutes, merged exactly.

Exact means: the histogram of a union is the sum of the histograms, bucket by bucket, whoever recorded what.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram

LOWEST, HIGHEST, DIGITS = 1, 600_000_000, 3
PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)


class Latency:
    """One histogram of times in microseconds."""

    __slots__ = ("_histogram",)

    def __init__(self) -> None:
        self._histogram: Any = HdrHistogram(LOWEST, HIGHEST, DIGITS)

    def record(self, seconds: float) -> None:
        """Take one time; what is under a microsecond counts as one, what is over ten minutes as ten minutes."""
        self._histogram.record_value(min(max(int(seconds * 1e6), LOWEST), HIGHEST))

    @property
    def count(self) -> int:
        """How many times were taken."""
        return int(self._histogram.get_total_count())

    def at(self, percentile: float) -> float | None:
        """A percentile in microseconds (the highest equivalent value, as HdrHistogram has it); None of nothing.

        HdrHistogram's own way adds up 21 000 buckets one by one, which holds up the arrivals of a run that is watched.
        """
        if not self.count:
            return None
        told = self._histogram
        reached = np.cumsum(np.ctypeslib.as_array(told.counts))
        index = int(np.searchsorted(reached, told.get_target_count_at_percentile(percentile)))
        return float(told.get_highest_equivalent_value(told.get_value_from_index(index)))

    def maximum(self) -> float | None:
        """The largest, in microseconds."""
        return float(self._histogram.get_max_value()) if self.count else None

    def mean(self) -> float | None:
        """The mean in microseconds."""
        return float(self._histogram.get_mean_value()) if self.count else None

    def encode(self) -> bytes:
        """The histogram compressed, as HdrHistogram's own format."""
        return bytes(self._histogram.encode())

    def add(self, encoded: bytes) -> None:
        """Add an encoded histogram."""
        self._histogram.decode_and_add(encoded)

    def buckets(self) -> list[tuple[int, int]]:
        """(value, count) of every bucket that is not empty."""
        return [
            (int(i.value_iterated_to), int(i.count_at_value_iterated_to))
            for i in self._histogram.get_recorded_iterator()
        ]

    def summary(self) -> dict[str, float | None]:
        """Percentiles to p99.99, mean and maximum in milliseconds."""
        told: dict[str, float | None] = {}
        for percentile in PERCENTILES:
            told[f"p{percentile:g}"] = _ms(self.at(percentile))
        return {**told, "mean": _ms(self.mean()), "max": _ms(self.maximum())}


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 4)
