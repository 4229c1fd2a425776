"""Professionals, month by month: who knows the function and who has an eID.

A stratum's staff are counted in four states, knows the function (no/yes) × has an eID (no/yes), because somebody who is new has neither:
the product of the two coverages is not the share that has both. Every transition is a binomial thinning of a state, so
the counts are distributed as if each person were simulated alone (tests/sim/oracle.py does that).

Order within a month's end: cards arrive → people leave and are replaced → cards are lost → people forget and learn →
new cards are ordered.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.eid import lot_service, serve
from sim.model.knowledge import imitation_hazard
from sim.model.quantiles import binomial, hypergeometric, normal

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32]

UNKNOWING, UNKNOWING_EID, KNOWING, KNOWING_EID = range(4)
DRAWS = 29  # random numbers per stratum and month: 17, and one per lot of each kind
WEEKS = 4  # the orders of a month are sent in this many lots


class Staff(NamedTuple):
    """The state of all strata (S), and of the offices of all units (U)."""

    people: Ints  # [S, 4] counts by state
    ordered: Ints  # [S] cards on order
    sending: Ints  # [S, 3] the month's orders: cards, cards of the alternative channel, renewals
    arriving: Ints  # [S, T] cards by the month in which they arrive
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
def step(month: int, staff: Staff, rates: StaffRates, draws: Uniforms) -> None:
    """Carry the staff through the end of ``month``; ``draws`` [S, T, DRAWS] are all months' random numbers."""
    _deliver(month, staff, draws)
    _turn_over(month, staff, rates, draws)
    _learn(month, staff, rates, draws)
    _order(month, staff, rates, draws)


# Each phase loops over all strata itself: a call with this many arrays costs more than a stratum's work.


@compiled
def _deliver(month: int, staff: Staff, draws: Uniforms) -> None:
    """The month's cards go to any of those who lack one."""
    for s in range(staff.people.shape[0]):
        cards = staff.arriving[s, month]
        if cards == 0:
            continue
        n = staff.people[s]
        staff.ordered[s] -= cards
        used = min(cards, n[UNKNOWING] + n[KNOWING])
        knowing = hypergeometric(draws[s, month, 0], n[KNOWING], n[UNKNOWING], used)
        n[KNOWING] -= knowing
        n[KNOWING_EID] += knowing
        n[UNKNOWING] -= used - knowing
        n[UNKNOWING_EID] += used - knowing


@compiled
def _turn_over(month: int, staff: Staff, rates: StaffRates, draws: Uniforms) -> None:
    """Leavers take knowledge and card along; their successors come with what they have. Cards are lost."""
    for s in range(staff.people.shape[0]):
        n, u = staff.people[s], draws[s, month]
        left = 0
        for state in range(4):
            gone = binomial(u[1 + state], n[state], rates.leave[s])
            n[state] -= gone
            left += gone
        with_eid = binomial(u[5], left, rates.eid_at_hire[s])
        knowing_eid = binomial(u[6], with_eid, rates.known_at_hire[s, month])
        knowing = binomial(u[7], left - with_eid, rates.known_at_hire[s, month])
        n[KNOWING_EID] += knowing_eid
        n[UNKNOWING_EID] += with_eid - knowing_eid
        n[KNOWING] += knowing
        n[UNKNOWING] += left - with_eid - knowing
        lost = binomial(u[8], n[UNKNOWING_EID], rates.lost)
        n[UNKNOWING_EID] -= lost
        n[UNKNOWING] += lost
        lost = binomial(u[9], n[KNOWING_EID], rates.lost)
        n[KNOWING_EID] -= lost
        n[KNOWING] += lost


@compiled
def _learn(month: int, staff: Staff, rates: StaffRates, draws: Uniforms) -> None:
    """Courses within their seats, word of mouth in the unit, forgetting."""
    for unit in range(rates.first.shape[0] - 1):
        known, everybody, reachable = 0, 0, 0.0
        for s in range(rates.first[unit], rates.first[unit + 1]):
            n = staff.people[s]
            known += n[KNOWING] + n[KNOWING_EID]
            everybody += n[0] + n[1] + n[2] + n[3]
            reachable += (n[UNKNOWING] + n[UNKNOWING_EID]) * rates.course[s, month]
        if everybody == 0:
            continue
        seated = 1.0 if reachable <= rates.seats[unit] else rates.seats[unit] / reachable
        years = rates.talking[unit, month] / 12.0
        talk = rates.innovation * years + imitation_hazard(
            known / everybody, rates.innovation, rates.imitation[unit, month], years
        )
        unheard = math.exp(-talk)
        for s in range(rates.first[unit], rates.first[unit + 1]):
            n, u = staff.people[s], draws[s, month]
            learns = 1.0 - (1.0 - rates.course[s, month] * seated) * unheard
            for eid in range(2):
                forgot = binomial(u[10 + eid], n[KNOWING + eid], rates.forget)
                learned = binomial(u[12 + eid], n[UNKNOWING + eid], learns)
                n[KNOWING + eid] += learned - forgot
                n[UNKNOWING + eid] += forgot - learned


@compiled
def _order(month: int, staff: Staff, rates: StaffRates, draws: Uniforms) -> None:
    """The orders of a month's end, sent week by week through the next month, and when their cards arrive."""
    strata, months = staff.arriving.shape
    for s in range(strata):
        n, u = staff.people[s], draws[s, month]
        without = n[UNKNOWING] + n[KNOWING] - staff.ordered[s]
        new = binomial(u[14], without, rates.order[s, month])
        other = binomial(u[15], new, rates.alternative)
        staff.sending[s, 0] = new - other
        staff.sending[s, 1] = other
        staff.sending[s, 2] = binomial(u[16], n[UNKNOWING_EID] + n[KNOWING_EID], rates.renew)
        staff.ordered[s] += new
    begin = rates.month_start[month + 1]
    length = begin - rates.month_start[month]
    for unit in range(rates.first.shape[0] - 1):
        days_waited, cards = 0.0, 0
        for week in range(WEEKS):
            sent = begin + (week + 0.5) / WEEKS * length
            for s in range(rates.first[unit], rates.first[unit + 1]):
                for kind in range(3):
                    total = staff.sending[s, kind]
                    if total == 0:
                        continue
                    size = total * (week + 1) // WEEKS - total * week // WEEKS
                    if size == 0:
                        continue
                    channel = 1 if kind == 1 else 0
                    z = normal(draws[s, month, 17 + WEEKS * kind + week])
                    days = lot_service(size, rates.card_days[month, unit, channel], rates.card_cv, z)
                    done = serve(sent, days, staff.queued[unit, channel])
                    if kind == 2:  # a renewal takes its place in the queue; the old card works until then
                        continue
                    days_waited += size * (done - sent)
                    cards += size
                    ready = done + rates.lead[channel]
                    arrives = month + 1
                    while arrives < months and ready > rates.month_start[arrives + 1]:
                        arrives += 1
                    if arrives < months:
                        staff.arriving[s, arrives] += size
        staff.waited[unit, 0] = days_waited
        staff.waited[unit, 1] = cards


def coverage(count: Ints) -> tuple[Floats, Floats]:
    """The shares that have an eID and that know the function, from counts [..., 4]."""
    total = np.maximum(count.sum(axis=-1), 1)
    eid = (count[..., UNKNOWING_EID] + count[..., KNOWING_EID]) / total
    known = (count[..., KNOWING] + count[..., KNOWING_EID]) / total
    return eid, known
