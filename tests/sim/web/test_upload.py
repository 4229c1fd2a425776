"""Scenario files sent to the server: told what the command line tells, reading no other file, and harming nobody."""

import os
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sim.scenario.data import shipped
from tests.sim.web.server import SMALL, Answer, Server, serving

OWN = SMALL.format(title="Egen") + "seed: 7\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upload")
    (folder / "small.yaml").write_text(SMALL.format(title="Liten"), encoding="utf-8")
    (folder / "secret.yaml").write_text("hemmelig: 1\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "small.yaml", "--workers", "1") as running:
        yield running


def send(server: Server, content: str | bytes, name: str = "egen.yaml", lang: str = "nb") -> Answer:
    raw = content.encode() if isinstance(content, str) else content
    body = (
        b'--grense\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: application/yaml\r\n\r\n" + raw + b"\r\n--grense--\r\n"
    )
    kind = {"content_type": "multipart/form-data; boundary=grense"}
    return server.post("opplasting" + ("?lang=en" if lang == "en" else ""), body, **kind)


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "out" / "web" / "uploads").rglob("*"))


def test_an_uploaded_scenario_is_one_more_to_turn_levers_on(server: Server, folder: Path) -> None:
    told = send(server, OWN)
    assert told.status == 303
    place = told.headers["location"]
    assert send(server, OWN, "../../annet navn.yaml").headers["location"] == place  # kept by what it says
    query = urllib.parse.urlsplit(place).query
    assert server.get(place).status == 200
    assert "Egen" in server.get("").text
    answer = server.get(f"svar/raskt?{query}&elearning=9~2026-03")
    assert answer.json()["headline"]["change"].startswith("+")
    file = server.get(f"scenario.yaml?{query}&elearning=9~2026-03").text
    assert str(folder) not in file.split("\n", 5)[-1]
    saved = yaml.safe_load(file)
    assert saved["extends"] == "helse-vest"  # a file of its own, for whoever gets it
    assert saved["seed"] == 7
    assert saved["interventions"][0]["name"] == "elearning"


def test_a_fault_is_told_as_on_the_command_line(server: Server, folder: Path) -> None:
    wrong = OWN + "knowlegde: {seats: 1}\nregions: 5\n"
    (folder / "egen.yaml").write_text(wrong, encoding="utf-8")
    command = [sys.executable, "-m", "sim.faces.cli", "check", "egen.yaml", "--lang", "en"]
    there = os.environ | {"PYTHONPATH": str(shipped().parent)}
    done = subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("egen.yaml:")]
    assert lines
    before = stored(folder)
    answer = send(server, wrong, lang="en")
    assert answer.status == 400
    for line in lines:
        assert line.replace("«", "&#171;") in answer.text or line in answer.text
    assert stored(folder) == before


@pytest.mark.parametrize(
    "content",
    [
        "extends: /etc/passwd\n",
        "extends: ../small.yaml\n",
        "extends: secret.yaml\n",
        "extends: small\n",
        "extends: [helse-vest]\n",
        OWN + "posterior: ../../secret.yaml\n",
        OWN + "posterior: /etc/passwd\n",
        OWN + "interventions: [{name: ../secret.yaml}]\n",
        OWN + "interventions: [{name: /etc/passwd}]\n",
        OWN + "consent: {absent: {from: ../../secret/a/b}}\n",
        OWN + "eid: &a {x: 1}\nknowledge: *a\n",
        OWN + "eid: !!python/object/apply:os.system ['true']\n",
        "[" * 10_000,
        "{a: " * 5000,
        OWN + "x: [" + "1," * 60_000 + "1]\n",
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        "tekst",
        "",
        "extends: national\n",  # valid, but of other places
        b"a" * 256_001,
        b"a" * 400_000,
    ],
    ids=range(22),
)
def test_a_hostile_or_useless_file_is_refused_and_nothing_kept(
    server: Server, folder: Path, content: str | bytes
) -> None:
    before = stored(folder)
    answer = send(server, content, name="<b>..\\../x.yaml")
    assert answer.status == 400
    assert "hemmelig" not in answer.text
    assert "root:" not in answer.text
    assert "/tmp" not in answer.text
    assert "<b>.." not in answer.text
    assert stored(folder) == before


def test_a_form_that_is_none_is_told_so(server: Server) -> None:
    for body, kind in (
        (b"file=abc", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data; boundary=grense"),
        (b"", "multipart/form-data"),
        (b"{}", "application/json"),
    ):
        assert server.post("opplasting", body, content_type=kind).status == 400


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    from sim.errors import UserError
    from sim.faces.web.uploads import MOST, Uploads

    uploads = Uploads(tmp_path, lambda _: True)
    for number in range(MOST):
        (tmp_path / f"{number}.yaml").write_text("x")
    with pytest.raises(UserError, match="uploaded already"):
        uploads.add("egen.yaml", OWN.encode())
    assert len(uploads.names()) == MOST
