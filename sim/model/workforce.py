"""Professionals, month by month: who knows the function and who has an eID.

A stratum's staff are counted in four states, knows the function (no/yes) × has an eID (no/yes), because somebody who is new has neither:
the product of the two coverages is not the share that has both. Every transition is a binomial thinning of a state, so
the counts are distributed as if each person were simulated alone (tests/sim/oracle.py does that).

Order within a month's end: cards arrive → people leave and are replaced → cards are lost → people forget and learn →
new cards are ordered.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from sim.model.compiled import compiled
from sim.model.counts import among, thin
from sim.model.eid import lot_service, serve
from sim.model.knowledge import imitation_hazard
from sim.model.quantiles import normal
from sim.model.streams import Keys, place, uniform

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]  # whole numbers when they are drawn, real ones when they are expected

UNKNOWING, UNKNOWING_EID, KNOWING, KNOWING_EID = range(4)
DRAWS = 16  # random numbers per stratum and month
WEEKS = 4  # the orders of a month are sent in this many parts


class Staff(NamedTuple):
    """The state of all strata (S), and of the offices of all units (U)."""

    people: Counts  # [S, 4] counts by state
    ordered: Counts  # [S] cards on order
    sending: Counts  # [S, 2] the month's orders: cards, cards of the alternative channel
    renewing: Counts  # [U] the month's renewals, at the first channel
    arriving: Counts  # [S, T] cards by the month in which they arrive
    queued: Floats  # [U, 2, C] day on which each clerk of each channel is free
    waited: Floats  # [U, 2] sum of waiting days of the month's lots, and cards in them


class StaffRates(NamedTuple):
    """What moves the staff in one replication; probabilities are per month."""

    first: Ints  # [U + 1] first stratum of each unit
    leave: Floats  # [S]
    eid_at_hire: Floats  # [S]
    known_at_hire: Floats  # [S, T] e-learning, once the unit is live
    lost: float
    forget: float
    course: Floats  # [S, T] reached by training or campaign, if seats suffice
    seats: Floats  # [U] per month
    innovation: float  # Bass p per year
    imitation: Floats  # [U, T] Bass q per year
    talking: Floats  # [U, T] 1 in months in which the function is there to be talked about, else 0
    order: Floats  # [S, T]
    renew: float
    alternative: float
    card_days: Floats  # [T, U, 2] clerk-days per card in each channel
    card_cv: float
    lead: Floats  # [2] days
    month_start: Floats  # [T + 1] days since the start of the period


@compiled
def begin(people: Counts, with_eid: Floats, knowing: Floats, keys: Keys) -> Counts:
    """[S, 4] the ``people`` [S] by state on the first day, given the shares that have an eID and that know."""
    n = np.empty((people.shape[0], 4), people.dtype)
    for s in range(people.shape[0]):
        eid = thin(keys[s], people[s], with_eid[s])
        both = thin(place(keys[s], 1), eid, knowing[s])
        knows = thin(place(keys[s], 2), people[s] - eid, knowing[s])
        n[s, UNKNOWING], n[s, UNKNOWING_EID] = people[s] - eid - knows, eid - both
        n[s, KNOWING], n[s, KNOWING_EID] = knows, both
    return n


@compiled
def step(month: int, staff: Staff, rates: StaffRates, keys: Keys, office_keys: Keys) -> None:
    """Carry the staff through the end of ``month``; ``keys`` [S] are the strata's streams, ``office_keys`` [U] the offices'."""
    _deliver(month, staff, keys)
    _turn_over(month, staff, rates, keys)
    _learn(month, staff, rates, keys)
    _order(month, staff, rates, keys, office_keys)
    send(month, staff, rates, office_keys)


# Each phase loops over all strata itself: a call with this many arrays costs more than a stratum's work.


@compiled
def _deliver(month: int, staff: Staff, keys: Keys) -> None:
    """The month's cards go to any of those who lack one."""
    n = staff.people
    for s in range(n.shape[0]):
        cards = staff.arriving[s, month]
        if cards == 0:
            continue
        staff.ordered[s] -= cards
        used = min(cards, n[s, UNKNOWING] + n[s, KNOWING])
        knowing = among(place(keys[s], month * DRAWS), n[s, KNOWING], n[s, UNKNOWING], used)
        n[s, KNOWING] -= knowing
        n[s, KNOWING_EID] += knowing
        n[s, UNKNOWING] -= used - knowing
        n[s, UNKNOWING_EID] += used - knowing


