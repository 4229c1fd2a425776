"""The highest rate that holds the objectives: a staircase up, then bisection, repeated.

A rate is openings per second with everything that they lead to, in the mix of an hour of the demand. The search asks
one question of a run, whether it passes; an invalid run (the generator could not keep up) ends the search upwards and
is told, because then the generator is the limit and not the service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from loadtests import usl
from loadtests.usl import Law

Answer = Literal["pass", "fail", "invalid"]
Trial = Callable[[float, int], Answer]  # (rate, repetition) -> what a run at that rate says


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rate(_Closed):
    """A rate over repetitions: their median and range; ``covers`` is the confidence that the range holds the median."""

    median: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)
    covers: float = Field(ge=0, le=1)
    each: list[float]


class Point(_Closed):
    """What so many server processes bear."""

    processes: int = Field(ge=1)
    rate: Rate
    limited_by: str = Field(description="service, or generator where the service was never the limit")
    broke: list[str] = Field(description="the objectives that did not hold at the lowest rate that failed")


class Step(_Closed):
    """One run of the search."""

    processes: int
    repetition: int
    rate: float
    verdict: Answer
    achieved: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu: float | None = Field(None, description="cores that the service used")


class Scalability(_Closed):
    """The Universal Scalability Law over the points; beyond ``measured_to`` processes it is a guess."""

    rate_of_one: float
    contention: float
    coherency: float
    error: float
    ranges: dict[str, tuple[float, float]] = Field(
        {}, description="of each parameter, over the laws through one repetition of each number of processes"
    )
    measured_to: int | None = Field(None, ge=1, description="the largest number of processes that was measured")
    doubts: list[str] = Field(
        [], description="why it says less than it seems to: exact, single, flat, wide, cores, generator"
    )

    @property
    def law(self) -> Law:
        """The law itself."""
        return Law(self.rate_of_one, self.contention, self.coherency, self.error)


class Capacity(_Closed):
    """The capacity file, as `utrulling forecast --capacity` and `kj-load headroom` read it."""

    format: Literal["kj-capacity/1"] = "kj-capacity/1"
    unit: Literal["openings per second"] = "openings per second"
    scenario: str
    hour: str = Field(description="the hour of the week whose mix was played")
    objectives: dict[str, dict[str, Any]]
    points: list[Point] = Field(min_length=1)
    scalability: Scalability | None = None
    steps: list[Step]
    machine: dict[str, Any]
    made: str

    @property
    def best(self) -> Point:
        """The point with the highest rate."""
        return max(self.points, key=lambda p: p.rate.median)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of capacity files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Capacity.model_json_schema()}


@dataclass
class Found:
    """What one search found: the highest rate that passed (0: not even the first), and the lowest that did not."""

    passed: float = 0.0
    failed: float | None = None
    limited_by: str = "service"
    asked: list[tuple[float, Answer]] = field(default_factory=list)


def search(trial: Trial, start: float, *, factor: float, tolerance: float, most: float, repetition: int = 0) -> Found:
    """Go up by ``factor`` until a run fails (or ``most`` is reached), then halve the gap until it is within
    ``tolerance`` of the rate. If already the first run fails, go down by the same factor first."""
    found = Found()

    def ask(rate: float) -> bool:
        answer = trial(rate, repetition)
        found.asked.append((rate, answer))
        if answer == "pass":
            found.passed = max(found.passed, rate)
            return True
        if found.failed is None or rate < found.failed:
            found.failed = rate
            found.limited_by = "generator" if answer == "invalid" else "service"
        return False

    rate = start
    if ask(rate):
        while rate < most:
            rate = min(rate * factor, most)
            if not ask(rate):
                break
    else:
        while rate > start / factor**8:
            rate /= factor
            if ask(rate):
                break
    while found.passed and found.failed is not None and found.failed - found.passed > tolerance * found.passed:
        ask((found.passed + found.failed) / 2)
    return found


def over_repetitions(rates: list[float]) -> Rate:
    """The median of repetitions, and their range.

    The range of n independent repetitions covers the true median with probability 1 - 2^(1-n): 75 % for three, 94 % for
    five (each falls above or below it with the same probability).
    """
    covers = 1 - 0.5 ** (len(rates) - 1)
    return Rate(median=median(rates), low=min(rates), high=max(rates), covers=covers, each=rates)


def scalability(points: list[Point], cores: int | None, workers: int) -> Scalability | None:
    """The law over the points with its uncertainty and what to doubt; None with fewer than three numbers, or where one
    has a search in which nothing passed."""
    rates = {p.processes: p.rate.each for p in points}
    if any(min(each) <= 0 for each in rates.values()):
        return None
    law = usl.fit([n for n, each in rates.items() for _ in each], [rate for each in rates.values() for rate in each])
    if law is None:
        return None
    laws = usl.spread(rates)
    names = ("rate_of_one", "contention", "coherency")
    return Scalability(
        **vars(law),
        ranges={n: (min(v), max(v)) for n, v in ((n, [getattr(one, n) for one in laws]) for n in names) if v},
        measured_to=max(rates),
        doubts=usl.doubts(law, rates, any(p.limited_by != "service" for p in points), cores, workers),
    )
