"""The forecast against the measured capacity: the same traffic as the demand file, the draws, the files."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from sim.experiments import checkpoint, demand, headroom
from sim.experiments.headroom import Headroom
from sim.experiments.measures import INDEX
from sim.experiments.replicate import Results, replicate
from sim.experiments.work import Spec
from sim.faces.cli import main
from sim.model import saturation
from sim.scenario import capacity
from sim.scenario.data import shipped
from sim.vocabulary import GATE_KEYS
from tests import alarm
from tests.sim import capacities as made
from tests.sim import small

DATA = shipped() / "data"
LITTLE = made.point(1, made.rate(0.05, 0.04, 0.2))


@pytest.fixture(scope="module")
def results() -> Results:
    return replicate(small.scenario(), 12, 1, workers=1)


def test_the_short_peak_is_that_of_the_demand_file(results: Results, tmp_path: Path) -> None:
    room = Headroom.of(results, capacity.read(made.write(tmp_path, LITTLE)), DATA)
    for at in (8, 15):
        for percentile, row in (("p05", 0), ("p50", 1), ("p95", 2)):
            file = demand.of_forecast(results, room.months[at], percentile, DATA, "small", "x", 1)
            peak = file.total("status").max()
            assert room.peak[row, at] == pytest.approx(peak, rel=1e-4)
            assert room.burst[row, at] == pytest.approx(peak * file.burst_factor, rel=1e-4)


def test_a_month_is_short_where_its_peak_in_the_upper_draws_exceeds_the_median_capacity(
    results: Results, tmp_path: Path
) -> None:
    room = Headroom.of(results, capacity.read(made.write(tmp_path, LITTLE)), DATA)
    calls = results.series[:, INDEX["indicator_calls"], results.areas.find("national")].astype(float)
    hours = demand.diurnal(DATA)
    burst = 3 * calls * saturation.per_second(results.model.calendar, hours).max(axis=1)
    assert room.over == pytest.approx((burst > 0.05).mean(axis=0))
    over = [m for m, b in zip(room.months, np.quantile(burst, 0.95, axis=0), strict=True) if b > 0.05]
    assert room.first_short(0.05) == over[0]
    assert room.first_short(1e9) is None
    low, middle, high = room.room()[:, 12]
    assert low == pytest.approx(0.04 / np.quantile(burst[:, 12], 0.95))
    assert middle == pytest.approx(0.05 / np.median(burst[:, 12]))
    assert high == pytest.approx(0.2 / np.quantile(burst[:, 12], 0.05))
    assert np.isnan(room.room()[:, 0]).all()  # before go-live there is no traffic


def test_the_lost_share_is_what_the_model_took(tmp_path: Path) -> None:
    """The share that ``Headroom`` reports, from the kept series, is the one that stopped entries in the runs."""
    measured = capacity.read(made.write(tmp_path, made.point(1, made.rate(0.05))))
    certain = small.scenario({"technical": {"errors": 0.0, "outages": 0.0, "retried": 0.0}})
    here = certain.with_ceiling(headroom.ceiling(measured, DATA))
    results = replicate(here, 150, 1, workers=1)
    room = Headroom.of(results, measured, DATA)
    after = GATE_KEYS[GATE_KEYS.index("technical") + 1 :]
    total = {
        name: results.series[:, INDEX[name], results.areas.find("national")].astype(float).sum(axis=0)
        for name in ("stopped_technical", *(f"stopped_{g}" for g in after), "synced")
    }
    stopped, through = total["stopped_technical"], sum(v for k, v in total.items() if k != "stopped_technical")
    reached = stopped + through
    lost = room.lost[1]
    assert (lost == room.lost[0]).all()  # nothing in this scenario moves the traffic between the draws
    # given what reached the gate, the sum over the months is a sum of independent trials
    variance = (reached * lost * (1 - lost)).sum()
    skew = (reached * lost * (1 - lost) * (1 - 2 * lost)).sum() / variance**1.5
    limit = alarm.critical(alarm.alpha("saturation"), skew, 0.0)
    assert abs(stopped.sum() - (reached * lost).sum()) < limit * np.sqrt(variance)
    assert limit * np.sqrt(variance) < 0.25 * stopped.sum()  # losing half, or twice as many, would show


def test_every_draw_has_a_capacity_of_its_own_from_the_measured_range(results: Results, tmp_path: Path) -> None:
    """The gate's loss spreads as the range says, and no other number of the study moves."""
    measured = capacity.read(made.write(tmp_path, LITTLE))
    here = headroom.ceiling(measured, DATA)
    assert [here.rate(u) for u in (0.0, 0.125, 0.3125, 0.5, 0.875, 1.0)] == pytest.approx(
        [0.04, 0.04, 0.045, 0.05, 0.2, 0.2]
    )
    spread = replicate(small.scenario().with_ceiling(here), 12, 1, workers=1)
    names = [c.name for c in spread.model.columns]
    assert names[:-1] == [c.name for c in results.model.columns]
    assert names[-1] == "capacity.u"
    assert np.array_equal(spread.draws[:, :-1], results.draws)
    calls = results.series[:, INDEX["indicator_calls"], results.areas.find("national")]
    assert np.array_equal(calls, spread.series[:, INDEX["indicator_calls"], spread.areas.find("national")])
    lost = np.array(
        [
            saturation.lost(row, results.model.calendar, headroom.Ceiling(here.rate(u), here.hours))
            for row, u in zip(calls.astype(float), spread.draws[:, -1], strict=True)
        ]
    )
    for study in (spread, results):  # the plain study is held against the same capacities as the one that knew them
        assert Headroom.of(study, measured, DATA).lost == pytest.approx(np.quantile(lost, headroom.LEVELS, axis=0))
    assert np.ptp(lost[:, -1]) > 0.01


