"""Histograms hold three digits, and the histogram of a union is the sum of the histograms."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.latency import Latency
from loadtests.recorder import Recorder


@settings(max_examples=6)
@given(st.lists(st.floats(1e-6, 500), min_size=1, max_size=60), st.integers(1, 3))
def test_parts_merge_to_the_histogram_of_the_whole(seconds: list[float], parts: int) -> None:
    whole, merged = Latency(), Latency()
    pieces = [Latency() for _ in range(parts)]
    for i, value in enumerate(seconds):
        whole.record(value)
        pieces[i % parts].record(value)
    for piece in pieces:
        merged.add(piece.encode())
    assert whole.buckets() == merged.buckets()
    assert whole.summary() == merged.summary()


def test_percentiles_have_three_digits_up_to_p99_99() -> None:
    times = np.sort(np.random.default_rng(1).lognormal(-4, 1.2, 100_000))
    histogram = Latency()
    for value in times:
        histogram.record(float(value))
    for percentile in (50, 90, 99, 99.9, 99.99):
        exact = times[int(np.ceil(len(times) * percentile / 100)) - 1] * 1e6
        found = histogram.at(percentile)
        assert found is not None
        assert abs(found - exact) <= max(exact * 1e-3, 1)


def test_reports_of_workers_add_up_to_what_one_process_would_have_seen() -> None:
    stream = np.random.default_rng(2)
    whole, total, parts = Recorder(), Recorder(), [Recorder() for _ in range(3)]
    for number in range(300):
        due, took = number / 10, float(stream.exponential(0.01))
        error = "timeout" if number % 50 == 0 else None
        for recorder in (whole, parts[number % 3]):
            recorder.answered("status", due, due + 0.001, due + took, error)
            recorder.late(due, took / 10)
            recorder.finished("gp", took)
            recorder.play(number % 3, number // 3)
    for part in parts:
        total.add(part.report())
    assert total.report() == whole.report()
    assert total.arrivals_played() == 300
    total.add(parts[0].report())  # an arrival that is told twice is one arrival
    assert total.arrivals_played() == 300
