"""What all charts of the page share: colours, frame, how numbers are written on axes."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

# The report's colours, and for dark pages lighter ones of the same hues: at least 3:1 on either ground.
COLOURS = {
    "light": {
        "scenario": "#0062BA",
        "null": "#1E2B3C",
        "lost": "#D95F02",
        "third": "#0B8585",
        "fourth": "#7A3E9D",
        "faint": "#8A94A3",
        "text": "#1E2B3C",
        "line": "#D5DAE0",
        "ground": "#FFFFFF",
    },
    "dark": {
        "scenario": "#6BB1F7",
        "null": "#F1F4F8",
        "lost": "#FF9A4D",
        "third": "#3FC9C9",
        "fourth": "#D0A5F0",
        "faint": "#8A94A3",
        "text": "#F1F4F8",
        "line": "#4A525C",
        "ground": "#101418",
    },
}


def frame(colours: dict[str, str], height: int | dict[str, int]) -> Spec:
    """A specification without marks: as wide as its place, ``height`` pixels high, or so much for each row."""
    return {
        "width": "container",
        "height": height,
        "background": "transparent",
        "padding": {"left": 4, "right": 8, "top": 6, "bottom": 4},
        "autosize": {"type": "fit-x", "contains": "padding", "resize": True},
        "config": {
            "aria": False,
            "mark": {"aria": False},
            "font": 'Inter, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
            "view": {"stroke": None},
            "axis": {
                "aria": False,
                "labelColor": colours["text"],
                "labelFontSize": 12,
                "titleColor": colours["text"],
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "domainColor": colours["text"],
                "tickColor": colours["text"],
                "gridColor": colours["line"],
                "labelFlush": False,
                "title": None,
            },
            "legend": {"disable": True},
        },
    }


def thousands(lang: str, decimals: int = 0) -> str:
    """The label of an axis of amounts."""
    mark, space = (",", "\u00a0") if lang == "nb" else (".", ",")
    grouped = f"replace(format(datum.value, ',.{decimals}f'), '.', '#')"
    return f"replace(replace(replace({grouped}, regexp(',', 'g'), '{space}'), '#', '{mark}'), '-', '\u2212')"


def percent(lang: str) -> str:
    """The label of an axis of shares."""
    space = "\u00a0" if lang == "nb" else ""
    return f"format(round(datum.value * 100), 'd') + '{space}%'"


def points(lang: str) -> str:
    """The label of an axis of differences of shares, in percentage points."""
    mark = "," if lang == "nb" else "."
    return f"replace(replace(format(datum.value * 100, '.3~f'), '.', '{mark}'), '-', '\u2212')"


def plain(lang: str) -> str:
    """The label of an axis of numbers."""
    mark, space = (",", "\u00a0") if lang == "nb" else (".", ",")
    return f"replace(replace(replace(format(datum.value, ',~f'), /,/g, '_'), '.', '{mark}'), /_/g, '{space}')"
