"""What can be turned on top of a scenario: some of the ready interventions, each with a dose and a start.

A lever is an intervention's file. Its *dose* is the middle of the one number that says how much is done; turning it scales that
number with its uncertainty. Without a setting the intervention is not carried out: that is the null alternative. A scenario
with levers turned is written as a file that ``utrulling forecast`` reads (``text_of``) and gives the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from sim.errors import UserError
from sim.language import Text
from sim.scenario import intervention, text
from sim.scenario.faults import Faults
from sim.scenario.figures import data_folder, fill_in
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load
from sim.scenario.merge import overlay, with_parents
from sim.scenario.parameter import Parameter
from sim.scenario.schema import Chosen, Period, Scenario

EARLIEST = "2026-01"  # what was published up to 2025 is history and not a choice


@dataclass(frozen=True)
class Dose:
    """How much of an intervention: where the number stands in ``adds``, and how people read it.

    ``complement`` when the file states what is left (a factor) and people read what is taken away. ``scale`` turns the
    file's number into the one that people read (100 for a percentage).
    """

    section: tuple[str, str]
    item: str
    number: str
    what: Text
    unit: Text
    top: float
    step: float
    scale: float = 100.0
    complement: bool = False


@dataclass(frozen=True)
class Lever:
    """An intervention that can be turned; ``dose`` is None where only its start can be chosen."""

    key: str
    dose: Dose | None = None


_MONTHLY = Text("% per måned", "% per month")
LEVERS = (
    Lever("midt-early"),
    Lever("gp-vendors"),
    Lever(
        "eid-nurses",
        Dose(
            ("eid", "programmes"),
            "eid-nurses",
            "ordering",
            Text("Sykepleiere uten eID som får en bestilt", "Nurses without an eID who are ordered one"),
            _MONTHLY,
            60,
            1,
        ),
    ),
    Lever("single-sign-on"),
    Lever(
        "elearning",
        Dose(
            ("knowledge", "campaigns"),
            "elearning",
            "reaches",
            Text("Ansatte som ikke kjenner funksjonen, og som lærer den", "Staff unaware of the function who learn it"),
            _MONTHLY,
            15,
            0.5,
        ),
    ),
    Lever(
        "ward-campaigns",
        Dose(
            ("knowledge", "campaigns"),
            "ward-campaigns",
            "reaches",
            Text("Ansatte som ikke kjenner funksjonen, og som lærer den", "Staff unaware of the function who learn it"),
            _MONTHLY,
            25,
            1,
        ),
    ),
    Lever("consent-exemption"),
    Lever(
        "legacy-cleanup",
        Dose(
            ("legacy", "cleanups"),
            "legacy-cleanup",
            "capacity",
            Text("Oppføringer som ryddes i hvert foretak", "Entries cleaned up in each trust"),
            Text("per måned", "per month"),
            3000,
            100,
            scale=1,
        ),
    ),
    Lever(
        "reporting-duty",
        Dose(
            ("ownership", "duties"),
            "reporting-duty",
            "factor",
            Text(
                "Av dem som lar være å sende andres oppføringer, begynner",
                "Of those who decline others' entries, begin",
            ),
            Text("%", "%"),
            65,
            1,
            complement=True,
        ),
    ),
)
BY_KEY: Mapping[str, Lever] = {lever.key: lever for lever in LEVERS}


@dataclass(frozen=True)
class Setting:
    """A lever as it is turned: its dose (0 is not stated: the lever is then left out) and its start («2027-01»)."""

    key: str
    dose: float | None
    start: str

    def __str__(self) -> str:
        return self.start if self.dose is None else f"{self.dose:g}~{self.start}"


@dataclass(frozen=True)
class Ground:
    """What the levers stand on: a checked scenario, its plain data, and the levers that fit it."""

    loaded: Loaded
    plain: dict[str, Any]
    levers: tuple[Lever, ...]


@lru_cache(maxsize=64)
def file(key: str) -> Intervention:
    """The ready intervention behind a lever."""
    return intervention.find(key)


def ground(given: str) -> Ground:
    """Read a scenario and find the levers that it has a use for.

    Raises:
        UserError: the scenario cannot be used.
    """
    loaded = load(given)
    faults = Faults(loaded.path)
    plain, faults.places = with_parents(loaded.path)
    plain = intervention.apply(plain, loaded.interventions, faults)
    fill_in(plain, (), faults, data_folder(loaded.path))
    standing = {one.key for one in loaded.interventions}
    begun = months(loaded.scenario.period)  # none where the period is all history
    levers = tuple(s for s in LEVERS if begun and s.key not in standing and _fits(s, plain, loaded))
    return Ground(loaded, plain, levers)


def _fits(lever: Lever, plain: dict[str, Any], loaded: Loaded) -> bool:
    """Whether whom the lever reaches is in the scenario, and what it changes makes sense there."""
    faults = Faults(loaded.path)
    try:
        Scenario.model_validate(intervention.apply(plain, [file(lever.key)], faults))
    except ValidationError:
        return False
    return not faults.problems


def months(period: Period) -> list[str]:
    """The months in which an intervention can begin."""
    first = max(EARLIEST, period.start)
    year, month = map(int, first.split("-"))
    count = 1 + period.index(period.end) - period.index(first)
    return [f"{(n := 12 * year + month - 1 + i) // 12:04d}-{n % 12 + 1:02d}" for i in range(max(count, 0))]


def usual(lever: Lever, period: Period) -> Setting:
    """The lever as its file states it, begun within the period."""
    allowed = months(period)
    start = min(max(file(lever.key).start, allowed[0]), allowed[-1])
    return Setting(lever.key, known(lever)[1] if lever.dose else None, start)


def known(lever: Lever) -> tuple[float, float, float]:
    """Lowest, middle and highest dose that the intervention's file states; outside of it nothing is known of its effect."""
    assert lever.dose is not None
    stated = _stated(lever.dose, file(lever.key).form.adds)
    if "value" in stated:
        low = middle = high = stated["value"]
    else:
        low, middle, high = stated["low"], stated["mode"], stated["high"]
    if lever.dose.complement:
        low, middle, high = 1 - high, 1 - middle, 1 - low
    scale = lever.dose.scale
    return round(low * scale, 6), round(middle * scale, 6), round(high * scale, 6)


