"""The command line as people use it: in a process of its own, with its exit codes, files and messages."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sim.scenario.data import shipped

SMALL = """\
extends: {parent}
title: Liten
period: {{start: 2024-02, end: 2025-07}}
replications: 9
"""


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim.faces.cli", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli")
    (place / "small.yaml").write_text(SMALL.format(parent=shipped() / "helse-vest.yaml"), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def forecast(folder: Path) -> Path:
    done = run("forecast", "small.yaml", "--out", "made", "--trace", "events.csv", "--png", "fan.png", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "made" in done.stdout.splitlines()[-1]
    return folder / "made"


def digest(folder: Path) -> dict[str, str]:
    """The files' digests; the manifest, which tells the wall time, left out."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name != "manifest.json"}


def test_a_forecast_leaves_the_promised_files(forecast: Path) -> None:
    manifest = json.loads((forecast / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(p.name for p in forecast.iterdir()) == manifest["files"]
    assert {"report.html", "forecast.parquet", "forecast.csv", "summary.json"} <= set(manifest["files"])
    assert manifest["replications"] == 9
    assert len(manifest["scenario_hash"]) == 64
    assert manifest["wall_time_seconds"] > 0


def test_summary_and_csv_hold_the_same_rows(forecast: Path) -> None:
    rows = json.loads((forecast / "summary.json").read_text(encoding="utf-8"))["series"]
    with (forecast / "forecast.csv").open(encoding="utf-8", newline="") as handle:
        table = list(csv.DictReader(handle))
    assert len(rows) == len(table) < 1_048_576  # a spreadsheet's limit
    for row, line in zip(rows[::97], table[::97], strict=True):
        assert {k: row[k] for k in ("measure", "area", "sector", "month")} == {
            k: line[k] for k in ("measure", "area", "sector", "month")
        }
        assert float(line["p50"]) == pytest.approx(row["p50"])


def test_quantiles_are_ordered_and_rates_are_shares(forecast: Path) -> None:
    for row in json.loads((forecast / "summary.json").read_text(encoding="utf-8"))["series"]:
        assert row["p05"] <= row["p25"] <= row["p50"] <= row["p75"] <= row["p95"]
        if "rate" in row["measure"] or "coverage" in row["measure"]:
            assert row["p05"] >= 0
            assert row["p95"] <= 1


def test_the_parquet_detail_adds_up_to_the_summary(forecast: Path) -> None:
    detail = pq.read_table(forecast / "forecast.parquet").to_pandas()
    assert list(detail.columns) == ["month", "region", "trust", "sector", "group", "category", "outcome", "entries"]
    rows = json.loads((forecast / "summary.json").read_text(encoding="utf-8"))["series"]
    registered = {
        r["month"]: r["mean"]
        for r in rows
        if r["measure"] == "registered" and r["area"] == "Helse Bergen" and r["sector"] == "hospital"
    }
    totals = detail[detail.trust == "Helse Bergen"].groupby("month", observed=True).entries.sum()
    assert set(totals.index) == set(registered)
    for month, total in totals.items():
        assert total == pytest.approx(registered[month], rel=1e-4)


def test_the_trace_is_a_table_in_order_of_time(forecast: Path) -> None:
    with (forecast.parent / "events.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["time", "process", "entity", "event", "cause"]
    assert [r["time"] for r in rows] == sorted(r["time"] for r in rows)
    assert {"golive", "entries", "eid"} <= {r["process"] for r in rows}
    assert (forecast.parent / "fan.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_same_seed_same_bytes_on_any_number_of_workers_and_hash_seed(forecast: Path) -> None:
    for workers, hash_seed in (("1", "0"), ("2", "4711")):
        name = f"again{workers}"
        done = run(
            "forecast", "small.yaml", "--out", name, "--workers", workers, cwd=forecast.parent, PYTHONHASHSEED=hash_seed
        )
        assert done.returncode == 0, done.stderr
        assert digest(forecast.parent / name) == digest(forecast)


def test_another_seed_gives_other_numbers(forecast: Path) -> None:
    done = run("forecast", "small.yaml", "--out", "other", "--seed", "1", cwd=forecast.parent)
    assert done.returncode == 0, done.stderr
    assert digest(forecast.parent / "other")["summary.json"] != digest(forecast)["summary.json"]


def test_json_answers_are_json_alone(folder: Path) -> None:
    done = run("forecast", "small.yaml", "--out", "j", "--replications", "2", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["replications"] == 2
    assert 0 <= answer["headline"]["p50"] <= 1
    for arguments in (
        ("check", "small.yaml", "--json"),
        ("doctor", "--json"),
        ("explain", "small.yaml", "--json"),
        ("schema", "--json"),
        ("init", "j.yaml", "--json"),
    ):
        done = run(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)


def test_a_broken_scenario_is_refused_with_its_place_and_nothing_is_written(folder: Path) -> None:
    (folder / "bad.yaml").write_text(
        SMALL.format(parent=shipped() / "helse-vest.yaml") + "knowlege: {}\n", encoding="utf-8"
    )
    done = run("forecast", "bad.yaml", "--out", "never", cwd=folder)
    assert done.returncode == 2
    assert "bad.yaml:5:1" in done.stderr
    assert "«knowledge»" in done.stderr
    assert not (folder / "never").exists()
    english = run("check", "bad.yaml", "--lang", "en", "--json", cwd=folder)
    assert english.returncode == 2
    assert json.loads(english.stdout)["problems"][0] | {"file": ""} == {
        "file": "",
        "line": 5,
        "column": 1,
        "key": "knowlege",
        "message": "unknown key",
        "suggestion": "knowledge",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("forecast",), "mangler"),
        (("forecst", "national"), "forecast"),
        (("forecast", "missing.yaml"), "missing.yaml"),
        (("forecast", "small.yaml", "--replications", "0"), "over 0"),
        (("forecast", "small.yaml", "--seed", "-1"), "--seed"),
        (("forecast", "small.yaml", "--trace-replication", "99"), "--trace-replication"),
        (("explain", "small.yaml", "--unit", "Helse Fona"), "Helse Fonna"),
        (("init", "small.yaml"), "finnes allerede"),
    ],
)
def test_wrong_calls_end_with_exit_code_2_and_a_sentence(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_other_things_in_it_is_left_alone(folder: Path) -> None:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "thesis.txt").write_text("dear", encoding="utf-8")
    done = run("forecast", "small.yaml", "--out", "mine", cwd=folder)
    assert done.returncode == 2
    assert [p.name for p in (folder / "mine").iterdir()] == ["thesis.txt"]


def test_an_earlier_forecast_is_replaced_whole(folder: Path, forecast: Path) -> None:
    for count in ("2", "3"):
        assert run("forecast", "small.yaml", "--out", "twice", "--replications", count, cwd=folder).returncode == 0
    assert json.loads((folder / "twice" / "manifest.json").read_text(encoding="utf-8"))["replications"] == 3
    assert not [p for p in folder.iterdir() if p.name.startswith(".twice")]


def test_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.faces.cli", "forecast", "small.yaml", "--out", "cut", "--replications", "5000"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(6)
    assert process.poll() is None, "the run was over before it could be interrupted"
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Avbrutt" in messages
    assert "Traceback" not in messages
    assert not [p for p in folder.iterdir() if "cut" in p.name]


def test_no_worker_outlives_a_killed_run(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.faces.cli", "forecast", "small.yaml", "--out", "dead", "--replications", "20000"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def group() -> list[str]:
        listed = subprocess.run(["ps", "-ww", "-eo", "pgid,pid,cmd"], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if line.split()[0] == str(process.pid)]

    deadline = time.monotonic() + 60
    while not any("spawn_main" in line for line in group()):
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.2)
    time.sleep(2)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while any("spawn_main" in line for line in group()):
        assert time.monotonic() < deadline, group()
        time.sleep(0.2)
    assert not (folder / "dead").exists()


def test_a_full_disk_is_told_and_nothing_is_left(folder: Path) -> None:
    """The shell's file size limit stands in for a disk that cannot hold the report."""
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"ulimit -f 64; exec {sys.executable} -m sim.faces.cli forecast small.yaml --out full --replications 2",
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2, done.stderr
    assert "kan ikke skrive" in done.stderr
    assert not [p for p in folder.iterdir() if "full" in p.name]


def test_explain_tells_the_milestones_in_order(folder: Path) -> None:
    done = run("explain", "small.yaml", "--unit", "Helse Fonna", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Helse Fonna"
    assert any(line.startswith("12.02.2024  skrivetilgang") for line in lines)
    assert any(line.startswith("2024: ") for line in lines)


def test_init_writes_a_scenario_that_is_valid(folder: Path) -> None:
    assert run("init", "new/mine.yaml", cwd=folder).returncode == 0
    text = (folder / "new" / "mine.yaml").read_text(encoding="utf-8")
    assert text.startswith("# $schema: ./scenario.schema.json")
    assert (folder / "new" / "scenario.schema.json").is_file()
    assert run("check", "new/mine.yaml", cwd=folder).returncode == 0


def test_help_teaches_in_both_languages(folder: Path) -> None:
    assert "kommandoer" in run("--help", cwd=folder).stdout
    assert "commands" in run("--lang", "en", "--help", cwd=folder).stdout
    for command in ("init", "check", "forecast", "explain", "schema", "doctor"):
        assert run(command, "--help", cwd=folder).returncode == 0


def test_help_imports_nothing_heavy(folder: Path) -> None:
    code = (
        "import sys; sys.argv=['utrulling','--help']\n"
        "from sim.faces import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy={'numpy','pandas','numba','scipy','matplotlib','pydantic','simpy'}&set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=shipped().parent, check=True, capture_output=True)
