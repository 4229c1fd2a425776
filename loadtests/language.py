"""Two languages: bokmål first, English second, and numbers as each writes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A sentence in bokmål and in English."""

    nb: str
    en: str

    def to(self, lang: str) -> str:
        """The sentence in ``lang`` ("nb" or "en")."""
        return self.nb if lang == "nb" else self.en


def number(value: float, lang: str, decimals: int = 0) -> str:
    """``value`` with decimal comma and hard spaces in bokmål, with point and comma in English."""
    text = f"{abs(value):,.{decimals}f}"
    if lang == "nb":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return ("\u2212" if value < 0 and text.strip("0,.\u00a0") else "") + text


def milliseconds(microseconds: float | None, lang: str) -> str:
    """A time in ms with as many decimals as it has sense for; a dash for none."""
    if microseconds is None:
        return "\u2013"
    value = microseconds / 1000
    return number(value, lang, 2 if value < 10 else 1 if value < 100 else 0)


def percent(share: float, lang: str, decimals: int = 1) -> str:
    """A share (0-1) as a percentage."""
    return number(100 * share, lang, decimals) + ("\u00a0%" if lang == "nb" else "%")
