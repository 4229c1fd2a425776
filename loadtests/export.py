"""What a run sees, as Prometheus metrics while it runs; ``otel`` pushes the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gevent
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from loadtests.errors import UserError

if TYPE_CHECKING:
    from loadtests.recorder import Recorder

QUANTILES = (50.0, 95.0, 99.0, 99.9)


class Exported:
    """A Prometheus collector over whatever the recorder holds at the moment."""

    def __init__(self, recorder: Callable[[], Recorder]) -> None:
        self._recorder = recorder

    def collect(self) -> Iterator[Metric]:
        """The metric families. Between operations the arrivals get their turn: percentiles take milliseconds."""
        recorder = self._recorder()
        requests = CounterMetricFamily("kj_load_requests", "Requests by outcome", labels=["operation", "outcome"])
        times = GaugeMetricFamily(
            "kj_load_response_seconds", "Response time from the intended start", labels=["operation", "quantile"]
        )
        for name, seen in list(recorder.operations.items()):
            requests.add_metric([name, "ok"], seen.good)
            for kind, count in [*seen.errors.items(), *(("wrong", n) for n in seen.wrong.values())]:
                requests.add_metric([name, kind], count)
            for quantile in QUANTILES:
                if (value := seen.response.at(quantile)) is not None:
                    times.add_metric([name, f"{quantile / 100:g}"], value / 1e6)
                gevent.sleep(0)
        yield requests
        yield times
        late = GaugeMetricFamily("kj_load_lateness_seconds", "The generator's own lateness", labels=["quantile"])
        for quantile in QUANTILES:
            if (value := recorder.lateness.at(quantile)) is not None:
                late.add_metric([f"{quantile / 100:g}"], value / 1e6)
        yield late
        yield CounterMetricFamily("kj_load_arrivals", "Arrivals played", value=recorder.arrivals_played())
        missed = CounterMetricFamily("kj_load_missed", "Arrivals missed", labels=["why"])
        for why, count in recorder.missed.items():
            missed.add_metric([why], count)
        yield missed


def serve(port: int, recorder: Callable[[], Recorder]) -> Callable[[], None]:
    """Serve the metrics on the loopback at ``/metrics``; gives what ends it. Raises UserError."""
    registry = CollectorRegistry(auto_describe=False)
    collector: Any = Exported(recorder)
    registry.register(collector)
    try:
        server, _ = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise UserError(f"--metrics {port}: {error.strerror}", f"--metrics {port}: {error.strerror}") from error

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
