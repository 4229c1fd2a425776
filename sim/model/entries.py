"""Entries, month by month: where new ones stop, and what becomes of those that wait.

New entries arrive as a Poisson process and are thinned gate by gate, which is exact (Poisson splitting): no object per
entry is needed. Those that are stopped wait in the pools of their unit. At each month's end a waiting entry is touched with a
given chance; then somebody of the unit meets the gates again, and the reason on record is the new one.

A patient who is reserved, restricted or has blocks never passes the last gate. That belongs to the patient, so it is
drawn once, when the entry is registered: «held» entries, beside the «free» ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from sim.model.compiled import compiled
from sim.model.counts import Count, among, arrivals, thin
from sim.model.gates import REASONS, logs_in
from sim.model.streams import Keys, place, uniform

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]  # whole numbers when they are drawn, real ones when they are expected

# When an entry was registered: before the period, in it but before its unit was live, or while it was live.
STOCK, BEFORE, LIVE = range(3)
# Pools of the free: waiting for go-live; the unit is live but nobody has touched it; legacy; the five reasons.
DARK, UNTOUCHED, OLD, LATER = 0, 1, 2, 3
HELD = LATER + REASONS  # the same for the held, and one more reason: the patient
POOLS = HELD + LATER + REASONS + 1

FEW = 16  # so many new entries of a stratum and month, or fewer, meet the gates one by one
NEW_DRAWS = 2 + 2 * FEW  # per stratum and month
WAIT_DRAWS = 6 + 2 * FEW  # per unit, class, free or held, and month; the last one for what opens at go-live


class Pools(NamedTuple):
    """The entries that wait."""

    waiting: Counts  # [U, 3, POOLS]
    stock_at_start: Counts  # [U]
    lacking: Floats  # [U] share of the unopened entries registered before go-live that lack fields


class Outcomes(NamedTuple):
    """What was counted in the month."""

    new: Counts  # [S, 9] the month's new entries by outcome (gates in order, then synced)
    fresh: Counts  # [U, 3] the month's new free entries that wait: dark, old, later
    arrived: Counts  # [U, POOLS] the month's new entries that wait, by pool
    later_synced: Counts  # [U, 3] waiting entries synced in the month, by class
    access: Floats  # [U] share of the unit's work in which Kjernejournal could be read, were it live


class EntryRates(NamedTuple):
    """What decides, month by month; shares and chances (0-1) unless a unit is told."""

    first: Ints  # [U + 1]
    mean: Floats  # [T, S] expected new entries
    weight: Floats  # [S] share of the unit's touches that the stratum makes
    live: Floats  # [T, U] share of the month's entries registered where the API is in use
    opening: Floats  # [T, U] share of the dark that becomes live at the month's end
    held: float  # share of patients who are reserved, restricted or blocking
    legacy_new: Floats  # [T, U] share of new entries built on old ones, before any cleaning
    legacy_stock: float  # share of the stock that lacks fields
    clean: Floats  # [T, U] chance that a touch fills them in
    cleanup: Floats  # [T, U] entries a clean-up project handles in the month
    touch: Floats  # [T, U] chance of a touch
    automatic: Floats  # [T, S] of those who do not know the function: the EHR synchronises without their choice
    eid_used: Floats  # [T, S] logged in, of those with an eID
    consent: Floats  # [T, S] the consent rule lets them use Kjernejournal
    upload_only: (
        Floats  # [T, S] share of the work in which an upload needs no consent, because reading is apart from it
    )
    owns_new: Floats  # [T, U] takes responsibility for an entry of one's own
    owns_touch: Floats  # [T, U] for somebody else's
    works: Floats  # [T, U] gets through


class Hazards(NamedTuple):
    """The chances of the month, kept so that any reading date can be answered afterwards."""

    meets: Floats  # [U, 6] where a touched entry that lacks nothing stops: the five gates; last, it passes all
    touch: Floats  # [U] a touch of an entry past «legacy»
    leaves_old: Floats  # [U] an entry that lacks fields gets them
    opens: Floats  # [U] an untouched entry is opened
    complete: Floats  # [U] an opened entry registered in the period lacks nothing


@compiled
def begin(pools: Pools, expected: Floats, held_share: float, live: npt.NDArray[np.bool_], keys: Keys) -> None:
    """Fill empty ``pools`` with the stock from before the period, ``expected`` [U] entries; where units are ``live`` [U] it is
    not dark."""
    for unit in range(expected.shape[0]):
        stock = arrivals(keys[unit], expected[unit], pools.stock_at_start[unit])
        held = thin(place(keys[unit], 1), stock, held_share)
        state = UNTOUCHED if live[unit] else DARK
        pools.waiting[unit, STOCK, state] = stock - held
        pools.waiting[unit, STOCK, HELD + state] = held
        pools.stock_at_start[unit] = stock


@compiled
def step(
    month: int,
    people: Counts,
    pools: Pools,
    rates: EntryRates,
    outcomes: Outcomes,
    hazards: Hazards,
    new_keys: Keys,
    wait_keys: Keys,
) -> None:
    """One month: new entries of ``people`` [S, 4] (streams [S]), then the waiting ones ([U]) at its end."""
    new, fresh, arrived, waiting = outcomes.new, outcomes.fresh, outcomes.arrived, pools.waiting
    new[:] = 0
    fresh[:] = 0
    arrived[:] = 0
    outcomes.later_synced[:] = 0
    hazards.meets[:] = 0.0
    for unit in range(rates.first.shape[0] - 1):
        live, works = rates.live[month, unit], rates.works[month, unit]
        owns_new, owns_touch = rates.owns_new[month, unit], rates.owns_touch[month, unit]
        whole = 1.0 - rates.legacy_new[month, unit] * _uncleaned(pools, unit)
        waits = arrived[unit]
        everybody, knowing, logged, agreeing, access = 0.0, 0.0, 0.0, 0.0, 0.0
        for s in range(rates.first[unit], rates.first[unit + 1]):
            w, eid_used, consent = rates.weight[s], rates.eid_used[month, s], rates.consent[month, s]
            know, eid, logs = logs_in(people, s, rates.automatic[month, s], eid_used)
            access += w * eid * eid_used * consent
            agreed = logs * (consent + (1.0 - consent) * rates.upload_only[month, s])
            everybody += w
            knowing += w * know
            logged += w * logs
            agreeing += w * agreed
            at = place(new_keys[s], month * NEW_DRAWS)
            total = arrivals(at, rates.mean[month, s], waiting[unit, 0, 0])
            if total == 0:
                continue
            past = (know, logs, agreed, agreed * owns_new, agreed * owns_new * works)
            held = thin(place(at, 1), total, rates.held)
            register(new[s], waits, total - held, total <= FEW, 0, live, whole, past, place(at, 2))
            if held > 0:
                register(new[s], waits, held, held <= FEW, 1, live, whole, past, place(at, 2 + FEW))
        fresh[unit, 0], fresh[unit, 1] = arrived[unit, DARK], arrived[unit, OLD]
        for k in range(REASONS):
            fresh[unit, 2] += arrived[unit, LATER + k]
        owned = agreeing * owns_touch
        passed = owned * works
        meets = (everybody - knowing, knowing - logged, logged - agreeing, agreeing - owned, owned - passed, passed)
        for k in range(REASONS + 1):
            hazards.meets[unit, k] = meets[k]
        outcomes.access[unit] = access * (1.0 - rates.held)
        project = 0.0
        if rates.cleanup[month, unit] > 0.0:
            left = 0.0
            for c in range(3):
                for kind in range(2):
                    left += waiting[unit, c, kind * HELD + UNTOUCHED] + waiting[unit, c, kind * HELD + OLD]
            project = min(1.0, rates.cleanup[month, unit] / left) if left > 0.0 else 0.0
        touch = rates.touch[month, unit]
        leaves_old = 1.0 - (1.0 - touch * rates.clean[month, unit]) * (1.0 - project)
        opens = 1.0 - (1.0 - touch) * (1.0 - project)
        for c in range(3):
            lacks = rates.legacy_stock if c == STOCK else pools.lacking[unit]
            complete = (project + (1.0 - project) * touch * (1.0 - lacks)) / opens if opens > 0.0 else 0.0
            for kind in range(2):
                at = place(wait_keys[unit], ((month * 3 + c) * 2 + kind) * WAIT_DRAWS)
                _revisit(waiting, outcomes.later_synced, unit, c, kind, opens, complete, leaves_old, touch, meets, at)
            if c == BEFORE:
                hazards.complete[unit] = complete
        hazards.touch[unit] = touch
        hazards.leaves_old[unit] = leaves_old
        hazards.opens[unit] = opens
        _mix(pools, rates.legacy_new[month, unit], arrived, unit)
        for k in range(POOLS):  # those registered before go-live are the dark
            c = BEFORE if k == DARK or k == HELD + DARK else LIVE
            waiting[unit, c, k] += arrived[unit, k]
        opening = rates.opening[month, unit]
        if opening > 0.0:
            for c in range(2):
                for kind in range(2):
                    dark = kind * HELD + DARK
                    at = place(wait_keys[unit], ((month * 3 + c) * 2 + kind + 1) * WAIT_DRAWS - 1)
                    opened = thin(at, waiting[unit, c, dark], opening)
                    waiting[unit, c, dark] -= opened
                    waiting[unit, c, dark + 1] += opened


@compiled
def _mix(pools: Pools, lacking: float, arrived: Counts, unit: int) -> None:
    """Bring ``pools.lacking`` up to date with the month's arrivals before go-live, of which the share ``lacking`` does.

    The mean over all that are unopened: exact as long as nothing is opened before the last has arrived (a hospital), and
    wherever the share does not change.
    """
    if lacking == pools.lacking[unit]:
        return
    new = arrived[unit, DARK] + arrived[unit, HELD + DARK]
    old = 0.0
    for kind in range(2):
        old += pools.waiting[unit, BEFORE, kind * HELD + DARK] + pools.waiting[unit, BEFORE, kind * HELD + UNTOUCHED]
    if new > 0:
        pools.lacking[unit] = (pools.lacking[unit] * old + lacking * new) / (old + new)


@compiled
def _uncleaned(pools: Pools, unit: int) -> float:
    """The share of the old stock that nobody has put in order yet."""
    start = pools.stock_at_start[unit]
    if start == 0:
        return 1.0
    left = 0.0
    for kind in range(2):
        for pool in (DARK, UNTOUCHED, OLD):
            left += pools.waiting[unit, STOCK, kind * HELD + pool]
    return float(left / start)


Past = tuple[float, float, float, float, float]  # the shares past knowledge, eID, consent, ownership, technical


def register(
    new: Counts,
    waits: Counts,
    n: Count,
    few: bool,
    kind: int,
    live: float,
    whole: float,
    past: Past,
    at: np.uint64,
) -> None:
    """A month's ``n`` new entries of a stratum, the free (``kind`` 0) or the held (1): by outcome (``new`` [9]), and as they go
    on to wait (``waits`` [POOLS]).

    ``live`` is the share registered where the API is in use, ``whole`` the share that lacks nothing, ``past`` the shares
    of those that get past each gate. A ``few`` are told one by one, many are thinned gate by gate; that is the same in
    distribution, and either way a wider gate never gives fewer synced.
    """
    if isinstance(n, float):
        _expected(new, waits, n, kind, live, whole, past)
    elif not few or live <= 0.0:
        _thinned(new, waits, n, kind, live, whole, past, at)
    else:
        _one_by_one(new, waits, n, kind, live, whole, past, at)


@overload(register, strict=False, jit_options={"error_model": "numpy"})
def _register(new: Any, waits: Any, n: Any, few: Any, kind: Any, live: Any, whole: Any, past: Any, at: Any) -> Any:
    if isinstance(n, types.Float):
        return lambda new, waits, n, few, kind, live, whole, past, at: _expected(new, waits, n, kind, live, whole, past)

    def chosen(new: Any, waits: Any, n: Any, few: Any, kind: Any, live: Any, whole: Any, past: Any, at: Any) -> Any:
        if not few or live <= 0.0:
            _thinned(new, waits, n, kind, live, whole, past, at)
        else:
            _one_by_one(new, waits, n, kind, live, whole, past, at)

    return chosen


@compiled
def _expected(new: Counts, waits: Counts, n: float, kind: int, live: float, whole: float, past: Past) -> None:
    """Each outcome's share."""
    base = kind * HELD
    complete = n * live * whole
    new[0] += n - n * live
    waits[base + DARK] += n - n * live
    new[1] += n * live - complete
    waits[base + OLD] += n * live - complete
    before = 1.0
    for k in range(REASONS):
        stopped = complete * (before - past[k])
        new[2 + k] += stopped
        waits[base + LATER + k] += stopped
        before = past[k]
    passed = complete * before
    if kind == 0:
        new[8] += passed
    else:
        new[7] += passed
        waits[HELD + LATER + REASONS] += passed


