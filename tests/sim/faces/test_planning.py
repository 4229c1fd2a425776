"""The commands plan, sensitivity and prioritise as people use them: answers, files, refusals."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest

from sim.experiments import posterior
from sim.experiments.evaluate import Asked
from sim.experiments.plan import Evaluation, Found, Plan, Step, Task
from sim.experiments.plan_options import Options
from sim.experiments.sensitivity import Share
from sim.faces.cli import main
from sim.faces.report import sensitivities
from sim.faces.report.planning import Answered, Verified, sentences, trace
from sim.scenario.data import shipped

PLAN = [
    "plan",
    "--by",
    "2025-12",
    "--from",
    "2024-09-15",
    "--measure",
    "sync_rate_live",
    "--with",
    "elearning",
    "--with",
    "automatic-sync",
]
FEW = ["--draws", "4", "--evaluations", "60", "--verify", "4", "--workers", "1", "--prior"]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("planning") / "short.yaml"
    file.write_text(
        f"extends: {shipped() / 'helse-vest.yaml'}\nperiod: {{start: 2024-01, end: 2025-12}}\n", encoding="utf-8"
    )
    return str(file)


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_a_target_that_can_be_reached_gets_the_cheapest_plan(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan"
    nothing = answer([*PLAN, scenario, "--target", "0.99", *FEW, "--out", str(out)], capsys)
    assert not nothing["reached"]
    assert (
        nothing["null_level"] <= nothing["level"] <= nothing["level_upper_bound"] <= nothing["unlimited_level"] < 0.99
    )
    target = (nothing["null_level"] + nothing["level"]) / 2
    found = answer([*PLAN, scenario, "--target", f"{target:.4f}", *FEW, "--out", str(out)], capsys)
    assert found["found"]
    assert found["level"] >= round(target, 4)
    assert found["plan"]
    assert all(p["decided"] < p["money_from"] <= p["start"] for p in found["plan"])
    assert {p["money_from"] for p in found["plan"]} <= {"2025-01", "2025-03"}  # the months of the mandate's cycle
    for year, cost in found["cost_per_year_mnok"].items():
        assert cost <= found["budget_per_year_mnok"][year] + 1e-9
        assert cost == 0 or year >= min(p["money_from"] for p in found["plan"])[:4]
    assert math.isclose(sum(found["cost_per_year_mnok"].values()), found["cost_mnok"])
    assert found["optimality_gap"] == 0
    assert found["check"]["draws"] == 4
    assert found["reached"] == found["verified"] == (found["check"]["reached"] >= 0.8 * 4)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert ("Målet nås" in report) == found["verified"]
    assert ("Målet er ikke sikkert nådd" in report) != found["verified"]
    assert not re.search(r"<script|(?:src|href)=.?http", report)  # nothing is fetched from anywhere
    book = openpyxl.load_workbook(out / "tables.xlsx")
    money = next(sheet for sheet in book if "Ramme" in sheet.title)
    years = {row[0].value: row[1].value for row in money.iter_rows(min_row=3)}
    assert years["2025"] == 23.0
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(p.name for p in out.iterdir()) == manifest["files"]


@pytest.mark.parametrize("reached", [7, 8])
def test_the_headline_follows_the_check(reached: int) -> None:
    """Found in the search with 80 %, and 7 or 8 of 10 fresh draws reach the target."""
    values = np.sort(np.where(np.arange(10) < reached, 0.6, 0.4))[::-1]
    nothing: Plan = frozenset()
    given = Evaluation(np.full(10, 0.6), np.zeros((10, 1)))
    found = Found(Task((), np.ones(1), 0.5, 0.8), given, 0.6, plan=nothing, known={nothing: given})
    checked = Verified(reached, 10, 0.0, 1.0, Evaluation(values, given.cost).level(0.8))
    asked = Asked("sync_rate_new", "national", "all", "2027-12")
    answered = Answered(None, None, asked, Options((), {}, {}, {}), [], found, checked, 1, "")  # type: ignore[arg-type]
    for lang, sure, unsure in (
        ("nb", "Målet nås", "Målet er ikke sikkert nådd"),
        ("en", "The target is reached", "It is not sure"),
    ):
        assert sentences(answered, lang)[0].startswith(sure if reached == 8 else unsure)
        assert (f"{10 * reached}" in sentences(answered, lang)[0]) or reached == 8
    assert answered.confirmed == (reached == 8)


def test_the_trace_is_numbers_and_is_left_out_where_nothing_was_searched() -> None:
    given = Evaluation(np.full(10, 0.6), np.zeros((10, 1)))
    found = Found(Task((), np.ones(1), 0.5, 0.8), given, 0.6)
    assert trace(found, "nb") == []
    found.steps += [Step("cheapest", 9, None, 1.5, 3), Step("closest", 12, 0.3786, math.inf, 2)]
    cheapest, closest = trace(found, "nb")
    assert (cheapest.rows, closest.rows) == ([[9, None, 1.5, 3]], [[12, 0.3786, None, 2]])
    assert closest.cells("nb")[0][1:3] == ["37,9\u00a0%", "–"]  # the same number that the workbook has


def test_nothing_to_reach_costs_nothing(scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer([*PLAN, scenario, "--target", "0.01", *FEW, "--out", str(tmp_path / "p")], capsys)
    assert found["reached"]
    assert found["plan"] == []
    assert found["cost_mnok"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--target", "80"], "mellom 0 og 1"),
        (["--target", "0.8", "--probability", "0"], "mellom 0 og 1"),
        (["--target", "0.8", "--with", "elerning"], "elearning"),
        (["--target", "0.8", "--from", "2025-11-01"], "senere --by"),
        (["--target", "0.8", "--from", "i morgen"], "ikke en dato"),
        (["--target", "0.8", "--by", "2031-12"], "fra 2024-01 til 2025-12"),
        (["--target", "0.8", "--area", "Helse Nord"], "Helse Nord"),
        (["--target", "0.8", "--budget", "finnes-ikke.yaml"], "finnes-ikke.yaml"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    scenario: str, arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*PLAN, scenario, *FEW, "--out", str(tmp_path / "p"), *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_sensitivity_ranks_what_to_measure_first(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--trajectories", "3", "--size", "8", "--top", "3", "--draws", "50", "--with", "elearning@2025-01"]
    out = tmp_path / "s"
    found = answer(
        [
            "sensitivity",
            scenario,
            "--by",
            "2025-12",
            "--measure",
            "sync_rate_live",
            *few,
            "--workers",
            "1",
            "--out",
            str(out),
            "--prior",
        ],
        capsys,
    )
    tornado = found["tornado"]
    widths = [abs(t["p90"] - t["p10"]) for t in tornado]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.01
    assert len(found["sobol"]) == 4  # three and the rest
    small = next(t["name"] for t in tornado if t["key"] == "sectors.hospital.other.eid_at_hire")
    for group in ("jordmor", "psykolog", "bioingeniør", "radiograf"):
        assert group in small
    assert found["information"]["alternatives"] == ["none", "elearning"]
    assert all(v["evpi"] >= 0 for v in found["information"]["evpi_mnok"])
    assert tornado[0]["key"] in {s["key"] for s in found["sobol"]}  # the widest swing is always shown
    known = found["information"]["evppi_mnok"]
    assert {k["key"] for k in known} == {t["key"] for t in tornado}
    order = [(k["distinct"], k["value"]) for k in known]
    assert order == sorted(order, reverse=True)
    with (out / "first.csv").open(encoding="utf-8") as handle:
        rows = list(csv.reader(handle))[1:]
    assert [row[0] for row in rows] == [k["name"] for k in known]
    assert all(row[1] for row in rows)  # every number has its tag
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Mål dette først" in report
    assert "Lærer av kolleger (Bass q)" in report
    for sheet in openpyxl.load_workbook(out / "tables.xlsx"):
        assert len(sheet.title) < 31, "a tab's name is cut off at 31 characters"


def share(key: str, total: float, confidence: float, first: float) -> Share:
    return Share(key, first, 0.01, total, confidence)


@pytest.mark.parametrize(
    ("shares", "larger"),
    [
        ([share("a", 0.6, 0.3, 0.5), share("rest", 0.4, 0.1, 0.3)], 64),
        ([share("a", 0.6, 0.1, 0.5), share("b", 0.03, 0.05, 0.0), share("rest", 0.4, 0.1, 0.3)], 64),  # b is small
        ([share("a", 0.5, 0.5, 0.5), share("rest", 0.4, 0.1, 0.3)], 256),  # twice too wide: four times as many
        ([share("a", 0.25, 0.5, 0.2), share("rest", 0.4, 0.1, 0.3)], 1024),
        ([share("a", 0.5, 0.1, 0.4), share("b", 0.2, 0.05, -0.1), share("rest", 0.3, 0.1, 0.3)], 256),
        ([share("a", 0.5, 0.1, 0.4), share("rest", 1.2, 0.1, 0.3)], 256),
        ([share("a", 0.7, 0.1, 0.7), share("rest", 0.6, 0.1, 0.5)], 256),
    ],
)
def test_shares_that_are_too_uncertain_ask_for_a_larger_sample(shares: list[Share], larger: int) -> None:
    nothing: Any = None
    asked = sensitivities.Answered(nothing, nothing, nothing, 0.5, [], [], shares, None, 64, 8, 1, "")
    assert asked.larger == larger


def test_without_draws_nothing_is_said_of_the_worth_of_knowing(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s"
    few = ["--trajectories", "2", "--size", "2", "--top", "2", "--draws", "0", "--workers", "1"]
    assert main(["sensitivity", scenario, "--by", "2025-12", *few, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "er ikke avklart" in told  # two points settle nothing
    assert "--size" in told
    assert "henger mest på:" not in told
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "EVPPI" not in text
    assert "Mål dette først" not in text
    assert "EVPPI" not in (out / "first.csv").read_text(encoding="utf-8")
    fitted = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["posterior"]
    assert fitted["file"] == "helse-vest.parquet"


def test_prioritise_writes_the_ranking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "p"
    found = answer(["prioritise", "--scenario", "none", "--out", str(out)], capsys)
    assert [m["place"] for m in found["ranking"]] == list(range(1, 12))
    assert {m["measure"] for m in found["ranking"] if m["published_place"] <= 3} == {"LM", "JD-1", "KI-1"}
    assert len(found["not_admitted"]) == 7
    assert sum(m["first_share_of_weights"] for m in found["ranking"]) == pytest.approx(1)
    assert {"report.html", "ranking.csv", "weights.csv", "tables.xlsx", "manifest.json"} == set(found["files"])


@pytest.mark.parametrize("command", [["prioritise", "--scenario"], ["document"]])
def test_a_posterior_of_another_version_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = pq.read_table(shipped() / "posteriors" / "helse-vest.parquet")
    about = json.loads(fitted.schema.metadata[posterior.KEY]) | {"model_version": 99}
    pq.write_table(fitted.replace_schema_metadata({posterior.KEY: json.dumps(about)}), tmp_path / "old.parquet")
    file = tmp_path / "old.yaml"
    file.write_text(f"extends: {shipped() / 'national.yaml'}\nposterior: old.parquet\n", encoding="utf-8")
    out = tmp_path / "never.md"
    assert main([*command, str(file), "--out", str(out)]) == 2
    assert "modellversjon 99" in capsys.readouterr().err
    assert not out.exists()


def test_prioritise_simulates_with_the_calibrated_parameters(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["prioritise", "--scenario", scenario, "--replications", "2", "--workers", "1"]
    means = {}
    for drawn, extra in (("calibrated", []), ("prior", ["--prior"])):
        out = tmp_path / drawn
        found = answer([*few, *extra, "--out", str(out)], capsys)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["posterior"] == found["posterior"]
        assert (manifest["posterior"] is None) == (drawn == "prior") == manifest["repeat"].endswith("--prior")
        book = openpyxl.load_workbook(out / "tables.xlsx")
        assert all(len(sheet.title) < 31 for sheet in book)
        rows = next(s for s in book if "Forskjellen" in str(s["A1"].value)).iter_rows(min_row=3, values_only=True)
        means[drawn] = {row[2]: row[3] for row in rows}
        report = (out / "report.html").read_text(encoding="utf-8")
        assert all(f"{k} får ikke poeng fra simuleringen" in report for k in ("KI-2", "KI-3", "KI-4"))
        assert "KI-1 får ikke" not in report
        assert "tannleger, private helseaktører uten avtale" in report
        assert {m["measure"] for m in found["ranking"]} >= {"KI-2", "KI-3"}  # read, as the region has no such actors
    assert (
        means["calibrated"]["innbyggere med informasjon i kjernejournal"]
        != means["prior"]["innbyggere med informasjon i kjernejournal"]
    )
