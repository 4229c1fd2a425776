"""The demand file is the contract with the forecast: what it writes is what the load test reads and plays."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from loadtests.demand import INDEX, OPERATIONS, hour_of_week, read
from loadtests.identity import synthetic
from loadtests.shapes import Stage, course
from sim.experiments import demand as forecast
from sim.scenario.data import shipped


def test_what_the_forecast_writes_is_read_and_played_at_the_same_rates(tmp_path: Path) -> None:
    written = forecast.of_sizing("base", shipped() / "data")
    file = tmp_path / "demand.json"
    file.write_text(written.model_dump_json())
    demand = read(file)
    for name in OPERATIONS:
        assert demand.national[INDEX[name]] == pytest.approx(written.total(name))
    assert demand.burst_factor == written.burst_factor
    played = course(demand, [Stage(seconds=3600, at="mon 08")])
    status = next(c for c in written.cells if c.operation == "status" and c.region == "vest" and c.sector == "gp")
    place = demand.places.index(("vest", "gp"))
    assert played.expected()[place, INDEX["status"]] == pytest.approx(status.per_second[8] * 3600)


def test_a_day_squeezed_into_minutes_goes_through_its_hours_and_factors_multiply() -> None:
    demand = read(shipped() / "load" / "demand-2027-11.json")
    day = course(demand, [Stage(seconds=240, at="tue 00", hours=24)])
    at = np.array([5.0, 85.0, 235.0])
    assert day.rate(at)[:, 0] == pytest.approx(demand.national[0, [24, 24 + 8, 24 + 23]])
    stage = Stage(seconds=10, at="sat 12", factor=(0, 2), operations={"login": 5}, regions={"nord": 0})
    two = course(demand, [stage])
    north = [i for i, (region, _) in enumerate(demand.places) if region == "nord"]
    others = demand.rates[:, :, hour_of_week("sat 12")].copy()
    others[north] = 0
    assert two.rate(np.array([10.0]))[0, INDEX["login"]] == pytest.approx(10 * others[:, INDEX["login"]].sum())
    assert two.rate(np.array([5.0]))[0, INDEX["status"]] == pytest.approx(others[:, INDEX["status"]].sum())


def test_two_ramps_at_once_stay_close_to_their_product() -> None:
    demand = read(shipped() / "load" / "demand-2027-11.json")
    made = course(demand, [Stage(seconds=100, factor=(0, 1), regions={r: (0, 1) for r, _ in demand.places})])
    times = np.linspace(0, 100, 500)
    whole = demand.national[0, 8]
    assert np.abs(made.rate(times)[:, 0] - whole * (times / 100) ** 2).max() < 0.005 * whole


def test_made_up_people_have_valid_synthetic_numbers_that_the_mock_takes() -> None:
    from mock_kj.identity import classify

    numbers = list(islice(synthetic(), 3000))
    assert len(set(numbers)) == 3000
    assert {classify(n) for n in numbers} == {"synthetic"}
    assert len({*islice(synthetic(10_000_000), 3000), *numbers}) == 6000