_SETTING = re.compile(r"(?:([0-9]{1,5}(?:\.[0-9]{1,2})?)~)?(20[0-9]{2}-(?:0[1-9]|1[0-2]))")


def read(stand: Ground, given: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings that ``given`` (lever to «25~2027-01» or «2027-06») asks for, in the levers' own order.

    Raises:
        UserError: a lever or a setting that does not exist.
    """
    offered = {lever.key for lever in stand.levers}
    allowed = months(stand.loaded.scenario.period)
    for key in given:
        if key not in offered:
            raise UserError(f"ukjent tiltak «{key[:40]}»", f"unknown intervention «{key[:40]}»")
    found = []
    for lever in stand.levers:
        if lever.key not in given:
            continue
        text = given[lever.key]
        match = _SETTING.fullmatch(text)
        if match is None or (match.group(1) is None) != (lever.dose is None):
            example = usual(lever, stand.loaded.scenario.period)
            raise UserError(
                f"«{lever.key}={text[:40]}»: skriv det som {lever.key}={example}",
                f"«{lever.key}={text[:40]}»: write it as {lever.key}={example}",
            )
        dose = None if match.group(1) is None else float(match.group(1))
        if dose is not None and lever.dose is not None and not 0 <= dose <= lever.dose.top:
            raise UserError(
                f"{lever.key}: skal være 0 til {lever.dose.top:g}", f"{lever.key}: must be 0 to {lever.dose.top:g}"
            )
        if match.group(2) not in allowed:
            raise UserError(
                f"{lever.key}: start skal være {allowed[0]} til {allowed[-1]}",
                f"{lever.key}: start must be {allowed[0]} to {allowed[-1]}",
            )
        if dose != 0:
            found.append(Setting(lever.key, dose, match.group(2)))
    return tuple(found)


def _stated(dose: Dose, adds: dict[str, Any]) -> dict[str, Any]:
    items = adds[dose.section[0]][dose.section[1]]
    found: dict[str, Any] = next(i for i in items if i["name"] == dose.item)[dose.number]
    return found


_SCALED = ("value", "low", "mode", "high", "median", "mean", "sd")


def chosen(setting: Setting) -> Chosen:
    """The setting as a scenario file states it."""
    lever = BY_KEY[setting.key]
    adds: dict[str, Any] = {}
    if lever.dose is not None and setting.dose is not None and setting.dose != known(lever)[1]:
        dose = lever.dose
        items = file(lever.key).form.adds[dose.section[0]][dose.section[1]]
        item = deepcopy(next(i for i in items if i["name"] == dose.item))
        factor = setting.dose / known(lever)[1]
        stated = item[dose.number]
        for name in _SCALED:
            if name in stated:
                value = stated[name]
                stated[name] = round(1 - factor * (1 - value) if dose.complement else factor * value, 9)
        stated["source"], stated["tag"] = "VURDERING", "assumption"
        stated["note"] = f"tiltakets tall ganget med {factor:.3g}"
        adds = {dose.section[0]: {dose.section[1]: [item]}}
    return Chosen(name=setting.key, start=setting.start, adds=adds)


def undosed(setting: Setting) -> Setting:
    """The setting with the dose that the intervention's file states."""
    return setting if setting.dose is None else Setting(setting.key, known(BY_KEY[setting.key])[1], setting.start)


def dosed(setting: Setting) -> tuple[str, Parameter]:
    """The number that the dose decides: its random stream (see ``model.draws``), and what it is at this dose."""
    dose = BY_KEY[setting.key].dose
    assert dose is not None
    stream = ".".join((*dose.section, dose.item, dose.number))
    return stream, Parameter.model_validate(_stated(dose, _adds(setting)))


@lru_cache(maxsize=512)
def _adds(setting: Setting) -> dict[str, Any]:
    """What the setting lays over a scenario, its dates put in."""
    one = intervention.changed(file(setting.key), chosen(setting))
    # laid over nothing: that it fits the scenario was seen when the ground was made
    return intervention.apply({}, [one], Faults(one.path))


@lru_cache(maxsize=64)
def _form(section: str) -> TypeAdapter[Any]:
    form: Any = Scenario.model_fields[section].annotation
    return TypeAdapter(form)


def build(stand: Ground, settings: Sequence[Setting]) -> Scenario:
    """The scenario with the levers turned; says what ``load`` says of the file that ``text_of`` writes.

    Sections that no lever touches are the ground's own, and so is its posterior.
    """
    plain, touched = stand.plain, set[str]()
    for setting in settings:
        adds = _adds(setting)
        plain = overlay(plain, adds, {}, {})
        touched |= adds.keys()
    scenario = stand.loaded.scenario
    changed = {section: _form(section).validate_python(plain[section]) for section in touched}
    named = [*scenario.interventions, *map(chosen, settings)]
    return scenario.model_copy(update={**changed, "interventions": named})


def text_of(stand: Ground, settings: Sequence[Setting], title: str, comment: str, whole: bool = False) -> str:
    """The scenario file: what it stands on, and the interventions; ``comment`` heads it.

    ``whole`` copies what the scenario's own file states in place of extending it.
    """
    given = stand.loaded.given
    parent = given if not Path(given).suffix else str(stand.loaded.path.resolve())
    listed = [chosen(s).model_dump(exclude_defaults=True) for s in settings]
    content: dict[str, Any] = {"extends": parent, "title": title}
    if whole:
        content = text.read(stand.loaded.path)[0]
        content["title"] = title
        listed = content.pop("interventions", []) + listed
    if listed:
        content["interventions"] = listed
    lines = "".join(f"# {line}\n" if line else "#\n" for line in comment.splitlines())
    return lines + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
