"""Capacity: the knee, a run second by second, the headroom of each month."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, plain
from sim.faces.web.vega.time import time_x

TIP = {"field": "tip"}


def knee(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Response times by achieved rate, on logarithmic axes of time."""
    x = {
        "field": "rate",
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": {
            "labelExpr": plain(lang),
            "tickCount": 6,
            "grid": False,
            "title": {"nb": "åpninger per sekund", "en": "openings per second"}[lang],
        },
    }
    y = {
        "field": "ms",
        "type": "quantitative",
        "scale": {"type": "log"},
        "axis": {"labelExpr": plain(lang), "tickCount": 4, "title": "ms"},
    }
    layers: list[dict[str, Any]] = [
        {
            "data": {"name": "knee"},
            "mark": {"type": "rect", "color": colours["lost"], "opacity": 0.16},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "data": {"name": "knee"},
            "mark": {"type": "rule", "color": colours["lost"], "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "x"}},
        },
        {
            "data": {"name": "limit"},
            "mark": {"type": "rule", "color": RED[colours["ground"]], "strokeWidth": 2, "strokeDash": [8, 3]},
            "encoding": {"y": {**y, "field": "y"}},
        },
    ]
    for which, colour, dash in (("p50", colours["null"], [6, 4]), ("p99", colours["scenario"], [1, 0])):
        one = f"datum.which == '{which}'"
        layers.append(
            {
                "data": {"name": "rows"},
                "transform": [{"filter": one}],
                "mark": {"type": "line", "color": colour, "strokeWidth": 1.5, "strokeDash": dash},
                "encoding": {"x": x, "y": y, "detail": {"field": "search"}},
            }
        )
        for held, fill in (("datum.held", colour), ("!datum.held", colours["ground"])):
            layers.append(
                {
                    "data": {"name": "rows"},
                    "transform": [{"filter": f"{one} && {held}"}],
                    "mark": {
                        "type": "point",
                        "size": 60,
                        "opacity": 1,
                        "stroke": colour,
                        "strokeWidth": 2,
                        "fill": fill,
                    },
                    "encoding": {"x": x, "y": y, "tooltip": TIP},
                }
            )
    return {**frame(colours, 300), "layer": layers}


RED = {"#FFFFFF": "#B3253A", "#101418": "#FF8A93"}  # of a requirement, by the page's ground


def timeline(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Calls wanted, sent and failed in each second."""
    x = {
        "field": "second",
        "type": "quantitative",
        "scale": {"nice": False},
        "axis": {
            "labelExpr": plain(lang),
            "tickMinStep": 1,
            "grid": False,
            "title": {"nb": "sekunder", "en": "seconds"}[lang],
        },
    }
    y = {"type": "quantitative", "scale": {"zero": True}, "axis": {"labelExpr": plain(lang), "tickCount": 5}}
    return {
        **frame(colours, 260),
        "data": {"name": "rows"},
        "layer": [
            {
                "mark": {"type": "bar", "color": colours["lost"], "width": 6},
                "encoding": {"x": x, "y": {**y, "field": "failed"}, "tooltip": TIP},
            },
            {
                "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [6, 4]},
                "encoding": {"x": x, "y": {**y, "field": "wanted"}},
            },
            {
                "mark": {"type": "line", "color": colours["scenario"], "strokeWidth": 2.5, "point": False},
                "encoding": {"x": x, "y": {**y, "field": "sent"}},
            },
            {
                "mark": {"type": "rule", "opacity": 0, "strokeWidth": 9},
                "encoding": {"x": x, "tooltip": TIP},
            },
        ],
    }


def headroom(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """The short peak of each month against the capacity with its range."""
    scale = {"type": "log"} if settings["log"] else {"zero": True}
    y = {"type": "quantitative", "scale": scale, "axis": {"labelExpr": plain(lang), "tickCount": 5}}
    x = time_x()
    return {
        **frame(colours, 300),
        "layer": [
            {
                "data": {"name": "limit"},
                "mark": {"type": "area", "color": colours["lost"], "opacity": 0.16},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "area", "color": colours["scenario"], "opacity": 0.2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"name": "limit"},
                "mark": {"type": "line", "color": colours["lost"], "strokeWidth": 2.5},
                "encoding": {"x": x, "y": {**y, "field": "y"}},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "line", "color": colours["null"], "strokeWidth": 2, "strokeDash": [2, 3]},
                "encoding": {"x": x, "y": {**y, "field": "hour"}},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "line", "color": colours["scenario"], "strokeWidth": 2.5},
                "encoding": {"x": x, "y": {**y, "field": "middle"}},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "rule", "opacity": 0, "strokeWidth": 9},
                "encoding": {"x": x, "tooltip": TIP},
            },
        ],
    }
