"""Prometheus metrics; the children that the request path touches are looked up once."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Requests by API, operation and outcome, their duration, and the header names in use."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "mock_kj_requests", "Requests", ["api", "operation", "outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "mock_kj_request_seconds", "Duration", ["api", "operation"], buckets=_BUCKETS, registry=self.registry
        )
        self._headers = Counter(
            "mock_kj_header_family", "Requests by header family (nhn or hit)", ["family"], registry=self.registry
        )
        self.in_flight = Gauge("mock_kj_in_flight", "Requests under way", registry=self.registry)
        self._request = lru_cache(maxsize=4096)(self._requests.labels)
        self._duration = lru_cache(maxsize=256)(self._seconds.labels)
        self._family = lru_cache(maxsize=4)(self._headers.labels)

    def done(self, api: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one answered request. `outcome` is ok or the name of a refusal."""
        self._request(api, operation, outcome).inc()
        self._duration(api, operation).observe(seconds)

    def family(self, name: str) -> None:
        """Count which header names a request used (recommended in 3.2)."""
        self._family(name).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
