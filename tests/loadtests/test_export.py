"""Prometheus and an OpenTelemetry collector see what the recorder holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client import CollectorRegistry, generate_latest

from loadtests import otel
from loadtests.cli import main
from loadtests.errors import UserError
from loadtests.export import Exported
from loadtests.recorder import Recorder


def seen() -> Recorder:
    recorder = Recorder()
    for number in range(100):
        recorder.answered("status", number, number, number + 0.01 * (number + 1))
        recorder.late(number, 0.001)
        recorder.play(0, number)
    recorder.answered("status", 1, 1, 2, "timeout")
    recorder.answered("status", 1, 1, 1.001, wrong="the version")
    return recorder


def test_the_metrics_are_the_recorders_counts_and_percentiles() -> None:
    recorder = seen()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exported(lambda: recorder))  # type: ignore[arg-type]
    text = generate_latest(registry).decode()
    assert 'kj_load_requests_total{operation="status",outcome="ok"} 100.0' in text
    assert 'kj_load_requests_total{operation="status",outcome="timeout"} 1.0' in text
    assert 'kj_load_requests_total{operation="status",outcome="wrong"} 1.0' in text
    assert "kj_load_arrivals_total 100.0" in text
    p50 = next(x for x in text.splitlines() if 'quantile="0.5"' in x and "response" in x)
    assert abs(float(p50.split()[-1]) - 0.5) < 0.02


class _Collector(BaseHTTPRequestHandler):
    """The receiving half of OTLP/HTTP: takes protobuf on one path, answers with nothing."""

    taken: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[HTTPServer]:
    _Collector.taken = []
    server = HTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_collector_is_sent_the_same_over_otlp(collector: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # whatever the environment says goes nowhere else
    address = f"http://127.0.0.1:{collector.server_port}"
    otel.check(address, None)
    stop = otel.push(address, seen, every=3600)
    stop()
    assert {path for path, _ in _Collector.taken} == {"/v1/metrics"}
    told: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for _, body in _Collector.taken:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for metric in (m for scope in resource.scope_metrics for m in scope.metrics):
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    labels = frozenset((a.key, a.value.string_value) for a in point.attributes)
                    told[metric.name, labels] = point.as_double or point.as_int
    assert told["kj_load_requests", frozenset({("operation", "status"), ("outcome", "ok")})] == 100
    assert told["kj_load_requests", frozenset({("operation", "status"), ("outcome", "timeout")})] == 1
    assert told["kj_load_arrivals", frozenset()] == 100
    median = told["kj_load_response_seconds", frozenset({("operation", "status"), ("quantile", "0.5")})]
    assert median == pytest.approx(0.5, rel=0.04)
    assert told["kj_load_lateness_seconds", frozenset({("quantile", "0.99")})] == pytest.approx(0.001, rel=0.01)


def test_a_collector_that_is_elsewhere_or_silent_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="not this machine"):
        otel.check("http://collector.example.org:4318", None)
    call = ["run", "monday-morning", "--lang", "en", "--out", str(tmp_path / "out"), "--otlp", "http://127.0.0.1:1"]
    assert main(call) == 2
    assert "--otlp http://127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
