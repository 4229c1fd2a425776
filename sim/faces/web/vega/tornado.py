"""What the answer hangs on: a bar for each number, from its low end's answer to its high end's."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, percent


def tornado(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """The bars, each with its name and both ends above it."""
    y = {"field": "order", "type": "ordinal", "axis": None}
    x = {
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {"labelExpr": percent(lang), "tickCount": 5},
    }

    def half(field: str, colour: str) -> dict[str, Any]:
        return {
            "mark": {"type": "bar", "height": {"band": 0.3}, "yOffset": 9, "color": colour},
            "encoding": {"y": y, "x": {**x, "field": "middle"}, "x2": {"field": field}, "tooltip": {"field": "tip"}},
        }

    def text(field: str, dy: int) -> dict[str, Any]:
        return {
            "mark": {"type": "text", "align": "left", "dy": dy, "fontSize": 12, "color": colours["text"]},
            "encoding": {"y": y, "x": {"value": 0}, "text": {"field": field}},
        }

    return {
        **frame(colours, 52 * int(settings["rows"]) + 30),
        "data": {"name": "rows"},
        "layer": [
            half("low", colours["lost"]),
            half("high", colours["scenario"]),
            {
                "data": {"name": "middle"},
                "mark": {"type": "rule", "color": colours["null"], "strokeWidth": 1.5},
                "encoding": {"x": {**x, "field": "x"}},
            },
            text("name", -18),
            text("text", -4),
        ],
    }
