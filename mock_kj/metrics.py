"""Prometheus metrics. The request path counts in plain dictionaries; they become metrics when somebody looks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

_BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Requests by API, operation and outcome, their duration, and the header names in use."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._requests: dict[tuple[str, str, str], int] = {}
        self._seconds: dict[tuple[str, str], list[float]] = {}
        self._families: dict[str, int] = {}
        self.in_flight = 0

    def done(self, api: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one answered request. `outcome` is ok or the name of a refusal."""
        key = (api, operation, outcome)
        self._requests[key] = self._requests.get(key, 0) + 1
        counts = self._seconds.get((api, operation))
        if counts is None:
            counts = self._seconds[api, operation] = [0.0] * (len(_BUCKETS) + 2)
        counts[bisect_left(_BUCKETS, seconds)] += 1
        counts[-1] += seconds

    def family(self, name: str) -> None:
        """Count which header names a request used (recommended in 3.2)."""
        self._families[name] = self._families.get(name, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """The counts as Prometheus metric families."""
        requests = CounterMetricFamily("mock_kj_requests", "Requests", labels=["api", "operation", "outcome"])
        for key, count in self._requests.items():
            requests.add_metric(key, count)
        yield requests
        durations = HistogramMetricFamily("mock_kj_request_seconds", "Duration", labels=["api", "operation"])
        for labels, counts in self._seconds.items():
            total, buckets = 0.0, []
            for bound, number in zip((*map(str, _BUCKETS), "+Inf"), counts, strict=False):
                total += number
                buckets.append((bound, total))
            durations.add_metric(labels, buckets, counts[-1])
        yield durations
        families = CounterMetricFamily(
            "mock_kj_header_family", "Requests by header names (nhn or hit)", labels=["family"]
        )
        for name, count in self._families.items():
            families.add_metric([name], count)
        yield families
        yield GaugeMetricFamily("mock_kj_in_flight", "Requests under way", value=float(self.in_flight))

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
