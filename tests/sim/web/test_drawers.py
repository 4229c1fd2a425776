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


FORESEEN = [
    {"name": "mars 2025", "low": 0.42, "middle": 0.47, "high": 0.53, "published": 0.51, "naive": 0.455},
    {"name": "juni 2025", "low": 0.5, "middle": 0.55, "high": 0.61, "published": 0.62, "naive": 0.51},
]
MOVED = [
    {"name": "a", "value": 0.8, "kind": "informed", "text": "80 %"},
    {"name": "b", "value": 0.05, "kind": "silent", "text": "5 %"},
]


def test_predictions_stand_where_their_numbers_are() -> None:
    root = marks.elements(drawn.svg(chart("foreseen", FORESEEN), "nb", "kilde"))
    at = {name: marks.points(marks.group(root, name))[:, 0] for name in ("low-high", "middle", "naive", "published")}
    fitted = marks.scale([r["low"] for r in FORESEEN] + [r["high"] for r in FORESEEN], _ends(at["low-high"]))
    for field in ("middle", "naive", "published"):
        assert len(at[field]) == len(FORESEEN)
        assert marks.shown([r[field] for r in FORESEEN], at[field], fitted), field


def _ends(corners: Any) -> list[float]:
    return [*corners[0::2], *corners[1::2]]


def test_bars_are_as_long_as_their_numbers_and_have_them_beside() -> None:
    root = marks.elements(drawn.svg(chart("moved", MOVED), "nb"))
    bars = [marks.points(marks.group(root, f"bar-{n}"))[:, 0] for n in range(2)]
    lengths = [bar.max() - bar.min() for bar in bars]
    assert lengths[0] / lengths[1] == pytest.approx(0.8 / 0.05, rel=1e-4)
    texts = ["".join(t.itertext()) for t in root.iter("text")]
    assert {"80 %", "5 %", "a", "b"} <= set(texts)


def test_what_is_drawn_is_the_same_every_time_and_stays_text() -> None:
    one = replace(chart("moved", MOVED), finding="<script>$x$</script>", what="$\\frac{1}{2}$")
    first = drawn.svg(one, "nb", "kilde")
    assert first == drawn.svg(one, "nb", "kilde")
    assert "<script" not in first
    assert ET.fromstring(first) is not None
    assert drawn.png(one, "nb", "kilde") == drawn.png(one, "nb", "kilde")
