"""The address is the scenario: everything a page shows stands in its query, and the same address gives the same numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode

from sim.errors import UserError
from sim.experiments.whatif import State, grounds, labels, places
from sim.scenario.levers import Setting, read

NATIONAL = "national:hospital"
SHOWN = "2028-12"
LONGEST = 2000  # characters of a query
NAME = 80  # characters of a scenario's name


LETTERS = "abcd"  # of the scenarios that are compared
_SEPARATOR = "!"


@dataclass(frozen=True)
class Compared:
    """A scenario that stands in the comparison: what is turned, and what it is called."""

    state: State
    name: str

    def __str__(self) -> str:
        """As an address names it: «national!elearning:5~2026-03,single-sign-on:2026-06!Vår plan»."""
        turned = ",".join(f"{s.key}:{s}" for s in self.state.settings)
        return _SEPARATOR.join((quote(self.state.scenario, safe=""), turned, self.name))


@dataclass(frozen=True)
class Address:
    """What a page shows: language, scenario, settings, where and when they are read, the name to save under.

    ``compared`` are the scenarios of the comparison, which every page carries along; ``edit`` is the one of them («b») whose place the
    address's own scenario takes, or "".
    """

    lang: str
    scenario: str
    settings: tuple[Setting, ...]
    area: str
    month: str
    name: str
    compared: tuple[Compared, ...] = ()
    edit: str = ""

    @property
    def state(self) -> State:
        """The scenario and its levers."""
        return State(self.scenario, self.settings)

    def query(self) -> str:
        """The address, the same for the same page: only what is not the usual."""
        pairs: list[tuple[str, str]] = []
        if self.lang != "nb":
            pairs.append(("lang", self.lang))
        pairs.append(("scenario", self.scenario))
        pairs += [(s.key, str(s)) for s in self.settings]
        pairs += [("area", self.area), ("month", self.month)]
        if self.name:
            pairs.append(("name", self.name))
        return urlencode(pairs + self.carried(), safe=":~!,")

    def carried(self) -> list[tuple[str, str]]:
        """The part of the address that tells the comparison."""
        pairs = [(letter, str(one)) for letter, one in zip(LETTERS, self.compared, strict=False)]
        return [*pairs, ("edit", self.edit)] if self.edit else pairs

    def within(self, lang: str) -> Address:
        """The same page in another language."""
        return replace(self, lang=lang)

    def without_levers(self, scenario: str) -> Address:
        """The null alternative, looked at in the same place and month."""
        return replace(self, scenario=scenario, settings=())


def language(pairs: Iterable[tuple[str, str]]) -> str:
    """The language that a query asks for; bokmål unless it is English."""
    return "en" if ("lang", "en") in set(pairs) else "nb"


def parse(pairs: list[tuple[str, str]], scenarios: list[str]) -> Address:
    """The address that a query states; ``scenarios`` may be shown, the first unless it says otherwise.

    Raises:
        UserError: it asks for something that is not there, with the nearest right thing to write.
    """
    given = dict(pairs)
    if len(given) != len(pairs):
        raise UserError("adressen sier noe to ganger", "the address says something twice")
    lang = given.pop("lang", "nb")
    if lang not in ("nb", "en"):
        raise UserError("lang skal være nb eller en", "lang must be nb or en")
    scenario = given.pop("scenario", scenarios[0])
    if scenario not in scenarios:
        known = ", ".join(scenarios)
        raise UserError(
            f"ukjent scenario «{scenario[:40]}»; kjente: {known}", f"unknown scenario «{scenario[:40]}»; known: {known}"
        )
    name = _name(given.pop("name", ""))
    compared = tuple(_compared(given.pop(letter), scenarios) for letter in LETTERS if letter in given)
    edit = given.pop("edit", "")
    if edit and (len(edit) != 1 or edit not in LETTERS[: len(compared)]):
        raise UserError("edit skal være et av scenarioene a til d", "edit must be one of the scenarios a to d")
    state = State(scenario)
    known_areas = areas(state)
    area = given.pop("area", NATIONAL if NATIONAL in known_areas else known_areas[0])
    if area not in known_areas:
        raise UserError(f"ukjent sted «{area[:40]}»", f"unknown place «{area[:40]}»")
    months = labels(state)
    month = given.pop("month", SHOWN if SHOWN in months else months[-1])
    if month not in months:
        raise UserError(
            f"måneden skal være {months[0]} til {months[-1]}", f"the month must be {months[0]} to {months[-1]}"
        )
    return Address(lang, scenario, read(grounds(scenario), given), area, month, name, compared, edit)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > NAME or not name.isprintable():
        raise UserError(
            f"navnet skal ha høyst {NAME} synlige tegn", f"the name must be at most {NAME} visible characters"
        )
    return name


def _compared(text: str, scenarios: list[str]) -> Compared:
    """A scenario of the comparison, as ``Compared`` writes it."""
    parts = text.split(_SEPARATOR, 2)
    turned = [one.partition(":") for one in parts[1].split(",") if one] if len(parts) == 3 else []
    if len(parts) != 3 or unquote(parts[0]) not in scenarios or len({key for key, _, _ in turned}) != len(turned):
        raise UserError(
            f"«{text[:40]}» er ikke et scenario å sammenligne; legg det til fra Utforsk",
            f"«{text[:40]}» is no scenario to compare; add it from Explore",
        )
    scenario = unquote(parts[0])
    settings = read(grounds(scenario), {key: value for key, _, value in turned})
    return Compared(State(scenario, settings), _name(parts[2]))


def areas(state: State) -> list[str]:
    """The places that a state can be looked at, as addresses name them: all actors, hospitals, each hospital."""
    rows = [a for a in places(state).rows if a.sector in ("all", "hospital")]
    if len([a for a in rows if a.level == "region" and a.sector == "all"]) == 1:  # the region is the whole
        rows = [a for a in rows if a.level != "region"]
    if len({a.sector for a in places(state).rows}) == 2:  # hospitals are all there is
        rows = [a for a in rows if a.level == "trust" or a.sector == "hospital"]
    return [f"{a.name}:{a.sector}" for a in rows]


def area_index(state: State, area: str) -> int:
    """The row of a place."""
    name, _, sector = area.rpartition(":")
    return places(state).find(name, sector)
