"""The synthetic population: a person is a pure function of the seed and a number.

Nothing is stored until somebody writes, so a nation of 5.6 million costs no disk and no start-up time. `nin` maps a
serial number to an identity number and `index` back again, so that any number that arrives in a request is answered
at once. Every draw is a hash of (seed, number, name of the draw): adding a draw leaves the others as they were.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, product
from zlib import crc32

from mock_kj import identity
from mock_kj.access import Privacy
from mock_kj.errors import UsageError
from mock_kj.organisations import Organisation

_MASK = (1 << 64) - 1
OLDEST = 100
PRIVACY = {(a, b, c): Privacy(a, b, c) for a, b, c in product((False, True), repeat=3)}
HPR_BASE = 990_000_000
EXAMPLES = (
    "with_entries",
    "reserved",
    "restricted_all",
    "restricted_critical",
    "blocks_first_doctor",
    "blocks_somebody_else",
)
# Share of each HPR role among professionals (ASSUMPTION: the order of size in the register, not its figures).
ROLE_SHARES: tuple[tuple[str, float], ...] = (
    ("SP", 0.42),
    ("LE", 0.20),
    ("HF", 0.20),
    ("VP", 0.05),
    ("FT", 0.03),
    ("JO", 0.02),
    ("RA", 0.02),
    ("BI", 0.02),
    ("PS", 0.02),
    ("AA", 0.01),
    ("TL", 0.01),
)


_BLOCK = 50
# Prime to 365, 366 and _RANKS, and about the golden ratio of a year, so that few are strewn as evenly as many.
_STRIDE = 227
# Every day and kind has at least 411 valid numbers (identity.capacity); nine million persons need 270 of them.
_RANKS = 409


def mix(value: int) -> int:
    """SplitMix64's finaliser: 64 well-mixed bits of a 64-bit number (Steele, Lea, Flood 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@dataclass(frozen=True, slots=True)
class NumberKind:
    """One kind of synthetic number: its places [start, stop) among the fifty of a turned block."""

    start: int
    stop: int
    shift: int
    d_number: bool = False

    def _upto(self, position: int) -> int:
        """How many of this kind stand before a position of blocks that are not turned."""
        blocks, rest = divmod(position, _BLOCK)
        return blocks * (self.stop - self.start) + min(max(rest - self.start, 0), self.stop - self.start)

    def before(self, index: int) -> int:
        """How many persons of this kind come before a person."""
        block, rest = divmod(index, _BLOCK)
        turn = _turn(block)
        return block * (self.stop - self.start) + self._upto(turn + rest) - self._upto(turn)

    def place(self, serial: int) -> int:
        """The person of this kind with a serial number; the inverse of `before`."""
        size = self.stop - self.start
        block, rest = divmod(serial, size)
        turn = _turn(block)
        row, column = divmod(self._upto(turn) + rest, size)
        return block * _BLOCK + row * _BLOCK + self.start + column - turn


_KINDS = (
    NumberKind(0, 1, identity.TENOR, d_number=True),
    NumberKind(1, 6, identity.NHN),
    NumberKind(6, _BLOCK, identity.TENOR),
)


def _turn(block: int) -> int:
    """By how much a block of fifty is turned."""
    return mix(block) % _BLOCK


@lru_cache(maxsize=131_072)
def _offset(year: int, kind: NumberKind, what: int) -> int:
    """Where the strewing begins: of the days of a year (0), or of the numbers of one day (its number from 1 up)."""
    return mix((year * 64 + kind.start) * 512 + what)


@dataclass(frozen=True, slots=True)
class Rates:
    """How common things are. Prevalence 5 % is S1's estimate; all others are ASSUMPTIONS to be set."""

    prevalence: float = 0.05
    entries_mean: float = 1.6
    reserved: float = 0.001
    restricted_all: float = 0.0005
    restricted_critical: float = 0.001
    blocks: float = 0.0005
    role_inactive: float = 0.01
    own_information: float = 0.02
    medicines: float = 0.5
    locked_prescriptions: float = 0.01

    def check(self) -> None:
        """Refuse rates that are none.

        Raises:
            UsageError: a rate is not between 0 and 1, or the mean is below 1.

        """
        for name in (f.name for f in fields(self) if f.name != "entries_mean"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"population: {name}", "must lie between 0 and 1")
        if not 1 <= self.entries_mean <= 20:
            raise UsageError("population: entries_mean", "must lie between 1 and 20")


