"""One Vega-Lite specification for each kind of chart; the data come under the names that the chart's content gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.faces.charts.chart import Chart
from sim.faces.web.vega.capacity import headroom, knee, timeline
from sim.faces.web.vega.compare import curves, lines, plane, spans
from sim.faces.web.vega.evidence import foreseen, moved
from sim.faces.web.vega.frame import COLOURS, Spec
from sim.faces.web.vega.gates import gates
from sim.faces.web.vega.plan import gantt, money
from sim.faces.web.vega.time import change, fan
from sim.faces.web.vega.tornado import tornado

KINDS: dict[str, Callable[[str, dict[str, str], dict[str, Any]], Spec]] = {
    "fan": fan,
    "gates": gates,
    "change": change,
    "gantt": gantt,
    "money": money,
    "knee": knee,
    "timeline": timeline,
    "headroom": headroom,
    "lines": lines,
    "curves": curves,
    "spans": spans,
    "plane": plane,
    "tornado": tornado,
    "foreseen": foreseen,
    "moved": moved,
}


def spec(kind: str, lang: str, settings: dict[str, Any] | None = None) -> dict[str, Spec]:
    """The specification of a kind of chart in a language, by theme of the page (light, dark)."""
    return {theme: KINDS[kind](lang, colours, settings or {}) for theme, colours in COLOURS.items()}


def drawn(charts: list[Chart], lang: str) -> dict[str, Any]:
    """What the page's script needs to draw charts that do not move, by their names."""
    return {c.name: c.as_json(lang) | {"specs": spec(c.kind, lang, c.settings)} for c in charts}
