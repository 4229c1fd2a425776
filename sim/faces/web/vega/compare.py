"""Charts of a comparison: lines with bands, curves, spans of differences, the plane of cost and effect."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, percent, points, thousands
from sim.faces.web.vega.time import time_x

SERIES = ("0", "A", "B", "C", "D")
DASHES = ([6, 4], [1, 0], [8, 3], [2, 2], [8, 3, 2, 3])
SHAPES = ("circle", "circle", "square", "triangle-up", "diamond")


def _colour(colours: dict[str, str]) -> dict[str, Any]:
    used = [colours[name] for name in ("null", "scenario", "lost", "third", "fourth")]
    return {"field": "series", "type": "nominal", "scale": {"domain": list(SERIES), "range": used}}


def _dash() -> dict[str, Any]:
    return {"field": "series", "type": "nominal", "scale": {"domain": list(SERIES), "range": list(DASHES)}}


def _letters(colours: dict[str, str], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {"name": "ends"},
        "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 13, "fontWeight": "bold"},
        "encoding": {"x": x, "y": {**y, "field": "y"}, "text": {"field": "text"}, "color": _colour(colours)},
    }


def _wide(spec: Spec) -> Spec:
    """Room for letters to the right."""
    return spec | {"padding": spec["padding"] | {"right": 22}}


def _shares(lang: str) -> dict[str, Any]:
    return {
        "type": "quantitative",
        "scale": {"domain": [0, 1], "nice": False},
        "axis": {"labelExpr": percent(lang), "tickCount": 5},
    }


def lines(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Medians and bands over time, a letter at each line's end."""
    x, y = time_x(), _shares(lang)
    return {
        **_wide(frame(colours, 320)),
        "layer": [
            {
                "data": {"name": "rows"},
                "transform": [{"filter": "datum.series != '0'"}],
                "mark": {"type": "area", "opacity": 0.2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": _colour(colours)},
            },
            {
                "data": {"name": "mark"},
                "mark": {"type": "rule", "color": colours["text"], "strokeWidth": 1, "strokeDash": [2, 3]},
                "encoding": {"x": x},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "line", "strokeWidth": 2.2},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "middle"},
                    "color": _colour(colours),
                    "strokeDash": _dash(),
                },
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0},
                "encoding": {"x": x, "y": {**y, "field": "middle"}, "tooltip": {"field": "tip"}},
            },
            _letters(colours, x, y),
        ],
    }


def curves(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Shares of draws over an amount, a letter at each line's end."""
    y = _shares(lang)
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"nice": False},
        "axis": {
            "labelExpr": thousands(lang),
            "tickCount": 5,
            "grid": False,
            "title": settings["x"],
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titleColor": colours["text"],
        },
    }
    return {
        **_wide(frame(colours, 300)),
        "layer": [
            {
                "data": {"name": "rows"},
                "mark": {"type": "line", "strokeWidth": 2.2},
                "encoding": {"x": x, "y": {**y, "field": "y"}, "color": _colour(colours), "strokeDash": _dash()},
            },
            {
                "data": {"name": "rows"},
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0},
                "encoding": {"x": x, "y": {**y, "field": "y"}, "tooltip": {"field": "tip"}},
            },
            _letters(colours, x, y),
        ],
    }


def spans(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Differences with their intervals, a row each; with ``bars`` drawn from zero, else as the middle half of the draws."""
    bars = bool(settings.get("bars"))
    y = {
        "field": "name",
        "type": "nominal",
        "sort": {"field": "order"},
        "axis": {"domain": False, "ticks": False, "labelLimit": 130, "labelPadding": 6},
    }
    x = {
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"labelExpr": points(lang), "tickCount": 5},
    }
    colour = {
        "condition": {"test": "datum.middle < 0", "value": colours["lost"]},
        "value": colours["scenario"],
    }
    start, end = ("zero", "middle") if bars else ("quarter", "three")
    height = 46 * int(settings["rows"]) + 34
    return {
        **frame(colours, height),
        "data": {"name": "rows"},
        "transform": [{"calculate": "0", "as": "zero"}],
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.34}, "yOffset": 5, "opacity": 0.45},
                "encoding": {
                    "y": y,
                    "x": {**x, "field": start},
                    "x2": {"field": end},
                    "color": colour,
                    "tooltip": {"field": "tip"},
                },
            },
            {
                "mark": {
                    "type": "rule",
                    "strokeWidth": 2,
                    "yOffset": 5,
                    "color": colours["text"] if bars else colours["scenario"],
                },
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "tick", "thickness": 3, "height": {"band": 0.34}, "yOffset": 5, "orient": "vertical"},
                "encoding": {"y": y, "x": {**x, "field": "middle"}, "color": colour},
            },
            {
                "data": {"values": [{}]},
                "mark": {"type": "rule", "color": colours["null"], "strokeWidth": 1.5, "strokeDash": [6, 4]},
                "encoding": {"x": {**x, "datum": 0}},
            },
            {
                "mark": {"type": "text", "align": "right", "dy": -16, "fontSize": 12, "color": colours["text"]},
                "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "text"}},
            },
        ],
    }


def plane(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Every draw's extra effect and extra cost, with lines of equal price."""
    title = {"titleFontSize": 12, "titleFontWeight": "normal", "titleColor": colours["text"]}
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"zero": True, "nice": False},
        "axis": {"labelExpr": thousands(lang), "tickCount": 4, "title": settings["x"], **title},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"zero": True, "nice": False},
        "axis": {
            "labelExpr": thousands(lang, int(settings["decimals"])),
            "tickCount": 5,
            "title": settings["y"],
            **title,
        },
    }
    shape = {"field": "series", "type": "nominal", "scale": {"domain": list(SERIES), "range": list(SHAPES)}}
    return {
        **frame(colours, 340),
        "layer": [
            {
                "data": {"name": "lines"},
                "mark": {"type": "line", "color": colours["text"], "strokeWidth": 1, "strokeDash": [4, 3]},
                "encoding": {"x": x, "y": y, "detail": {"field": "line"}},
            },
            {
                "data": {"name": "lines"},
                "mark": {
                    "type": "text",
                    "align": "right",
                    "baseline": "top",
                    "dx": -4,
                    "dy": 3,
                    "fontSize": 12,
                    "color": colours["text"],
                },
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
            {
                "data": {"name": "dots"},
                "mark": {"type": "point", "filled": True, "size": 32, "opacity": 0.55},
                "encoding": {"x": x, "y": y, "color": _colour(colours), "shape": shape},
            },
            {
                "data": {"name": "centres"},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "shape": "circle",
                    "size": 330,
                    "opacity": 1,
                    "fill": colours["ground"],
                    "strokeWidth": 2,
                },
                "encoding": {"x": x, "y": y, "stroke": _colour(colours)},
            },
            {
                "data": {"name": "centres"},
                "mark": {"type": "text", "fontSize": 13, "fontWeight": "bold", "color": colours["text"]},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
        ],
    }