@dataclass(frozen=True, slots=True)
class Besides:
    """Own health information, medicines, locked prescriptions: whether there are any."""

    own_information: bool = False
    medicines: bool = False
    locked_prescriptions: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has a kjernejournal (or has reserved against it)."""

    index: int
    nin: str
    born: date
    name: str
    organisation: Organisation
    privacy: Privacy
    entries: int


@dataclass(frozen=True, slots=True)
class Professional:
    """A health professional in HPR. `active` says whether the role may be used (3.2)."""

    hpr_number: str
    nin: str
    name: str
    role: str
    active: bool
    organisation: Organisation


@dataclass(frozen=True)
class Population:
    """A seed, sizes and rates; everything else follows."""

    organisations: tuple[Organisation, ...]
    persons: int = 10_000
    professionals: int = 500
    seed: int = 1
    rates: Rates = field(default_factory=Rates)
    year: int = 2026

    def __post_init__(self) -> None:
        if self.persons < 1000 or self.persons > 9_000_000:
            raise UsageError("population: persons", "must lie between 1 000 and 9 000 000")
        if not 1 <= self.professionals <= self.persons // 4:
            raise UsageError("population: professionals", "must lie between 1 and a quarter of the persons")
        self.rates.check()

    # --- numbers ------------------------------------------------------------------------------------------------

    @cached_property
    def _years(self) -> tuple[int, ...]:
        """Cumulative persons by birth year, oldest first: flat to 60, then falling to a twentieth at 100."""
        weights = [1.0 if OLDEST - i <= 60 else 1 - 0.95 * (OLDEST - i - 60) / 40 for i in range(OLDEST)]
        total = sum(weights)
        return tuple(round(c / total * self.persons) for c in accumulate(weights))

    def _first_year(self) -> int:
        return self.year - OLDEST

    def nin(self, index: int) -> str:
        """The identity number of a person: of fifty, one D-number, five of Norsk helsenett's (+65), the rest +80.

        Which of a block of fifty are of which kind is turned by a hash of the block; those of one kind and birth year
        are strewn over its days, and over the individual numbers of a day, so that a small population too has all
        months, both sexes and all kinds.

        Raises:
            IndexError: no such person.

        """
        if not 0 <= index < self.persons:
            raise IndexError(index)
        place = bisect_right(self._years, index)
        year = self._first_year() + place
        position = (index + _turn(index // _BLOCK)) % _BLOCK
        kind = next(k for k in _KINDS if position < k.stop)
        serial = kind.before(index) - kind.before(self._years[place - 1] if place else 0)
        days = 366 if isleap(year) else 365
        row, column = divmod(serial, days)
        day = (column * _STRIDE + _offset(year, kind, 0)) % days
        rank = (row * _STRIDE + _offset(year, kind, day + 1)) % _RANKS
        born = date(year, 1, 1) + timedelta(days=day)
        return identity.number(born, rank, shift=kind.shift, d_number=kind.d_number)

    def index(self, nin: str) -> int | None:
        """The inverse of `nin`; None for a text that is no number of anybody in this population."""
        if len(nin) != 11 or not (nin.isascii() and nin.isdigit()):
            return None
        born = identity.birth_date(nin)
        if born is None:
            return None
        wanted = (identity.month_shift(nin), int(nin[:2]) > 40)
        kind = next((k for k in _KINDS if (k.shift, k.d_number) == wanted), None)
        place = born.year - self._first_year()
        if kind is None or not 0 <= place < OLDEST:
            return None
        try:
            rank = identity.rank_of(nin, born)
        except KeyError:
            return None
        days, day = 366 if isleap(born.year) else 365, (born - date(born.year, 1, 1)).days
        row = (rank - _offset(born.year, kind, day + 1)) * pow(_STRIDE, -1, _RANKS) % _RANKS
        column = (day - _offset(born.year, kind, 0)) * pow(_STRIDE, -1, days) % days
        start = self._years[place - 1] if place else 0
        index = kind.place(kind.before(start) + row * days + column)
        return index if rank < _RANKS and index < self._years[place] else None

    # --- draws --------------------------------------------------------------------------------------------------

    def bits(self, index: int, name: str) -> int:
        """64 bits for one draw of one person."""
        return mix(index ^ _salt(self.seed, name))

    def uniform(self, index: int, name: str) -> float:
        """A number in [0, 1) for one draw of one person."""
        return (self.bits(index, name) >> 11) * 2.0**-53

    # --- people -------------------------------------------------------------------------------------------------

    def person(self, nin: str) -> Person | None:
        """Whoever has this number, or None."""
        index = self.index(nin)
        return None if index is None else self.person_at(index)

    def person_at(self, index: int) -> Person:
        """The person with this serial number."""
        nin = self.nin(index)
        born = identity.birth_date(nin)
        assert born is not None
        return Person(
            index, nin, born, self._name(index, nin), self._home(index), self.privacy(index), self.entry_count(index)
        )

    @cached_property
    def examples(self) -> dict[str, int]:
        """One person of 66 years for every privacy case, whatever the rates: `client.json` names them.

        All but the one who reserved have entries, and whoever blocks somebody blocks one of the first professionals.
        """
        last = self._years[OLDEST - 66] - 1  # the professionals come after
        return {name: last - place for place, name in enumerate(EXAMPLES)}

    @cached_property
    def _chosen(self) -> dict[int, Privacy]:
        """What the examples have chosen."""
        choices = {
            "with_entries": Privacy(),
            "reserved": Privacy(reserved=True),
            "restricted_all": Privacy(restricted_all=True),
            "restricted_critical": Privacy(restricted_critical=True),
            "blocks_first_doctor": Privacy(blocked=frozenset((self.hpr_number(0),))),
            "blocks_somebody_else": Privacy(blocked=frozenset((self.hpr_number(min(1, self.professionals - 1)),))),
        }
        return {self.examples[name]: choices[name] for name in EXAMPLES}

    def privacy(self, index: int) -> Privacy:
        """What the person has chosen."""
        example = self._chosen.get(index)
        if example is not None:
            return example
        reserved, all_, critical, blocks = [mix(index ^ salt) >> 11 < limit for salt, limit in self._choices]
        if not blocks:
            return PRIVACY[reserved, all_, critical]
        blocked = frozenset((self.hpr_number(self.bits(index, "blocked") % self.professionals),))
        return Privacy(reserved, all_, critical, blocked)

    @cached_property
    def _choices(self) -> tuple[tuple[int, float], ...]:
        """Salt and limit of the draws behind `privacy`: `uniform(index, name) < rate` in whole numbers."""
        rates = self.rates
        named = (
            ("reserved", rates.reserved),
            ("restricted-all", rates.restricted_all),
            ("restricted-critical", rates.restricted_critical),
            ("block", rates.blocks),
        )
        return tuple((_salt(self.seed, name), rate * 2.0**53) for name, rate in named)

    def entry_count(self, index: int) -> int:
        """How many entries the person starts with: none, or one plus a geometric number (mean `entries_mean`)."""
        example = self._chosen.get(index)
        if example is not None:
            return 0 if example.reserved else 2
        if self.uniform(index, "prevalence") >= self.rates.prevalence:
            return 0
        if self.uniform(index, "reserved") < self.rates.reserved:
            return 0  # a reservation means that no critical information exists (B-STATUS)
        again, count = 1 - 1 / self.rates.entries_mean, 1
        while count < 10 and self.uniform(index, f"entry-{count}") < again:
            count += 1
        return count

    def besides(self, index: int) -> Besides:
        """What kjernejournal holds beside critical information, as far as the legacy indicator tells of it (2.2)."""
        return Besides(
            self.uniform(index, "own-information") < self.rates.own_information,
            self.uniform(index, "medicines") < self.rates.medicines,
            self.uniform(index, "locked-prescriptions") < self.rates.locked_prescriptions,
        )

    def _home(self, index: int) -> Organisation:
        return self.organisations[self.bits(index, "home") % len(self.organisations)]

    def _name(self, index: int, nin: str) -> str:
        """A Norwegian name; the third individual digit is even for women (SKATT)."""
        men, women, last = _names()
        first = men if int(nin[8]) % 2 else women
        return f"{first[self.bits(index, 'first') % len(first)]} {last[self.bits(index, 'last') % len(last)]}"

    # --- professionals ------------------------------------------------------------------------------------------

    @staticmethod
    def hpr_number(serial: int) -> str:
        """A synthetic HPR number: nine digits from 990000000; real ones are shorter."""
        return str(HPR_BASE + serial)

    def professional(self, hpr_number: str) -> Professional | None:
        """Whoever has this HPR number, or None."""
        if len(hpr_number) != 9 or not (hpr_number.isascii() and hpr_number.isdigit()):
            return None
        serial = int(hpr_number) - HPR_BASE
        return self.professional_at(serial) if 0 <= serial < self.professionals else None

    def professional_at(self, serial: int) -> Professional:
        """The professional with this serial number; the first one is always an active doctor, the second a nurse."""
        start, stride = self._adults
        index = start + serial * stride
        nin = self.nin(index)
        role = ("LE", "SP")[serial] if serial < 2 else _pick(self.uniform(serial, "role"))
        active = serial < 2 or self.uniform(serial, "role-inactive") >= self.rates.role_inactive
        home = self.organisations[self.bits(serial, "works-at") % len(self.organisations)]
        return Professional(self.hpr_number(serial), nin, self._name(index, nin), role, active, home)

    def professional_by_nin(self, nin: str) -> Professional | None:
        """The professional who has this identity number, or None."""
        index = self.index(nin)
        if index is None:
            return None
        start, stride = self._adults
        serial, rest = divmod(index - start, stride)
        return self.professional_at(serial) if rest == 0 and 0 <= serial < self.professionals else None

    @property
    def _adults(self) -> tuple[int, int]:
        """Where the professionals sit among the persons of 25 to 65 years: first place and step."""
        start, stop = self._years[OLDEST - 66], self._years[OLDEST - 26]
        return start, max(1, (stop - start) // self.professionals)

    def interesting(self, start: int, stop: int) -> Iterator[int]:
        """The persons of a range who have entries or have chosen something; vectorised, so a nation takes seconds."""
        import numpy as np

        numbers = np.arange(start, stop, dtype=np.uint64)
        rates = self.rates
        chosen = np.zeros(len(numbers), dtype=bool)
        for name, rate in (
            ("prevalence", rates.prevalence),
            ("reserved", rates.reserved),
            ("restricted-all", rates.restricted_all),
            ("restricted-critical", rates.restricted_critical),
            ("block", rates.blocks),
        ):
            value = numbers ^ np.uint64(_salt(self.seed, name))
            with np.errstate(over="ignore"):
                value = value + np.uint64(0x9E3779B97F4A7C15)
                value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            value ^= value >> np.uint64(31)
            chosen |= (value >> np.uint64(11)).astype(np.float64) * 2.0**-53 < rate
        for index in self.examples.values():
            if start <= index < stop:
                chosen[index - start] = True
        yield from (int(n) for n in numbers[chosen])


@lru_cache(maxsize=1024)
def _salt(seed: int, name: str) -> int:
    """What keeps the draws of one name apart from those of all others."""
    return mix(seed * 0x10001 + crc32(name.encode()))


def _pick(u: float) -> str:
    for role, share in ROLE_SHARES:
        u -= share
        if u < 0:
            return role
    return ROLE_SHARES[0][0]


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Men's, women's and family names of Faker's no_NO; nothing else of Faker is used."""
    from faker.providers.person.no_NO import Provider

    def plain(names: object) -> tuple[str, ...]:
        return tuple(str(n) for n in names)  # type: ignore[attr-defined]

    return plain(Provider.first_names_male), plain(Provider.first_names_female), plain(Provider.last_names)
