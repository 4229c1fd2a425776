"""A run against a mock that is frozen 2 s out of every 10, beside a closed loop on the same mock; prints JSON.

Run by test_stall.py in a process of its own, because Locust patches the standard library.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import gevent

from loadtests import run
from loadtests.conduct import Conductor
from loadtests.latency import Latency
from loadtests.objectives import Validity
from loadtests.scenario import Mix, Population, Scenario, Title
from loadtests.shapes import Stage
from loadtests.transport import Origin
from tests.loadtests import small

EVERY, STALL, BEGIN = 10.0, 2.0, 4.0


def main(cycles: int, rate: float) -> None:
    """Play, freeze, and tell."""
    scenario = Scenario(
        title=Title(nb="stans", en="stall"),
        demand="-",
        shape=[Stage(seconds=cycles * EVERY)],
        mix=Mix(legacy=0, background=0, citizen=0),
        population=Population(patients=40, restricted=0, blocked=0, reserved=0, sessions=1),
        validity=Validity(lateness_p99_ms=200),
        stripes=2,
    )
    closed = Latency()
    windows: list[tuple[float, float]] = []
    with run.stage(scenario) as ready:
        assert ready.mock is not None
        pid = ready.mock.process.pid

        def freeze(conductor: Conductor) -> None:
            while not conductor.zero:
                gevent.sleep(0.01)
            for cycle in range(cycles):
                gevent.sleep(max(conductor.zero + cycle * EVERY + BEGIN - time.time(), 0))
                os.kill(pid, signal.SIGSTOP)
                begun = conductor.elapsed()
                gevent.sleep(STALL)
                os.kill(pid, signal.SIGCONT)
                windows.append((begun, conductor.elapsed()))

        def loop(conductor: Conductor) -> None:
            """One user who sends the next request when the last is answered, as a closed loop does."""
            origin = Origin(ready.target.base, timeout=20, connections=1)
            while not conductor.zero:
                gevent.sleep(0.01)
            while conductor.elapsed() < cycles * EVERY:
                began = time.perf_counter()
                origin.exchange("GET", "/health", {})
                closed.record(time.perf_counter() - began)
                gevent.sleep(0.02)

        def started(conductor: Conductor, outcome: run.Outcome) -> None:
            gevent.spawn(freeze, conductor)
            gevent.spawn(loop, conductor)

        outcome = run.execute(scenario, small.demand(rate), ready, started=started)
    status = outcome.recorder.operations["status"]
    print(
        json.dumps(
            {
                "response": status.response.summary(),
                "service": status.service.summary(),
                "closed": closed.summary(),
                "sent": status.sent,
                "good": status.good,
                "due": list(outcome.arrivals.times),
                "windows": windows,
                "verdict": outcome.verdict.value,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
