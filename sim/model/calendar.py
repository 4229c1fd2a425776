"""The clock of the model: days since the first day of the period, and its months."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sim.scenario.schema import Period

Floats = npt.NDArray[np.float64]
DAYS_PER_MONTH = 365.25 / 12


class Calendar:
    """Converts between dates, days since the start and months of the period."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self.months = period.months
        self._year, self._month = map(int, period.start.split("-"))

    def date_of_month(self, month: int) -> dt.date:
        """The first day of a month (0 is the first)."""
        number = self._year * 12 + self._month - 1 + month
        return dt.date(number // 12, number % 12 + 1, 1)

    @cached_property
    def labels(self) -> list[str]:
        """The months as «2025-09»."""
        return [f"{d.year:04d}-{d.month:02d}" for d in map(self.date_of_month, range(self.months))]

    @cached_property
    def starts(self) -> Floats:
        """[T + 1] day on which each month starts, and the period ends."""
        first = self.date_of_month(0)
        return np.array([(self.date_of_month(m) - first).days for m in range(self.months + 1)], dtype=np.float64)

    @cached_property
    def _days(self) -> list[float]:
        """``starts``, where one number at a time is asked for."""
        return [float(day) for day in self.starts]

    @cached_property
    def _first(self) -> dt.date:
        return self.date_of_month(0)

    def day(self, date: dt.date) -> float:
        """Days from the start of the period to the start of ``date``; negative before it."""
        return float((date - self._first).days)

    def date(self, day: float) -> dt.date:
        """The date that a day falls on."""
        return self.date_of_month(0) + dt.timedelta(days=int(np.floor(day)))

    def spread(self, shares: Floats, begin: float, end: float) -> None:
        """Add to ``shares`` [T] the share of each month that lies between two days of or after the period."""
        month = self.month_of(begin)
        while month < self.months and self._days[month] < end:
            first, after = self._days[month], self._days[month + 1]
            shares[month] += (min(end, after) - max(begin, first)) / (after - first)
            month += 1

    def month_of(self, day: float) -> int:
        """The month that ``day`` falls in; negative before the period, T or more after it."""
        if day < 0:
            return int(np.floor(day / DAYS_PER_MONTH))
        if day >= self._days[-1]:
            return self.months + int((day - self._days[-1]) / DAYS_PER_MONTH)
        return bisect_right(self._days, day) - 1

    @cached_property
    def weekdays(self) -> tuple[Floats, Floats]:
        """[T] the weekdays and the weekend days of each month."""
        first = np.array([self.date_of_month(m).weekday() for m in range(self.months)])
        days = np.diff(self.starts).astype(int)
        free = np.array([((f + np.arange(n)) % 7 >= 5).sum() for f, n in zip(first, days, strict=True)])
        return (days - free).astype(np.float64), free.astype(np.float64)

    def activity(self, weekend: float) -> Floats:
        """[T] each month's share of a year's activity when a weekend day is ``weekend`` of a weekday."""
        weekdays, free = self.weekdays
        per_year = 365.25 * (5 + 2 * weekend) / 7
        return np.asarray((weekdays + weekend * free) / per_year)
