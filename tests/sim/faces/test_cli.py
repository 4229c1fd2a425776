"""The command line as people use it: in a process of its own, with its exit codes, files and messages."""

import csv
import hashlib
import json
import os
import re
import shlex
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
        (("forecast", "small.yaml", "--precision", "mye"), "prosentpoeng"),
        (("forecast", "small.yaml", "--precision", "60pp"), "prosentpoeng"),
        (("forecast", "small.yaml", "--decomposition", "-1"), "0 eller mer"),
        (("forecast", "small.yaml", "--decomposition", "5"), "halvparten"),
        (("forecast", "small.yaml", "--cluster", "localhost"), "tcp://"),
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


def test_a_users_file_in_an_earlier_forecast_is_never_deleted(folder: Path) -> None:
    assert run("forecast", "small.yaml", "--out", "kept", "--replications", "2", cwd=folder).returncode == 0
    (folder / "kept" / "notes.txt").write_text("mine", encoding="utf-8")
    done = run("forecast", "small.yaml", "--out", "kept", "--replications", "2", cwd=folder)
    assert done.returncode == 2
    assert "notes.txt" in done.stderr
    assert (folder / "kept" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_trace_in_the_output_folder_belongs_to_the_forecast(folder: Path) -> None:
    once = ("forecast", "small.yaml", "--out", "with", "--replications", "2", "--trace")
    for _ in range(2):
        assert run(*once, "with/events.csv", cwd=folder).returncode == 0
    assert "events.csv" in json.loads((folder / "with" / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert (folder / "with" / "events.csv").is_file()
    assert run(*once, "with/summary.json", cwd=folder).returncode == 2


def test_the_manifests_command_repeats_the_forecast(forecast: Path) -> None:
    command = json.loads((forecast / "manifest.json").read_text(encoding="utf-8"))["repeat"]
    done = run(*shlex.split(command)[1:], "--out", "repeated", cwd=forecast.parent)
    assert done.returncode == 0, done.stderr
    assert digest(forecast.parent / "repeated") == digest(forecast)


def test_an_earlier_forecast_is_replaced_whole(folder: Path, forecast: Path) -> None:
    for count in ("2", "3"):
        assert run("forecast", "small.yaml", "--out", "twice", "--replications", count, cwd=folder).returncode == 0
    assert json.loads((folder / "twice" / "manifest.json").read_text(encoding="utf-8"))["replications"] == 3
    assert not [p for p in folder.iterdir() if p.name.startswith(".twice")]


def processes(group: int) -> list[str]:
    """The command lines of a process group."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pgid,stat,cmd"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()[1:]]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def begun(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A forecast of too many draws to end soon, once it has started its workers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.faces.cli", "forecast", "small.yaml", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(processes(process.pid)) < 2:
        assert process.poll() is None, "the run was over before it could be interrupted"
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.1)
    return process


def test_ctrl_c_leaves_a_checkpoint_and_the_same_call_goes_on(folder: Path) -> None:
    call = ("--out", "cut", "--replications", "500", "--workers", "2")
    process = begun(folder, *call)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Avbrutt" in messages
    assert "Traceback" not in messages
    assert not processes(process.pid)
    assert [p.name for p in folder.iterdir() if "cut" in p.name] == [".cut-checkpoint"]
    done = run("forecast", "small.yaml", *call, "--no-decomposition", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Fortsatte et avbrutt kall" in done.stderr
    assert [p.name for p in folder.iterdir() if "cut" in p.name] == ["cut"]


def test_precision_is_reached_or_said_not_to_be(folder: Path) -> None:
    call = ("forecast", "small.yaml", "--out", "precise", "--no-decomposition", "--json")
    done = run(*call, "--precision", "1,5pp", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["precision"]["held"]
    assert max(f["half_width"] for f in found["precision"]["key_figures"]) <= 0.015
    assert found["replications"] >= 100
    assert "--decomposition 0" in found["repeat"]
    done = run(*call, "--precision", "0.1pp", "--replications", "20", cwd=folder)
    assert done.returncode == 1
    assert "ikke nådd" in done.stderr
    found = json.loads(done.stdout)
    assert (found["replications"], found["precision"]["held"]) == (20, False)
    assert (folder / "precise" / "report.html").is_file()


def test_the_forecast_says_where_its_uncertainty_comes_from(folder: Path) -> None:
    done = run("forecast", "small.yaml", "--out", "split", "--replications", "24", "--decomposition", "10", cwd=folder)
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "split" / "summary.json").read_text(encoding="utf-8"))
    assert summary["decomposition"]["pairs"] == 10
    for figure in summary["decomposition"]["figures"]:
        assert sum(figure[p]["shapley"] for p in ("parameter", "schedule", "chance")) == pytest.approx(1)
    report = (folder / "split" / "report.html").read_text(encoding="utf-8")
    assert re.search(
        r"sikkerheten i juli 2025 (kommer )?fra parameterne \(\d+ ± \d+.%\), tidsplanen \(\d+ ± \d+.%\) og tilfeldigheter \(\d+ ± \d+.%\)",
        report,
    )
    manifest = json.loads((folder / "split" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["decomposition"] == {"pairs": 10, "runs": 30}


def test_no_worker_outlives_a_killed_run(folder: Path) -> None:
    process = begun(folder, "--out", "dead", "--replications", "20000")
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while processes(process.pid):
        assert time.monotonic() < deadline, processes(process.pid)
        time.sleep(0.1)
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


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_every_example_of_init_is_valid_when_uncommented(folder: Path, lang: str) -> None:
    assert run("init", f"{lang}.yaml", "--lang", lang, cwd=folder).returncode == 0
    text = (folder / f"{lang}.yaml").read_text(encoding="utf-8")
    head, _, examples = text.partition("\nknowledge:")
    live = [
        line[2:] for line in examples.splitlines() if re.match(r"# ( |(consent|knowledge|eid|legacy|ownership):)", line)
    ]
    assert sum(line.lstrip().startswith("- name:") for line in live) == 5
    (folder / f"{lang}.yaml").write_text(head + "\n" + "\n".join(live) + "\n", encoding="utf-8")
    done = run("check", f"{lang}.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr


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
