"""Norwegian identity numbers, synthetic ones only (kj-api.md section 7: SYNT, SKATT, STDGEN).

A number is eleven digits DDMMYY-III-KK. D-numbers add 40 to the day. Synthetic numbers add 80 (Test-Norge) or
65 (reserved by Norsk helsenett) to the month; the control digits are computed on the digits as written, that is
on the shifted ones. A month of 01-12 (or an H-number's 41-52) could be a real person's.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import Literal

WEIGHTS_1 = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
WEIGHTS_2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
TENOR, NHN = 80, 65
Kind = Literal["synthetic", "real", "invalid"]


def remainders(nin: str) -> tuple[int, int]:
    """What is left of the two weighted sums modulo 11; 0 and 0 in a valid number (SKATT; STDGEN k1 and k2)."""
    sum_1, sum_2 = _sums(nin[:6])
    individual, first, second = int(nin[6:9]), int(nin[9]), int(nin[10])
    return (
        (sum_1 + _INDIVIDUAL_1[individual] + first) % 11,
        (sum_2 + _INDIVIDUAL_2[individual] + 2 * first + second) % 11,
    )


def month_shift(nin: str) -> int:
    """What was added to the month: 80, 65, 40 (H-number) or 0; -1 if the month fits none of them."""
    month = int(nin[2:4])
    for shift in (TENOR, NHN, 40, 0):
        if 1 <= month - shift <= 12:
            return shift
    return -1


@lru_cache(maxsize=16_384)
def birth_date(nin: str) -> date | None:
    """The date of birth written in the number, or None if it names no day (SKATT: day, month, century rule)."""
    shift = month_shift(nin)
    if shift < 0:
        return None
    day, month, year, individual = int(nin[:2]), int(nin[2:4]) - shift, int(nin[4:6]), int(nin[6:9])
    if day > 40:
        day -= 40
    if individual < 500:
        century = 1900
    elif year < 40:
        century = 2000
    elif individual >= 900:
        century = 1900
    elif individual < 750 and year >= 54:
        century = 1800
    else:
        return None
    try:
        return date(century + year, month, day)
    except ValueError:
        return None


def classify(nin: str, *, rule_2032: bool = False) -> Kind:
    """Whether a text is a synthetic number, one that a real person could have, or no number at all.

    With `rule_2032` the first control digit may leave 0, 1, 2 or 3 (SKATT; that it is the first is inferred, I).
    """
    if len(nin) != 11 or not (nin.isascii() and nin.isdigit()):
        return "invalid"
    first, second = remainders(nin)
    if second or first > (3 if rule_2032 else 0) or birth_date(nin) is None:
        return "invalid"
    return "synthetic" if month_shift(nin) in (TENOR, NHN) else "real"


def complete(nine: str) -> str | None:
    """Nine digits with their control digits, or None where a control digit would have to be ten."""
    digits = [int(c) for c in nine]
    first = -sum(w * d for w, d in zip(WEIGHTS_1, digits, strict=False)) % 11
    second = -sum(w * d for w, d in zip(WEIGHTS_2, [*digits, first], strict=False)) % 11
    return None if first == 10 or second == 10 else f"{nine}{first}{second}"


def stem(born: date, *, shift: int = TENOR, d_number: bool = False) -> str:
    """The six date digits of a synthetic number."""
    return f"{born.day + (40 if d_number else 0):02d}{born.month + shift:02d}{born.year % 100:02d}"


# What the three individual digits add to the two weighted sums, for every individual number.
_INDIVIDUAL_1 = tuple((4 * (i // 100) + 5 * (i // 10 % 10) + 2 * (i % 10)) % 11 for i in range(1000))
_INDIVIDUAL_2 = tuple((5 * (i // 100) + 4 * (i // 10 % 10) + 3 * (i % 10)) % 11 for i in range(1000))


@cache
def _tails(sum_1: int, sum_2: int, late: bool) -> tuple[str, ...]:
    """Individual number plus control digits of every valid number whose date digits weigh so much.

    Only 11 x 11 x 2 such lists exist, which makes a number of any day a look-up.
    """
    tails = []
    for i in range(500, 1000) if late else range(500):
        first = -(sum_1 + _INDIVIDUAL_1[i]) % 11
        second = -(sum_2 + _INDIVIDUAL_2[i] + 2 * first) % 11
        if first != 10 and second != 10:
            tails.append(f"{i:03d}{first}{second}")
    return tuple(tails)


@cache
def _ranks(sum_1: int, sum_2: int, late: bool) -> dict[str, int]:
    return {tail: rank for rank, tail in enumerate(_tails(sum_1, sum_2, late))}


@lru_cache(maxsize=131_072)
def _sums(six: str) -> tuple[int, int]:
    digits = [int(c) for c in six]
    return (
        sum(w * d for w, d in zip(WEIGHTS_1, digits, strict=False)) % 11,
        sum(w * d for w, d in zip(WEIGHTS_2, digits, strict=False)) % 11,
    )


def capacity(born: date, *, shift: int = TENOR, d_number: bool = False) -> int:
    """How many valid numbers of this kind one birth date has (about 410)."""
    return len(_tails(*_sums(stem(born, shift=shift, d_number=d_number)), born.year >= 2000))


def number(born: date, rank: int, *, shift: int = TENOR, d_number: bool = False) -> str:
    """The `rank`-th valid synthetic number of a birth date, ascending by individual number.

    Raises:
        IndexError: the day has fewer numbers than that.

    """
    six = stem(born, shift=shift, d_number=d_number)
    return six + _tails(*_sums(six), born.year >= 2000)[rank]


def rank_of(nin: str, born: date) -> int:
    """The inverse of `number`: the place of a valid number among those of its day and kind.

    Raises:
        KeyError: the number is not valid.

    """
    return _ranks(*_sums(nin[:6]), born.year >= 2000)[nin[6:]]


def organisation_number(serial: int) -> str:
    """A synthetic organisation number: nine digits from 310000000 up, with its mod 11 control digit.

    Numbers that begin with 3 are given to synthetic businesses only; real ones begin with 8 or 9.
    """
    weights = (3, 2, 7, 6, 5, 4, 3, 2)
    eight = 31000000 + serial * 2
    for candidate in (eight, eight + 1):
        control = -sum(w * int(d) for w, d in zip(weights, str(candidate), strict=True)) % 11
        if control != 10:
            return f"{candidate}{control}"
    raise AssertionError("two neighbours cannot both need the control digit ten")