def test_ample_capacity_changes_no_bit_of_a_study(results: Results, tmp_path: Path) -> None:
    ample = capacity.read(made.write(tmp_path, made.point(1, made.rate(1e6))))
    other = replicate(small.scenario().with_ceiling(headroom.ceiling(ample, DATA)), 12, 1, workers=2)
    assert np.array_equal(results.series, other.series, equal_nan=True)
    assert np.array_equal(results.detail, other.detail)
    assert np.array_equal(results.backlog, other.backlog)
    assert Headroom.of(other, ample, DATA).lost.max() == 0


def test_the_ceiling_goes_along_to_other_processes_and_into_the_checkpoints_key(tmp_path: Path) -> None:
    measured = capacity.read(made.write(tmp_path, LITTLE))
    plain = Spec(small.scenario(), 1)
    here = Spec(small.scenario().with_ceiling(headroom.ceiling(measured, DATA)), 1)
    other = Spec(small.scenario().with_ceiling(headroom.ceiling(capacity.read(made.write(tmp_path)), DATA)), 1)
    sent = pickle.loads(pickle.dumps(here)).scenario.with_posterior(None).ceiling
    assert sent is not None
    assert here.scenario.ceiling is not None
    assert sent.key == here.scenario.ceiling.key
    keys = [checkpoint._key(s)["input"] for s in (plain, here, other)]
    assert len(set(keys)) == 3


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def forecast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a short scenario."""
    (tmp_path / "short.yaml").write_text(
        f"extends: {shipped() / 'helse-vest.yaml'}\ntitle: Kort\nperiod: {{start: 2024-02, end: 2025-03}}\nreplications: 4\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _made(*more: str) -> int:
    return main(["forecast", "short.yaml", "--prior", "--workers", "1", "--decomposition", "0", *more])


def test_the_forecast_tells_the_headroom_in_every_file(forecast: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.write(forecast, made.point(1, made.rate(1.0, 0.5, 2.0), "generator"))
    assert _made("--out", "made", "--capacity", "capacity.json", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["capacity"]["median"] == 1.0
    assert told["capacity"]["lower_bound"] is True
    assert told["capacity"]["regions_absent"] == ["sor_ost", "midt", "nord"]
    assert "--capacity capacity.json --instances 1" in told["repeat"]
    assert "capacity.csv" in told["files"]
    summary = json.loads((forecast / "made" / "summary.json").read_text(encoding="utf-8"))
    assert summary["capacity"] == told["capacity"]
    with (forecast / "made" / "capacity.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["month"] for r in rows] == [r["month"] for r in summary["headroom"]]
    first = next(r["month"] for r in rows if float(r["burst_p95"]) > 1.0)
    assert told["capacity"]["first_month_over"] == first
    report = (forecast / "made" / "report.html").read_text(encoding="utf-8")
    for said in (
        "første måned over kapasiteten er",
        "Kapasiteten er en nedre grense",
        "Trafikken fra",
        ">8 Kapasitet<",
    ):
        assert said in report
    assert main(["forecast", "short.yaml", "--prior", "--workers", "1", "--decomposition", "0", "--lang", "en"]) == 0
    english = (forecast / "out" / "short" / "report.html").read_text(encoding="utf-8")
    assert "capacity.csv" not in english
    assert ">8 Tables after report A-1190<" in english


def test_ample_capacity_leaves_the_data_files_byte_for_byte(forecast: Path) -> None:
    made.write(forecast, made.point(1, made.rate(1e6)))
    assert _made("--out", "plain") == 0
    assert _made("--out", "ample", "--capacity", "capacity.json") == 0
    for name in ("forecast.csv", "forecast.parquet", "backlog.parquet"):
        assert (forecast / "plain" / name).read_bytes() == (forecast / "ample" / name).read_bytes()
    english = forecast / "ample"
    assert _made("--out", "ample", "--capacity", "capacity.json", "--lang", "en") == 0
    assert "Kjernejournal bears the peak in every month up to Mar 2025" in (english / "report.html").read_text("utf-8")


def test_a_capacity_that_cannot_be_used_is_exit_code_2_and_leaves_nothing(
    forecast: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write(forecast, format="kj-capacity/9")
    for arguments, said in (
        (["--capacity", "none.json"], "none.json kan ikke leses: finnes ikke"),
        (["--capacity", "capacity.json"], "capacity.json: format: «kj-capacity/9»"),
        (["--instances", "2"], "--instances krever --capacity"),
    ):
        assert _made("--out", "none", *arguments) == 2
        assert said in capsys.readouterr().err
    made.write(forecast)
    assert _made("--out", "none", "--capacity", "capacity.json", "--instances", "7") == 2
    assert "--instances 7" in capsys.readouterr().err
    assert not (forecast / "none").exists()
