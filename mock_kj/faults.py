"""Faults on request: latency, errors, resets, stalls, brown-outs (kj-api.md row 29: nothing is known of real limits).

A rule draws from its own seeded stream, one draw per request it matches, so a run can be repeated. Rules come from a
YAML file or from the admin endpoint; without rules the request path pays one test of a flag.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from mock_kj.errors import UsageError

OPERATIONS = (
    "*",
    "status",
    "read",
    "create",
    "update",
    "delete",
    "history",
    "metadata",
    "helseindikator",
    "helseid",
    "token",
    "par",
    "authorize",
    "jwks",
    "discovery",
    "citizen",
)
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "constant": ("ms",),
    "uniform": ("low_ms", "high_ms"),
    "exponential": ("mean_ms",),
    "lognormal": ("median_ms", "sigma"),
}


class Reset(Exception):  # noqa: N818
    """The connection shall be cut without an answer."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault. Rates are per request; `start` and `stop` are seconds since the server began; with `ramp` a latency
    or rate grows from nothing to full over that many seconds after `start` (a brown-out)."""

    operation: str
    distribution: str | None = None
    parameters: tuple[float, ...] = ()
    error_rate: float = 0.0
    error_status: int = 503
    reset_rate: float = 0.0
    hang: bool = False
    start: float = 0.0
    stop: float = float("inf")
    ramp: float = 0.0

    def strength(self, elapsed: float) -> float:
        """How much of the fault is in force, from 0 to 1."""
        if not self.start <= elapsed < self.stop:
            return 0.0
        return min(1.0, (elapsed - self.start) / self.ramp) if self.ramp > 0 else 1.0

    def latency(self, stream: random.Random) -> float:
        """One latency in seconds."""
        if self.distribution is None:
            return 0.0
        p = self.parameters
        if self.distribution == "constant":
            value = p[0]
        elif self.distribution == "uniform":
            value = stream.uniform(p[0], p[1])
        elif self.distribution == "exponential":
            value = stream.expovariate(1 / p[0]) if p[0] > 0 else 0.0
        else:
            value = p[0] * stream.lognormvariate(0, p[1])
        return value / 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """All faults of one file: rules, a clock skew, key rotation and database stalls."""

    rules: tuple[Rule, ...] = ()
    seed: int = 1
    clock_skew_seconds: float = 0.0
    rotate_keys_every: float = 0.0
    stall_every: float = 0.0
    stall_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request suffers: a delay, then perhaps an error status, a cut, or no answer at all."""

    delay: float = 0.0
    status: int | None = None
    reset: bool = False
    hang: bool = False


class Faults:
    """The plan in force and the streams of its rules."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.set(plan or Plan())

    def set(self, plan: Plan) -> None:
        """Put a plan in force; its clock starts now."""
        self.plan = plan
        self.active = bool(plan.rules)
        self._began = time.monotonic()
        self._streams = [
            random.Random(crc32(f"{plan.seed}/{i}/{r.operation}".encode())) for i, r in enumerate(plan.rules)
        ]
        self._stalled = self._began

    def draw(self, operation: str, group: str, elapsed: float) -> Outcome:
        """What the next request of an operation suffers. Pure but for the rules' streams."""
        delay, status, reset, hang = 0.0, None, False, False
        for rule, stream in zip(self.plan.rules, self._streams, strict=True):
            if rule.operation not in (operation, group, "*"):
                continue
            wait, error, cut = rule.latency(stream), stream.random(), stream.random()
            strength = rule.strength(elapsed)
            delay += wait * strength
            if error < rule.error_rate * strength:
                status = rule.error_status
            reset = reset or cut < rule.reset_rate * strength
            hang = hang or (rule.hang and strength > 0)
        return Outcome(delay, status, reset, hang)

    async def suffer(self, operation: str, group: str = "") -> int | None:
        """Wait as the plan says; gives an HTTP status to answer with, or None to go on.

        Raises:
            Reset: cut the connection.

        """
        outcome = self.draw(operation, group, time.monotonic() - self._began)
        if outcome.hang:
            await asyncio.sleep(3600)
        if outcome.delay:
            await asyncio.sleep(outcome.delay)
        if outcome.reset:
            raise Reset
        return outcome.status

    def stall(self) -> float:
        """How long the next commit shall wait for its disk, in seconds."""
        if not self.plan.stall_every:
            return 0.0
        now = time.monotonic()
        if now - self._stalled < self.plan.stall_every:
            return 0.0
        self._stalled = now
        return self.plan.stall_ms / 1000


def parse(data: Mapping[str, Any], place: str) -> Plan:
    """A plan from YAML or JSON.

    Raises:
        UsageError: names the member that is wrong.

    """
    _known(data, ("seed", "rules", "clock_skew_seconds", "rotate_keys_every", "stall"), place)
    rules = data.get("rules", [])
    if not isinstance(rules, list):
        raise UsageError(f"{place}: rules", "must be a list")
    stall = data.get("stall", {})
    if not isinstance(stall, Mapping):
        raise UsageError(f"{place}: stall", "must hold every and ms")
    _known(stall, ("every", "ms"), f"{place}: stall")
    return Plan(
        tuple(_rule(item, f"{place}: rules[{i}]") for i, item in enumerate(rules)),
        int(_number(data, "seed", 1, place)),
        _number(data, "clock_skew_seconds", 0.0, place, low=-1e9),
        _number(data, "rotate_keys_every", 0.0, place),
        _number(stall, "every", 0.0, f"{place}: stall"),
        _number(stall, "ms", 0.0, f"{place}: stall"),
    )


def _rule(data: object, place: str) -> Rule:
    if not isinstance(data, Mapping):
        raise UsageError(place, "must be a mapping")
    _known(
        data,
        ("operation", "latency", "error_rate", "error_status", "reset_rate", "hang", "start", "stop", "ramp"),
        place,
    )
    operation = data.get("operation", "*")
    if operation not in OPERATIONS:
        raise UsageError(f"{place}.operation", f"must be one of {', '.join(OPERATIONS)}")
    name: str | None = None
    parameters: tuple[float, ...] = ()
    latency = data.get("latency")
    if latency is not None:
        if not isinstance(latency, Mapping) or latency.get("distribution") not in DISTRIBUTIONS:
            raise UsageError(f"{place}.latency.distribution", f"must be one of {', '.join(DISTRIBUTIONS)}")
        name = str(latency["distribution"])
        _known(latency, ("distribution", *DISTRIBUTIONS[name]), f"{place}.latency")
        parameters = tuple(_number(latency, p, None, f"{place}.latency") for p in DISTRIBUTIONS[name])
    status = _number(data, "error_status", 503, place)
    if not 400 <= status <= 599:
        raise UsageError(f"{place}.error_status", "must be from 400 to 599")
    return Rule(
        operation,
        name,
        parameters,
        _number(data, "error_rate", 0.0, place, high=1),
        int(status),
        _number(data, "reset_rate", 0.0, place, high=1),
        data.get("hang") is True,
        _number(data, "start", 0.0, place),
        _number(data, "stop", float("inf"), place),
        _number(data, "ramp", 0.0, place),
    )


def _known(data: Mapping[str, Any], names: tuple[str, ...], place: str) -> None:
    for name in data:
        if name not in names:
            raise UsageError(f"{place}: {name}", f"is not known; there are {', '.join(names)}")


def _number(
    data: Mapping[str, Any],
    name: str,
    default: float | None,
    place: str,
    *,
    low: float = 0.0,
    high: float = float("inf"),
) -> float:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{place}: {name}", f"must be a number from {low:g} to {high:g}")
    return value
