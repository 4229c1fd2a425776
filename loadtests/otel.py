"""The metrics of ``export`` pushed to an OpenTelemetry collector over OTLP/HTTP while a run goes on.

The protocol is the OpenTelemetry SDK's (``pip install utrulling[otel]``). Locust's own ``--otel`` is not used: it counts
from the send, in its own buckets, and folds more than twenty request names into one.
"""

from __future__ import annotations

import importlib.util
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loadtests.errors import UserError
from loadtests.export import Exported
from loadtests.target import allowed

if TYPE_CHECKING:
    from loadtests.recorder import Recorder

EVERY_SECONDS = 5.0


def check(address: str, allow: Path | None) -> None:
    """Refuse a collector that may not be sent to, does not listen, or cannot be spoken to, before anything is started.

    Raises:
        UserError: says which.
    """
    host = allowed(address, allow)
    try:  # only looked for: imported now it would bring in ssl, before Locust patches it
        here = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        here = False
    if not here:
        raise UserError(
            "--otlp trenger OpenTelemetry: pip install 'utrulling[otel]'",
            "--otlp needs OpenTelemetry: pip install 'utrulling[otel]'",
        )
    parts = urlsplit(address)
    try:
        socket.create_connection((host, parts.port or (443 if parts.scheme == "https" else 80)), 5).close()
    except OSError as error:
        raise UserError(f"--otlp {address}: {error}", f"--otlp {address}: {error}") from error


def push(address: str, recorder: Callable[[], Recorder], every: float = EVERY_SECONDS) -> Callable[[], None]:
    """Send what the recorder holds every so many seconds; gives what sends the last of it and ends.

    ``address`` has passed ``check``; without a path it is ``/v1/metrics`` there. No proxy of the environment is used and
    no redirection followed, so nothing goes to another host. A collector that falls silent is logged, not fatal.
    """
    import requests
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    session = requests.Session()
    session.trust_env, session.max_redirects = False, 0
    endpoint = address if urlsplit(address).path.strip("/") else address.rstrip("/") + "/v1/metrics"
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=endpoint, session=session, timeout=5), export_interval_millis=every * 1000
    )
    provider = MeterProvider([reader], Resource.create({"service.name": "kj-load"}), shutdown_on_exit=False)
    meter = provider.get_meter("kj-load")
    exported = Exported(recorder)

    def observing(name: str) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            for family in exported.collect():
                if family.name == name:
                    for sample in family.samples:
                        yield Observation(sample.value, sample.labels)

        return observe

    for family in exported.collect():
        made: Any = meter.create_observable_counter if family.type == "counter" else meter.create_observable_gauge
        unit = "s" if family.name.endswith("_seconds") else "1"
        made(family.name, callbacks=[observing(family.name)], unit=unit, description=family.documentation)

    def stop() -> None:
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        provider.shutdown()

    return stop
