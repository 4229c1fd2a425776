"""Places, months and numbers as charts and pages write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import numpy as np

from sim.experiments.whatif import plain_model
from sim.faces.report.table import say
from sim.language import month_name, number, percent
from sim.vocabulary import REGIONS


def spaced(text: str, lang: str) -> str:
    """``text`` with the spaces in numbers and before percent signs that its language wants: hard ones in bokmål, none in English."""
    if lang == "nb":
        text = _THOUSANDS.sub("\u00a0", text)
    return _PERCENT.sub("\u00a0%" if lang == "nb" else "%", text)


_THOUSANDS, _PERCENT = re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), re.compile(r"(?<=\d) %")


def month_text(label: str, lang: str) -> str:
    """«des. 2028»."""
    return month_name(int(label[:4]), int(label[5:]), lang)


def place_of(scenario: str, area: str) -> tuple[str, str]:
    """The name and sector of a place; what is called national is the whole scenario, which may be one region."""
    name, _, sector = area.rpartition(":")
    covered = list(plain_model(scenario).scenario.regions)
    if name == "national" and len(covered) == 1:
        name = next(word.nb for word in REGIONS if word.key == covered[0])
    return name, sector


def area_text(scenario: str, area: str, lang: str) -> str:
    """A place in words."""
    name, sector = place_of(scenario, area)
    names = {word.nb: word.label(lang) for word in REGIONS}
    if name == "national":
        whole = say(lang, "hele landet, alle aktører", "the whole country, all actors")
        return say(lang, "sykehus i hele landet", "hospitals in the whole country") if sector == "hospital" else whole
    if name not in names:
        return name
    if sector == "hospital":
        return say(lang, f"sykehus i {names[name]}", f"hospitals in {names[name]}")
    return say(lang, f"{names[name]}, alle aktører", f"{names[name]}, all actors")


def points(share: float, lang: str, decimals: int = 1) -> str:
    """A difference of shares in percentage points, with its sign."""
    text = number(100 * share, lang, decimals)
    return text if text.startswith("\u2212") or not any(c in text for c in "123456789") else "+" + text


def slug(name: str) -> str:
    """A file name that every system takes."""
    plain = name.lower().replace("æ", "ae").replace("ø", "o").replace("å", "a")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "scenario"


def milliseconds(label: str, day: int = 15) -> int:
    """Milliseconds since 1970 (UTC) of a day in a month, as charts take dates."""
    moment = dt.datetime(int(label[:4]), int(label[5:]), day, tzinfo=dt.UTC)
    return int(moment.timestamp() * 1000)


def plain(value: float) -> float | None:
    """A number as charts take it; what is no number is nothing."""
    return None if np.isnan(value) else round(float(value), 5)


def share(value: float, lang: str) -> str:
    """A share in whole percent; a dash where there is none."""
    return "\u2013" if np.isnan(value) else percent(float(value), lang)


def short(value: float, lang: str) -> str:
    """A number without decimals where it is whole, else with one."""
    return number(value, lang, 0 if value == int(value) else 1)
