"""The shape of a run: what part of the demand is played when, as rates that are straight lines between breakpoints.

A shape is a list of stages. Each stage takes the demand of an hour of the week (or of several hours, squeezed into the
stage) and multiplies it: by ``factor``, by factors of single operations, regions or sectors; a pair is a ramp. What
comes out is a ``Course``: for every breakpoint the rate of every operation in every place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from loadtests.demand import OPERATIONS, Demand, Operation, hour_of_week
from loadtests.errors import UserError

Floats = npt.NDArray[np.float64]
Ramp = float | tuple[float, float]


class Stage(BaseModel):
    """One stage of a shape."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    seconds: float = Field(gt=0, le=86_400)
    at: str = Field("mon 08", description="the hour of the week whose demand is played")
    hours: int = Field(1, ge=1, le=168, description="so many hours from `at` are squeezed into the stage")
    factor: Ramp = 1.0
    operations: dict[Operation, Ramp] = {}
    regions: dict[str, Ramp] = {}
    sectors: dict[str, Ramp] = {}

    @field_validator("at")
    @classmethod
    def _hour(cls, value: str) -> str:
        hour_of_week(value)
        return value

    @model_validator(mode="after")
    def _not_negative(self) -> Stage:
        ramps = [self.factor, *self.operations.values(), *self.regions.values(), *self.sectors.values()]
        for ramp in ramps:
            if min(_ends(ramp)) < 0 or not np.isfinite(_ends(ramp)).all():
                raise ValueError("a factor cannot be negative")
        return self


@dataclass(frozen=True)
class Course:
    """Rates over the run: ``starts`` [K] and ``ends`` [K] seconds of each piece, ``first`` and ``last``
    [K, place, operation] the rates at its two ends, straight in between."""

    starts: Floats
    ends: Floats
    first: Floats
    last: Floats
    names: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long the run is."""
        return float(self.ends[-1])

    def expected(self) -> Floats:
        """[place, operation] the mean number of calls in the whole run."""
        lengths = (self.ends - self.starts)[:, None, None]
        return np.asarray(((self.first + self.last) / 2 * lengths).sum(axis=0))

    def rate(self, seconds: Floats) -> Floats:
        """[n, operation] the national rate at some moments."""
        piece = np.clip(np.searchsorted(self.ends, seconds, side="right"), 0, len(self.ends) - 1)
        part = ((seconds - self.starts[piece]) / (self.ends - self.starts)[piece])[:, None]
        first, last = self.first.sum(axis=1)[piece], self.last.sum(axis=1)[piece]
        return np.asarray(first + (last - first) * np.clip(part, 0, 1))


def _ends(ramp: Ramp) -> tuple[float, float]:
    return (float(ramp[0]), float(ramp[1])) if isinstance(ramp, tuple | list) else (float(ramp), float(ramp))


def course(demand: Demand, stages: list[Stage]) -> Course:
    """The rates that some stages make of a demand.

    A product of two ramps is no straight line; it is cut into ten pieces, straight within half a percent of the peak.

    Raises:
        UserError: a stage names a region or sector that the demand does not have, or nothing is ever asked for.
    """
    starts, ends, firsts, lasts, names = [], [], [], [], []
    clock = 0.0
    for number, stage in enumerate(stages):
        label = stage.name or f"shape[{number}]"
        _known(label, stage, demand)
        ramps = sum(
            a != b for a, b in map(_ends, [stage.factor, *stage.operations.values(), *stage.regions.values()])
        ) + sum(a != b for a, b in map(_ends, stage.sectors.values()))
        pieces = stage.hours * (10 if ramps > 1 else 1)
        for piece in range(pieces):
            low, high = piece / pieces, (piece + 1) / pieces
            hour = (hour_of_week(stage.at) + piece * stage.hours // pieces) % 168
            rates = demand.rates[:, :, hour]
            firsts.append(rates * _multiplier(stage, demand, low))
            lasts.append(rates * _multiplier(stage, demand, high))
            starts.append(clock + stage.seconds * low)
            ends.append(clock + stage.seconds * high)
            names.append(label)
        clock += stage.seconds
    made = Course(np.array(starts), np.array(ends), np.array(firsts), np.array(lasts), tuple(names))
    if made.expected().sum() <= 0:
        raise UserError("formen ber aldri om noe", "the shape never asks for anything")
    return made


def _multiplier(stage: Stage, demand: Demand, part: float) -> Floats:
    """[place, operation] what the stage multiplies the demand by, at a part (0-1) of its length."""

    def value(ramp: Ramp) -> float:
        first, last = _ends(ramp)
        return first + (last - first) * part

    operations = np.array([value(stage.operations.get(o, 1.0)) for o in OPERATIONS])
    places = np.array([value(stage.regions.get(r, 1.0)) * value(stage.sectors.get(s, 1.0)) for r, s in demand.places])
    return np.asarray(value(stage.factor) * places[:, None] * operations[None, :])


def _known(label: str, stage: Stage, demand: Demand) -> None:
    regions, sectors = {r for r, _ in demand.places}, {s for _, s in demand.places}
    for what, given, known in (("regions", stage.regions, regions), ("sectors", stage.sectors, sectors)):
        for name in given:
            if name not in known:
                raise UserError(
                    f"{label}.{what}: «{name}» er ikke i etterspørselen; der er {', '.join(sorted(known))}",
                    f"{label}.{what}: «{name}» is not in the demand; there are {', '.join(sorted(known))}",
                )
