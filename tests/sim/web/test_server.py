"""The page's server: the same address gives the same numbers, the command it prints gives them too, and nothing harms it."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.faces.web.app import HERE
from sim.scenario.data import shipped
from tests.sim.web.server import SMALL, Server, serving

TURNED = "elearning=9~2026-03&single-sign-on=2026-06"
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}../../etc/passwd"


class Page(HTMLParser):
    """The links, scripts, styles and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def addresses(self) -> list[str]:
        return [a[k] or "" for _, a in self.tags for k in ("href", "src") if k in a]


def test_the_same_address_gives_the_same_numbers_however_often_it_is_asked(server: Server) -> None:
    first = server.get(f"svar/helt?{TURNED}").json()
    assert first["exact"]
    assert first == server.get(f"svar/helt?{TURNED}").json()
    assert first == server.get(f"svar/helt?{first['query']}").json()
    assert first["charts"] == server.get(f"svar/raskt?{TURNED}").json()["charts"]  # it is known by now


def test_the_quick_answer_says_that_it_is_one(server: Server) -> None:
    answer = server.get("svar/raskt?elearning=11~2026-03").json()
    assert not answer["exact"]
    assert "6 trekk" in answer["status"]


def test_the_printed_command_repeats_the_numbers(server: Server, folder: Path) -> None:
    answer = server.get(f"svar/helt?{TURNED}&month=2027-12").json()
    file = server.get(f"scenario.yaml?{TURNED}&month=2027-12")
    name = re.fullmatch(r'attachment; filename="([a-z0-9-]+\.yaml)"', file.headers["content-disposition"])
    assert name is not None
    assert name.group(1) == answer["file"]
    (folder / name.group(1)).write_bytes(file.content)
    words = shlex.split(answer["command"])
    assert words[0] == "utrulling"
    done = subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", *words[1:], "--json", "--workers", "1"],
        cwd=folder,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    headline = json.loads(done.stdout)["headline"]
    mark = answer["charts"]["fan"]["data"]["mark"][0]
    assert [mark[k] for k in ("low", "quarter", "middle", "three", "high")] == [
        round(headline[k], 5) for k in ("p05", "p25", "p50", "p75", "p95")
    ]


def test_the_table_has_the_numbers_of_the_chart(server: Server) -> None:
    answer = server.get(f"svar/helt?{TURNED}&month=2026-12&lang=en").json()
    fan = answer["charts"]["fan"]
    mark = fan["data"]["mark"][0]
    row = next(r for r in fan["table"]["rows"] if r[0] == "Dec 2026")
    assert row[1:] == [f"{100 * mark[k]:.1f}%" for k in ("low", "middle", "high", "null")]
    gates = answer["charts"]["gates"]
    bars = gates["data"]["rows"][1:]
    for bar, line in zip(bars, gates["table"]["rows"], strict=True):
        assert f"{100 * (bar['end'] - bar['start']):.1f}%" == line[1] or abs(bar["end"] - bar["start"]) < 1e-3
    assert bars[-1]["end"] == pytest.approx(bars[-2]["start"], abs=1e-4)  # what is left is what is synced


def test_an_intervention_shows_beside_the_null_alternative(server: Server) -> None:
    still = server.get("svar/helt").json()
    moved = server.get(f"svar/helt?{TURNED}").json()
    assert still["headline"]["change"] == "Som nullalternativet"
    assert moved["headline"]["change"].startswith("+")
    assert moved["headline"]["better"].startswith("I 60 av 60 trekk")
    nulls = [[r["null"] for r in a["charts"]["fan"]["data"]["rows"]] for a in (still, moved)]
    assert nulls[0] == nulls[1]
    assert [r["middle"] for r in still["charts"]["fan"]["data"]["rows"]] == nulls[0]


def test_published_rates_stand_beside_the_fan_of_their_place(server: Server) -> None:
    dots = server.get("svar/raskt").json()["charts"]["fan"]["data"]["dots"]
    assert sorted(d["y"] for d in dots) == [0.4549, 0.466, 0.5099, 0.62]
    bergen = server.get("svar/raskt?area=Helse+Bergen:hospital").json()["charts"]["fan"]["data"]["dots"]
    assert bergen == []


