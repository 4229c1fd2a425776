"""Shapley attribution: what each of several causes contributes to a total, averaged over all orders in which they could come.

The contributions add up to the total exactly (Shapley 1953). All coalitions are taken, so there is no sampling error.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sim.vocabulary import GATE_KEYS

Floats = npt.NDArray[np.float64]
Cause = TypeVar("Cause", bound=Hashable)


def coalitions(causes: Sequence[Cause]) -> list[frozenset[Cause]]:
    """Every set of causes, the empty one first."""
    return [frozenset(c) for size in range(len(causes) + 1) for c in combinations(causes, size)]


def shapley(causes: Sequence[Cause], worth: Mapping[frozenset[Cause], Floats]) -> dict[Cause, Floats]:
    """Each cause's contribution, given what every coalition is ``worth`` (numbers or arrays of one shape)."""
    count = len(causes)
    shares = {}
    for cause in causes:
        others = [c for c in causes if c != cause]
        total = np.zeros_like(np.asarray(worth[frozenset()], dtype=np.float64))
        for before in coalitions(others):
            weight = factorial(len(before)) * factorial(count - len(before) - 1) / factorial(count)
            total = total + weight * (worth[before | {cause}] - worth[before])
        shares[cause] = total
    return shares


def passing(outcomes: Floats) -> Floats:
    """[..., 8] the share that passes each gate, of those that reach it; 1 where nobody does. ``outcomes`` [..., 9] are counts."""
    reaching = outcomes[..., ::-1].cumsum(axis=-1)[..., ::-1]  # at gate g: everything not stopped before
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(reaching[..., :8] > 0, reaching[..., 1:] / reaching[..., :8], 1.0))


def gates_gain(without: Floats, with_it: Floats) -> dict[str, float]:
    """What each gate contributes to the gain in the sync rate, from outcomes [S, 9] of the strata without and with an alternative.

    A coalition's worth is the sync rate when its gates let through what they do with the alternative, and the others what they
    do without, stratum by stratum; so the contributions add up to the difference of the two rates.
    """
    weight = without.sum(axis=1) / without.sum()
    before, after = passing(without), passing(with_it)
    return _over_gates(lambda chosen: float(weight @ np.where(chosen, after, before).prod(axis=1)))


def gates_gain_by_draw(without: Floats, with_it: Floats) -> Floats:
    """[R, 8] what ``gates_gain`` gives of each draw's own outcomes [R, S, 9]."""
    total = without.sum(axis=2)
    weight = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-12)
    before, after = passing(without), passing(with_it)
    values = {}
    for chosen in coalitions(GATE_KEYS):
        here = np.array([gate in chosen for gate in GATE_KEYS])
        values[chosen] = np.asarray((weight * np.where(here, after, before).prod(axis=2)).sum(axis=1))
    found = shapley(GATE_KEYS, values)
    return np.stack([found[gate] for gate in GATE_KEYS], axis=1)


def gates_loss(outcomes: Floats) -> dict[str, float]:
    """What each gate takes from the sync rate, from outcomes [S, 9] of the strata: a coalition's worth is the rate without its gates.

    Unlike «the first that stops it», this does not favour gates that come early: an entry that lacks both eID and consent
    counts half for each. Those who would have stopped at a gate that is taken away fare at the later ones like those of their
    stratum who came through it. The losses add up to what is not synced.
    """
    weight = outcomes.sum(axis=1) / outcomes.sum()
    passes = passing(outcomes)
    return _over_gates(lambda chosen: float(weight @ np.where(chosen, 1.0, passes).prod(axis=1)))


def _over_gates(worth: Callable[[npt.NDArray[np.bool_]], float]) -> dict[str, float]:
    sets = coalitions(GATE_KEYS)
    values = {s: np.float64(worth(np.array([g in s for g in GATE_KEYS]))) for s in sets}
    return {gate: float(v) for gate, v in shapley(GATE_KEYS, values).items()}  # type: ignore[arg-type]
