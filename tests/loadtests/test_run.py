"""The command, from the scenario to the report: one short run against a real mock, and what it refuses before any."""

from __future__ import annotations

import base64
import copy
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from loadtests.alarm import Alarm
from loadtests.baseline import compare
from loadtests.cli import main
from loadtests.demand import read as read_demand
from loadtests.errors import UserError
from loadtests.latency import Latency
from loadtests.result import response
from loadtests.scenario import load, scaled, shipped
from loadtests.shapes import course

SCENARIO = """
title: {nb: Prøve, en: Try}
demand: DEMAND
shape:
  - {seconds: 6, at: mon 08, factor: 3, operations: {read: 6, create: 100, update: 300, delete: 1500, login: 0.5}}
mix: {legacy: 0.3, citizen: 0.02, think_seconds: 0.1}
population: {patients: 120, restricted: 0.05, blocked: 0.05, reserved: 0.05, sessions: 1}
objectives:
  all: {error_rate: 0, wrong: 0}
  status: {p99_ms: 5000}
validity: {lateness_p99_ms: 1000}
stripes: 2
mock: {options: [--set, access_token_seconds=4]}
"""


def kj_load(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtests.cli", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run")
    demand = shipped() / "demand-2027-11.json"
    (place / "try.yaml").write_text(SCENARIO.replace("DEMAND", str(demand)))
    made = kj_load("run", str(place / "try.yaml"), "--out", str(place / "out"))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Målene holdt." in made.stdout
    return place / "out"


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return content


def test_everything_drawn_was_sent_answered_right_and_counted_by_the_service_too(told: dict[str, Any]) -> None:
    assert told["verdict"] == "pass"
    assert told["arrivals"]["missed"] == 0
    sent = {name: o["sent"] for name, o in told["operations"].items()}
    by_name = {row["operation"]: row for row in told["demand"]}
    citizens = sent.get("citizen-read", 0)
    assert by_name["status"]["sent"] == by_name["status"]["due"] - citizens
    assert by_name["login"]["sent"] == by_name["login"]["due"]
    for name in ("create", "update", "delete"):
        assert by_name[name]["due"] > 0, name
        assert by_name[name]["sent"] >= by_name[name]["due"] > 0  # an update of nobody's entry creates one first
    assert sent["token"] >= 2  # tokens live four seconds here, so every one in use was renewed on the way
    counts = told["server"]["counts"]
    assert counts["current/status/ok_total"] == sent["status"]
    assert counts["legacy/helseindikator/ok_total"] == sent["legacy-status"]
    refusals = sum(v for k, v in counts.items() if k.startswith("current/read/") and "/ok" not in k)
    assert counts["current/read/ok_total"] + refusals == sent["read"]
    assert all(o["good"] == o["sent"] for o in told["operations"].values())


def test_response_is_never_shorter_than_service_and_histograms_are_kept(told: dict[str, Any]) -> None:
    for name, o in told["operations"].items():
        for percentile, value in o["response_ms"].items():
            assert value >= o["service_ms"][percentile] * 0.998 - 0.001, (name, percentile)
        histogram: Latency = response(told, name)
        assert histogram.count == o["sent"]
        assert histogram.summary() == o["response_ms"]


def test_like_runs_raise_no_alarm_slower_ones_do_and_others_are_not_compared(told: dict[str, Any]) -> None:
    changes = compare([told] * 6, [told] * 8, 0.01)
    assert {c.operation for c in changes} >= {"status"}
    assert not any(c.alarm for c in changes)
    slow = copy.deepcopy(told)
    histogram = Latency()
    for value, count in response(told, "status").buckets():
        for _ in range(count):
            histogram.record(2 * value / 1e6)
    slow["operations"]["status"]["response_histogram"] = base64.b64encode(histogram.encode()).decode()
    assert {c.operation for c in compare([slow] * 6, [told] * 8, 0.01) if c.alarm} == {"status"}
    other = copy.deepcopy(told)
    other["scenario"]["mix"]["legacy"] = 0.5
    with pytest.raises(UserError, match="not of the same scenario"):
        compare([other], [told], 0.01)


def test_junit_has_one_case_for_each_finding(folder: Path, told: dict[str, Any]) -> None:
    suite = ElementTree.parse(folder / "junit.xml").getroot()
    assert suite.get("tests") == str(len(told["findings"])) == str(len(suite.findall("testcase")))
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")


