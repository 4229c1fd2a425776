"""What Kjernejournal was measured to bear: the capacity file of the load test.

The file's form is ``scenarios/capacity.schema.json``. Its unit is openings per second: patients whose record is opened, with
all the calls that it leads to, in the mix of calls of the hour that was played. An opening is one indicator call of the
forecast. The rate is the highest that held the test's objectives, so a service above it is too slow before it stops.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import ScenarioError, UserError, why
from sim.scenario import text
from sim.scenario.faults import Faults, explain

FORMAT = "kj-capacity/1"
USELESS = frozenset(("flat", "wide"))  # doubts of the load test about its law that leave nothing to calculate with


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Rate(_Form):
    """Openings per second over repetitions: median and range; ``covers`` is the confidence that it holds the median."""

    median: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)
    covers: float = Field(ge=0, le=1)
    each: list[float]


class Point(_Form):
    """What so many server processes bear; ``limited_by`` is the service, or the generator that could not ask for more."""

    processes: int = Field(ge=1)
    rate: Rate
    limited_by: str
    broke: list[str]


class Step(_Form):
    """One run of the search: the rate asked for and achieved (openings per second), response times of status calls."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    processes: int = Field(ge=1)
    repetition: int = Field(ge=0)
    rate: float = Field(ge=0)
    verdict: Literal["pass", "fail", "invalid"]
    achieved: float | None = Field(None, ge=0)
    p50_ms: float | None = Field(None, ge=0)
    p99_ms: float | None = Field(None, ge=0)


class Scalability(_Form):
    """The Universal Scalability Law over the points (Gunther 2007, Guerrilla Capacity Planning)."""

    rate_of_one: float
    contention: float
    coherency: float
    error: float
    ranges: dict[str, tuple[float, float]] = {}
    measured_to: int | None = None
    doubts: list[str] = []

    def rate(self, processes: int) -> float:
        """X(N) = λN / (1 + σ(N - 1) + κN(N - 1))."""
        n = processes
        return self.rate_of_one * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1))


class File(_Form):
    """The capacity file."""

    format: Literal["kj-capacity/1"] = "kj-capacity/1"
    unit: Literal["openings per second"] = "openings per second"
    scenario: str
    hour: str
    objectives: dict[str, dict[str, Any]]
    points: list[Point] = Field(min_length=1)
    scalability: Scalability | None = None
    steps: list[Step]
    machine: dict[str, Any]
    made: str


@dataclass(frozen=True)
class Capacity:
    """The capacity that a forecast is held against.

    ``median``, ``low``, ``high`` in openings per second; ``covers`` the confidence that the range holds the median, None
    when it was calculated. ``instances`` are server processes. ``basis``: they were measured, or follow from the law
    within what was measured, or beyond it. ``bound``: the generator was the limit, so the service may bear more.
    """

    path: Path
    file: File
    digest: str
    instances: int
    median: float
    low: float
    high: float
    covers: float | None
    basis: Literal["measured", "law", "extrapolated"]
    bound: bool

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "file": self.path.name,
            "sha256": self.digest,
            "made": self.file.made,
            "load_scenario": self.file.scenario,
            "hour": self.file.hour,
            "machine": self.file.machine,
            "unit": self.file.unit,
            "instances": self.instances,
            "basis": self.basis,
            "lower_bound": self.bound,
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "covers": self.covers,
        }


def read(path: Path, instances: int | None = None) -> Capacity:
    """The capacity of a file, for the configuration with the highest rate that was measured or so many ``instances``.

    A number that was not measured is calculated by the file's scalability law; its range is as wide, relative to the
    rate, as the widest that was measured.

    Raises:
        UserError: the file cannot be read, is no capacity file or of another version, or does not tell so many instances.
        ScenarioError: something in it is wrong; with line, column and key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = why(error)
        raise UserError(
            f"{path} kan ikke leses: {reason.nb}. Lag den med «kj-load capacity»",
            f"{path} cannot be read: {reason.en}. Make it with «kj-load capacity»",
        ) from error
    file = _checked(path, content)
    digest = hashlib.sha256(content).hexdigest()
    chosen = [p for p in file.points if instances in (None, p.processes)]
    point = max(chosen, key=lambda p: p.rate.median, default=None)
    if point is not None:
        r = point.rate
        bound = point.limited_by != "service"
        return Capacity(path, file, digest, point.processes, r.median, r.low, r.high, r.covers, "measured", bound)
    assert instances is not None
    measured = sorted(p.processes for p in file.points)
    if file.scalability is None or USELESS & set(file.scalability.doubts):
        listed = ", ".join(map(str, measured))
        raise UserError(
            f"--instances {instances}: {path} har målt {listed} og har ingen brukbar skaleringslov. Mål flere med "
            f"«kj-load capacity … --processes 1 2 3», eller velg et målt antall",
            f"--instances {instances}: {path} has measured {listed} and holds no scalability law of use. Measure more with "
            f"«kj-load capacity … --processes 1 2 3», or choose a measured number",
        )
    rate = file.scalability.rate(instances)
    rates = [p.rate for p in file.points if p.rate.median > 0]
    down = min((r.low / r.median for r in rates), default=1.0)
    up = max((r.high / r.median for r in rates), default=1.0)
    basis: Literal["law", "extrapolated"] = "law" if measured[0] <= instances <= measured[-1] else "extrapolated"
    bound = any(p.limited_by != "service" for p in file.points)
    return Capacity(path, file, digest, instances, rate, rate * down, rate * up, None, basis, bound)


def _checked(path: Path, content: bytes) -> File:
    try:
        plain = json.loads(content)
    except json.JSONDecodeError as error:
        at = f"{path}:{error.lineno}:{error.colno}"
        raise UserError(f"{at}: ikke gyldig JSON", f"{at}: not valid JSON") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} er ikke UTF-8", f"{path} is not UTF-8") from error
    except (ValueError, RecursionError) as error:  # a number too long, brackets too deep
        raise UserError(f"{path}: ikke gyldig JSON", f"{path}: not valid JSON") from error
    kind = plain.get("format", FORMAT) if isinstance(plain, dict) else None
    if kind != FORMAT:
        raise UserError(
            f"{path}: format: «{kind}» er ikke {FORMAT}, som denne versjonen leser. Lag den på nytt med «kj-load capacity»",
            f"{path}: format: «{kind}» is not {FORMAT}, which this version reads. Make it anew with «kj-load capacity»",
        )
    faults = Faults(path)
    try:
        file = File.model_validate(plain)
    except ValidationError as error:
        faults.places = text.read(path)[1]
        for fault in error.errors():
            explain(fault, faults, File)
        raise ScenarioError(faults.ordered()) from error
    unordered = [i for i, p in enumerate(file.points) if not p.rate.low <= p.rate.median <= p.rate.high]
    law = file.scalability
    impossible = law is not None and min(law.rate_of_one, law.contention, law.coherency) < 0
    if unordered or impossible:
        faults.places = text.read(path)[1]
        for i in unordered:
            faults.fail(("points", i, "rate"), "low, median og high skal stige", "low, median and high must rise")
        if impossible:
            faults.fail(("scalability",), "tallene skal være 0 eller mer", "the numbers must be 0 or more")
        raise ScenarioError(faults.ordered())
    return file
