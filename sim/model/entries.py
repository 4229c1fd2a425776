"""Entries, month by month: where new ones stop, and what becomes of those that wait.

New entries arrive as a Poisson process and are thinned gate by gate, which is exact (Poisson splitting): no object per
entry is needed. Those that are stopped wait in the pools of their unit. At each month's end a waiting entry is touched with a
given chance; then somebody of the unit meets the gates again, and the reason on record is the new one.

A patient who is reserved, restricted or has blocks never passes the last gate. That belongs to the patient, so it is
drawn once, when the entry is registered: «held» entries, beside the «free» ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.gates import REASONS, stops
from sim.model.quantiles import binomial, hypergeometric, poisson

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32]

# When an entry was registered: before the period, in it but before its unit was live, or while it was live.
STOCK, BEFORE, LIVE = range(3)
# Pools of the free: waiting for go-live; the unit is live but nobody has touched it; legacy; the five reasons.
DARK, UNTOUCHED, OLD, LATER = 0, 1, 2, 3
HELD = LATER + REASONS  # the same for the held, and one more reason: the patient
POOLS = HELD + LATER + REASONS + 1

NEW_DRAWS = 18  # per stratum and month
WAIT_DRAWS = 2 * 17  # per unit, class and month


class Pools(NamedTuple):
    """The entries that wait."""

    waiting: Ints  # [U, 3, POOLS]
    stock_at_start: Ints  # [U]
    lacking: Floats  # [U] share of the unopened entries registered before go-live that lack fields


class Outcomes(NamedTuple):
    """What was counted in the month."""

    new: Ints  # [S, 9] the month's new entries by outcome (gates in order, then synced)
    fresh: Ints  # [U, 3] the month's new free entries that wait: dark, old, later
    arrived: Ints  # [U, POOLS] the month's new entries that wait, by pool
    later_synced: Ints  # [U, 3] waiting entries synced in the month, by class


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
def step(
    month: int,
    count: Ints,
    pools: Pools,
    rates: EntryRates,
    outcomes: Outcomes,
    hazards: Hazards,
    new_draws: Uniforms,
    wait_draws: Uniforms,
) -> None:
    """One month: new entries (draws [S, T, NEW_DRAWS]), then the waiting ones ([U, T, 3, WAIT_DRAWS]) at its end."""
    share = np.zeros(REASONS + 1)
    touched = np.zeros(REASONS + 1)
    arrived = np.zeros((3, POOLS), np.int64)
    for unit in range(rates.first.shape[0] - 1):
        a, b = rates.first[unit], rates.first[unit + 1]
        legacy = rates.legacy_new[month, unit] * _uncleaned(pools, unit)
        for k in range(3):
            outcomes.fresh[unit, k] = 0
            outcomes.later_synced[unit, k] = 0
        outcomes.arrived[unit] = 0
        touched[:] = 0.0
        arrived[:] = 0
        for s in range(a, b):
            automatic, eid_used = rates.automatic[month, s], rates.eid_used[month, s]
            consent = rates.consent[month, s]
            consent += (1.0 - consent) * rates.upload_only[month, s]
            owns, works = rates.owns_touch[month, unit], rates.works[month, unit]
            stops(count[s], automatic, eid_used, consent, owns, works, share)
            for k in range(REASONS + 1):
                touched[k] += rates.weight[s] * share[k]
            stops(count[s], automatic, eid_used, consent, rates.owns_new[month, unit], works, share)
            _register(
                outcomes.new[s],
                outcomes.fresh[unit],
                arrived,
                rates.mean[month, s],
                rates.held,
                rates.live[month, unit],
                legacy,
                share,
                new_draws[s, month],
            )
        waiting = pools.waiting[unit]
        project = 0.0
        if rates.cleanup[month, unit] > 0.0:
            left = 0
            for c in range(3):
                left += waiting[c, UNTOUCHED] + waiting[c, OLD] + waiting[c, HELD + UNTOUCHED] + waiting[c, HELD + OLD]
            project = min(1.0, rates.cleanup[month, unit] / left) if left > 0 else 0.0
        touch = rates.touch[month, unit]
        leaves_old = 1.0 - (1.0 - touch * rates.clean[month, unit]) * (1.0 - project)
        opens = 1.0 - (1.0 - touch) * (1.0 - project)
        for c in range(3):
            lacks = rates.legacy_stock if c == STOCK else pools.lacking[unit]
            complete = (project + (1.0 - project) * touch * (1.0 - lacks)) / opens if opens > 0.0 else 0.0
            _revisit(
                waiting[c],
                outcomes.later_synced[unit],
                c,
                opens,
                complete,
                leaves_old,
                touch,
                touched,
                wait_draws[unit, month, c],
            )
            if c == BEFORE:
                hazards.complete[unit] = complete
        hazards.meets[unit] = touched
        hazards.touch[unit] = touch
        hazards.leaves_old[unit] = leaves_old
        hazards.opens[unit] = opens
        _mix(pools, rates.legacy_new[month, unit], arrived[BEFORE], unit)
        for c in range(3):
            for k in range(POOLS):
                waiting[c, k] += arrived[c, k]
                outcomes.arrived[unit, k] += arrived[c, k]
            for k in range(2):
                dark = k * HELD + DARK
                opened = binomial(
                    wait_draws[unit, month, c, WAIT_DRAWS - 1 - k], waiting[c, dark], rates.opening[month, unit]
                )
                waiting[c, dark] -= opened
                waiting[c, dark + 1] += opened


@compiled
def _mix(pools: Pools, lacking: float, arrived: Ints, unit: int) -> None:
    """Bring ``pools.lacking`` up to date with the month's arrivals before go-live, of which the share ``lacking`` does.

    The mean over all that are unopened: exact as long as nothing is opened before the last has arrived (a hospital), and
    wherever the share does not change.
    """
    new = arrived[DARK] + arrived[HELD + DARK]
    if new > 0 and lacking != pools.lacking[unit]:
        waiting = pools.waiting[unit, BEFORE]
        old = waiting[DARK] + waiting[UNTOUCHED] + waiting[HELD + DARK] + waiting[HELD + UNTOUCHED]
        pools.lacking[unit] = (pools.lacking[unit] * old + lacking * new) / (old + new)


@compiled
def _uncleaned(pools: Pools, unit: int) -> float:
    """The share of the old stock that nobody has put in order yet."""
    start = pools.stock_at_start[unit]
    if start == 0:
        return 1.0
    stock = pools.waiting[unit, STOCK]
    left = stock[DARK] + stock[UNTOUCHED] + stock[OLD] + stock[HELD] + stock[HELD + 1] + stock[HELD + 2]
    return float(left / start)


@compiled
def _register(
    new: Ints,
    fresh: Ints,
    arrived: Ints,
    mean: float,
    held_share: float,
    is_live: float,
    legacy: float,
    share: Floats,
    u: Uniforms,
) -> None:
    """The month's new entries of one stratum: ``new`` by outcome, ``fresh`` and ``arrived`` as they go on to wait."""
    new[:] = 0
    total = poisson(u[0], mean)
    held = binomial(u[1], total, held_share)
    for kind in range(2):  # the free, then the held
        n = held if kind == 1 else total - held
        if n == 0:
            continue
        at = 2 + 8 * kind
        live = binomial(u[at], n, is_live)
        complete = binomial(u[at + 1], live, 1.0 - legacy)
        passed = binomial(u[at + 2], complete, share[REASONS])
        dark, old = n - live, live - complete
        new[0] += dark
        new[1] += old
        arrived[BEFORE, kind * HELD + DARK] += dark
        arrived[LIVE, kind * HELD + OLD] += old
        if kind == 0:
            new[8] += passed
            fresh[0] += dark
            fresh[1] += old
            fresh[2] += complete - passed
        else:
            new[7] += passed
            arrived[LIVE, HELD + LATER + REASONS] += passed
        left = complete - passed
        rest = 1.0 - share[REASONS]
        for k in range(REASONS):
            stopped = left
            if k < REASONS - 1:
                stopped = binomial(u[at + 3 + k], left, share[k] / rest if rest > 0.0 else 0.0)
            new[2 + k] += stopped
            arrived[LIVE, kind * HELD + LATER + k] += stopped
            left -= stopped
            rest -= share[k]


