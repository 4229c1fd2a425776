"""Synthetic identity numbers: the month shifted by 80 (Tenor), so that no number can be a real person's (SKATT)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


DAYS = (dt.date(2000, 1, 1) - dt.date(1940, 1, 1)).days


def synthetic(begin: int = 0) -> Iterator[str]:
    """Different numbers of people born from 1940 to 1999, day by day; ``begin`` starts elsewhere in the same round."""
    first = dt.date(1940, 1, 1)
    for place in range(begin, begin + 500 * DAYS):
        individual, day = divmod(place % (500 * DAYS), DAYS)
        born = first + dt.timedelta(days=day)
        number = _complete(f"{born.day:02d}{born.month + 80:02d}{born.year % 100:02d}{individual:03d}")
        if number is not None:
            yield number


def _complete(nine: str) -> str | None:
    """Nine digits with their two control digits, or None where one would have to be ten."""
    digits = [int(c) for c in nine]
    first = -sum(w * d for w, d in zip(_FIRST, digits, strict=True)) % 11
    second = -sum(w * d for w, d in zip(_SECOND, [*digits, first], strict=True)) % 11
    return None if first == 10 or second == 10 else f"{nine}{first}{second}"


def is_synthetic(number: str) -> bool:
    """Whether a number of eleven digits has a shifted month (80: Tenor, 65: Norsk helsenett) and its control digits, so
    that it cannot be a real person's."""
    month = int(number[2:4])
    return (81 <= month <= 92 or 66 <= month <= 77) and _complete(number[:9]) == number
