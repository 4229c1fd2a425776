"""Prometheus metrics. The request path counts in plain dictionaries; they become metrics when somebody looks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

_BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


Key = tuple[str, str, str]


class Counts:
    """What one process has counted, and what several have together."""

    def __init__(self) -> None:
        self.seconds: dict[Key, list[float]] = {}
        self.families: dict[str, int] = {}
        self.in_flight = 0

    def add(self, other: Counts) -> None:
        """Count what another process has counted."""
        for key, values in other.seconds.items():
            mine = self.seconds.get(key, [0.0] * len(values))
            self.seconds[key] = [a + b for a, b in zip(mine, values, strict=True)]
        for name, number in other.families.items():
            self.families[name] = self.families.get(name, 0) + number
        self.in_flight += other.in_flight

    def dump(self) -> bytes:
        """As bytes for another process."""
        return orjson.dumps([[[*key, values] for key, values in self.seconds.items()], self.families, self.in_flight])

    @staticmethod
    def load(data: bytes) -> Counts:
        """The inverse of `dump`."""
        counts = Counts()
        seconds, counts.families, counts.in_flight = orjson.loads(data)
        counts.seconds = {(api, operation, outcome): values for api, operation, outcome, values in seconds}
        return counts

    def collect(self) -> Iterator[Metric]:
        """The counts as Prometheus metric families."""
        requests = CounterMetricFamily("mock_kj_requests", "Requests", labels=["api", "operation", "outcome"])
        durations: dict[tuple[str, str], list[float]] = {}
        for (api, operation, outcome), values in self.seconds.items():
            requests.add_metric((api, operation, outcome), sum(values[:-1]))
            sofar = durations.get((api, operation), [0.0] * len(values))
            durations[api, operation] = [a + b for a, b in zip(sofar, values, strict=True)]
        yield requests
        histogram = HistogramMetricFamily("mock_kj_request_seconds", "Duration", labels=["api", "operation"])
        for labels, values in durations.items():
            bounds = (*map(str, _BUCKETS), "+Inf")
            buckets = list(zip(bounds, accumulate(values[:-1]), strict=True))
            histogram.add_metric(labels, buckets, values[-1])
        yield histogram
        families = CounterMetricFamily(
            "mock_kj_header_family", "Requests by header names (nhn or hit)", labels=["family"]
        )
        for name, count in self.families.items():
            families.add_metric([name], count)
        yield families
        yield GaugeMetricFamily("mock_kj_in_flight", "Requests under way", value=float(self.in_flight))


class Metrics:
    """Requests by API, operation and outcome with their durations, and the header names in use."""

    def __init__(self) -> None:
        self._own = Counts()

    def done(self, api: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one answered request. `outcome` is ok or the name of a refusal."""
        values = self._own.seconds.get((api, operation, outcome))
        if values is None:
            values = self._own.seconds[api, operation, outcome] = [0.0] * (len(_BUCKETS) + 2)
        values[bisect_left(_BUCKETS, seconds)] += 1
        values[-1] += seconds

    def family(self, name: str) -> None:
        """Count which header names a request used (recommended in 3.2)."""
        self._own.families[name] = self._own.families.get(name, 0) + 1

    def snapshot(self, in_flight: int) -> bytes:
        """What this process has counted, for its siblings."""
        self._own.in_flight = in_flight
        return self._own.dump()

    def text(self, in_flight: int, others: Iterable[bytes]) -> bytes:
        """The exposition format, of this process and others together."""
        together = Counts.load(self.snapshot(in_flight))
        for data in others:
            together.add(Counts.load(data))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(together)
        return generate_latest(registry)
