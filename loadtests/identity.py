"""Synthetic identity numbers: the month shifted by 80 (Tenor), so that no number can be a real person's (SKATT)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def synthetic(count: int, skip: int = 0) -> Iterator[str]:
    """``count`` different numbers of people born on different days of the 1940s to 1990s; ``skip`` takes later ones."""
    day, individual = dt.date(1940, 1, 1), 0
    while count:
        number = _complete(f"{day.day:02d}{day.month + 80:02d}{day.year % 100:02d}{individual:03d}")
        if number is not None:
            if skip:
                skip -= 1
            else:
                count -= 1
                yield number
        day += dt.timedelta(days=1)
        if day.year == 2000:
            day, individual = dt.date(1940, 1, 1), individual + 1


def _complete(nine: str) -> str | None:
    """Nine digits with their two control digits, or None where one would have to be ten."""
    digits = [int(c) for c in nine]
    first = -sum(w * d for w, d in zip(_FIRST, digits, strict=True)) % 11
    second = -sum(w * d for w, d in zip(_SECOND, [*digits, first], strict=True)) % 11
    return None if first == 10 or second == 10 else f"{nine}{first}{second}"