def test_a_dose_outside_what_the_file_states_is_said(server: Server) -> None:
    def rests(dose: str) -> str:
        return " ".join(server.get(f"svar/raskt?elearning={dose}~2026-03").json()["rests"])

    assert "Utenfor spennet" in rests("9")
    assert "Utenfor spennet" not in rests("3.5")


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize(
    "path", ["", "utforsk", "sammenlign", "barrierer", "plan", "kapasitet", "etterproving", "lagret", "tilgjengelighet"]
)
def test_pages_ask_nothing_of_other_machines_and_run_no_inline_script(server: Server, path: str, lang: str) -> None:
    answer = server.get(f"{path}?lang={lang}")
    assert answer.status == 200
    page = Page(answer.text)
    assert page.tags[0] == ("html", page.tags[0][1])
    assert page.tags[0][1]["lang"] == lang
    for address in page.addresses():
        assert not urllib.parse.urlsplit(address).netloc, address
        assert not urllib.parse.urlsplit(address).scheme, address
    for tag, attributes in page.tags:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "script" and "src" not in attributes:
            assert attributes["type"] == "application/json"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_link_leads_somewhere(server: Server) -> None:
    for path in (
        "",
        "utforsk",
        "?lang=en",
        "plan?lang=en",
        "kapasitet",
        "etterproving?lang=en",
        "lagret",
        "tilgjengelighet",
    ):
        for address in Page(server.get(path).text).addresses():
            if address.startswith("#"):
                continue
            assert server.get(address.removeprefix("./")).status == 200, address


