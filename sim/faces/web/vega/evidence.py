"""What was foreseen beside what came, and what moved: charts of the evidence."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, percent

ROW = 30  # pixels


def _names(width: int) -> dict[str, Any]:
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"domain": False, "ticks": False, "labelLimit": width, "labelPadding": 6},
    }


def foreseen(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """An interval for each prediction, the published figure as a dot, the naive forecast as a square."""
    y = _names(200)
    x = {
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {"labelExpr": percent(lang), "tickCount": 5},
    }
    tip = {"field": "tip"}

    def mark(kind: dict[str, Any], field: str) -> dict[str, Any]:
        return {"mark": kind, "encoding": {"y": y, "x": {**x, "field": field}, "tooltip": tip}}

    return {
        **frame(colours, {"step": ROW}),
        "data": {"name": "rows"},
        "layer": [
            {
                "mark": {"type": "rule", "color": colours["scenario"], "strokeWidth": 3},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "tooltip": tip},
            },
            mark({"type": "tick", "color": colours["scenario"], "thickness": 3, "height": 16}, "middle"),
            mark(
                {
                    "type": "point",
                    "shape": "square",
                    "size": 60,
                    "filled": False,
                    "color": colours["lost"],
                    "strokeWidth": 2,
                    "opacity": 1,
                },
                "naive",
            ),
            mark({"type": "point", "filled": True, "size": 70, "color": colours["null"], "opacity": 1}, "published"),
        ],
    }


def moved(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """A bar for each parameter, with its number."""
    y = _names(240)
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"labelExpr": percent(lang), "values": [0, 0.25, 0.5, 0.75, 1]},
    }
    return {
        **frame(colours, {"step": 22}),
        "data": {"name": "rows"},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.65}},
                "encoding": {
                    "y": y,
                    "x": x,
                    "tooltip": {"field": "tip"},
                    "color": {
                        "field": "kind",
                        "scale": {"domain": ["informed", "silent"], "range": [colours["scenario"], colours["faint"]]},
                    },
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 12, "color": colours["text"]},
                "encoding": {"y": y, "x": x, "text": {"field": "text"}},
            },
        ],
    }
