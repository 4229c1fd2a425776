"""Sammenlign: scenarios are added, edited and removed by links, and the printed command repeats the numbers."""

import html
import json
import re
import shlex
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.data import shipped
from tests.sim.web.server import Server

A = "a=small.yaml!elearning:9~2026-03!F\u00f8rst"
B = "b=small.yaml!elearning:3.5~2026-03,eid-nurses:25~2026-06!Begge"
PAIR = urllib.parse.quote(f"{A}&{B}", safe="=&!:~,")


def setup(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="setup">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def links(page: str, words: str) -> list[str]:
    """The addresses of the links whose text begins so."""
    return [html.unescape(a) for a in re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>{words}', page)]


def titles(page: str) -> list[str]:
    return re.findall(r"<strong>([A-D])</strong> ([^\n]+)", page)


def test_what_utforsk_looks_at_is_added_by_one_link_and_can_be_edited_and_removed(server: Server) -> None:
    one = server.follow("sammenlign?elearning=9~2026-03&name=F%C3%B8rst").text
    assert titles(one) == [("A", "F\u00f8rst")]
    explore = server.follow(links(one, "Legg til ett til")[0]).text
    assert 'id="compare" href="sammenlign?' in explore
    again = server.follow(links(explore, "Legg til i Sammenlign")[0] + "&single-sign-on=2026-06").text
    assert titles(again) == [("A", "F\u00f8rst"), ("B", "Med FIDO2 og engangsp\u00e5logging")]
    edit = links(again, "Endre i Utforsk")[0]
    changed = server.follow(edit.replace("utforsk", "sammenlign").replace("elearning=9", "elearning=4")).text
    assert titles(changed) == titles(again)
    assert "4 % per m\u00e5ned" in changed.replace("\u00a0", " ")
    assert titles(server.follow(links(again, "Fjern")[0]).text) == [("A", "Med FIDO2 og engangsp\u00e5logging")]


def test_there_is_room_for_four_and_the_fifth_is_told(server: Server) -> None:
    four = "&".join(f"{k}=small.yaml!elearning:{n}~2026-03!N{n}" for n, k in enumerate("abcd", start=1))
    page = server.get(f"sammenlign?{four}&elearning=9~2026-03").text
    assert len(titles(page)) == 4
    assert "Det er plass til fire" in page
    assert "Legg til ett til" not in page


def test_only_what_differs_is_listed_and_the_best_are_counted(server: Server) -> None:
    page = server.get(f"sammenlign?{PAIR}").text
    rows = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td><td>([^<]+)</td><td>([^<]+)</td>', page)
    assert [row[0] for row in rows][:2] == ["eID til sykepleiere i sykehus", "Obligatorisk e-l\u00e6ring"]
    assert rows[0][1:3] == ("\u2013", "\u2013")
    counts = list(map(int, re.findall(r"I (\d+) av 60", page)))
    assert sum(counts) == 60
    twice = server.get(f"sammenlign?{urllib.parse.quote(A, safe='=!:~,')}&b=small.yaml!elearning:9~2026-03!Igjen").text
    assert "I 60 av 60 trekk er A best. I 0 av 60 trekk er B best." in twice


def test_the_printed_command_repeats_differences_and_costs(server: Server, folder: Path) -> None:
    page = server.get(f"sammenlign?{PAIR}&month=2027-12").text
    for address in links(page, "Lagre som YAML"):
        file = server.get(address)
        name = re.search(r'filename="([^"]+)"', file.headers["content-disposition"])
        assert name is not None
        (folder / name.group(1)).write_bytes(file.content)
    printed = re.search(r"<code[^>]*>(utrulling compare [^<]+)</code>", page)
    assert printed is not None
    words = shlex.split(html.unescape(printed.group(1)))
    subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", *words[1:], "--workers", "1", "--out", "again"],
        cwd=folder,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    rows = json.loads((folder / "again" / "summary.json").read_text(encoding="utf-8"))["rows"]
    charts = setup(page)["charts"]

    def told(measure: str) -> list[Any]:
        return [r for r in rows if r["measure"] == measure and r["area"] == "national"]

    for shown, known in zip(charts["differences"]["data"]["rows"], told("gain_rate"), strict=True):
        assert [100 * shown[k] for k in ("low", "middle", "high")] == pytest.approx(
            [known[k] for k in ("p05", "p50", "p95")], rel=1e-6
        )
    for centre, cost, gain in zip(charts["plane"]["data"]["centres"], told("cost"), told("gain_synced"), strict=True):
        assert (centre["y"], centre["x"]) == pytest.approx((cost["mean"], gain["mean"]), rel=1e-6)


@pytest.mark.parametrize(
    "query",
    ["a=x", "a=national!!", "a=small.yaml!elearning:99~2026-03!", "a=small.yaml!elearning:5~2026-03,elearning:6~2026-03!",
     "a=small.yaml!!%00", "edit=a", "a=small.yaml!!&edit=b", "a=small.yaml!x:1!", f"a=small.yaml!!{'n' * 81}"],
)  # fmt: skip
def test_a_comparison_that_means_nothing_is_told(server: Server, query: str) -> None:
    for path in ("sammenlign", "utforsk"):
        answer = server.get(f"{path}?{query}")
        assert answer.status == 400
        assert "<h1" in answer.text


def test_a_scenario_on_other_ground_is_no_alternative(folder: Path) -> None:
    text = "extends: small.yaml\nperiod: {end: 2027-06}\ninterventions: [{name: elearning, start: 2026-03}]\n"
    (folder / "other.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", "compare", "small.yaml", "--with", "other.yaml", "--lang", "en"],
        cwd=folder,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "builds on another scenario" in done.stderr
