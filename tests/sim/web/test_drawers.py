"""Every kind of chart of the page is drawn for files too; one that is not is told of, and its numbers are taken along."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from sim.faces.charts import drawn
from sim.faces.charts.chart import Chart
from sim.faces.report.table import Table
from sim.faces.takeaway import bundle
from sim.faces.takeaway.dossier import Dossier, Section
from sim.faces.web import vega
from tests.sim.web import marks


def chart(kind: str, rows: list[dict[str, Any]]) -> Chart:
    table = Table("Tall", ["Navn", "Andel"], ["text", "share"], [["=a", 0.25], ["b", 0.5]])
    return Chart("one", kind, "Funnet: A & B < C", "Hva det er", "Slik leses det", table, {"rows": rows})


def dossier(one: Chart) -> Dossier:
    sections = (Section("part", "Del", (), (one,)),)
    return Dossier(
        "nb", "Tittel", "Hva", ("Svaret.",), sections, (("Frø", 1),), "kilde", "utrulling", "rapport", "Tittel"
    )


def test_every_kind_of_the_page_is_drawn_for_files() -> None:
    assert set(vega.KINDS) <= set(drawn.KINDS)


def test_a_kind_that_nothing_draws_is_told_of_and_its_numbers_are_there() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.bundle(dossier(chart("unheard-of", []))))) as given:
        names = given.namelist()
        told = given.read("LESMEG.txt").decode()
        numbers = given.read("csv/one.csv").decode()
    assert "Uten figurfil: «Funnet: A & B < C»" in told
    assert not [name for name in names if name.startswith("figurer/")]
    assert numbers == "Navn,Andel\r\n'=a,0.25\r\nb,0.5\r\n"


def test_a_zip_without_slides_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.faces.takeaway.slides.available", lambda: False)
    with zipfile.ZipFile(io.BytesIO(bundle.bundle(dossier(chart("unheard-of", []))))) as given:
        assert "pip install 'utrulling[pptx]'" in given.read("LESMEG.txt").decode()
        assert "funn.pptx" not in given.namelist()


DAY = 86_400_000
MONTHS = [DAY * day for day in (20_000, 20_030, 20_061)]
FORESEEN = [
    {"name": "mars 2025", "low": 0.42, "middle": 0.47, "high": 0.53, "published": 0.51, "naive": 0.455},
    {"name": "juni 2025", "low": 0.5, "middle": 0.55, "high": 0.61, "published": 0.62, "naive": 0.51},
]
MOVED = [
    {"name": "a", "value": 0.8, "kind": "informed", "text": "80 %"},
    {"name": "b", "value": 0.05, "kind": "silent", "text": "5 %"},
]
LINES = [
    {"x": x, "series": series, "low": y - 0.1, "middle": y, "high": y + 0.15}
    for series, at in (("0", 0.3), ("A", 0.4), ("B", 0.45))
    for x, y in zip(MONTHS, (at, at + 0.05, at + 0.02), strict=True)
]
ENDS = [{"x": MONTHS[-1], "y": 0.4, "series": "A", "text": "A"}]
CURVES = [
    {"x": x, "y": y, "series": s} for s, y in (("0", 0.2), ("A", 0.8)) for x, y in ((0, y), (10, y / 2), (20, 0.1))
]
SPANS = [
    {
        "name": n,
        "order": o,
        "low": m - 0.03,
        "quarter": m - 0.01,
        "middle": m,
        "three": m + 0.02,
        "high": m + 0.05,
        "text": n,
    }
    for o, (n, m) in enumerate((("A", 0.04), ("B", -0.02)))
]
DOTS = [{"x": x, "y": y, "series": "A"} for x, y in ((100.0, 4.0), (250.0, 3.0), (180.0, 9.0))]
PLANE = {
    "lines": [{"x": x, "y": y, "line": "1", "text": "1 000 kr"} for x, y in ((0.0, 0.0), (300.0, 8.0))],
    "dots": DOTS,
    "centres": [{"x": 170.0, "y": 5.0, "series": "A", "text": "A"}],
}
TORNADO = [
    {"name": n, "order": o, "low": low, "high": 0.7, "middle": 0.6, "text": n}
    for o, (n, low) in enumerate((("a", 0.5), ("b", 0.55)))
]
GANTT = {
    "span": [{"x": DAY * 20_000}, {"x": DAY * 21_000}],
    "rows": [
        {"name": "a", "x": DAY * 20_100, "x2": DAY * 20_400, "phase": 2},
        {"name": "b", "x": DAY * 20_400, "x2": DAY * 21_000, "phase": 4},
    ],
    "tails": [{"name": "a", "low": DAY * 20_300, "x": DAY * 20_350, "high": DAY * 20_700, "of": "write"}],
    "null": [{"name": "a", "x": DAY * 20_900}],
    "labels": [{"name": "a", "x": DAY * 20_400, "text": "juni", "side": "before"}],
    "plans": [{"name": "b", "x": DAY * 20_200, "sure": False}],
    "laws": [{"x": DAY * 20_500, "low": DAY * 20_450, "high": DAY * 20_600}],
    "begun": [],
}
MONEY = [
    {"year": 2026, "cost": 10.0, "low": 8.0, "high": 13.0, "budget": 12.0},
    {"year": 2027, "cost": 4.0, "low": 3.0, "high": 6.0, "budget": 6.0},
]
KNEE = [
    {"rate": r, "ms": ms, "which": which, "search": 1, "held": r < 500}
    for which, times in (("p50", (2.0, 3.0, 40.0)), ("p99", (5.0, 20.0, 900.0)))
    for r, ms in zip((100.0, 400.0, 800.0), times, strict=True)
]
SECONDS = [{"second": n, "wanted": 10.0 + n, "sent": 9.0 + n, "failed": float(n)} for n in range(4)]
ROOM = [
    {"x": x, "low": y - 1, "middle": y, "high": y + 2, "hour": y / 2}
    for x, y in zip(MONTHS, (4.0, 6.0, 9.0), strict=True)
]
LIMIT = [{"x": x, "y": 12.0, "low": 10.0, "high": 15.0} for x in (MONTHS[0], MONTHS[-1])]
X, Y = 0, 1
# By kind: the data, the settings, and marks with the numbers that they show, each along an axis.
EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[str, int, list[float]]]]] = {
    "foreseen": (
        {"rows": FORESEEN},
        {},
        [("low-high", X, [v for r in FORESEEN for v in (r["low"], r["high"])])]
        + [(f, X, [r[f] for r in FORESEEN]) for f in ("middle", "naive", "published")],
    ),
    "moved": ({"rows": MOVED}, {}, [(f"bar-{n}", X, [0.0, r["value"]]) for n, r in enumerate(MOVED)]),
    "lines": (
        {"rows": LINES, "ends": ENDS, "mark": [LINES[1]]},
        {},
        [(f"middle-{s}", Y, [r["middle"] for r in LINES if r["series"] == s]) for s in "0AB"]
        + [("low-high-A", Y, [r[f] for r in LINES if r["series"] == "A" for f in ("low", "high")])],
    ),
    "curves": (
        {"rows": CURVES, "ends": []},
        {"x": "kr"},
        [(f"y-{s}", Y, [r["y"] for r in CURVES if r["series"] == s]) for s in "0A"],
    ),
    "spans": (
        {"rows": SPANS},
        {},
        [
            (f"{mark}-{r['order']}", X, [r[f] for f in fields])
            for r in SPANS
            for mark, fields in (("low-high", ("low", "high")), ("bar", ("quarter", "three")), ("middle", ("middle",)))
        ],
    ),
    "plane": (
        PLANE,
        {"x": "x", "y": "y", "decimals": 0},
        [("dots-A", Y, [d["y"] for d in DOTS]), ("line-0", Y, [0.0, 8.0])],
    ),
    "tornado": (
        {"rows": TORNADO, "middle": [{"x": 0.6}]},
        {},
        [(f"{f}-{r['order']}", X, [r[f], 0.6]) for r in TORNADO for f in ("low", "high")] + [("middle", X, [0.6])],
    ),
    "gantt": (
        GANTT,
        {"names": ["a", "b"]},
        [(f"bar-{n}", X, [r["x"], r["x2"]]) for n, r in enumerate(GANTT["rows"])]
        + [("tail-0", X, [DAY * 20_300, DAY * 20_700]), ("null-0", X, [DAY * 20_900])],
    ),
    "money": (
        {"rows": MONEY},
        {},
        [(f"bar-{n}", Y, [0.0, r["cost"]]) for n, r in enumerate(MONEY)]
        + [("low-high", Y, [r[f] for r in MONEY for f in ("low", "high")]), ("budget", Y, [12.0, 6.0])],
    ),
    "knee": (
        {"rows": KNEE, "knee": [{"x": 600.0, "low": 500.0, "high": 700.0}], "limit": [{"y": 40.0}]},
        {},
        [(f"{w}-1", X, [100.0, 400.0, 800.0]) for w in ("p50", "p99")] + [("knee", X, [600.0])],
    ),
    "timeline": ({"rows": SECONDS}, {}, [(f, Y, [r[f] for r in SECONDS]) for f in ("wanted", "sent")]),
    "headroom": (
        {"rows": ROOM, "limit": LIMIT},
        {"log": False},
        [(f, Y, [r[f] for r in ROOM]) for f in ("middle", "hour")] + [("limit", Y, [12.0])],
    ),
}


def test_every_kind_has_an_example_here_or_is_drawn_from_the_page() -> None:
    assert set(EXAMPLES) | {"fan", "gates", "change"} == set(drawn.KINDS)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_marks_stand_where_their_numbers_are(kind: str) -> None:
    data, settings, shown = EXAMPLES[kind]
    one = replace(chart(kind, []), data=data, settings=settings)
    root = marks.elements(drawn.svg(one, "nb", "kilde"))
    first, axis, values = shown[0]
    corners = marks.points(marks.group(root, first))[:, axis]
    ends = [corners.min(), corners.max()] if axis == X else [corners.max(), corners.min()]  # Y is upwards
    fitted = marks.scale([min(values), max(values)], ends)
    for name, along, numbers in shown:
        assert marks.shown(numbers, marks.points(marks.group(root, name))[:, along], fitted), (name, numbers)


def test_numbers_stand_beside_their_bars() -> None:
    root = marks.elements(drawn.svg(chart("moved", MOVED), "nb"))
    assert {"80 %", "5 %", "a", "b"} <= {"".join(t.itertext()) for t in root.iter("text")}


def test_what_is_drawn_is_the_same_every_time_and_stays_text() -> None:
    one = replace(chart("moved", MOVED), finding="<script>$x$</script>", what="$\\frac{1}{2}$")
    first = drawn.svg(one, "nb", "kilde")
    assert first == drawn.svg(one, "nb", "kilde")
    assert "<script" not in first
    assert ET.fromstring(first) is not None
    assert drawn.png(one, "nb", "kilde") == drawn.png(one, "nb", "kilde")