@compiled
def _one_by_one(
    new: Counts, waits: Counts, n: int, kind: int, live: float, whole: float, past: Past, at: np.uint64
) -> None:
    """Each entry by one random number: it gets past the gates that leave open more than the number."""
    complete = live * whole
    know, logs, agreed = complete * past[0], complete * past[1], complete * past[2]
    owned, passed = complete * past[3], complete * past[4]
    base = kind * HELD
    for i in range(n):
        u = uniform(place(at, i))
        gate = int(u < live) + int(u < complete)
        gate += int(u < know) + int(u < logs) + int(u < agreed) + int(u < owned) + int(u < passed)
        if gate == 0:
            new[0] += 1
            waits[base + DARK] += 1
        elif gate < 2 + REASONS:
            new[gate] += 1
            waits[base + OLD - 1 + gate] += 1
        elif kind == 0:
            new[8] += 1
        else:
            new[7] += 1
            waits[HELD + LATER + REASONS] += 1


@compiled
def _thinned(
    new: Counts, waits: Counts, n: Count, kind: int, live: float, whole: float, past: Past, at: np.uint64
) -> None:
    """Gate by gate; those that pass all are drawn first."""
    base = kind * HELD
    from_live = thin(at, n, live)
    dark = n - from_live
    new[0] += dark
    waits[base + DARK] += dark
    if from_live == 0:
        return
    complete = thin(place(at, 1), from_live, whole)
    old = from_live - complete
    new[1] += old
    waits[base + OLD] += old
    passed = thin(place(at, 2), complete, past[4])
    left = complete - passed
    if kind == 0:
        new[8] += passed
    else:
        new[7] += passed
        waits[HELD + LATER + REASONS] += passed
    before = 1.0
    for k in range(REASONS):
        if left == 0:
            break
        stopped = left
        if k < REASONS - 1:
            stopped = thin(place(at, 3 + k), left, (before - past[k]) / (before - past[4]) if before > past[4] else 0.0)
        before = past[k]
        new[2 + k] += stopped
        waits[base + LATER + k] += stopped
        left -= stopped


