"""``calibrate`` and ``backtest`` as people use them: files, JSON, both languages, refusals."""

import contextlib
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from sim.experiments import posterior
from sim.faces.cli import main
from tests.sim.experiments.test_posterior import uncertain

DRAWS = ("--draws", "400", "--workers", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("calibration")
    plain: dict[str, Any] = uncertain().model_dump(mode="json", exclude_none=True)
    plain["regions"]["vest"]["trusts"]["Lite sykehus"]["kind"] = "private"
    (place / "liten.yaml").write_text(
        yaml.safe_dump(plain | {"posterior": "posteriors/liten.parquet"}), encoding="utf-8"
    )
    (place / "uten.yaml").write_text(yaml.safe_dump(plain), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def calibrated(folder: Path) -> Path:
    assert main(["calibrate", str(folder / "liten.yaml"), "--out", str(folder / "made"), "--write", *DRAWS]) in (0, 1)
    return folder / "made"


@pytest.fixture(scope="module")
def tested(folder: Path) -> dict[str, Any]:
    answer = io.StringIO()
    call = ["backtest", str(folder / "liten.yaml"), "--out", str(folder / "tested"), "--lang", "en", "--json", *DRAWS]
    with contextlib.redirect_stdout(answer):
        assert main(call) == 0
    told: dict[str, Any] = json.loads(answer.getvalue())
    return told


def test_a_calibration_leaves_the_promised_files(calibrated: Path) -> None:
    manifest = json.loads((calibrated / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(p.name for p in calibrated.iterdir()) == manifest["files"]
    assert {"report.html", "posterior.parquet", "parameters.csv", "predictive.csv", "ranks.csv"} < set(
        manifest["files"]
    )
    assert manifest["parameters"] == len(manifest["learned"]) == 4
    assert 0 < manifest["effective"] <= manifest["size"] == 400
    with (calibrated / "parameters.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["parameter"] for r in rows] == [item["parameter"] for item in manifest["learned"]]


def test_writing_puts_the_posterior_where_the_forecast_takes_it_from(
    calibrated: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = folder / "posteriors" / "liten.parquet"
    assert made.read_bytes() == (calibrated / "posterior.parquet").read_bytes()
    call = ["forecast", str(folder / "liten.yaml"), "--replications", "3", "--workers", "1", "--decomposition", "0"]
    assert main([*call, "--out", str(folder / "after")]) == 0
    assert "kalibrert" in capsys.readouterr().out
    used = json.loads((folder / "after" / "manifest.json").read_text(encoding="utf-8"))
    assert used["posterior"]["sha256"] == posterior.decode(made).digest
    assert main([*call, "--prior", "--out", str(folder / "before")]) == 0
    unused = json.loads((folder / "before" / "manifest.json").read_text(encoding="utf-8"))
    assert unused["posterior"] is None
    assert "--prior" in unused["repeat"]
    reports = [(folder / name / "report.html").read_text(encoding="utf-8") for name in ("after", "before")]
    assert "Kalibrert." in reports[0]
    assert "Ikke kalibrert." in reports[1]
    assert not any("stilt for hånd" in report for report in reports)


def test_a_doubtful_calibration_is_told_with_what_fails(
    calibrated: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the calibration, of the forecast that uses it, and on the screen."""
    found = pq.read_table(calibrated / "posterior.parquet")
    about = json.loads(found.schema.metadata[posterior.KEY]) | {"pareto_k": 0.75, "effective": 264.0}
    doubtful = folder / "posteriors" / "tvil.parquet"
    pq.write_table(found.replace_schema_metadata({posterior.KEY: json.dumps(about)}), doubtful)
    variant = folder / "tvil.yaml"
    variant.write_text("extends: liten.yaml\nposterior: posteriors/tvil.parquet\n", encoding="utf-8")
    call = ["forecast", str(variant), "--replications", "3", "--workers", "1", "--decomposition", "0"]
    assert main([*call, "--out", str(folder / "tvil")]) == 0
    assert "Pareto k er 0,75, bør være under 0,7" in capsys.readouterr().err
    report = (folder / "tvil" / "report.html").read_text(encoding="utf-8")
    assert "Pareto k er 0,75, bør være under 0,7" in report
    assert "264 effektive trekk" in report
    assert posterior.decode(doubtful).digest[:12] in report
    assert "Kalibrert: median (90" in report
    assert "Bare 3 trekk" in report
    manifest = json.loads((folder / "tvil" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["posterior"]["doubts"] == ["pareto_k"]


def test_a_missing_posterior_is_told_with_the_scenario_that_names_it(
    calibrated: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder / "annet_sted"
    place.mkdir()
    child = place / "barn.yaml"
    child.write_text("extends: ../liten.yaml\nposterior: nope.parquet\n", encoding="utf-8")
    assert main(["forecast", str(child), "--out", str(folder / "never"), "--lang", "en"]) == 2
    told = capsys.readouterr().err
    assert f"{child}: «posterior: nope.parquet» does not exist" in told
    assert str(place / "nope.parquet") in told


def test_a_forecast_refuses_a_posterior_of_another_version(
    calibrated: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = pq.read_table(calibrated / "posterior.parquet")
    about = json.loads(found.schema.metadata[posterior.KEY]) | {"model_version": 99}
    old = folder / "posteriors" / "gammel.parquet"
    pq.write_table(found.replace_schema_metadata({posterior.KEY: json.dumps(about)}), old)
    variant = folder / "gammel.yaml"
    variant.write_text("extends: liten.yaml\nposterior: posteriors/gammel.parquet\n", encoding="utf-8")
    assert main(["forecast", str(variant), "--out", str(folder / "never"), "--lang", "en"]) == 2
    assert "model version 99" in capsys.readouterr().err
    assert not (folder / "never").exists()


def test_a_backtest_answers_with_one_record_per_cutoff_target_and_forecaster(tested: dict[str, Any]) -> None:
    told = tested
    keys = {(r["cutoff"], r["target"], r["forecaster"]) for r in told["records"]}
    assert len(keys) == len(told["records"]) == 6 * 8
    for record in told["records"]:
        assert record["crps"] >= 0
        assert all(isinstance(record[f"covered_{level}"], bool) for level in (50, 80, 95))
    assert [c["cutoff"] for c in told["cutoffs"]] == ["2024-08-31", "2024-12-31", "2025-03-31", "all"]
    assert told["known"]["2024-12-31"]["statements"] == []
    with (Path(told["folder"]) / "backtest.csv").open(encoding="utf-8") as handle:
        assert len(list(csv.DictReader(handle))) == len(keys)
    for against in ("points", "all"):
        room = [(c["cutoff"], c[against]["ratio"], c[against]["ratio_error"]) for c in told["cutoffs"]]
        assert all(error > 0 for _, _, error in room)
        left = [((0.5 if cutoff == "all" else 1) - ratio) / error for cutoff, ratio, error in room]
        want = "missed" if min(left) < -2 else "borderline" if min(left) < 2 else "met"
        assert told["goal"][against] == want


def test_the_reports_stand_alone_in_their_language(calibrated: Path, tested: dict[str, Any]) -> None:
    nb, en = ((f / "report.html").read_text(encoding="utf-8") for f in (calibrated, Path(tested["folder"])))
    assert '<html lang="nb">' in nb
    assert '<html lang="en">' in en
    for report in (nb, en):
        assert "<svg" in report
        assert not re.search(r'(?:src|href)="(?!#)', report.replace("xlink:href", "xlink"))
    assert "dataene sier ingenting om denne" in nb
    assert "Etterprøving" not in en


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["calibrate", "uten.yaml", "--write"], "does not say where its posterior belongs"),
        (["calibrate", "uten.yaml", "--draws", "10"], "--draws must be 400 or more"),
        (["backtest", "uten.yaml", "--seed", "-1"], "--seed must be 0 or more"),
        (["backtest", "sen.yaml"], "no published sync rate"),
    ],
)
def test_a_bad_call_is_told_in_one_sentence(
    call: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    Path("sen.yaml").write_text("extends: uten.yaml\nperiod: {start: 2026-01, end: 2026-12}\n", encoding="utf-8")
    assert main([*call, "--lang", "en"]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()
