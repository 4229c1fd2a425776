"""The random streams of a replication's months: one for each process of a stratum or unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.model.streams import Keys, keys, names
from sim.model.structure import Structure


class Streams(NamedTuple):
    """The key of each stream (see ``streams``)."""

    start: Keys  # [S] the staff on the first day
    staff: Keys  # [S] the staff's months
    new: Keys  # [S] new entries
    stock: Keys  # [U] the entries that wait on the first day
    intensity: Keys  # [U] how busy a month is
    wait: Keys  # [U] the waiting entries' months
    office: Keys  # [U] how long the cards' lots take


def hashes(structure: Structure) -> Streams:
    """The streams' names, hashed."""
    units = [u.name for u in structure.units]
    strata = [f"{units[s.unit]}/{s.key}" for s in structure.strata]
    return Streams(
        **{purpose: names(f"{purpose}/{s}" for s in strata) for purpose in ("start", "staff", "new")},
        **{purpose: names(f"{purpose}/{u}" for u in units) for purpose in ("stock", "intensity", "wait", "office")},
    )


def streams(hashed: Streams, seed: int, replication: int) -> Streams:
    """The streams of one replication."""
    made = keys(seed, replication, np.concatenate(hashed))
    ends = np.cumsum([len(h) for h in hashed])
    return Streams(*np.split(made, ends[:-1]))
