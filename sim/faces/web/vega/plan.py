"""The plan over time (Gantt), and a plan's cost against its budget."""

from __future__ import annotations

from typing import Any

from sim.faces.web.vega.frame import Spec, frame, plain

ROW = 34  # pixels of a line


def gantt(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Bars of phases, tails of uncertainty, planned dates, the null alternative's, and the law as vertical lines."""
    y = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": settings["names"]},
        "axis": {"domain": False, "ticks": False, "labelLimit": 175, "labelPadding": 6},
    }
    x = {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc", "nice": False},
        "axis": {"format": "%Y", "tickCount": "year", "grid": True, "labelOverlap": True},
    }
    low, high = {**x, "field": "low"}, {"field": "high"}
    tip = {"field": "tip"}

    def layer(data: str, mark: dict[str, Any], encoding: dict[str, Any], where: str = "") -> dict[str, Any]:
        made: dict[str, Any] = {"data": {"name": data}, "mark": mark, "encoding": encoding}
        return {**made, "transform": [{"filter": where}]} if where else made

    layers = [
        layer(
            "span", {"type": "point", "opacity": 0}, {"x": x}
        ),  # the whole period; a stated domain would clash with x2
        layer("laws", {"type": "rect", "color": colours["text"], "opacity": 0.1}, {"x": low, "x2": high}),
        layer(
            "rows",
            {"type": "bar", "height": {"band": 0.5}, "color": colours["scenario"], "stroke": colours["scenario"]},
            {
                "y": y,
                "x": x,
                "x2": {"field": "x2"},
                "fillOpacity": {
                    "field": "phase",
                    "type": "quantitative",
                    "scale": {"domain": [1, 2, 3, 4], "range": [0.06, 0.22, 0.5, 1]},
                    "legend": None,
                },
                "tooltip": tip,
            },
        ),
        layer(
            "laws",
            {"type": "rule", "color": colours["text"], "strokeWidth": 2, "strokeDash": [6, 4]},
            {"x": x, "tooltip": tip},
        ),
        layer("begun", {"type": "rule", "color": colours["lost"], "strokeWidth": 3}, {"x": x, "tooltip": tip}),
    ]
    for of, offset in (("write", 12), ("technical", -12)):
        where = f"datum.of == '{of}'"
        layers.append(
            layer(
                "tails",
                {"type": "rule", "color": colours["text"], "strokeWidth": 1.5, "yOffset": offset},
                {"y": y, "x": low, "x2": high, "tooltip": tip},
                where,
            )
        )
        layers.append(
            layer(
                "tails",
                {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "size": 22,
                    "color": colours["text"],
                    "yOffset": offset,
                },
                {"y": y, "x": x, "tooltip": tip},
                where,
            )
        )
    layers.append(
        layer(
            "null",
            {"type": "tick", "opacity": 1, "color": colours["null"], "thickness": 3, "height": 24},
            {"y": y, "x": x, "tooltip": tip},
        )
    )
    for where, fill in (("datum.sure", colours["lost"]), ("!datum.sure", colours["ground"])):
        layers.append(
            layer(
                "plans",
                {
                    "type": "point",
                    "shape": "diamond",
                    "size": 70,
                    "opacity": 1,
                    "stroke": colours["lost"],
                    "strokeWidth": 2,
                    "fill": fill,
                },
                {"y": y, "x": x, "tooltip": tip},
                where,
            )
        )
    for side, align, dx, colour in (("after", "left", 6, colours["ground"]), ("before", "right", -6, colours["text"])):
        layers.append(
            layer(
                "labels",
                {"type": "text", "align": align, "dx": dx, "fontSize": 12, "color": colour},
                {"y": y, "x": x, "text": {"field": "text"}},
                f"datum.side == '{side}'",
            )
        )
    return {**frame(colours, ROW * len(settings["names"]) + 24), "layer": layers}


def money(lang: str, colours: dict[str, str], settings: dict[str, Any]) -> Spec:
    """Bars of expected cost, lines of 8 in 10 draws, the budget as a step over each year."""
    x = {"field": "year", "type": "ordinal", "axis": {"labelAngle": 0, "ticks": False}}
    y = {
        "field": "cost",
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": {"labelExpr": plain(lang), "tickCount": 5},
    }
    tip = {"field": "tip"}
    return {
        **frame(colours, 260),
        "data": {"name": "rows"},
        "layer": [
            {
                "mark": {"type": "bar", "width": {"band": 0.55}, "color": colours["scenario"]},
                "encoding": {"x": x, "y": y, "tooltip": tip},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": colours["text"]},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "tooltip": tip},
            },
            {
                "mark": {"type": "tick", "thickness": 4, "width": {"band": 0.9}, "color": colours["lost"]},
                "encoding": {"x": x, "y": {**y, "field": "budget"}, "tooltip": tip},
            },
        ],
    }
