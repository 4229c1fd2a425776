"""Prometheus sees what the recorder holds."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from loadtests.export import Exported
from loadtests.recorder import Recorder


def test_the_metrics_are_the_recorders_counts_and_percentiles() -> None:
    recorder = Recorder()
    for number in range(100):
        recorder.answered("status", number, number, number + 0.01 * (number + 1))
        recorder.late(number, 0.001)
        recorder.play(0, number)
    recorder.answered("status", 1, 1, 2, "timeout")
    recorder.answered("status", 1, 1, 1.001, wrong="the version")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exported(lambda: recorder))  # type: ignore[arg-type]
    text = generate_latest(registry).decode()
    assert 'kj_load_requests_total{operation="status",outcome="ok"} 100.0' in text
    assert 'kj_load_requests_total{operation="status",outcome="timeout"} 1.0' in text
    assert 'kj_load_requests_total{operation="status",outcome="wrong"} 1.0' in text
    assert "kj_load_arrivals_total 100.0" in text
    p50 = next(x for x in text.splitlines() if 'quantile="0.5"' in x and "response" in x)
    assert abs(float(p50.split()[-1]) - 0.5) < 0.02
