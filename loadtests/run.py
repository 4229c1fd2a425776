"""One run from scenario to result: checks, set-up, the run itself, the verdict."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent

from loadtests import population
from loadtests.arrivals import Arrivals, draw
from loadtests.conduct import Conductor, Distributed, Local, Scale
from loadtests.demand import Demand
from loadtests.errors import RunError, UserError
from loadtests.generator import Plan
from loadtests.helseid import Client
from loadtests.mock import Mock
from loadtests.objectives import Finding, Verdict, judge
from loadtests.patients import Patient
from loadtests.recorder import Recorder
from loadtests.scenario import Scenario
from loadtests.setup import Users, register
from loadtests.shapes import Course, course
from loadtests.target import allowed
from loadtests.transport import Origin, Unanswered


@dataclass(frozen=True)
class Target:
    """Where the run goes: a running API with its client files, or (None) a mock of its own."""

    base: str
    users: Users
    patients: list[population.Given] | None = None  # those that it has; None where they are registered


@dataclass
class Sample:
    """What a mock of our own has used of the processor by some second of the run."""

    at: float
    cpu: float | None


@dataclass
class Outcome:
    """A finished run."""

    scenario: Scenario
    demand: Demand
    course: Course
    arrivals: Arrivals
    recorder: Recorder
    verdict: Verdict
    findings: list[Finding]
    lost: list[dict[str, Any]]
    seconds: float
    samples: list[Sample] = field(default_factory=list)
    server: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    interrupted: bool = False
    generator_cpu: float = 0.0


def read_client(path: Path) -> dict[str, Any]:
    """A client file. Raises UserError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"klientfilen {path} kan ikke leses: {error}. Lag den med «mock-kj client --out {path}»",
            f"the client file {path} cannot be read: {error}. Make it with «mock-kj client --out {path}»",
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} er ikke en klientfil", f"{path} is not a client file")
    Client.of(content, str(path))
    return content


def running(
    address: str,
    client: Path,
    legacy: Path | None,
    allow: Path | None,
    scenario: Scenario,
    patients: Path | None = None,
) -> Target:
    """A running API, judged and reached before the first request of the run.

    ``patients`` names those that it has (``population``); without it they are registered at its admin endpoint.

    Raises:
        UserError: it may not be loaded, does not answer, lacks what the scenario needs, or a client file belongs to another.
    """
    host = allowed(address, allow)
    parts = urlsplit(address)
    base = f"{parts.scheme}://{parts.netloc}"
    current = read_client(client)
    users = Users(current, current if legacy is None else read_client(legacy))
    for content in (users.current, users.legacy):
        for name in ("issuer", "api"):
            found = urlsplit(str(content[name]))
            if f"{found.scheme}://{found.netloc}" != base:
                raise UserError(
                    f"klientfilen er for {found.netloc}, ikke for {parts.netloc}",
                    f"the client file is for {found.netloc}, not for {parts.netloc}",
                )
    known = None if patients is None else population.read(patients)
    plain = sum(p.case == "plain" for p in known or ())
    if known is not None and plain < 5 * scenario.stripes:
        raise UserError(
            f"{patients}: {plain} pasienter uten valg er for få for {scenario.stripes} deler (minst fem i hver)",
            f"{patients}: {plain} plain patients are too few for {scenario.stripes} stripes (five each at least)",
        )
    origin = Origin(base, timeout=5, connections=1)
    try:
        origin.exchange("GET", "/health", {})
        if known is None and origin.exchange("GET", "/admin/patient", {}).status in (403, 404):
            raise UserError(
                f"{host} har ikke mockens /admin/patient, så pasienter kan ikke registreres; gi dem med --patients FIL",
                f"{host} has not the mock's /admin/patient, so no patients can be registered; give them with --patients FILE",
            )
        if scenario.mock.faults is not None and origin.exchange("GET", "/admin/faults", {}).status != 200:
            raise UserError(
                f"{host} har ikke mockens /admin/faults, og scenarioet har feil i mock.faults",
                f"{host} has not the mock's /admin/faults, and the scenario has mock.faults",
            )
    except Unanswered as error:
        raise UserError(f"{host} svarer ikke: {error}", f"{host} does not answer: {error}") from error
    finally:
        origin.close()
    return Target(base, users, known)


@dataclass
class Ready:
    """A target made ready: patients registered, a mock running if it is our own. Several runs may use it in turn."""

    target: Target
    mock: Mock | None
    patients: list[Patient]
    used: bool = False


