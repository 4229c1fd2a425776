"""Two languages: bokmål first, English second. A ``Text`` carries both; a face chooses."""

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

    def __str__(self) -> str:
        return self.nb


def number(value: float, lang: str, decimals: int = 0) -> str:
    """``value`` as people write it: decimal comma and hard space in bokmål, point and comma in English.

    Source: Språkrådet (decimal comma, non-breaking space between thousands, minus U+2212).
    """
    text = f"{abs(value):,.{decimals}f}"
    if lang == "nb":
        text = text.replace(",", "\u00a0").replace(".", ",")
    negative = value < 0 and any(c in text for c in "123456789")
    return ("\u2212" if negative else "") + text


def percent(share: float, lang: str, decimals: int = 0) -> str:
    """A share (0-1) as a percentage, with the space that bokmål wants before the sign."""
    return number(100 * share, lang, decimals) + ("\u00a0%" if lang == "nb" else "%")


_MONTHS = {
    "nb": ("jan.", "feb.", "mars", "april", "mai", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "des."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def month_name(year: int, month: int, lang: str) -> str:
    """«jan. 2026» or «Jan 2026»."""
    return f"{_MONTHS[lang][month - 1]} {year}"
