"""Conducting a run on Locust: one process, or Locust's master with workers of its own.

Both do the same: spawn the stripes, wait until all are ready, name the moment at which the run begins, collect what is
recorded until it is over, and say how many processes were lost on the way.
"""

from __future__ import annotations

import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
import numpy as np
from locust.argument_parser import get_parser
from locust.env import Environment

from loadtests.arrivals import draw
from loadtests.demand import Demand
from loadtests.errors import RunError
from loadtests.generator import Generator, Heard, Plan
from loadtests.patients import Patient
from loadtests.recorder import Recorder
from loadtests.scenario import Scenario
from loadtests.setup import Users
from loadtests.shapes import course
from loadtests.stripes import classes

READY_SECONDS = 120.0
LEAD_SECONDS = 1.0  # between saying when the run begins, and its beginning
REPORT_SECONDS = 1.0
Watch = Callable[[float, Recorder], None]


@dataclass(frozen=True)
class Scale:
    """How a run is spread: ``workers`` processes here, ``remote`` ones that come from other machines; with none of
    either it runs in this process. ``bind`` and ``port`` (0: a free one) are where the master listens."""

    workers: int = 0
    remote: int = 0
    bind: str = "127.0.0.1"
    port: int = 0


class Conductor(ABC):
    """What the two ways have in common."""

    environment: Environment

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.recorder = Recorder()
        self.lost: list[dict[str, Any]] = []
        self.ready: set[int] = set()
        self.refused: str | None = None
        self.zero = 0.0

    def prepared(self, number: int, error: str | None) -> None:
        """A stripe is ready, or got no token."""
        if error is not None:
            self.refused = error
        self.ready.add(number)

    def wait_until_ready(self) -> None:
        """Wait for all stripes. Raises RunError."""
        until = time.monotonic() + READY_SECONDS
        while len(self.ready) < self.plan.scenario.stripes and self.refused is None:
            if time.monotonic() > until:
                raise RunError(
                    f"bare {len(self.ready)} av {self.plan.scenario.stripes} deler ble klare",
                    f"only {len(self.ready)} of {self.plan.scenario.stripes} stripes got ready",
                )
            gevent.sleep(0.02)
        if self.refused is not None:
            raise RunError(f"løpet kan ikke begynne: {self.refused}", f"the run cannot begin: {self.refused}")

    @abstractmethod
    def tell_locust(self) -> None:
        """Let Locust count every request as well, for its web UI; that costs some microseconds a request."""

    @abstractmethod
    def run(self, seconds: float, begin: Callable[[], None], watch: Watch) -> None:
        """Play the plan; ``begin`` is called just before the run begins, ``watch`` every second. Raises RunError."""

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.time() - self.zero


class Local(Conductor):
    """A run in this process."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.environment = Environment(user_classes=list(classes(plan.scenario.stripes)), host=plan.base)
        self.runner = self.environment.create_local_runner()
        self.generator = Generator(plan)
        self.environment.kj_generator = self.generator  # type: ignore[attr-defined]
        self.environment.kj_prepared = self.prepared  # type: ignore[attr-defined]

    def tell_locust(self) -> None:
        """Fire Locust's event for every request."""
        self.generator.heard = locust_event(self.environment)

    def run(self, seconds: float, begin: Callable[[], None], watch: Watch) -> None:
        """Play the plan. Raises RunError."""
        stripes = self.plan.scenario.stripes
        self.runner.start(stripes, spawn_rate=stripes)
        try:
            self.wait_until_ready()
            begin()
            self.zero = time.time() + LEAD_SECONDS
            self.generator.start_at(self.zero)
            self.recorder = self.generator.recorder
            while (elapsed := self.elapsed()) < seconds:
                gevent.sleep(min(1.0, seconds - elapsed))
                watch(self.elapsed(), self.recorder)
            self.generator.finish(self.plan.scenario.limits.timeout_seconds + 2)
        finally:
            self.runner.quit()
            self.generator.close()


