"""Stripes as Locust users: Locust decides which process plays which stripe, also when a worker is lost.

Every stripe is a user class of its own with a fixed count of one, so that Locust's dispatcher hands out each exactly
once. A stripe that is spawned again (its worker was lost, or Locust moved it) goes on at the next arrival that is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from locust import User, task
from locust.exception import StopUser

from loadtests.generator import Generator
from loadtests.helseid import Refused


class Stripe(User):
    """One stripe of the arrivals."""

    abstract = True
    number: ClassVar[int]

    @task
    def play(self) -> None:
        """Make the stripe ready, play it when the run begins, and stay until the run is over or Locust stops it."""
        generator: Generator = self.environment.kj_generator
        tell: Callable[[int, str | None], None] = self.environment.kj_prepared
        number = type(self).number
        try:
            generator.prepare(number, known=not generator.begun.is_set())
        except Refused as error:
            tell(number, error.kind)
            raise StopUser from error
        tell(number, None)
        generator.begun.wait()
        generator.play(number)
        generator.over.wait()
        raise StopUser


def classes(stripes: int) -> list[type[Stripe]]:
    """A user class for every stripe, the same in every process."""
    return [
        type(f"Stripe{number:03d}", (Stripe,), {"number": number, "fixed_count": 1, "abstract": False})
        for number in range(stripes)
    ]
