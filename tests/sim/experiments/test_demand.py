"""The demand file: the fact sheet's sizings, the hours of the week, and that the parts add up to the forecast."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from sim.errors import UserError
from sim.experiments import demand
from sim.experiments.measures import INDEX
from sim.experiments.replicate import Results, replicate
from sim.faces.cli import main
from sim.scenario.data import shipped
from tests.sim import small

DATA = shipped() / "data"


@pytest.mark.parametrize(
    ("sizing", "specialist", "all_", "weekday", "peak", "burst"),
    [
        ("low", 45e6, 65e6, 218_000, 7, 22),
        ("base", 116e6, 173e6, 583_000, 19, 58),
        ("high", 282e6, 358e6, 1_204_000, 40, 120),
    ],
)
def test_the_sizings_of_the_fact_sheet_are_reproduced(
    sizing: str, specialist: float, all_: float, weekday: float, peak: float, burst: float
) -> None:
    calls = demand.calls_per_year(sizing, DATA)
    assert calls["hospital"] == pytest.approx(specialist, abs=0.5e6)
    assert sum(calls.values()) == pytest.approx(all_, abs=0.5e6)
    assert sum(calls.values()) / demand.weekdays_per_year(DATA) == pytest.approx(weekday, rel=1e-3)  # the sheet rounds
    made = demand.of_sizing(sizing, DATA)
    assert made.total("status").max() == pytest.approx(peak, abs=0.6)
    assert made.total("status").max() * made.burst_factor == pytest.approx(burst, abs=1.5)


def test_a_weekday_sums_to_one_its_peak_has_its_share_and_a_weekend_day_its_part() -> None:
    hours = demand.diurnal(DATA)
    days = hours.reshape(7, 24).sum(axis=1)
    assert days[:5] == pytest.approx(1)
    assert days[5:] == pytest.approx(0.35)
    assert hours.max() == pytest.approx(0.12)
    assert int(hours.argmax()) == 8
    assert hours[9] / hours[3] == pytest.approx(38.7 / 13.3)


@pytest.fixture(scope="module")
def results() -> Results:
    return replicate(small.scenario(), 8, 1, workers=1)


def test_the_cells_add_up_to_the_forecasts_quantile_of_the_month(results: Results) -> None:
    label = results.model.calendar.labels[-2]
    at = len(results.model.calendar.labels) - 2
    made = demand.of_forecast(results, label, "p95", DATA, "small", "x", 1)
    row = results.areas.find("national")
    expected = np.quantile(results.series[:, INDEX["indicator_calls"], row, at].astype(float), 0.95)
    days = np.arange(f"{label}-01", np.datetime64(label, "M") + 1, dtype="datetime64[D]")
    hours = demand.diurnal(DATA).reshape(7, 24).sum(axis=1)
    month = sum(hours[(int(d.astype(int)) + 3) % 7] for d in days)  # 1970-01-01 was a Thursday
    told = sum(c.per_weekday for c in made.cells if c.operation == "status") * month
    assert expected > 0
    assert told == pytest.approx(expected, rel=1e-4)
    for cell in made.cells:
        assert sum(cell.per_second[:24]) * 3600 == pytest.approx(cell.per_weekday, rel=1e-4)


def test_a_month_outside_the_period_is_refused(results: Results) -> None:
    with pytest.raises(UserError, match="not in the period"):
        demand.of_forecast(results, "1999-01", "p50", DATA, "small", "x", 1)


def test_the_shipped_schema_is_the_codes_and_holds_the_file() -> None:
    schema = json.loads((shipped() / "demand.schema.json").read_text())
    assert schema == demand.json_schema()
    jsonschema.validate(json.loads(demand.of_sizing("low", DATA).model_dump_json()), schema)


def test_the_command_writes_a_sizing_and_refuses_what_it_cannot_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demand.json"
    assert main(["demand", "national", "--sizing", "high", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["peak_per_second"]["status"] == pytest.approx(40, abs=0.6)
    assert json.loads(out.read_text())["format"] == "kj-demand/1"
    for wrong in (["--month", "2027-13"], ["--month", "1999-01"], [], ["--month", "2027-11", "--sizing", "low"]):
        assert main(["demand", "national", *wrong, "--out", str(tmp_path / "none.json")]) == 2
    assert not (tmp_path / "none.json").exists()