@contextlib.contextmanager
def stage(scenario: Scenario, target: Target | None = None) -> Iterator[Ready]:
    """Start a mock, or take a running target, and register the patients of a scenario. Raises UserError."""
    with contextlib.ExitStack() as stack:
        mock = None
        if target is None:
            mock = stack.enter_context(Mock(scenario.mock.processes, scenario.mock.options))
            target = Target(allowed_base(mock), Users(mock.client(), mock.client("--legacy")))
        limits = scenario.limits
        if target.patients is None:
            patients = register(target.base, target.users, scenario.population, scenario.seed, limits.timeout_seconds)
        else:
            patients = population.learn(target.base, target.users, target.patients, limits.timeout_seconds)
        yield Ready(target, mock, patients)


def allowed_base(mock: Mock) -> str:
    """The mock's address; judged like any other."""
    base = str(mock.told["base"])
    allowed(base)
    return base


def execute(
    scenario: Scenario,
    demand: Demand,
    ready: Ready,
    *,
    scale: Scale | None = None,
    watch: Callable[[float, Outcome], None] | None = None,
    started: Callable[[Conductor, Outcome], None] | None = None,
) -> Outcome:
    """Carry a run out on a stage.

    ``scale`` says how it is spread over processes; left out, it runs here. ``watch`` is called every second with what is seen so
    far. Ctrl-C ends the run early; what was seen until then is in the outcome.

    Raises:
        UserError: something is wrong before the first request.
    """
    played = course(demand, scenario.shape)
    arrivals = draw(played, scenario.seed, scenario.limits.requests)
    served, mock = ready.target, ready.mock
    plan = Plan(scenario, served.base, served.users, demand.places, ready.patients, arrivals, known=not ready.used)
    ready.used = True
    conductor: Conductor = Distributed(plan, demand, scale) if scale and scale.workers + scale.remote else Local(plan)
    outcome = Outcome(
        scenario, demand, played, arrivals, conductor.recorder, Verdict.INVALID, [], conductor.lost, played.seconds
    )
    origin = Origin(served.base, timeout=5, connections=4)
    before = metrics(origin)

    def begin() -> None:
        if scenario.mock.faults is not None:
            _set_faults(origin, scenario.mock.faults)
        outcome.began = time.time()

    def each_second(elapsed: float, recorder: Recorder) -> None:
        outcome.recorder = recorder
        outcome.samples.append(Sample(elapsed, mock.cpu_seconds() if mock is not None else None))
        if mock is not None and not mock.alive:
            raise RunError("mock-kj stanset midt i løpet", "mock-kj stopped in the middle of the run")
        if watch is not None:
            watch(elapsed, outcome)

    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)  # Ctrl-C is no fault to print a traceback for
    cpu = time.process_time()
    try:
        if started is not None:
            started(conductor, outcome)
        conductor.run(played.seconds, begin, each_second)
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        outcome.generator_cpu = time.process_time() - cpu
        outcome.recorder = conductor.recorder
        after = metrics(origin)
        outcome.server = {k: v - before.get(k, 0.0) for k, v in after.items() if k.endswith("_total")}
        origin.close()
    outcome.verdict, outcome.findings = judge(outcome.recorder, scenario.objectives, scenario.validity, len(arrivals))
    return outcome


def _set_faults(origin: Origin, faults: dict[str, Any]) -> None:
    answer = origin.exchange("PUT", "/admin/faults", {"Content-Type": "application/json"}, json.dumps(faults).encode())
    if answer.status != 200:
        text = answer.body[:300].decode(errors="replace")
        raise UserError(f"mock.faults: {text}", f"mock.faults: {text}")


def metrics(origin: Origin) -> dict[str, float]:
    """The server's own counts, if it has Prometheus metrics; buckets are left out."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        answer = origin.exchange("GET", "/metrics", {})
    except Unanswered:
        return {}
    if answer.status != 200:
        return {}
    found: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families(answer.body.decode("utf-8", "replace")):
            for sample in family.samples:
                if not sample.name.endswith("_bucket"):
                    labels = "/".join(v for v in sample.labels.values())
                    name = f"{sample.name}{{{labels}}}" if labels else sample.name
                    found[name if not sample.name.endswith("_total") else f"{labels or sample.name}_total"] = (
                        sample.value
                    )
    except ValueError:
        return {}
    return found