@compiled
def _revisit(
    waiting: Counts,
    synced: Counts,
    unit: int,
    c: int,
    kind: int,
    opens: float,
    complete: float,
    leaves_old: float,
    touch: float,
    share: tuple[float, float, float, float, float, float],
    at: np.uint64,
) -> None:
    """A month's touches of a unit's waiting entries of class ``c``: the free (``kind`` 0), or the held (1), who have one
    reason more and never pass. Every touched one that lacks nothing meets the gates (``share``)."""
    base = kind * HELD
    reasons = REASONS + kind
    untouched, old = waiting[unit, c, base + UNTOUCHED], waiting[unit, c, base + OLD]
    opened = thin(at, untouched, opens)
    in_order = thin(place(at, 1), opened, complete)
    cleaned = thin(place(at, 2), old, leaves_old)
    waiting[unit, c, base + UNTOUCHED] = untouched - opened
    waiting[unit, c, base + OLD] = old + opened - in_order - cleaned
    rest = waiting[unit, c, base + LATER]
    for k in range(1, reasons):
        rest += waiting[unit, c, base + LATER + k]
    seen = thin(place(at, 3), rest, touch)
    left = in_order + cleaned + seen
    if left == 0:
        return
    take(waiting[unit, c, base + LATER : base + LATER + reasons], seen, rest, place(at, 4))
    passed = thin(place(at, 4 + FEW), left, share[REASONS])
    if kind == 0:
        synced[unit, c] += passed
    else:
        waiting[unit, c, base + LATER + REASONS] += passed
    left -= passed
    spread(waiting[unit, c, base + LATER : base + LATER + REASONS], left, share, place(at, 5 + FEW))