def test_a_page_is_light(server: Server) -> None:
    """All that the page needs, compressed as it is sent, at most 400 kB."""
    total = 0
    addresses = [a for a in Page(server.get("utforsk").text).addresses() if a.startswith("assets")]
    for address in ["utforsk", "svar/raskt", "assets/vendor/vega-interpreter.js", *addresses]:
        answer = server.get(address, **{"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip" or len(answer.content) < 600, address
        total += len(answer.content)
    assert total <= 400_000


def test_norwegian_text_has_norwegian_numbers(server: Server) -> None:
    answer = server.get(f"svar/helt?{TURNED}").json()
    said = json.dumps([answer["headline"], [c["table"] for c in answer["charts"].values()]], ensure_ascii=False)
    assert re.search(r"\d,\d", said)
    assert not re.search(r"\d\.\d", said)
    assert not re.search(r"\d %|\d%", said)  # a hard space before the sign


@pytest.mark.parametrize(
    "query",
    [
        f"scenario={urllib.parse.quote(HOSTILE)}",
        f"scenario={urllib.parse.quote('/etc/passwd')}",
        "scenario=../../tests/sim/small",
        f"elearning={urllib.parse.quote(HOSTILE)}",
        f"{urllib.parse.quote(HOSTILE)}=1",
        f"area={urllib.parse.quote(HOSTILE)}",
        "month=2027-99",
        "lang=%00",
        "elearning=1e999~2026-03",
        "elearning=5~2026-03&elearning=6~2026-03",
        f"name={'a' * 81}",
        "name=a%00b",
        "name=a%E2%80%AEb",
        "%ff=%fe",
    ],
)
def test_an_address_that_asks_for_nonsense_is_told_so(server: Server, query: str) -> None:
    for path in ("utforsk", "sammenlign", "barrierer", "etterproving", "svar/raskt", "svar/helt", "scenario.yaml"):
        answer = server.get(f"{path}?{query}")
        assert answer.status == 400, path
        if path.startswith("svar"):
            assert answer.json()["error"]
            assert answer.headers["content-type"] == "application/json"
        else:
            assert "<script>alert" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_endless_address_is_refused(server: Server) -> None:
    assert server.get("utforsk?name=" + "a" * 3000).status == 414


@pytest.mark.parametrize(
    "path", ["assets/../app.py", "assets/%2e%2e/app.py", "assets/..%2fapp.py", "assets//etc/passwd", "finnes-ikke"]
)
def test_only_assets_are_served(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status == 404
    assert "starlette" not in answer.text.lower()


def test_a_foreign_name_for_this_machine_gets_nothing(server: Server) -> None:
    assert server.get("", host="angriper.example").status == 400
    assert server.get("svar/raskt", host="angriper.example").status == 400


def test_a_hostile_name_stays_text(server: Server) -> None:
    query = "name=" + urllib.parse.quote('</script><b onmouseover="x">: {a: &b !!python/object:os.system')
    page = server.get(f"utforsk?{query}").text
    assert "<b onmouseover" not in page
    file = server.get(f"scenario.yaml?{query}&{TURNED}")
    assert re.fullmatch(r'attachment; filename="[a-z0-9-]+\.yaml"', file.headers["content-disposition"])
    import yaml

    content = yaml.safe_load(file.text)
    assert content["title"] == '</script><b onmouseover="x">: {a: &b !!python/object:os.system'
    assert set(content) == {"extends", "title", "interventions"}


def test_a_hostile_scenario_stays_text(folder: Path) -> None:
    hostile = folder / "<b>x.yaml"
    title = '"</title><script>alert(1)</script>{{ 7*7 }}"'
    hostile.write_text(SMALL.format(title=title) + f"description: {title}\n", encoding="utf-8")
    with serving(folder, hostile.name, "--null", hostile.name, "--workers", "1") as running:
        for path in ("", "utforsk"):
            text = running.get(path).text
            assert "<script>alert" not in text
            assert "&lt;script&gt;" in text
            assert "{{ 7*7 }}" in text
        answer = running.get("svar/raskt")
        assert answer.json()["command"].startswith("utrulling forecast '<b>x.yaml'")


def test_scenarios_that_cannot_be_compared_are_refused(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", "web", "small.yaml", "--null", "national", "--lang", "en"],
        cwd=folder,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be compared" in done.stderr


def test_a_taken_port_is_told(server: Server, folder: Path) -> None:
    port = urllib.parse.urlsplit(server.address).port
    done = subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", "web", "small.yaml", "--port", str(port)],
        cwd=folder,
        env={"PYTHONPATH": str(shipped().parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"porten {port} er opptatt" in done.stderr


def test_ctrl_c_ends_the_server_and_its_workers(folder: Path) -> None:
    with serving(folder, "small.yaml", "--workers", "2") as running:
        running.get("svar/raskt?elearning=4~2026-03")
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        if not children.exists():
            pytest.skip("the kernel does not list a process's children")
        workers = children.read_text().split()
        assert workers
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(30) in (0, 130)
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlives its server"
        time.sleep(0.1)


def test_who_leaves_before_the_answer_leaves_nothing_behind(server: Server) -> None:
    there = urllib.parse.urlsplit(server.address)
    for _ in range(3):
        with socket.create_connection((there.hostname or "", there.port or 0)) as line:
            line.sendall(b"GET /svar/helt?elearning=13~2026-03 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            time.sleep(0.05)
    answer = server.get("svar/helt?elearning=13~2026-03")
    assert answer.status == 200
    assert answer.json()["exact"]


def test_twenty_sessions_at_once_each_get_their_own_answer_while_a_run_is_under_way(
    server: Server, folder: Path, tmp_path: Path
) -> None:
    doses = [0.5 * n for n in range(1, 21)]
    words = ["forecast", "small.yaml", "--replications", "50000", "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, "-m", "sim.faces.cli", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            with ThreadPoolExecutor(20) as many:
                answers = list(many.map(lambda d: server.get(f"svar/raskt?elearning={d:g}~2026-03").json(), doses))
            assert run.poll() is None
        finally:
            os.killpg(run.pid, signal.SIGKILL)
    for dose, answer in zip(doses, answers, strict=True):
        assert f"elearning={dose:g}~2026-03" in answer["query"]
    last = [a["charts"]["change"]["data"]["rows"][-1]["middle"] for a in answers]
    assert last == sorted(last)  # more learning, more synced: nobody got another's answer
    assert last[0] < last[-1]


def test_a_killed_worker_is_replaced(folder: Path) -> None:
    with serving(folder, "small.yaml", "--workers", "2") as running:
        before = running.get(f"svar/helt?{TURNED}").json()
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        if not children.exists():
            pytest.skip("the kernel does not list a process's children")
        workers = children.read_text().split()
        assert workers
        for pid in workers:
            os.kill(int(pid), signal.SIGKILL)
        after = running.get("svar/helt?elearning=4~2026-03")
        assert after.status == 200
        assert running.get(f"svar/helt?{TURNED}").json() == before


def test_third_party_files_have_their_licences() -> None:
    vendor = HERE / "assets" / "vendor"
    told = (vendor / "README.md").read_text(encoding="utf-8")
    for file in vendor.iterdir():
        if file.is_file() and file.name != "README.md":
            assert f"`{file.name}`" in told
    for name in ("vega", "vega-lite", "vega-interpreter", "designsystemet-css", "designsystemet-theme"):
        assert (vendor / "licences" / f"{name}.txt").stat().st_size > 500
