"""Where entries stop: a waterfall from registered to synced, the null alternative's bars as lines under it."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, percent


def gates(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """The waterfall; ``alone`` without the null alternative's lines."""
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
        "axis": {"labelExpr": percent(lang), "values": [0, 0.25, 0.5, 0.75, 1]},
    }
    null = {
        "mark": {"type": "rule", "color": colours["null"], "strokeWidth": 2.5, "yOffset": 12},
        "encoding": {"y": y, "x": {**x, "field": "nullStart"}, "x2": {"field": "nullEnd"}},
    }
    return {
        **frame(colours, 300),
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
            *([] if settings.get("alone") else [null]),
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
