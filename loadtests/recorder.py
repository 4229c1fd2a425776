"""What is counted of a run: per operation, per journey, per second; made so that parts from many workers add up.

A worker's recorder is emptied into a report now and then (``take``); whoever collects adds the reports (``add``). What
a killed worker had not reported is gone, and the ranges of arrivals that it had reported say how much that is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loadtests.latency import Latency

# Bounds of the heat map's rows in ms: eight to a factor of ten, from 0.1 ms to 100 s.
HEAT_BOUNDS = tuple(0.1 * 10 ** (i / 8) for i in range(49))


@dataclass
class Operation:
    """One operation: answers by outcome, and two times of every answer.

    ``response`` counts from the intended start and ``service`` from the send. ``errors`` are by kind (http-503,
    timeout, reset, refused …), ``wrong`` by what was wrong with an answer that looked good.
    """

    sent: int = 0
    good: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    response: Latency = field(default_factory=Latency)
    service: Latency = field(default_factory=Latency)


@dataclass
class Second:
    """One second of the run, by the intended start."""

    calls: Counter[str] = field(default_factory=Counter)  # by operation
    failed: int = 0
    late_us: float = 0.0
    heat: list[int] = field(default_factory=lambda: [0] * (len(HEAT_BOUNDS) + 1))


class Recorder:
    """Everything that was seen, in one process or of all together."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.journeys: dict[str, Latency] = {}
        self.seconds: dict[int, Second] = {}
        self.lateness = Latency()
        self.played: dict[int, list[list[int]]] = {}  # by stripe: [first, last + 1] of its own arrivals
        self.missed: Counter[str] = Counter()
        self.retries = 0
        self.lost_patients = 0

    def answered(
        self, operation: str, due: float, sent: float, done: float, error: str | None = None, wrong: str | None = None
    ) -> None:
        """Take one request; times are seconds from the start of the run, or before it (then it is set-up)."""
        found = self.operations.get(operation)
        if found is None:
            found = self.operations[operation] = Operation()
        found.sent += 1
        found.response.record(done - due)
        found.service.record(done - sent)
        if error is not None:
            found.errors[error] += 1
        elif wrong is not None:
            found.wrong[wrong] += 1
        else:
            found.good += 1
        second = self._second(due)
        second.calls[operation] += 1
        second.failed += error is not None or wrong is not None
        second.heat[bisect_left(HEAT_BOUNDS, (done - due) * 1000)] += 1

    def late(self, due: float, seconds: float) -> None:
        """Take how late the generator itself was with an arrival."""
        self.lateness.record(seconds)
        second = self._second(due)
        second.late_us = max(second.late_us, seconds * 1e6)

    def finished(self, journey: str, seconds: float) -> None:
        """Take a whole journey, from its arrival to its last answer."""
        found = self.journeys.get(journey)
        if found is None:
            found = self.journeys[journey] = Latency()
        found.record(seconds)

    def play(self, stripe: int, number: int) -> None:
        """Note that a stripe has played its arrival of this number."""
        ranges = self.played.setdefault(stripe, [])
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] = number + 1
        else:
            ranges.append([number, number + 1])

    def _second(self, due: float) -> Second:
        key = int(due // 1)
        found = self.seconds.get(key)
        if found is None:
            found = self.seconds[key] = Second()
        return found

    # --- parts ------------------------------------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """All of it as plain data that can be sent."""
        return {
            "operations": {
                name: {
                    "sent": o.sent,
                    "good": o.good,
                    "errors": dict(o.errors),
                    "wrong": dict(o.wrong),
                    "response": o.response.encode(),
                    "service": o.service.encode(),
                }
                for name, o in self.operations.items()
            },
            "journeys": {name: h.encode() for name, h in self.journeys.items()},
            "seconds": {str(k): [dict(s.calls), s.failed, s.late_us, s.heat] for k, s in self.seconds.items()},
            "lateness": self.lateness.encode(),
            "played": {str(k): ranges for k, ranges in self.played.items()},
            "missed": dict(self.missed),
            "retries": self.retries,
            "lost_patients": self.lost_patients,
        }

    def add(self, report: dict[str, Any]) -> None:
        """Add a report of another recorder."""
        for name, told in report["operations"].items():
            found = self.operations.setdefault(name, Operation())
            found.sent += told["sent"]
            found.good += told["good"]
            found.errors.update(told["errors"])
            found.wrong.update(told["wrong"])
            found.response.add(told["response"])
            found.service.add(told["service"])
        for name, encoded in report["journeys"].items():
            self.journeys.setdefault(name, Latency()).add(encoded)
        for key, (calls, failed, late, heat) in report["seconds"].items():
            second = self.seconds.setdefault(int(key), Second())
            second.calls.update(calls)
            second.failed += failed
            second.late_us = max(second.late_us, late)
            second.heat = [a + b for a, b in zip(second.heat, heat, strict=True)]
        self.lateness.add(report["lateness"])
        for stripe, ranges in report["played"].items():
            for begin, end in ranges:
                self._cover(int(stripe), begin, end)
        self.missed.update(report["missed"])
        self.retries += report["retries"]
        self.lost_patients += report["lost_patients"]

    def _cover(self, stripe: int, begin: int, end: int) -> None:
        ranges = [*self.played.get(stripe, []), [begin, end]]
        ranges.sort()
        merged: list[list[int]] = []
        for low, high in ranges:
            if merged and low <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        self.played[stripe] = merged

    def arrivals_played(self) -> int:
        """How many different arrivals were played."""
        return sum(end - begin for ranges in self.played.values() for begin, end in ranges)
