"""The report and the take-away: the same address gives the same bytes, numbers stay numbers, and what people type stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sim.scenario.data import shipped
from tests.sim.web.server import Answer, Server, serving

TURNED = "elearning=9~2026-03&single-sign-on=2026-06&month=2027-12"
TYPED = "name=%3DHYPERLINK(1)%3Cb%3E"  # =HYPERLINK(1)<b>


@pytest.fixture(scope="module")
def zipped(server: Server) -> Answer:
    return server.get(f"rapport.zip?{TURNED}&{TYPED}")


@pytest.fixture(scope="module")
def files(zipped: Answer) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as given:
        return {name: given.read(name) for name in given.namelist()}


@pytest.fixture(scope="module")
def shown(server: Server) -> Any:
    return server.get(f"svar/helt?{TURNED}").json()


def test_the_zip_holds_the_report_the_figures_and_the_numbers(zipped: Answer, files: dict[str, bytes]) -> None:
    assert re.fullmatch(r'attachment; filename="[a-z0-9-]+\.zip"', zipped.headers["content-disposition"])
    wanted = {"LESMEG.txt", "report.html", "data.xlsx", "funn.pptx", "scenario.yaml"}
    wanted |= {f"figurer/{name}.{form}" for name in ("fan", "change", "gates") for form in ("svg", "png")}
    wanted |= {f"csv/{name}{end}.csv" for name in ("fan", "change", "gates", "places") for end in ("", "-excel")}
    assert wanted <= set(files)
    told = files["LESMEG.txt"].decode()
    for fact in ("60", "20240212", "MIT", "utrulling forecast scenario.yaml", "forutsetning", "Siter som"):
        assert fact in told


def test_the_same_address_gives_the_same_bytes_from_another_server(server: Server, zipped: Answer) -> None:
    again = server.get(f"rapport.zip?{TYPED}&{TURNED}&sections=")  # none of the sections: nothing of it is kept
    assert again.content != zipped.content
    with serving(Path(_folder(server)), "small.yaml", "--workers", "1") as other:
        assert other.get(f"rapport.zip?{TURNED}&{TYPED}").content == zipped.content


def _folder(server: Server) -> str:
    return str(Path(f"/proc/{server.process.pid}/cwd").resolve())


def test_the_command_in_the_zip_repeats_its_numbers(files: dict[str, bytes], shown: Any, tmp_path: Path) -> None:
    for name, content in files.items():
        if name.endswith(".yaml"):
            (tmp_path / name).write_bytes(content)
    command = next(line for line in files["LESMEG.txt"].decode().splitlines() if "utrulling forecast" in line)
    done = subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", *shlex.split(command)[1:], "--json", "--workers", "1"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    headline = json.loads(done.stdout)["headline"]
    mark = shown["charts"]["fan"]["data"]["mark"][0]
    assert [mark[k] for k in ("low", "middle", "high")] == [round(headline[k], 5) for k in ("p05", "p50", "p95")]


def test_csv_of_both_kinds_and_the_spreadsheet_have_the_numbers_of_the_chart(
    server: Server, files: dict[str, bytes], shown: Any
) -> None:
    rows = shown["charts"]["fan"]["data"]["rows"]
    wanted = [[r[k] for k in ("low", "quarter", "middle", "three", "high", "null")] for r in rows]
    plain = list(csv.reader(io.StringIO(files["csv/fan.csv"].decode())))
    excel = list(csv.reader(io.StringIO(files["csv/fan-excel.csv"].decode("utf-8-sig")), delimiter=";"))
    assert files["csv/fan-excel.csv"].startswith(b"\xef\xbb\xbf")
    assert re.fullmatch(r"\d{4}-\d\d-15", plain[1][0])
    dots = len(shown["charts"]["fan"]["data"]["dots"])
    assert len(plain) == len(excel) == 1 + len(rows) + dots
    for line, other, numbers in zip(plain[1:], excel[1:], wanted, strict=False):
        assert [float(cell) for cell in line[1:7]] == numbers
        assert [cell.replace(",", ".") for cell in other] == line
    assert files["csv/fan.csv"] == server.get(f"figur/fan.csv?{TURNED}").content
    book = openpyxl.load_workbook(io.BytesIO(files["data.xlsx"]))
    sheet = book.worksheets[0]
    assert [len(s._charts) for s in book.worksheets[:3]] == [1, 1, 1]
    for line, numbers in zip(sheet.iter_rows(min_row=2, values_only=True), wanted, strict=False):
        assert list(line[1:7]) == numbers
    assert book.worksheets[-1].title == "Metadata"


def test_the_table_of_the_report_says_what_the_page_says(files: dict[str, bytes], shown: Any) -> None:
    text = files["report.html"].decode()
    assert text.index(shown["headline"]["value"]) < text.index("<svg")  # the finding comes first
    for chart in shown["charts"].values():
        assert chart["finding"] in text
        for row in chart["table"]["rows"]:
            for cell in row:
                assert f">{cell}</" in text


def test_what_people_type_stays_text(files: dict[str, bytes]) -> None:
    typed = "=HYPERLINK(1)<b>"
    assert "<b>" not in files["report.html"].decode()
    book = openpyxl.load_workbook(io.BytesIO(files["data.xlsx"]))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [c for c in cells if c.value == typed]
    assert not [c for c in cells if c.data_type == "f"]
    for name, content in files.items():
        if name.endswith(".csv"):
            between = ";" if name.endswith("-excel.csv") else ","
            for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=between):
                for cell in row:
                    assert not re.match(r"[=+@\t\r]|-(?![\d,.]+$)", cell), (name, cell)


def test_the_report_needs_no_script_no_style_attribute_and_no_other_machine(
    server: Server, files: dict[str, bytes]
) -> None:
    linked = server.get(f"rapport.html?{TURNED}")
    assert "unsafe" not in linked.headers["content-security-policy"]
    assert server.get("rapport.css").status == 200
    for text in (files["report.html"].decode(), linked.text):
        assert not re.search(r"<script|\son\w+=|\sstyle=|javascript:", text)
        named = set(re.findall(r'(?:href|src)="(?!#)([^"]*)"', text))
        assert named <= {"rapport.css"}
        assert set(re.findall(r"url\(([^)]*)\)", text)) <= set(re.findall(r"url\((#[^)]*)\)", text))
    for form in ("svg", "png"):
        assert server.get(f"figur/gates.{form}?{TURNED}").content == files[f"figurer/gates.{form}"]


def test_slides_have_a_finding_a_picture_with_words_and_the_source(files: dict[str, bytes], shown: Any) -> None:
    pptx = pytest.importorskip("pptx")
    slides = list(pptx.Presentation(io.BytesIO(files["funn.pptx"])).slides)
    findings = [shown["charts"][name]["finding"] for name in ("fan", "change", "gates")]
    assert [slide.shapes.title.text for slide in slides[1:]] == findings
    for slide, finding in zip(slides[1:], findings, strict=True):
        (picture,) = [s for s in slide.shapes if s.shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.PICTURE]
        assert picture._element._nvXxPr.cNvPr.get("descr").startswith(finding)
        assert "20240212" in slide.notes_slide.notes_text_frame.text


def test_sections_come_in_the_order_of_the_address(server: Server) -> None:
    text = server.get(f"rapport.html?{TURNED}&sections=gates,fan").text
    assert re.findall(r'<h2 id="(\w+)"', text) == ["gates", "fan", "method"]
    moved = server.follow(f"rapport?{TURNED}&sections=&sections=gates&sections=fan&move=fan:up")  # as the form sends it
    assert re.findall(r'name="sections" value="(\w+)" checked', moved.text) == ["fan", "gates"]
    assert not re.findall(r'name="sections" value="(\w+)" checked', server.get("rapport?sections=").text)


@pytest.mark.parametrize(
    "path",
    ["rapport?sections=alt", "rapport?move=fan:sideways", "rapport.zip?sections=../x", "figur/fan.exe", "figur/x.svg"]
    + [f"{p}?month=1999-01" for p in ("rapport", "rapport.html", "rapport.xlsx", "rapport.pptx", "figur/fan.svg")],
)
def test_nonsense_is_told(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status == 400
    assert answer.text


def test_in_english(server: Server) -> None:
    with zipfile.ZipFile(io.BytesIO(server.get(f"rapport.zip?lang=en&{TURNED}").content)) as given:
        names = given.namelist()
        text = given.read("report.html").decode()
    assert {"README.txt", "figures/fan.svg", "findings.pptx"} <= set(names)
    assert '<html lang="en">' in text
    assert "null alternative" in text
    assert not re.search(r"\d\u00a0%|\d %", re.sub(r'<span lang="nb">.*?</span>', "", text))
