"""Charts over time: the fan and the change."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, percent, points


def time_x() -> dict[str, Any]:
    """The axis of time, a tick a year."""
    return {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"format": "%Y", "tickCount": "year", "grid": False, "labelOverlap": True},
    }


def _bands(colours: dict[str, str], y: dict[str, Any]) -> list[dict[str, Any]]:
    x = time_x()
    return [
        {
            "data": {"name": "rows"},
            "mark": {"type": "area", "color": colours["scenario"], "opacity": opacity},
            "encoding": {"x": x, "y": {**y, "field": low}, "y2": {"field": high}},
        }
        for low, high, opacity in (("low", "high", 0.18), ("quarter", "three", 0.3))
    ]


def _line(colours: dict[str, str], y: dict[str, Any]) -> list[dict[str, Any]]:
    x = time_x()
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


def fan(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Median and bands, the null alternative's median, the published dots."""
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, 1], "nice": False},
        "axis": {"labelExpr": percent(lang), "tickCount": 5},
    }
    bands = _bands(colours, y)
    null = {
        "data": {"name": "rows"},
        "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {"x": time_x(), "y": {**y, "field": "null"}},
    }
    dots = {
        "data": {"name": "dots"},
        "mark": {"type": "point", "filled": True, "size": 50, "color": colours["null"], "opacity": 1},
        "encoding": {"x": time_x(), "y": {**y, "field": "y"}, "tooltip": {"field": "tip"}},
    }
    return {**frame(colours, 300), "layer": [*bands, null, *_line(colours, y), dots]}


def change(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Median and bands of the difference to the null alternative."""
    y = {
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"labelExpr": points(lang), "tickCount": 5},
    }
    zero = {
        "data": {"name": "rows"},
        "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [6, 4]},
        "encoding": {"x": time_x(), "y": {**y, "datum": 0}},
    }
    return {**frame(colours, 300), "layer": [*_bands(colours, y), zero, *_line(colours, y)]}
