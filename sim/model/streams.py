"""Random streams keyed by (seed, replication, name).

A stream belongs to a named process of one replication, not to a scenario and not to a position in a list. Two
scenarios share their random numbers wherever they share a process (common random numbers), and adding a process or a
unit leaves every other stream bit-identical.

The months' numbers are made where they are used: number k of a stream is a hash of its key and k, so one that nobody
needs costs nothing, and none depends on another having been drawn. The generator is SplitMix64 (Steele, Lea & Flood
2014, the basis of Java's SplittableRandom), which passes BigCrush. Keys come from numpy's ``SeedSequence`` and the hash of
the name; all streams are stretches of one cycle of 2⁶⁴ numbers, and that two of a thousand replications' overlap at all
has a chance of about one in ten thousand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled

Keys = npt.NDArray[np.uint64]

# SplitMix64's constants. Unsigned by name, because a signed number among them would make a float of the sum.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


def generator(seed: int, replication: int, name: str) -> np.random.Generator:
    """The random stream of process ``name`` in one replication, for processes outside the compiled months."""
    key = (replication, crc32(name.encode()))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def names(streams: Iterable[str]) -> Keys:
    """The hash of each stream's name; the same in every replication."""
    hashes = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in streams]
    return np.array([int.from_bytes(h, "little") for h in hashes], dtype=np.uint64)


def keys(seed: int, replication: int, hashes: Keys) -> Keys:
    """The keys of the streams with these ``names`` in one replication."""
    base = np.random.SeedSequence(seed, spawn_key=(replication,)).generate_state(1, np.uint64)
    return np.asarray(_mixed(hashes ^ base))


def _mixed(z: Keys) -> Keys:
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return np.asarray(z ^ (z >> _S31))


@compiled
def place(key: np.uint64, number: int) -> np.uint64:
    """The place of a stream's ``number``; places may be added up: ``place(place(key, a), b)`` is ``place(key, a + b)``."""
    return key + np.uint64(number) * _STEP


@compiled
def uniform(at: np.uint64) -> float:
    """The random number (0-1, ends excluded, 53 bits) at a place."""
    z = (at ^ (at >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    z = z ^ (z >> _S31)
    return (np.int64(z >> _S11) + 0.5) * 2.0**-53


@compiled
def uniforms(keys: Keys, count: int) -> npt.NDArray[np.float64]:
    """[keys, count] the first numbers of some streams."""
    made = np.empty((keys.shape[0], count))
    for i in range(keys.shape[0]):
        for k in range(count):
            made[i, k] = uniform(place(keys[i], k))
    return made