def take(pools: Counts, n: Count, total: Count, at: np.uint64) -> None:
    """Take ``n`` of the ``total`` entries in ``pools``, each as likely as another."""
    if not isinstance(n, float) and n <= FEW:
        _take_few(pools, n, total, at)
    else:
        _take_many(pools, n, total, at)


@overload(take, strict=False, jit_options={"error_model": "numpy"})
def _take(pools: Any, n: Any, total: Any, at: Any) -> Any:
    if isinstance(n, types.Float):
        return lambda pools, n, total, at: _take_many(pools, n, total, at)

    def chosen(pools: Any, n: Any, total: Any, at: Any) -> Any:
        if n <= FEW:
            _take_few(pools, n, total, at)
        else:
            _take_many(pools, n, total, at)

    return chosen


@compiled
def _take_few(pools: Counts, n: int, total: int, at: np.uint64) -> None:
    """One by one."""
    for i in range(n):
        x = uniform(place(at, i)) * (total - i)
        k = 0
        while x >= pools[k] and k < pools.shape[0] - 1:
            x -= pools[k]
            k += 1
        pools[k] -= 1


@compiled
def _take_many(pools: Counts, n: Count, total: Count, at: np.uint64) -> None:
    """Pool by pool."""
    for k in range(pools.shape[0]):
        if n == 0:
            break
        here = pools[k]
        total -= here
        taken = among(place(at, k), here, total, n)
        pools[k] = here - taken
        n -= taken


