"""The load scenario: which demand is played in which shape against what, and what must hold (scenarios/load/*.yaml)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadtests.errors import UserError
from loadtests.objectives import Objective, Validity
from loadtests.shapes import Ramp, Stage

MOST_FACTOR = 1000


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Closed):
    """What people read."""

    nb: str
    en: str


class Mock(_Closed):
    """The mock that the run starts, and its faults (see mock_kj/README.md)."""

    processes: int = Field(1, ge=1, le=64)
    options: list[str] = Field([], description="further arguments of `mock-kj serve`")
    faults: dict[str, Any] | None = Field(None, description="fault plan; its clock starts with the run")


class Population(_Closed):
    """The patients that the run registers. Shares are ASSUMPTIONS, high enough that every case is met."""

    patients: int = Field(400, ge=20, le=100_000)
    informed: float = Field(0.3, gt=0, le=1, description="share who have entries")
    restricted: float = Field(0.02, ge=0, le=1)
    blocked: float = Field(0.01, ge=0, le=1)
    reserved: float = Field(0.01, ge=0, le=1)
    writers: float = Field(0.3, gt=0, le=1, description="share of the others who are written about")
    sessions: int = Field(4, ge=1, le=1000, description="users of each profession logged in beforehand, per stripe")


class Mix(_Closed):
    """Who opens and by which API. ASSUMPTIONS: no figure was found."""

    legacy: float = Field(0.1, ge=0, le=1, description="share of the openings by the older generation")
    background: float = Field(0.1, ge=0, le=1, description="share of the openings by the EHR's own job")
    citizen: float = Field(0.005, ge=0, le=1, description="share of the openings that are a citizen's instead")
    think_seconds: float = Field(0.5, ge=0, le=60, description="between a read and a write")


class Retry(_Closed):
    """What clients do when no answer comes, or 429, 502, 503 or 504."""

    times: int = Field(0, ge=0, le=100)
    wait_seconds: float = Field(1.0, gt=0, le=600)
    backoff: float = Field(1.0, ge=1, le=10, description="each wait is so many times the one before")
    longest_seconds: float = Field(60.0, gt=0, le=3600)
    jitter: Literal["none", "full"] = "none"


class Limits(_Closed):
    """The bounds of every run."""

    seconds: float = Field(900, gt=0, le=6 * 3600)
    requests: int = Field(1_000_000, ge=1, le=5_000_000, description="highest number of arrivals")
    in_flight: int = Field(2000, ge=1, le=20_000, description="journeys under way in a process; more are missed")
    timeout_seconds: float = Field(20.0, gt=0, le=120)


class Scenario(_Closed):
    """A load scenario."""

    title: Title
    demand: str = Field(description="demand file, relative to the scenario")
    seed: int = Field(1, ge=0)
    target: str | None = Field(None, description="address of a running API; left out, a mock is started")
    mock: Mock = Mock()
    population: Population = Population()
    mix: Mix = Mix()
    shape: list[Stage] = Field(min_length=1, max_length=200)
    retry: Retry = Retry()
    objectives: dict[str, Objective] = {}
    validity: Validity = Validity()
    limits: Limits = Limits()
    stripes: int = Field(4, ge=1, le=256, description="parts of the arrivals; workers share them")


def shipped() -> Path:
    """The folder of the shipped load scenarios: beside the packages in a checkout, inside the distribution installed."""
    root = Path(__file__).resolve().parents[1]
    here = root / "scenarios" / "load"
    return here if here.is_dir() else root / "sim" / "shipped" / "load"


def find(given: str) -> Path:
    """The file of a scenario that is given by path or by the name of a shipped one."""
    path = Path(given)
    if not path.exists() and not path.suffix and (shipped() / f"{given}.yaml").is_file():
        return shipped() / f"{given}.yaml"
    return path


def load(path: Path) -> Scenario:
    """Read and check a load scenario.

    Raises:
        UserError: it cannot be read, or something in it is wrong; names the place.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        names = ", ".join(sorted(p.stem for p in shipped().glob("*.yaml")))
        raise UserError(
            f"{path} kan ikke leses: {error.strerror}. Ferdige scenarioer: {names}",
            f"{path} cannot be read: {error.strerror}. Shipped scenarios: {names}",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: er ikke YAML: {error}", f"{path}: is not YAML: {error}") from error
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise UserError("\n".join(lines), "\n".join(lines)) from error
    seconds = sum(stage.seconds for stage in scenario.shape)
    if seconds > scenario.limits.seconds:
        raise UserError(
            f"{path}: formen varer {seconds:g} s, men limits.seconds er {scenario.limits.seconds:g}",
            f"{path}: the shape lasts {seconds:g} s, but limits.seconds is {scenario.limits.seconds:g}",
        )
    return scenario


def scaled(scenario: Scenario, seconds: float | None, factor: float = 1.0) -> Scenario:
    """The same scenario in another length and size: every stage and every fault of the mock is shortened (or drawn out)
    alike until the shape lasts ``seconds`` (None: as long as it does), and all rates are multiplied by ``factor``.

    Rates, retries and objectives keep their seconds, so a shape of one minute in six seconds has a tenth of its calls.

    Raises:
        UserError: a number is impossible, or the shape is longer than ``limits.seconds``.
    """
    if seconds is None and factor == 1:
        return scenario
    whole = sum(stage.seconds for stage in scenario.shape)
    share = 1.0 if seconds is None else seconds / whole
    if not 0 < share < math.inf or not 0 < factor <= MOST_FACTOR:
        raise UserError(
            f"--seconds skal være over 0, og --factor over 0 og høyst {MOST_FACTOR}",
            f"--seconds must be above 0, and --factor above 0 and at most {MOST_FACTOR}",
        )
    if whole * share > scenario.limits.seconds:
        raise UserError(
            f"--seconds {seconds:g}: limits.seconds er {scenario.limits.seconds:g}",
            f"--seconds {seconds:g}: limits.seconds is {scenario.limits.seconds:g}",
        )
    shape = [
        stage.model_copy(update={"seconds": stage.seconds * share, "factor": _times(stage.factor, factor)})
        for stage in scenario.shape
    ]
    mock = scenario.mock
    if mock.faults is not None:
        rules = [
            rule | {k: rule[k] * share for k in ("start", "stop", "ramp") if k in rule}
            for rule in mock.faults.get("rules", [])
        ]
        mock = mock.model_copy(update={"faults": mock.faults | {"rules": rules}})
    return scenario.model_copy(update={"shape": shape, "mock": mock})


def _times(ramp: Ramp, factor: float) -> Ramp:
    return (ramp[0] * factor, ramp[1] * factor) if isinstance(ramp, tuple) else ramp * factor