@compiled
def _turn_over(month: int, staff: Staff, rates: StaffRates, keys: Keys) -> None:
    """Leavers take knowledge and card along; their successors come with what they have. Cards are lost."""
    n = staff.people
    for s in range(n.shape[0]):
        at = place(keys[s], month * DRAWS)
        leave = rates.leave[s]
        neither = thin(place(at, 1), n[s, UNKNOWING], leave)
        eid = thin(place(at, 2), n[s, UNKNOWING_EID], leave)
        knows = thin(place(at, 3), n[s, KNOWING], leave)
        both = thin(place(at, 4), n[s, KNOWING_EID], leave)
        left = neither + eid + knows + both
        with_eid, knowing_eid, knowing = left - left, left - left, left - left  # zeros of the counts' kind
        if left > 0:
            with_eid = thin(place(at, 5), left, rates.eid_at_hire[s])
            knowing_eid = thin(place(at, 6), with_eid, rates.known_at_hire[s, month])
            knowing = thin(place(at, 7), left - with_eid, rates.known_at_hire[s, month])
        only_eid = n[s, UNKNOWING_EID] + with_eid - knowing_eid - eid
        all_of_it = n[s, KNOWING_EID] + knowing_eid - both
        lost = thin(place(at, 8), only_eid, rates.lost)
        lost_by_knowing = thin(place(at, 9), all_of_it, rates.lost)
        n[s, UNKNOWING_EID] = only_eid - lost
        n[s, KNOWING_EID] = all_of_it - lost_by_knowing
        n[s, UNKNOWING] += left - with_eid - knowing - neither + lost
        n[s, KNOWING] += knowing - knows + lost_by_knowing


@compiled
def _learn(month: int, staff: Staff, rates: StaffRates, keys: Keys) -> None:
    """Courses within their seats, word of mouth in the unit, forgetting."""
    n = staff.people
    for unit in range(rates.first.shape[0] - 1):
        known, everybody, reachable = 0.0, 0.0, 0.0
        for s in range(rates.first[unit], rates.first[unit + 1]):
            knowing, others = n[s, KNOWING] + n[s, KNOWING_EID], n[s, UNKNOWING] + n[s, UNKNOWING_EID]
            known += knowing
            everybody += knowing + others
            reachable += others * rates.course[s, month]
        if everybody == 0.0:
            continue
        seated = 1.0 if reachable <= rates.seats[unit] else rates.seats[unit] / reachable
        years = rates.talking[unit, month] / 12.0
        unheard = 1.0
        if years > 0.0:
            imitated = imitation_hazard(known / everybody, rates.innovation, rates.imitation[unit, month], years)
            unheard = math.exp(-rates.innovation * years - imitated)
        for s in range(rates.first[unit], rates.first[unit + 1]):
            at = place(keys[s], month * DRAWS)
            learns = 1.0 - (1.0 - rates.course[s, month] * seated) * unheard
            for eid in range(2):
                forgot = thin(place(at, 10 + eid), n[s, KNOWING + eid], rates.forget)
                learned = thin(place(at, 12 + eid), n[s, UNKNOWING + eid], learns)
                n[s, KNOWING + eid] += learned - forgot
                n[s, UNKNOWING + eid] += forgot - learned


@compiled
def _order(month: int, staff: Staff, rates: StaffRates, keys: Keys, office_keys: Keys) -> None:
    """The orders of a month's end: new cards, by either channel, and renewals."""
    n = staff.people
    draws = 1 + 2 * WEEKS * staff.queued.shape[2]  # of an office in a month: the renewals, and the lots'
    for unit in range(rates.first.shape[0] - 1):
        with_eid = staff.renewing[unit] - staff.renewing[unit]  # zero of the counts' kind
        for s in range(rates.first[unit], rates.first[unit + 1]):
            at = place(keys[s], month * DRAWS)
            with_eid += n[s, UNKNOWING_EID] + n[s, KNOWING_EID]
            new = thin(place(at, 14), n[s, UNKNOWING] + n[s, KNOWING] - staff.ordered[s], rates.order[s, month])
            other = thin(place(at, 15), new, rates.alternative)
            staff.sending[s, 0] = new - other
            staff.sending[s, 1] = other
            staff.ordered[s] += new
        staff.renewing[unit] = thin(place(office_keys[unit], month * draws), with_eid, rates.renew)


def send(month: int, staff: Staff, rates: StaffRates, keys: Keys) -> None:
    """The month's orders go out week by week through the next month; when do their cards arrive?

    Every week each clerk of an office and channel gets one lot. The cards are dealt out to these 4·C lots one by one, the first
    to the first clerk of each week, then to the second: so the lots are equal within one card, and so is what each
    stratum has in them. New cards are dealt first, stratum by stratum, then the renewals, which take their place in
    the queue while the old cards work. A card is done when its lot is. ``keys`` [U] are the offices' streams.
    """
    (_send_expected if staff.people.dtype.kind == "f" else _send_lots)(month, staff, rates, keys)


@overload(send, strict=False)
def _send(month: Any, staff: Any, rates: Any, keys: Any) -> Any:
    expected = isinstance(staff.types[staff.fields.index("people")].dtype, types.Float)
    chosen = _send_expected if expected else _send_lots
    return lambda month, staff, rates, keys: chosen(month, staff, rates, keys)


