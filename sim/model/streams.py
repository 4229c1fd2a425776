"""Random streams keyed by (seed, replication, name).

A stream belongs to a named process of one replication and nothing else; the scenario is never part of the key. So two
scenarios share their random numbers wherever they share a process (common random numbers), and adding a process or a
unit leaves every other stream bit-identical.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np


def generator(seed: int, replication: int, name: str) -> np.random.Generator:
    """The random stream of process ``name`` in one replication."""
    key = (replication, crc32(name.encode()))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
