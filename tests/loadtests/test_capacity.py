"""Finding the knee, the scalability law, the months, and the comparison with a baseline."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loadtests import capacity, headroom, usl
from loadtests.baseline import judged
from loadtests.demand import read
from loadtests.errors import UserError
from loadtests.scenario import shipped
from tests.alarm import alpha
from tests.loadtests import small


@given(st.floats(2, 5000), st.floats(1, 400), st.floats(1.2, 3), st.floats(0.01, 0.2))
def test_the_search_brackets_the_knee_within_its_tolerance(
    knee: float, start: float, factor: float, tolerance: float
) -> None:
    def trial(rate: float, _: int) -> capacity.Answer:
        return "pass" if rate <= knee else "fail"

    found = capacity.search(trial, start, factor=factor, tolerance=tolerance, most=2000)
    if knee >= 2000:
        assert found.passed == max(2000, start)
        assert found.failed is None
    elif knee < start / factor**8:
        assert found.passed == 0
    else:
        assert found.failed is not None
        assert found.passed <= knee < found.failed
        assert found.failed - found.passed <= tolerance * found.passed
    assert len(found.asked) <= 60


def test_a_generator_that_cannot_keep_up_is_told_apart_from_the_service() -> None:
    def trial(rate: float, _: int) -> capacity.Answer:
        return "pass" if rate < 300 else "invalid"

    assert capacity.search(trial, 50, factor=2, tolerance=0.05, most=5000).limited_by == "generator"


def test_the_range_of_repetitions_covers_the_median_as_often_as_it_says() -> None:
    samples = np.random.default_rng(1).lognormal(3, 0.3, (2000, 3))
    rates = [capacity.over_repetitions([float(x) for x in row]) for row in samples]
    inside = sum(r.low <= np.exp(3) <= r.high for r in rates)
    assert rates[0].covers == 0.75
    level = alpha("repetitions") / 2
    assert stats.binom.ppf(level, 2000, 0.75) <= inside <= stats.binom.isf(level, 2000, 0.75)


@settings(max_examples=25)
@given(st.floats(50, 2000), st.floats(0, 0.3), st.floats(0, 0.02))
def test_the_scalability_law_is_recovered_from_its_own_rates(one: float, contention: float, coherency: float) -> None:
    law = usl.Law(one, contention, coherency, 0)
    numbers = [1, 2, 3, 4, 6, 8]
    found = usl.fit(numbers, [float(law.rate(n)) for n in numbers])
    assert found is not None
    for n in range(1, 11):
        assert float(found.rate(n)) == pytest.approx(float(law.rate(n)), rel=0.01)


def test_the_law_says_how_many_processes_a_rate_needs_and_when_none_suffice() -> None:
    law = usl.Law(100, 0.05, 0.01, 0)
    assert law.best == pytest.approx((0.95 / 0.01) ** 0.5)
    assert law.needed(100) == 1
    needed = law.needed(250)
    assert needed is not None
    assert float(law.rate(needed)) >= 250 > float(law.rate(needed - 1))
    assert law.needed(1e6) is None
    assert usl.fit([1, 2], [100, 190]) is None


def made(rate: float) -> capacity.Capacity:
    point = capacity.Point(
        processes=1, rate=capacity.over_repetitions([rate]), limited_by="service", broke=["status p99"]
    )
    return capacity.Capacity(
        scenario="x", hour="mon 08", objectives={}, points=[point], steps=[], machine={}, made="2026-11-24"
    )


def test_the_month_in_which_the_peak_outgrows_the_capacity() -> None:
    demand = small.demand(1.0)  # the same every hour: the busiest hour is the mean
    rows = [{"month": f"2027-{m:02d}", "p50": 1e6 * m, "p95": 2e6 * m} for m in range(1, 13)]
    days = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
    table = headroom.months(rows, demand, made(10.0))
    for month in table:
        m = int(month.month[5:])
        assert month.p50 == pytest.approx(1e6 * m / (days[m] * 86_400))
        assert month.peak == pytest.approx(3 * 2e6 * m / (days[m] * 86_400))
        assert month.holds == (month.peak <= 10.0)
    assert [m.holds for m in table].index(False) == 4  # 3 × 2e6 × 5 / (31 × 86 400) = 11.2 > 10


def test_the_shipped_schema_of_the_capacity_file_is_the_codes_and_holds_a_file() -> None:
    schema = json.loads((shipped().parent / "capacity.schema.json").read_text())
    assert schema == capacity.json_schema()
    jsonschema.validate(json.loads(made(10.0).model_dump_json()), schema)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "capacity.json"
    broken.write_text('{"format": "kj-capacity/1"}')
    with pytest.raises(UserError, match="is not a capacity file: scenario"):
        headroom.read_capacity(broken)
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "none.json")
    broken.write_text('{"format": "kj-demand/1"}')
    with pytest.raises(UserError, match="is not a demand file"):
        read(broken)


def _alarms(level: float, slower: float, rounds: int, new: int, old: int, operations: int) -> float:
    """The share of comparisons with any alarm, of runs whose percentiles vary by 15 % between runs."""
    stream = np.random.default_rng(7)
    found = 0
    for _ in range(rounds):
        samples = {
            (f"o{i}", 99.0): (
                list(100 * slower * stream.lognormal(0, 0.15, new)),
                list(100 * stream.lognormal(0, 0.15, old)),
            )
            for i in range(operations)
        }
        found += any(c.alarm for c in judged(samples, level))
    return found / rounds


def test_noise_raises_the_alarm_no_more_often_than_stated_and_a_slower_service_does() -> None:
    level = alpha("baseline")
    rounds, stated = 500, 0.01
    most = stats.binom.isf(level, rounds, stated)
    assert _alarms(stated, 1.0, rounds, 6, 8, 3) * rounds <= most
    assert _alarms(stated, 1.5, 100, 6, 8, 3) > 0.9


def test_too_few_runs_are_refused_rather_than_silent() -> None:
    samples = {("status", 99.0): ([1.0], [1.0, 2.0])}
    with pytest.raises(UserError, match="too few runs"):
        judged(samples, 0.01)


def point(processes: int, *each: float, limited_by: str = "service") -> capacity.Point:
    rate = capacity.over_repetitions(list(each))
    return capacity.Point(processes=processes, rate=rate, limited_by=limited_by, broke=[])


def test_the_law_comes_with_its_range_and_with_what_to_doubt_of_it() -> None:
    law = usl.Law(100, 0.1, 0.01, 0)
    rates = [float(law.rate(n)) for n in range(1, 5)]
    sure = capacity.scalability([point(n, r, 1.02 * r, 0.98 * r) for n, r in enumerate(rates, 1)], 8, 0)
    assert sure is not None
    assert sure.doubts == []
    assert sure.measured_to == 4
    for name, true in (("rate_of_one", 100), ("contention", 0.1), ("coherency", 0.01)):
        low, high = sure.ranges[name]
        assert low <= true <= high
    shaky = capacity.scalability(
        [point(1, 100, 300), point(2, 90, 120, limited_by="generator"), point(3, 80, 90)], 2, 0
    )
    assert shaky is not None
    assert shaky.doubts == ["exact", "flat", "wide", "cores", "generator"]
    once = capacity.scalability([point(n, r) for n, r in enumerate(rates[:3], 1)], 8, 0)
    assert once is not None
    assert once.doubts == ["exact", "single"]
    assert once.ranges == {}
    assert capacity.scalability([point(1, 100), point(2, 0), point(3, 9)], 8, 0) is None


def test_no_number_of_processes_is_named_beyond_those_measured() -> None:
    demand = small.demand(1.0)
    law = usl.Law(100, 0.0, 0.0, 0)
    points = [point(n, float(law.rate(n))) for n in (1, 2, 4)]
    content = made(10.0).model_copy(update={"points": points, "scalability": capacity.scalability(points, 8, 0)})
    rows = [{"month": "2027-01", "p50": 1.0, "p95": rate * 31 * 86_400 / 3} for rate in (50, 150, 250, 390, 410)]
    assert [m.processes for m in headroom.months(rows, demand, content)] == [1, 2, 3, 4, None]
    unlawful = content.model_copy(update={"scalability": None})
    assert [m.processes for m in headroom.months(rows, demand, unlawful)] == [1, 2, 4, 4, None]
