"""Open arrivals: a Poisson process whose rate is a ``Course``, drawn whole before the run begins.

Arrival *n* is where the integrated rate reaches the *n*-th point of a unit-rate Poisson process (inversion; Çinlar
1975, chapter 4). So every arrival has one exact time, given by the seed alone: it does not depend on the server, on the
number of workers, or on who plays it. Stripe *s* of *S* plays arrivals *s*, *s + S*, *s + 2S* …

There are two kinds of arrival: somebody logs in, or somebody opens a patient. What else the opening leads to (a read, a
creation, an update, a deletion) is drawn with it, so that every operation comes at its own rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loadtests.demand import INDEX, Operation
from loadtests.errors import UserError
from loadtests.shapes import Course

Floats = npt.NDArray[np.float64]
FOLLOWING: tuple[Operation, ...] = ("read", "create", "update", "delete")
MOST = 5_000_000
_LOGIN, _STATUS = INDEX["login"], INDEX["status"]


@dataclass(frozen=True)
class Arrivals:
    """``times`` [n] seconds from the start; ``place`` [n]; ``login`` [n] whether it is a login (else an opening);
    ``follow`` [n, 4] how many reads, creations, updates and deletions the opening leads to; ``choice`` [n, 4] uniform
    numbers for whatever the journey has to choose."""

    times: Floats
    place: npt.NDArray[np.int32]
    login: npt.NDArray[np.bool_]
    follow: npt.NDArray[np.int8]
    choice: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.times)

    def due(self, upto: float | None = None) -> dict[str, int]:
        """How many of each operation are drawn, in all or until a moment."""
        chosen = slice(None) if upto is None else slice(0, int(np.searchsorted(self.times, upto)))
        login = int(self.login[chosen].sum())
        follow = self.follow[chosen].sum(axis=0, dtype=np.int64)
        return {
            "login": login,
            "status": len(self.times[chosen]) - login,
            **{name: int(count) for name, count in zip(FOLLOWING, follow, strict=True)},
        }


def openings(course: Course) -> tuple[Floats, Floats]:
    """[K, 2 * place] at both ends of every piece: the rate of openings of each place, then the rate of logins.

    A place opens patients as often as it asks for status.
    """

    def streams(rates: Floats) -> Floats:
        return np.concatenate([rates[:, :, _STATUS], rates[:, :, _LOGIN]], axis=1)

    return streams(course.first), streams(course.last)


def invert(course: Course, first: Floats, last: Floats, points: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """The piece [n] and the moment [n] at which the integral of a rate reaches ``points`` [n] (ascending).

    ``first`` and ``last`` [K] are the rate at the ends of each piece, straight in between; so within a piece the moment
    solves a quadratic, taken in the form that does not cancel when the rate hardly changes.
    """
    lengths = course.ends - course.starts
    reached = np.cumsum((first + last) / 2 * lengths)
    piece = np.searchsorted(reached, points, side="left")
    rest = points - np.concatenate([[0.0], reached[:-1]])[piece]
    a, b = first[piece], (last - first)[piece] / lengths[piece]
    root = np.sqrt(np.maximum(a * a + 2 * b * rest, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(a + root > 0, 2 * rest / (a + root), 0.0)
    return piece, np.asarray(course.starts[piece] + np.clip(inside, 0.0, lengths[piece]))


def draw(course: Course, seed: int, most: int = MOST) -> Arrivals:
    """All arrivals of a run.

    Raises:
        UserError: the run would have more than ``most`` arrivals, or none.
    """
    first, last = openings(course)
    total = float(((first + last) / 2 * (course.ends - course.starts)[:, None]).sum())
    if total + 6 * total**0.5 > most:
        raise UserError(
            f"løpet ville hatt {total:.0f} ankomster; grensen er {most}. Gjør det kortere eller hev limits.requests",
            f"the run would have {total:.0f} arrivals; the limit is {most}. Make it shorter or raise limits.requests",
        )
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    count = stream.poisson(total)
    if not count:
        raise UserError("det kom ingen ankomster; gjør løpet lengre", "there were no arrivals; make the run longer")
    points = np.sort(stream.uniform(0, total, count))  # given their number, the points are uniform
    piece, times = invert(course, first.sum(axis=1), last.sum(axis=1), points)
    part = (times - course.starts[piece]) / (course.ends - course.starts)[piece]
    place, login = np.empty(count, np.int32), np.empty(count, bool)
    follow = np.zeros((count, len(FOLLOWING)), np.int8)
    pick, split = stream.random(count), stream.random((count, len(FOLLOWING)))
    places = first.shape[1] // 2
    for k in np.unique(piece):
        mine = np.nonzero(piece == k)[0]
        at = part[mine][:, None]
        weights = np.cumsum(first[k] + (last[k] - first[k]) * at, axis=1)
        chosen = (pick[mine][:, None] * weights[:, -1:] >= weights).sum(axis=1)
        chosen = np.minimum(chosen, 2 * places - 1)
        place[mine], login[mine] = chosen % places, chosen >= places
        rates = course.first[k][chosen % places] + (course.last[k] - course.first[k])[chosen % places] * at
        opened = rates[:, _STATUS]
        for j, name in enumerate(FOLLOWING):
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(opened > 0, rates[:, INDEX[name]] / opened, 0.0)
            follow[mine, j] = np.where(login[mine], 0, np.minimum(np.floor(mean + split[mine, j]), 100))
    choice = stream.random((count, 4), dtype=np.float32)
    return Arrivals(times, place, login, follow, choice)