class Distributed(Conductor):
    """A run on Locust's master in this process and workers in others."""

    def __init__(self, plan: Plan, demand: Demand, scale: Scale) -> None:
        super().__init__(plan)
        self._demand, self._count = demand, scale.workers + scale.remote
        options = get_parser().parse_args([])
        options.enable_rebalancing = True  # a lost worker's stripes go to the others
        self.environment = Environment(
            user_classes=list(classes(plan.scenario.stripes)), host=plan.base, parsed_options=options
        )
        port = scale.port or _free_port(scale.bind)
        self.runner = self.environment.create_master_runner(scale.bind, port)
        self.runner.register_message("kj-prepared", self._on_prepared)
        self.runner.register_message("kj-report", self._on_report)
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "loadtests.worker", scale.bind, str(port), str(plan.scenario.stripes)],
                start_new_session=True,
            )
            for _ in range(scale.workers)
        ]
        self._heard = False
        self._told: set[str] = set()
        self._finished: set[str] = set()

    def tell_locust(self) -> None:
        """Have the workers fire Locust's event; Locust brings the counts here."""
        self._heard = True

    def _on_prepared(self, environment: Environment, msg: Any, **_: Any) -> None:
        self.prepared(int(msg.data["stripe"]), msg.data["error"])

    def _on_report(self, environment: Environment, msg: Any, **_: Any) -> None:
        self.recorder.add(msg.data["report"])
        if msg.data["last"]:
            self._finished.add(msg.node_id)

    def run(self, seconds: float, begin: Callable[[], None], watch: Watch) -> None:
        """Play the plan. Raises RunError."""
        try:
            self._wait_for_workers()
            self.runner.send_message("kj-plan", packed(self.plan, self._demand) | {"heard": self._heard})
            stripes = self.plan.scenario.stripes
            gevent.spawn(self.runner.start, stripes, stripes)
            self.wait_until_ready()
            begin()
            self.zero = time.time() + LEAD_SECONDS
            self.runner.send_message("kj-begin", {"wall": self.zero})
            while (elapsed := self.elapsed()) < seconds:
                gevent.sleep(min(1.0, seconds - elapsed))
                self._look_for_the_lost()
                watch(self.elapsed(), self.recorder)
                if len(self.lost) >= self._count:
                    break
            patience = self.plan.scenario.limits.timeout_seconds + 2
            self.runner.send_message("kj-finish", {"seconds": patience})
            until = time.monotonic() + patience + 10
            while len(self._finished) < self._count - len(self.lost) and time.monotonic() < until:
                gevent.sleep(0.1)
                self._look_for_the_lost()
        finally:
            self.runner.quit()
            for process in self.processes:
                process.terminate()
            for process in self.processes:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _wait_for_workers(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while len(self.runner.clients.ready) < self._count:
            if time.monotonic() > until or any(p.poll() is not None for p in self.processes):
                raise RunError("en arbeider startet ikke", "a worker did not start")
            gevent.sleep(0.05)

    def _look_for_the_lost(self) -> None:
        """Note workers whose heartbeat has stopped; Locust hands their stripes to the others."""
        for worker in self.runner.clients.all:
            if worker.state == "missing" and worker.id not in self._told:
                self._told.add(worker.id)
                self.lost.append({"worker": worker.id, "noticed_at": round(self.elapsed(), 1)})


def locust_event(environment: Environment) -> Heard:
    """What tells Locust of a request."""
    event: Any = environment.events.request

    def heard(operation: str, milliseconds: float, size: int, error: str | None) -> None:
        event.fire(
            request_type="KJ",
            name=operation,
            response_time=milliseconds,
            response_length=size,
            exception=RuntimeError(error) if error else None,
            context={},
        )

    return heard


def _free_port(host: str) -> int:
    import socket

    with socket.socket() as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])


# --- the plan as plain data -------------------------------------------------------------------------------------------


def packed(plan: Plan, demand: Demand) -> dict[str, Any]:
    """The plan for a worker; it draws the arrivals itself, from the demand and the seed."""
    return {
        "scenario": plan.scenario.model_dump_json(),
        "base": plan.base,
        "current": plan.users.current,
        "legacy": plan.users.legacy,
        "places": [list(p) for p in plan.places],
        "patients": [p.plain_data() for p in plan.patients],
        "rates": demand.rates.tobytes(),
        "known": plan.known,
    }


def unpacked(told: dict[str, Any]) -> Plan:
    """The plan that ``packed`` made."""
    scenario = Scenario.model_validate_json(told["scenario"])
    places = tuple((str(r), str(s)) for r, s in told["places"])
    rates = np.frombuffer(told["rates"], dtype=np.float64).reshape(len(places), -1, 168)
    demand = Demand(places, rates, 1.0, {}, [])
    arrivals = draw(course(demand, scenario.shape), scenario.seed, scenario.limits.requests)
    patients = [Patient(**p) for p in told["patients"]]
    return Plan(
        scenario, told["base"], Users(told["current"], told["legacy"]), places, patients, arrivals, told["known"]
    )