Share = tuple[float, float, float, float, float, float]


def spread(pools: Counts, n: Count, share: Share, at: np.uint64) -> None:
    """Add ``n`` entries that stop to the reasons' ``pools``; ``share`` is as in ``gates.stops``."""
    if not isinstance(n, float) and n <= FEW:
        _spread_few(pools, n, share, at)
    else:
        _spread_many(pools, n, share, at)


@overload(spread, strict=False, jit_options={"error_model": "numpy"})
def _spread(pools: Any, n: Any, share: Any, at: Any) -> Any:
    if isinstance(n, types.Float):
        return lambda pools, n, share, at: _spread_many(pools, n, share, at)

    def chosen(pools: Any, n: Any, share: Any, at: Any) -> Any:
        if n <= FEW:
            _spread_few(pools, n, share, at)
        else:
            _spread_many(pools, n, share, at)

    return chosen


@compiled
def _spread_few(pools: Counts, n: int, share: Share, at: np.uint64) -> None:
    """One by one."""
    first = share[0]
    second = first + share[1]
    third = second + share[2]
    fourth = third + share[3]
    for i in range(n):
        x = uniform(place(at, i)) * (1.0 - share[5])
        pools[int(x >= first) + int(x >= second) + int(x >= third) + int(x >= fourth)] += 1


@compiled
def _spread_many(pools: Counts, n: Count, share: Share, at: np.uint64) -> None:
    """Reason by reason."""
    chance = 1.0 - share[REASONS]
    for k in range(REASONS):
        if n == 0:
            break
        stopped = n
        if k < REASONS - 1:
            stopped = thin(place(at, k), n, share[k] / chance if chance > 0.0 else 0.0)
        pools[k] += stopped
        n -= stopped
        chance -= share[k]
