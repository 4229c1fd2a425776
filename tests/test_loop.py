"""The loop over its files: forecast → demand → load test → capacity → forecast; neither side knows the other's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtests import capacity as measured
from loadtests import demand as played
from loadtests import headroom as theirs
from loadtests import usl
from sim.experiments import demand
from sim.experiments.headroom import Headroom
from sim.experiments.replicate import replicate
from sim.experiments.summary import Summary
from sim.scenario import capacity
from sim.scenario.data import shipped
from tests.sim import small

DATA = shipped() / "data"


def test_both_sides_find_the_same_headroom_from_the_same_files(tmp_path: Path) -> None:
    results = replicate(small.scenario(), 12, 1, workers=1)
    months = results.model.calendar.labels
    file = tmp_path / "demand.json"
    file.write_text(demand.of_forecast(results, months[-1], "p95", DATA, "small", "x", 1).model_dump_json())
    frame = Summary.of(results).frame()
    (tmp_path / "summary.json").write_text(json.dumps({"series": frame.to_dict(orient="records")}))

    processes, rates = [1, 2, 4], [[0.05, 0.06, 0.07], [0.09, 0.11, 0.12], [0.15, 0.18, 0.2]]
    law = usl.fit(
        [n for n, each in zip(processes, rates, strict=True) for _ in each], [x for each in rates for x in each]
    )
    assert law is not None
    content = measured.Capacity(
        scenario="monday-morning",
        hour="mon 08",
        objectives={},
        points=[
            measured.Point(processes=n, rate=measured.over_repetitions(each), limited_by="service", broke=[])
            for n, each in zip(processes, rates, strict=True)
        ],
        scalability=measured.Scalability(**vars(law)),
        steps=[],
        machine={"processor": "a processor"},
        made="2026-11-24",
    )
    path = tmp_path / "capacity.json"
    path.write_text(content.model_dump_json(indent=1))

    room = Headroom.of(results, capacity.read(path), DATA)
    table = theirs.months(theirs.read_forecast(tmp_path), played.read(file), theirs.read_capacity(path))
    assert [m.month for m in table] == room.months
    for i, month in enumerate(table):
        assert month.p50 == pytest.approx(room.peak[1, i], rel=1e-4)
        assert month.peak == pytest.approx(room.burst[2, i], rel=1e-4)
        assert month.holds == (room.burst[2, i] <= room.capacity.median)
    short = [m.month for m in table if not m.holds]
    assert room.first_short(room.capacity.median) == short[0]
    for n in (1, 3, 6):
        theory = content.points[0].rate.median if n == 1 else float(law.rate(n))
        assert capacity.read(path, n).median == pytest.approx(theory)
