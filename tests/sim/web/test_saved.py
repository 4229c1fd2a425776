"""Scenarios saved on the server: every save is a version, none is lost, and hostile forms harm nobody."""

import sqlite3
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from sim.faces.web.shelf import LARGEST, Shelf
from tests.sim.web.server import Server, serving

HOSTILE = "</script><b onmouseover='x'>{{7*7}}"
STATE = "scenario=small.yaml&elearning=9~2026-03"


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "small.yaml", "--workers", "1") as running:
        yield running


def form(**fields: str) -> dict[str, str]:
    return {"name": "Vår plan", "author": "Kari", "comment": ""} | fields


def test_every_save_is_a_version_however_many_save_at_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "scenarios.sqlite")
    assert shelf.latest(10) == []
    with ThreadPoolExecutor(8) as many:
        made = list(many.map(lambda i: shelf.save("plan", f"a{i}", "", "q", "f"), range(40)))
    assert sorted(v.number for v in made) == list(range(1, 41))
    assert [v.number for v in shelf.history("plan")] == list(range(40, 0, -1))
    assert shelf.latest(10) == shelf.history("plan")[:1]
    assert shelf.find(made[0].id) == made[0]


def test_a_version_can_be_neither_changed_nor_removed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "scenarios.sqlite")
    shelf.save("plan", "a", "", "q", "f")
    with sqlite3.connect(shelf.file) as raw:
        for harm in ("DELETE FROM version", "UPDATE version SET author = 'b'"):
            with pytest.raises(sqlite3.IntegrityError, match="a version stays"):
                raw.execute(harm)
    assert [v.author for v in shelf.history("plan")] == ["a"]


def test_what_is_saved_is_opened_again_and_told_apart(server: Server) -> None:
    told = server.post(f"lagre?{STATE}", form(comment="første"))
    assert told.status == 303
    assert told.headers["location"] == "lagret?navn=V%C3%A5r+plan"
    cookie = told.headers["set-cookie"]
    assert "author=Kari" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    server.post(f"lagre?{STATE.replace('9~', '12~')}&single-sign-on=2026-06", form(author="Ola"))
    history = server.get(told.headers["location"]).text
    assert history.index(">Ola<") < history.index(">Kari<")
    assert "første" in history
    assert "elearning=12~2026-03" in history
    told_apart = server.get("lagret?fra=1&til=2").text
    assert "12 % per måned, fra mars 2026".replace(" %", "\u00a0%") in told_apart
    assert "gjennomføres ikke" in told_apart
    assert "Vår plan" in server.get("").text
    file = server.get("lagret.yaml?versjon=1")
    assert 'filename="var-plan-v1.yaml"' in file.headers["content-disposition"]
    assert yaml.safe_load(file.text)["title"] == "Vår plan"
    assert 'value="Kari"' in server.get("utforsk", cookie="author=Kari").text


def test_a_form_of_another_site_saves_nothing(server: Server) -> None:
    before = server.get("lagret").text
    for headers in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "", "origin": "http://angriper.example"},
    ):
        assert server.post(f"lagre?{STATE}", form(name="Fremmed"), **headers).status == 403
    assert server.get("lagret").text == before


@pytest.mark.parametrize(
    "fields",
    [
        form(name=""),
        form(author=""),
        form(name="a" * 81),
        form(comment="a" * 301),
        form(author="a\u202eb"),
        form() | {"id": "1"},
        b"name=a&name=b&author=c",
        b"name=%00&author=c",
        b"name=" + b"a" * 30_000,
        b"name=%ff%fe&author=\xff" * 100,
        b"&" * 10_000,
    ],
    ids=range(11),
)
def test_a_wrong_form_is_told_so_and_saves_nothing(server: Server, fields: dict[str, str] | bytes) -> None:
    before = server.get("lagret").text
    answer = server.post(f"lagre?{STATE}", fields)
    assert answer.status == 400
    assert server.get("lagret").text == before


def test_hostile_words_stay_words(server: Server) -> None:
    told = server.post(
        f"lagre?{STATE}", form(name=HOSTILE, author=HOSTILE, comment=HOSTILE + "'; DROP TABLE version;--")
    )
    assert told.status == 303
    for path in ("", "lagret", told.headers["location"]):
        text = server.get(path).text
        assert "<b onmouseover" not in text
        assert "{{7*7}}" in text
    for path in (
        "lagret?navn=" + urllib.parse.quote("' OR 1=1"),
        "lagret.yaml?versjon=1%20OR%201",
        "lagret?fra=1&til=x",
    ):
        assert server.get(path).status == 400


def test_too_large_a_scenario_is_refused(tmp_path: Path) -> None:
    from sim.errors import UserError

    with pytest.raises(UserError, match="larger than 256 kB"):
        Shelf(tmp_path / "s.sqlite").save("plan", "a", "", "q", "æ" * (LARGEST // 2 + 1))


def test_a_server_killed_in_the_middle_loses_nothing_that_it_acknowledged(folder: Path) -> None:
    with (
        serving(folder, "small.yaml", "--workers", "1", "--folder", "killed") as running,
        ThreadPoolExecutor(4) as many,
    ):
        acknowledged: list[str] = []

        def save(thread: int) -> None:
            for number in range(200):
                name = f"{thread}-{number}"
                try:
                    if running.post(f"lagre?{STATE}", form(name=name)).status == 303:
                        acknowledged.append(name)
                except OSError:
                    return
                if len(acknowledged) == 25:
                    running.process.kill()

        list(many.map(save, range(4)))
        running.process.wait(30)
    shelf = Shelf(folder / "killed" / "scenarios.sqlite")
    assert 25 <= len(acknowledged) < 800
    assert set(acknowledged) <= {v.name for v in shelf.latest(1000)}
    with sqlite3.connect(shelf.file) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
