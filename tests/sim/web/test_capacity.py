"""The page of capacity: what the load test's files say, files that harm nobody, the headroom that the forecast gives.

``measured/`` holds what ``kj-load`` wrote on two shared cores on 24 November 2026: ``even.json`` and ``slow.json`` are eight seconds
at Monday morning's rate against the mock (in the second it answers status calls 400 ms late), ``capacity.json`` a search with
a limit of 40 ms on the 99th percentile.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests import result as theirs
from sim.errors import UserError
from sim.experiments.headroom import Headroom
from sim.experiments.replicate import replicate
from sim.faces import cli
from sim.faces.charts import capacity as charts
from sim.faces.web.measurements import LARGEST, Measurements
from sim.scenario import capacity, load_result
from sim.scenario.data import shipped
from tests.sim import small
from tests.sim.web.server import SMALL, Answer, Server, serving
from tests.sim.web.test_plan import Stay

HERE = Path(__file__).parent / "measured"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("capacity")
    (folder / "small.yaml").write_text(SMALL.format(title="Liten"), encoding="utf-8")
    runs = folder / "runs"
    runs.mkdir()
    for name in ("even", "slow"):
        shutil.copy(HERE / f"{name}.json", runs)
    shutil.copy(shipped() / "load" / "demand-2027-11.json", runs)
    (runs / "other.json").write_text("{}", encoding="utf-8")
    (runs / "broken.json").write_text('{"format": "kj-capacity/1", "points": []}', encoding="utf-8")
    with serving(folder, "small.yaml", "--workers", "1", "--folder", "kept", "--capacity", "runs") as running:
        yield running


def upload(server: Server, name: str, content: bytes, path: str = "kapasitet/fil") -> Answer:
    """Send a file as the page's form does, and stay where it leads from."""
    there = urllib.parse.urlsplit(server.address)
    edge = "edge-of-a-part"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    headers = {"origin": f"{there.scheme}://{there.netloc}", "content-type": f"multipart/form-data; boundary={edge}"}
    try:
        request = urllib.request.Request(server.address + path, body, headers)
        with urllib.request.build_opener(Stay).open(request, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def test_requirements_stand_first_and_say_what_the_file_says(server: Server) -> None:
    text = html.unescape(server.get("kapasitet").text)  # the slow run is the latest
    told = json.loads((HERE / "slow.json").read_text(encoding="utf-8"))
    broken = [f for f in told["findings"] if not f["holds"]]
    assert f"Ikke bestått: {len(broken)} av {len(told['findings'])} krav brytes" in text
    assert text.index("Ikke bestått") < text.index("Filene")
    rows = re.findall(
        r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>",
        text.split("Kravene i kjøringen</caption>")[1].split("</table>")[0],
    )
    assert len(rows) == len(told["findings"])
    for row, finding in zip(rows, broken, strict=False):  # what does not hold comes first
        assert row[0] == finding["operation"]
        assert "ikke bestått" in row[1]
        assert f"{finding['found']:.0f}\u00a0ms" in row[1].replace(" ms", "\u00a0ms")
    assert all("ikke bestått" not in row[1] for row in rows[len(broken) :])
    assert "Varmekart over svartid og tid mangler" in text


def test_runs_stand_in_order_with_their_difference() -> None:
    even, slow = (load_result.read(HERE / f"{name}.json") for name in ("even", "slow"))
    rows = charts.history([even, slow], "en").rows
    p99 = [one.operations["status"].response_ms.p99 for one in (even, slow)]
    assert rows[0][6] == "\u2013"
    assert rows[1][6].startswith(f"+{p99[1] - p99[0]:.1f} ms")


def test_both_sides_read_the_same_result() -> None:
    told, ours = theirs.read(HERE / "slow.json"), load_result.read(HERE / "slow.json")
    assert ours.verdict == told["verdict"]
    for name, operation in ours.operations.items():
        assert operation.response_ms.p99 == theirs.response(told, name).summary()["p99"]


def test_the_knee_says_what_the_steps_say() -> None:
    file = capacity.read(HERE / "capacity.json").file
    for point in file.points:
        steps = [s for s in file.steps if s.processes == point.processes]
        failed = [s.rate for s in steps if s.verdict != "pass"]
        said = charts.edge(file, point, "en")
        assert said.startswith(
            f"Passed at {charts.rate(min(point.rate.each), 'en')} openings per second in all 3 searches"
        )
        assert said.endswith(charts.rate(min(failed), "en")) if failed else said.endswith("no rate failed")
        chart = charts.knee(file, point, "en")
        assert len(chart.data["rows"]) == 2 * len(steps)
        assert chart.data["limit"] == [{"y": 40.0}]
        assert len(chart.table.rows) == len(steps)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.json", b"\xff\xfe", "ikke skrevet av"),
        ("x.json", b'{"format": "kj-load-result/9"}', "er ikke et resultat av kj-load run"),
        ("x.json", b'{"format": "kj-capacity/9"}', "er ikke kj-capacity/1"),
        ("x.json", b'{"format": "kj-capacity/1", "hour": 3}', "x.json:1:"),
        ("x.json", b'{"format": "kj-demand/1"}', "er ikke en etterspørselsfil"),
        ("../../<script>alert(1)</script>.json", b"{}", "ikke skrevet av"),
        ("x.json", b"[" * 100_000, "ikke skrevet av"),
        ("x.json", b" " * (LARGEST + 1), "større enn 2"),
        ("x.json", b" " * (2 * LARGEST), "større enn 2"),
        ("", b"{}", "velg en fil"),
    ],
)
def test_a_bad_file_is_told_and_not_kept(server: Server, name: str, content: bytes, said: str) -> None:
    answer = upload(server, name, content)
    assert answer.status == 400
    text = answer.text
    assert said in html.unescape(text)
    assert "<script>alert" not in text
    assert "/tmp" not in text