@compiled
def _revisit(
    pool: Ints,
    synced: Ints,
    c: int,
    opens: float,
    complete: float,
    leaves_old: float,
    touch: float,
    share: Floats,
    u: Uniforms,
) -> None:
    """The touches of one class of a unit's waiting entries at a month's end."""
    for kind in range(2):  # the free, then the held, who have one reason more and never pass
        base, at = kind * HELD, kind * 16
        reasons = REASONS + kind
        opened = binomial(u[at], pool[base + UNTOUCHED], opens)
        in_order = binomial(u[at + 1], opened, complete)
        cleaned = binomial(u[at + 2], pool[base + OLD], leaves_old)
        pool[base + UNTOUCHED] -= opened
        pool[base + OLD] += opened - in_order - cleaned
        whole = 0
        for k in range(reasons):
            whole += pool[base + LATER + k]
        seen = binomial(u[at + 3], whole, touch)
        meets = in_order + cleaned + seen
        if meets == 0:
            continue
        # which of those that wait for a reason were seen
        rest = whole
        for k in range(reasons):
            here = pool[base + LATER + k]
            taken = hypergeometric(u[at + 4 + k], here, rest - here, seen)
            rest -= here
            pool[base + LATER + k] -= taken
            seen -= taken
        passed = binomial(u[at + 10], meets, share[REASONS])
        if kind == 0:
            synced[c] += passed
        else:
            pool[base + LATER + REASONS] += passed
        left = meets - passed
        chance = 1.0 - share[REASONS]
        for k in range(REASONS):
            stopped = left
            if k < REASONS - 1:
                stopped = binomial(u[at + 11 + k], left, share[k] / chance if chance > 0.0 else 0.0)
            pool[base + LATER + k] += stopped
            left -= stopped
            chance -= share[k]
