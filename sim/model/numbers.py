"""The random numbers of a replication's months, one for each place and purpose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.model import entries, workforce
from sim.model.streams import generator
from sim.model.structure import Structure

Uniforms = npt.NDArray[np.float32]


class Draws(NamedTuple):
    """The random numbers of a replication's months; the memory is used again by the next one."""

    start: Uniforms
    staff: Uniforms
    new: Uniforms
    wait: Uniforms
    stock: Uniforms
    intensity: Uniforms


def room(strata: int, units: int, months: int) -> Draws:
    """Memory for the numbers of a replication."""
    return Draws(
        start=np.empty((strata, 3), np.float32),
        staff=np.empty((strata, months, workforce.DRAWS), np.float32),
        new=np.empty((strata, months, entries.NEW_DRAWS), np.float32),
        wait=np.empty((units, months, 3, entries.WAIT_DRAWS), np.float32),
        stock=np.empty((units, 2), np.float32),
        intensity=np.empty((units, months), np.float32),
    )


def draw(draws: Draws, structure: Structure, seed: int, replication: int) -> None:
    """Fill ``draws`` from one stream per unit and purpose."""
    first = structure.first
    for index, unit in enumerate(structure.units):
        strata, one = slice(first[index], first[index + 1]), slice(index, index + 1)
        for purpose, arrays in (
            ("staff", (draws.start[strata], draws.staff[strata])),
            ("entries", (draws.intensity[one], draws.new[strata])),
            ("waiting", (draws.stock[one], draws.wait[one])),
        ):
            random = generator(seed, replication, f"{purpose}/{unit.name}")
            for array in arrays:
                random.random(dtype=np.float32, out=array)