def test_the_report_stands_alone_and_shows_the_generators_lateness(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!#|data:image/png;base64)', page.replace("xlink:", ""))
    assert "<script" not in page
    assert page.count("<svg") == 4
    assert "generator p99" in page
    assert "kj-load run" in page


def test_every_shipped_scenario_is_in_order() -> None:
    names = sorted(shipped().glob("*.yaml"))
    assert len(names) >= 10
    for path in names:
        scenario = load(path)
        assert (path.parent / scenario.demand).is_file()
        assert scenario.objectives


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DEMAND": "none.json"}, "demand file"),
        ({"seconds: 6": "seconds: -6"}, "shape.0.seconds"),
        ({"at: mon 08": "at: monday"}, "mon, tue, wed"),
        ({"stripes: 2": "strips: 2"}, "strips"),
        ({"stripes: 2": "target: https://api.kjernejournal.no"}, "never load-tested"),
        ({"stripes: 2": "target: http://127.0.0.1:1"}, "--client"),
        ({"seconds: 6": "seconds: 7200"}, "limits.seconds"),
        ({"factor: 3": "factor: 0"}, "never asks"),
    ],
)
def test_bad_input_is_one_clear_sentence_before_the_first_request(
    change: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SCENARIO
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    text = text.replace("DEMAND", str(shipped() / "demand-2027-11.json"))
    (tmp_path / "try.yaml").write_text(text)
    assert main(["run", str(tmp_path / "try.yaml"), "--lang", "en", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert "locust" not in sys.modules  # nothing heavy was started to find it out
    assert not (tmp_path / "out").exists()


def test_a_client_key_that_has_expired_or_a_host_that_is_silent_is_told(tmp_path: Path) -> None:
    from joserfc.jwk import ECKey

    (tmp_path / "try.yaml").write_text(SCENARIO.replace("DEMAND", str(shipped() / "demand-2027-11.json")))
    key = ECKey.generate_key("P-256").as_dict(private=True)
    client = {
        "issuer": "http://127.0.0.1:1/helseid",
        "api": "http://127.0.0.1:1/api",
        "client_id": "x",
        "private_jwk": {**key, "exp": 1},
        "scopes": ["s"],
        "redirect_uri": "http://127.0.0.1/callback",
        "professionals": [],
        "audience": "a",
    }
    file = tmp_path / "client.json"
    file.write_text(json.dumps(client))
    common = ["run", str(tmp_path / "try.yaml"), "--lang", "en", "--target", "http://127.0.0.1:1"]
    common += ["--client", str(file), "--legacy-client", str(file)]
    assert "has expired" in kj_load(*common).stderr
    del client["private_jwk"]["exp"]  # type: ignore[attr-defined]
    file.write_text(json.dumps(client))
    made = kj_load(*common)
    assert made.returncode == 2
    assert "does not answer: refused" in made.stderr


def test_a_scenario_in_other_length_and_size_keeps_its_shape() -> None:
    whole = load(shipped() / "reconnect.yaml")
    part = scaled(whole, 9.0, 2.0)
    assert [s.seconds for s in part.shape] == [1.5, 3.0, 4.5]
    assert whole.mock.faults is not None
    assert part.mock.faults is not None
    rule = part.mock.faults["rules"][0]
    assert (rule["start"], rule["stop"]) == (1.5, 4.5)
    demand = read_demand(shipped() / whole.demand)
    calls = [course(demand, s.shape).expected().sum() for s in (whole, part)]
    assert calls[1] == pytest.approx(calls[0] * 2 * 9 / 90)
    for seconds, factor in ((0.0, 1.0), (float("nan"), 1.0), (None, 0.0), (1e4, 1.0)):
        with pytest.raises(UserError, match="seconds"):
            scaled(whole, seconds, factor)


def test_the_calls_of_a_login_are_not_told_as_the_demands(told: dict[str, Any]) -> None:
    rows = told["timeline"]
    logins = sum(row["kinds"]["login"][1] for row in rows)
    assert logins <= told["operations"]["login"]["sent"]
    assert sum(row["helseid"] for row in rows) >= 3 * logins > 0
    assert all(row["sent"] == sum(sent for _, sent in row["kinds"].values()) for row in rows)


def test_an_alarm_rings_at_its_moment_and_not_before() -> None:
    alarm = Alarm()
    for wait in (0.003, 0.0, -1.0, 0.001):
        until = time.perf_counter() + wait
        alarm.wait(until)
        assert time.perf_counter() >= until
    alarm.close()
