"""A worker: Locust's worker runner around a generator. ``python -m loadtests.worker HOST PORT STRIPES``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore
from locust.env import Environment

from loadtests.conduct import REPORT_SECONDS, locust_event, unpacked
from loadtests.errors import UserError
from loadtests.generator import Generator
from loadtests.recorder import Recorder
from loadtests.stripes import classes
from loadtests.target import allowed


class Worker:
    """Takes the plan from the master, plays the stripes that Locust spawns here, reports every second."""

    def __init__(self, host: str, port: int, stripes: int, allow: Path | None = None) -> None:
        self._allow = allow
        self.environment = Environment(user_classes=list(classes(stripes)))
        self.runner = self.environment.create_worker_runner(host, port)
        self.environment.kj_prepared = self._prepared  # type: ignore[attr-defined]
        self._reporting = BoundedSemaphore(1)
        for name, listener in (("kj-plan", self._plan), ("kj-begin", self._begin), ("kj-finish", self._finish)):
            self.runner.register_message(name, listener, concurrent=name == "kj-finish")

    @property
    def generator(self) -> Generator:
        """This process's generator, once the plan is here."""
        found: Generator = self.environment.kj_generator  # type: ignore[attr-defined]
        return found

    def _plan(self, environment: Environment, msg: Any, **_: Any) -> None:
        plan = unpacked(msg.data)
        try:
            allowed(plan.base, self._allow)  # a master cannot make this machine load what its own list does not allow
        except UserError as error:
            self._prepared(-1, str(error))
            return
        generator = Generator(plan)
        if msg.data["heard"]:
            generator.heard = locust_event(self.environment)
        self.environment.kj_generator = generator  # type: ignore[attr-defined]

    def _prepared(self, number: int, error: str | None) -> None:
        self.runner.send_message("kj-prepared", {"stripe": number, "error": error})

    def _begin(self, environment: Environment, msg: Any, **_: Any) -> None:
        self.generator.start_at(msg.data["wall"])
        gevent.spawn(self._report_forever)

    def _report_forever(self) -> None:
        while not self.generator.over.is_set():
            gevent.sleep(REPORT_SECONDS)
            self._report(last=False)

    def _finish(self, environment: Environment, msg: Any, **_: Any) -> None:
        self.generator.finish(msg.data["seconds"])
        self._report(last=True)
        self.generator.close()

    def _report(self, last: bool) -> None:
        with self._reporting:
            seen, self.generator.recorder = self.generator.recorder, Recorder()
            self.runner.send_message("kj-report", {"report": seen.report(), "last": last})


def main(arguments: list[str] | None = None) -> int:
    """Work until the master says that it is over."""
    host, port, stripes = (sys.argv[1:] if arguments is None else arguments)[:3]
    logging.basicConfig(level=logging.ERROR)
    worker = Worker(host, int(port), int(stripes))
    worker.runner.greenlet.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
