"""The page of the plan: its dates are the forecast's, the law's line moves nothing else, and a goal becomes a run."""

from __future__ import annotations

import html
import io
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiments.schedule import MILESTONES, schedule
from sim.experiments.whatif import DRAWS, State, model, numbers
from sim.faces import cli
from sim.faces.charts import plan as charts
from sim.faces.web import goal
from sim.faces.web.address import parse
from sim.faces.web.runs import Runs
from sim.model.rollout import Rollout
from sim.model.trace import Trace
from sim.scenario.levers import Setting
from tests.sim.web.server import SMALL, Answer, Server, serving

LAW = Setting("consent-exemption", None, "2026-03")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def post(server: Server, path: str, fields: dict[str, str]) -> Answer:
    """Send a form as a page of the server does, and stay where it leads from."""
    there = urllib.parse.urlsplit(server.address)
    headers = {"origin": f"{there.scheme}://{there.netloc}"}
    request = urllib.request.Request(server.address + path, urllib.parse.urlencode(fields).encode(), headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "small.yaml").write_text(SMALL.format(title="Liten"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "small.yaml", "--workers", "1", "--folder", "kept") as running:
        yield running


def test_its_dates_are_the_forecasts_to_the_bit() -> None:
    state = State("national", (LAW, Setting("midt-early", None, "2026-03")))
    found = schedule(state, 7)
    ready, rows = model(state), numbers(state, 7)
    came = set()
    for draw in range(6):
        trace = Trace(on=True)
        record = Rollout(ready, rows[draw], 7, draw, trace, expected=True).run()
        dates = [[getattr(unit, name) for name in MILESTONES] for unit in record.golive]
        np.testing.assert_array_equal(found.golive[draw], dates)
        in_force = [time for time, process, *_ in trace.rows if process == "consent"]
        assert [day for day in found.laws[draw] if np.isfinite(day)] == in_force
        came.add(bool(in_force))
    assert came == {True, False}  # both were seen


def test_the_median_and_tail_of_a_line_are_those_of_its_draws(server: Server) -> None:
    answer = server.get("svar/plan?consent-exemption=2026-03&lang=en").json()
    found = schedule(State("helse-vest"), schedule_seed())
    assert found.draws == DRAWS
    table = answer["chart"]["table"]["rows"]
    hospitals = next(row for row in table if row[0] == "Hospitals, Helse Vest")
    clock = charts.Clock(found, "en")
    last = found.golive[:, [u.sector == "hospital" for u in found.units], MILESTONES.index("write")].max(axis=1)
    assert hospitals[5] == clock.span(last)
    tail = next(t for t in answer["chart"]["data"]["tails"] if t["name"] == hospitals[0] and t["of"] == "write")
    assert [tail[k] for k in ("low", "x", "high")] == [clock.ms(float(d)) for d in np.quantile(last, charts.LEVELS)]


def schedule_seed() -> int:
    from sim.experiments.whatif import grounds

    return grounds("helse-vest").loaded.scenario.seed


def test_the_laws_line_moves_and_nothing_else_does(server: Server) -> None:
    one, other = (server.get(f"svar/plan?consent-exemption={m}").json() for m in ("2026-03", "2026-09"))
    still = server.get("svar/plan").json()
    assert not still["chart"]["data"]["laws"]
    assert still["laws"] == []
    begun = [a["chart"]["data"]["begun"][0]["x"] for a in (one, other)]
    in_force = [a["chart"]["data"]["laws"][0]["x"] for a in (one, other)]
    assert begun[0] < begun[1]
    assert in_force[0] < in_force[1]
    assert one["laws"] != other["laws"]
    for name in ("rows", "tails", "null", "plans", "labels"):
        assert one["chart"]["data"][name] == other["chart"]["data"][name] == still["chart"]["data"][name]
    assert not one["chart"]["data"]["null"]  # nothing of the go-lives differs from the null alternative's


def test_a_region_opens_to_its_hospitals_and_plans_have_their_tags(server: Server) -> None:
    page = server.get("plan").text  # the scenario has one region, which is open
    for name in ("Sykehus, Helse Vest", "Helse Bergen", "Haraldsplass", "planlagt", "forutsetning"):
        assert name in page


@pytest.mark.parametrize(
    "fields",
    [
        {"target": "0", "by": "2027-12"},
        {"target": "101", "by": "2027-12"},
        {"target": "nan", "by": "2027-12"},
        {"target": "mye", "by": "2027-12"},
        {"by": "2027-12"},
        {"target": "60", "by": "2031-12"},
        {"target": "60", "by": "../../etc"},
        {"target": "60", "by": "2027-12", "budget": "-1"},
        {"target": "60", "by": "2027-12", "budget": "1e999"},
        {"target": "60", "by": "2027-12", "probability": "2"},
        {"target": "60", "by": "2027-12", "effort": "endless"},
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(server: Server, fields: dict[str, str]) -> None:
    assert post(server, "plan/finn", fields).status == 400
    assert server.get(f"plan?{urllib.parse.urlencode(fields)}").status == 400


def test_an_unknown_region_is_refused(server: Server) -> None:
    for path in ("plan?open=nord", "svar/plan?open=%3Cscript%3E", "plan?open=vest&open=vest"):
        assert server.get(path).status == 400


def test_a_goal_is_sought_and_can_be_called_off(server: Server, folder: Path) -> None:
    sent = post(server, "plan/finn?consent-exemption=2026-03", {"target": "61,5", "by": "2027-12", "budget": "12,5"})
    assert sent.status == 303
    place = urllib.parse.urlsplit(sent.headers["location"])
    asked = dict(urllib.parse.parse_qsl(place.query))
    assert asked["target"] == "61.5"
    assert asked["consent-exemption"] == "2026-03"
    page = server.get(f"plan?{place.query}").text
    key = page.split('data-run="')[1][:20]
    assert server.get(f"kjoringer/{key}").json()["state"] in ("waiting", "running")
    assert "utrulling plan scenario.yaml --target 0.615 --by 2027-12" in page
    assert "--budget budget.yaml" in page
    money = (folder / "kept" / "runs" / key / "budget.yaml").read_text(encoding="utf-8")
    assert money.count("value: 12.5") == 6
    assert post(server, f"kjoringer/{key}/stopp", {}).status == 303
    deadline = time.monotonic() + 30
    while server.get(f"kjoringer/{key}").json()["state"] != "stopped":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "Regn ut" in server.get(f"plan?{place.query}").text


def test_a_found_plan_is_shown_with_what_the_levers_cannot_say(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself, on few draws, in the place where the page looks for its answer."""
    monkeypatch.chdir(folder)
    address = parse([], ["small.yaml"])
    asked = goal.Goal(99, "2027-12", "0.8", 300.0, "quick")
    words, files = goal.asked(address, asked, schedule_seed())
    run = Runs(folder / "kept").named(words, files)
    run.folder.mkdir(parents=True)
    for name, text in files.items():
        (run.folder / name).write_text(text, encoding="utf-8")
    (run.folder / "run.json").write_text(json.dumps({"words": words}), encoding="utf-8")
    monkeypatch.chdir(run.folder)
    fewer = ["--draws", "2", "--evaluations", "6", "--verify", "2", "--workers", "1"]
    with redirect_stdout(io.StringIO()) as said:
        chosen = ["--with", "elearning", "--with", "ehr-reminders"]
        assert cli.main([*words, *fewer, *chosen, "--out", "result", "--json"]) == 0
    (run.folder / "answer.json").write_text(said.getvalue(), encoding="utf-8")
    told = json.loads(said.getvalue())
    assert not told["reached"]
    assert {c["intervention"] for c in told["plan"]} == {"elearning", "ehr-reminders"}
    page = server.get(f"plan?{asked.query()}").text
    assert "Ingen pakke som når 99\u00a0% i des. 2027 er funnet innenfor rammen" in page
    text = html.unescape(page)
    assert all(sentence.replace(" %", "\u00a0%") in text for sentence in told["said"]["nb"]["sentences"])
    start = next(c["start"] for c in told["plan"] if c["intervention"] == "elearning")
    link = next(a for a in re.findall(r'href="utforsk\?([^"]*)"', text) if f"~{start}" in a)
    assert server.get(f"utforsk?{link}").status == 200
    unsaid = text.split("Utforsk har ingen glidebryter for disse")[1].split("</p>")[0]
    assert "Påminnelse i journalen" in unsaid
    assert "e-læring" not in unsaid
    setup = json.loads(text.split('id="setup">')[1].split("</script>")[0])
    for bar, row in zip(
        setup["charts"]["money"]["data"]["rows"], setup["charts"]["money"]["table"]["rows"], strict=False
    ):
        assert bar["year"] == row[0]
        assert bar["cost"] == pytest.approx(float(row[2].replace(",", ".")), abs=0.006)
        assert told["cost_per_year_mnok"][bar["year"]] == bar["cost"]