def test_a_message_is_the_command_lines(tmp_path: Path) -> None:
    content = b'{"format": "kj-capacity/1",\n "points": [],\n "hour": 3}'
    (tmp_path / "mine.json").write_bytes(content)
    with pytest.raises(UserError) as direct:
        capacity.read(tmp_path / "mine.json")
    with pytest.raises(UserError) as uploaded:
        Measurements((), tmp_path / "kept").take("mine.json", content)
    assert uploaded.value.text.nb == direct.value.text.nb.replace(f"{tmp_path}/", "")
    assert not (tmp_path / "kept").exists()


def test_a_good_file_is_kept_by_its_content_and_shown(server: Server) -> None:
    content = (HERE / "capacity.json").read_bytes()
    places = [upload(server, name, content).headers["location"] for name in ("a.json", "b.json")]
    assert places[0] == places[1]
    text = html.unescape(server.get(f"kapasitet?{urllib.parse.urlsplit(places[0]).query}").text)
    assert "Bestått ved 450 åpninger per sekund i alle 3 søk, faller første gang ved 500" in text
    assert "Hele spennet av målt kapasitet dekker den kortvarige toppen i nov. 2027" in text
    assert "runs/broken.json" in text  # what lies in the folder and cannot be used is told
    assert server.get("kapasitet?capacity=0000").status == 400


def test_what_is_given_at_the_start_must_be_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    for place, said in ((tmp_path / "x.json", "was not written by"), (tmp_path / "none", "does not exist")):
        assert cli.main(["web", "--lang", "en", "--port", "0", "--capacity", str(place)]) == 2
        assert said in capsys.readouterr().err


def test_the_headroom_is_the_forecasts(tmp_path: Path) -> None:
    """What the page reads back is what ``utrulling forecast --capacity`` found, to the six digits that it writes."""
    results = replicate(small.scenario(), 8, 1, workers=1)
    borne = capacity.read(HERE / "capacity.json")
    whole = Headroom.of(results, borne, shipped() / "data")
    whole.frame().to_csv(tmp_path / "capacity.csv", index=False)
    (tmp_path / "manifest.json").write_text(json.dumps({"capacity": whole.as_dict()}), encoding="utf-8")
    back = Headroom.read(tmp_path, borne)
    assert (back.months, back.factor, back.absent) == (whole.months, whole.factor, whole.absent)
    for name in ("peak", "burst", "over", "lost"):
        assert getattr(back, name) == pytest.approx(getattr(whole, name), rel=1e-5)
    chart = charts.headroom(back, "nb")
    assert [row["middle"] for row in chart.data["rows"]] == [
        v or None if chart.settings["log"] else v for v in back.burst[1]
    ]
    assert chart.table.rows[0][0].endswith(whole.months[0][:4])