@compiled
def _send_lots(month: int, staff: Staff, rates: StaffRates, keys: Keys) -> None:
    """Whole cards: the lots of each office and channel, one by one."""
    sending, arriving, queued, month_start = staff.sending, staff.arriving, staff.queued, rates.month_start
    months, clerks = arriving.shape[1], queued.shape[2]
    lots = WEEKS * clerks
    draws = 1 + 2 * lots
    arrives = np.empty(lots, np.int64)  # the month in which each lot's cards do
    begin = month_start[month + 1]
    length = begin - month_start[month]
    for unit in range(rates.first.shape[0] - 1):
        a, b = rates.first[unit], rates.first[unit + 1]
        days_waited, cards = 0.0, 0
        for channel in range(2):
            new = 0
            for s in range(a, b):
                new += sending[s, channel]
            total = new if channel else new + staff.renewing[unit]
            if total == 0:
                continue
            earliest, latest = months, 0
            share, more = total // lots, total % lots  # the first so many lots have one card more
            new_share, new_more = new // lots, new % lots
            per_card, lead = rates.card_days[month, unit, channel], rates.lead[channel]
            first = place(keys[unit], month * draws + 1 + channel * lots)
            for week in range(WEEKS):
                sent = begin + (week + 0.5) / WEEKS * length
                for lot in range(week, lots, WEEKS):
                    size = share + int(lot < more)
                    if size == 0:
                        break
                    days = lot_service(size, per_card, rates.card_cv, normal(uniform(place(first, lot))))
                    done = serve(sent, days, queued, unit, channel)
                    ordered = new_share + int(lot < new_more)
                    if ordered > 0:
                        days_waited += ordered * (done - sent)
                        arrives[lot] = _month_of(done + lead, month, month_start)
                        earliest, latest = min(earliest, arrives[lot]), max(latest, arrives[lot])
            cards += new
            if earliest == latest:
                if latest < months:
                    for s in range(a, b):
                        arriving[s, latest] += sending[s, channel]
                continue
            lot = 0
            for s in range(a, b):
                ordered = sending[s, channel]
                if ordered == 0:
                    continue
                each, rest = ordered // lots, ordered % lots
                for k in range(lots if each > 0 else rest):
                    if arrives[lot] < months:
                        arriving[s, arrives[lot]] += each + int(k < rest)
                    lot = lot + 1 if lot + 1 < lots else 0
                if each > 0:  # the next one's first card goes where this one's last did not
                    lot = (lot + rest) % lots
        staff.waited[unit, 0] = days_waited
        staff.waited[unit, 1] = cards


@compiled
def _send_expected(month: int, staff: Staff, rates: StaffRates, keys: Keys) -> None:
    """Expected cards: as many equal lots a week as clerks, so each of them gets one."""
    sending, queued, month_start = staff.sending, staff.queued, rates.month_start
    months, clerks = staff.arriving.shape[1], queued.shape[2]
    begin = month_start[month + 1]
    length = begin - month_start[month]
    for unit in range(rates.first.shape[0] - 1):
        a, b = rates.first[unit], rates.first[unit + 1]
        staff.waited[unit, :] = 0.0
        for channel in range(2):
            new = 0.0
            for s in range(a, b):
                new += sending[s, channel]
            total = new if channel else new + staff.renewing[unit]
            if total <= 0.0:
                continue
            day_of_card, size = rates.card_days[month, unit, channel], total / (WEEKS * clerks)
            for week in range(WEEKS):
                sent = begin + (week + 0.5) / WEEKS * length
                start = max(sent, queued[unit, channel, 0])
                queued[unit, channel, 0] = start + day_of_card * size
                done = start + day_of_card * max(size, 1.0)  # there is no half a card
                staff.waited[unit, 0] += new / WEEKS * (done - sent)
                staff.waited[unit, 1] += new / WEEKS
                arrives = _month_of(done + rates.lead[channel], month, month_start)
                if arrives < months:
                    for s in range(a, b):
                        staff.arriving[s, arrives] += sending[s, channel] / WEEKS


@compiled
def _month_of(ready: float, month: int, month_start: Floats) -> int:
    """The month at whose end a card that is ``ready`` on a day is handed out, the next one at the earliest."""
    arrives = month + 1
    while arrives + 1 < month_start.shape[0] and ready > month_start[arrives + 1]:
        arrives += 1
    return arrives


def coverage(count: Counts) -> tuple[Floats, Floats]:
    """The shares that have an eID and that know the function, from counts [..., 4]."""
    total = np.maximum(count.sum(axis=-1), 1)
    eid = (count[..., UNKNOWING_EID] + count[..., KNOWING_EID]) / total
    known = (count[..., KNOWING] + count[..., KNOWING_EID]) / total
    return eid, known
