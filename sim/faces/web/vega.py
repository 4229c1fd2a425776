"""One Vega-Lite specification for each type of chart; the data come under the names that ``content`` gives them."""

from __future__ import annotations

from typing import Any

from sim.faces.report.table import say

# The report's colours, and for dark pages lighter ones of the same hues: at least 3:1 on either ground.
COLOURS = {
    "light": {
        "scenario": "#0062BA",
        "null": "#1E2B3C",
        "lost": "#D95F02",
        "text": "#1E2B3C",
        "line": "#D5DAE0",
        "ground": "#FFFFFF",
    },
    "dark": {
        "scenario": "#6BB1F7",
        "null": "#F1F4F8",
        "lost": "#FF9A4D",
        "text": "#F1F4F8",
        "line": "#4A525C",
        "ground": "#101418",
    },
}


def specs(lang: str, theme: str) -> dict[str, Any]:
    """The charts' specifications in a language, for a light or a dark page."""
    colours = COLOURS[theme]
    return {
        "fan": _fan(lang, colours),
        "gates": _gates(lang, colours),
        "change": _change(lang, colours),
    }


def _frame(colours: dict[str, str], height: int) -> dict[str, Any]:
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
                "domainColor": colours["text"],
                "tickColor": colours["text"],
                "gridColor": colours["line"],
                "labelFlush": False,
                "title": None,
            },
            "legend": {"disable": True},
        },
    }


def _percent(lang: str) -> str:
    space = "\u00a0" if lang == "nb" else ""
    return f"format(round(datum.value * 100), 'd') + '{space}%'"


def _points(lang: str) -> str:
    mark = "," if lang == "nb" else "."
    return f"replace(replace(format(datum.value * 100, '.3~f'), '.', '{mark}'), '-', '\u2212')"


def _time_x() -> dict[str, Any]:
    return {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"format": "%Y", "tickCount": "year", "grid": False, "labelOverlap": True},
    }


def _bands(colours: dict[str, str], y: dict[str, Any]) -> list[dict[str, Any]]:
    x = _time_x()
    return [
        {
            "data": {"name": "rows"},
            "mark": {"type": "area", "color": colours["scenario"], "opacity": opacity},
            "encoding": {"x": x, "y": {**y, "field": low}, "y2": {"field": high}},
        }
        for low, high, opacity in (("low", "high", 0.18), ("quarter", "three", 0.3))
    ]


def _line(colours: dict[str, str], y: dict[str, Any]) -> list[dict[str, Any]]:
    x = _time_x()
    return [
        {
            "data": {"name": "rows"},
            "mark": {"type": "line", "color": colours["scenario"], "strokeWidth": 2.5},
            "encoding": {"x": x, "y": {**y, "field": "middle"}},
        },
        {
            "data": {"name": "mark"},
            "mark": {"type": "rule", "color": colours["text"], "strokeWidth": 1, "strokeDash": [2, 3]},
            "encoding": {"x": x},
        },
        {
            "data": {"name": "mark"},
            "mark": {"type": "point", "filled": True, "size": 70, "color": colours["scenario"], "opacity": 1},
            "encoding": {"x": x, "y": {**y, "field": "middle"}},
        },
        {
            "data": {"name": "rows"},
            "mark": {"type": "rule", "opacity": 0, "strokeWidth": 9},
            "encoding": {"x": x, "tooltip": {"field": "tip"}},
        },
    ]


def _fan(lang: str, colours: dict[str, str]) -> dict[str, Any]:
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, 1], "nice": False},
        "axis": {"labelExpr": _percent(lang), "tickCount": 5},
    }
    bands = _bands(colours, y)
    null = {
        "data": {"name": "rows"},
        "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {"x": _time_x(), "y": {**y, "field": "null"}},
    }
    dots = {
        "data": {"name": "dots"},
        "mark": {"type": "point", "filled": True, "size": 50, "color": colours["null"], "opacity": 1},
        "encoding": {"x": _time_x(), "y": {**y, "field": "y"}, "tooltip": {"field": "tip"}},
    }
    return {**_frame(colours, 300), "layer": [*bands, null, *_line(colours, y), dots]}


def _change(lang: str, colours: dict[str, str]) -> dict[str, Any]:
    y = {
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"labelExpr": _points(lang), "tickCount": 5},
    }
    zero = {
        "data": {"name": "rows"},
        "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {"x": _time_x(), "y": {**y, "datum": 0}},
    }
    return {**_frame(colours, 300), "layer": [*_bands(colours, y), zero, *_line(colours, y)]}


def _gates(lang: str, colours: dict[str, str]) -> dict[str, Any]:
    y = {
        "field": "name",
        "type": "nominal",
        "sort": {"field": "order"},
        "axis": {"domain": False, "ticks": False, "labelLimit": 140, "labelPadding": 6},
    }
    x = {
        "field": "start",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "nice": False},
        "axis": {"labelExpr": _percent(lang), "values": [0, 0.25, 0.5, 0.75, 1]},
    }
    return {
        **_frame(colours, 300),
        "data": {"name": "rows"},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.62}, "tooltip": True},
                "encoding": {
                    "y": y,
                    "x": x,
                    "x2": {"field": "end"},
                    "color": {
                        "field": "kind",
                        "scale": {"domain": ["whole", "lost"], "range": [colours["scenario"], colours["lost"]]},
                    },
                    "tooltip": {"field": "tip"},
                },
            },
            {
                "mark": {"type": "rule", "color": colours["null"], "strokeWidth": 2.5, "yOffset": 12},
                "encoding": {"y": y, "x": {**x, "field": "nullStart"}, "x2": {"field": "nullEnd"}},
            },
            _label("datum.end <= 0.8", "end", colours["text"], 4),
            _label("datum.end > 0.8 && datum.kind == 'lost'", "start", colours["text"], -4),
            _label("datum.end > 0.8 && datum.kind == 'whole'", "start", colours["ground"], 6),
        ],
    }


def _label(where: str, at: str, colour: str, apart: int) -> dict[str, Any]:
    """A bar's number: after it, before it where there is no room, inside where it fills the chart."""
    return {
        "transform": [{"filter": where}],
        "mark": {
            "type": "text",
            "align": "left" if apart > 0 else "right",
            "dx": apart,
            "color": colour,
            "fontSize": 12,
        },
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": {"field": "order"}},
            "x": {"field": at, "type": "quantitative"},
            "text": {"field": "text"},
        },
    }


def keys(lang: str) -> list[tuple[str, str]]:
    """What the lines of the time charts are: the class of the swatch, and the words."""
    return [
        ("scenario", say(lang, "dette scenarioet (median og bånd)", "this scenario (median and bands)")),
        ("null", say(lang, "nullalternativet", "the null alternative")),
    ]
