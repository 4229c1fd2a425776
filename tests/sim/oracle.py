"""The oracle: the rollout of one trust told entry by entry and person by person, on SimPy.

One process per entry, one object per position and its holder, the issuing office a ``simpy.Resource``, the law and
the outages in continuous time. It is slow and plain, shares no code with the engine, and takes from it only the
scenario and the day of go-live. What it says is the model; the engine's counts must have its distribution.

The rules, in the order of a month's end: (1) waiting entries are opened, each with its chance, by the clean-up
project or by a touch, and meet the gates as they were at some moment of the month, with the staff of the month's
start; (2) if the trust is live, entries that waited for it can be opened from now on; (3) cards are handed out,
people leave and are replaced, cards are lost, people forget and learn, cards are ordered.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import simpy

from sim.scenario.schema import Ramped, Scenario, anchored

NOT_LIVE, LEGACY, KNOWLEDGE, EID, CONSENT, OWNERSHIP, TECHNICAL, PATIENT, SYNCED = range(9)
STOCK, BEFORE, LIVE = range(3)
DARK, UNTOUCHED, LACKS_FIELDS, STOPPED = range(4)
MOMENT = 1e-7  # days; orders what happens at a month's end


@dataclass
class Position:
    """A position, and whoever holds it. An order of a card belongs to the position, not to the holder."""

    knows: bool = False
    has_eid: bool = False
    order: Order | None = None


@dataclass
class Order:
    """A card that is on its way to a position."""

    position: Position


@dataclass
class Ward:
    """A stratum: its positions and its numbers."""

    name: str
    form: Any
    people: list[Position]
    exempt: bool


@dataclass
class Tally:
    """What the oracle counts."""

    new: list[list[int]]  # by month and outcome
    later_synced: list[list[int]]  # by month and class
    waiting: list[list[list[int]]] = field(default_factory=list)  # by month, class and gate, at its end
    staff: list[list[list[int]]] = field(
        default_factory=list
    )  # by month, ward and (neither, eID, knows, both), at its start
    on_order: list[list[int]] = field(default_factory=list)  # by month and ward, at its end
    card_wait: list[list[float]] = field(default_factory=list)  # by month of order: days, cards
    entries: int = 0


class Trust:
    """One replication of one trust."""

    def __init__(self, scenario: Scenario, golive_day: float, seed: int, strangers: bool = False) -> None:
        """``strangers`` is a fault on purpose: one colleague has the knowledge and another the eID."""
        self.s, self.random, self.strangers = scenario, random.Random(seed), strangers
        self.golive = golive_day
        first = dt.date.fromisoformat(scenario.period.start + "-01")
        self.month_starts = [0.0]
        self.activity: list[float] = []
        weekend = scenario.weekend.value
        day, here = first, 0.0
        for _ in range(scenario.period.months):
            month, weight = day.month, 0.0
            while day.month == month:
                weight += weekend if day.weekday() >= 5 else 1.0
                day += dt.timedelta(days=1)
                here += 1
            self.month_starts.append(here)
            self.activity.append(weight / (365.25 * (5 + 2 * weekend) / 7))
        self.months = len(self.activity)
        (self.region,) = scenario.regions.values()
        (self.sector,) = scenario.sectors.values()
        thousands = self.region.population.value / 1000
        weights = sum(w.entry_weight.value for w in self.sector.strata.values())
        self.per_year = self.sector.entries.value * thousands
        self.wards = [
            Ward(name, form, [Position() for _ in range(round(form.staff.value * thousands))], form.exempt)
            for name, form in self.sector.strata.items()
        ]
        shares = [w.form.entry_weight.value / weights for w in self.wards]
        self.share_up_to = [sum(shares[: i + 1]) for i in range(len(shares))]
        self.positions = [p for w in self.wards for p in w.people]
        self.golive_month = None if math.isinf(golive_day) else self.month_of(golive_day)
        self.project_months = [
            m for m in range(self.months) if any(self.runs(project, m) for project in scenario.legacy.cleanups)
        ]
        self.tally = Tally([[0] * 9 for _ in range(self.months)], [[0] * 3 for _ in range(self.months)])
        self.waits = [[0] * 8 for _ in range(3)]
        self.unopened = 0  # waiting entries that a clean-up project could take
        self.unopened_new = 0  # those of them that were registered this month: it gets them next month
        self.stock = self.stock_in_disorder = 0
        self.project_chance = 0.0
        self.law_from: dict[str, float] = {}
        self.outages: list[tuple[float, float]] = []
        self.intray: list[Order] = []

    # -- helpers ---------------------------------------------------------------------------------------------------

    def month_of(self, day: float) -> int:
        return next(m for m in range(self.months) if day < self.month_starts[m + 1])

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def poisson(self, mean: float) -> int:
        """Counted arrivals of a process."""
        count, at = 0, self.random.expovariate(1.0)
        while at < mean:
            count += 1
            at += self.random.expovariate(1.0)
        return count

    def a_ward(self) -> Ward:
        """The ward that registers or touches an entry."""
        u = self.random.random()
        return next((w for w, top in zip(self.wards, self.share_up_to, strict=True) if u < top), self.wards[-1])

    def runs(self, ramp: Ramped, month: int) -> bool:
        offset = anchored(ramp.start)
        if offset is None:
            begin = self.s.period.index(ramp.start)
        elif self.golive_month is None:
            return False
        else:
            begin = self.golive_month + offset
        return begin <= month < begin + ramp.months

    def for_ward(self, ramp: Ramped, ward: Ward) -> bool:
        return not ramp.strata or ward.name in ramp.strata

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> Tally:
        env = self.env = simpy.Environment()
        self.prepare_staff()
        clerks = self.s.eid.clerks
        self.offices = [simpy.Resource(env, capacity=clerks), simpy.Resource(env, capacity=clerks)]
        for change in self.s.consent.law_changes:
            env.process(self.law(change))
        env.process(self.failures())
        self.count = self.poisson(self.s.legacy.stock.value * self.per_year)
        self.stock = self.stock_in_disorder = self.count
        state = UNTOUCHED if self.golive <= 0 else DARK
        for _ in range(self.count):
            self.waits[STOCK][NOT_LIVE] += 1
            env.process(self.wait(STOCK, state, NOT_LIVE, self.is_held(), 0))
        env.process(self.registrations())
        env.process(self.month_ends())
        env.run()
        return self.tally

    def prepare_staff(self) -> None:
        before = 0
        length = self.s.knowledge.training_months
        if self.golive_month is not None:
            before = min(max(length - self.golive_month, 0), length)
        for ward in self.wards:
            reached = 1 - (1 - ward.form.trained_at_golive.value) ** (before / length)
            for person in ward.people:
                person.has_eid = self.happens(ward.form.eid_at_start.value)
                person.knows = self.happens(reached)

    def law(self, change: Any) -> Iterator[Any]:
        first = dt.date.fromisoformat(self.s.period.start + "-01")
        day = (change.date.date - first).days
        if change.date.delay is not None:
            day += change.date.delay.value * 365.25 / 12
        if not self.happens(change.probability.value):
            return
        yield self.env.timeout(max(day, 0))
        for ward in self.wards:
            if not change.groups or ward.form.group in change.groups:
                self.law_from.setdefault(ward.name, self.env.now)

    def failures(self) -> Iterator[Any]:
        t = self.s.technical
        if t.outages.value == 0:
            return
        while self.env.now < self.month_starts[-1]:
            yield self.env.timeout(self.random.expovariate(t.outages.value / 365.25))
            end = self.env.now + self.random.expovariate(24 / t.outage_hours.value)
            self.outages.append((self.env.now, end))
            yield self.env.timeout(end - self.env.now)

    # -- entries ---------------------------------------------------------------------------------------------------

    def is_held(self) -> bool:
        return self.happens(self.s.patients.reserved.value) or self.happens(self.s.patients.blocking.value)

    def registrations(self) -> Iterator[Any]:
        """Every month a Poisson process in continuous time, each entry a process of its own."""
        spread = math.log1p(self.sector.overdispersion.value)
        for month in range(self.months):
            begin, end = self.month_starts[month], self.month_starts[month + 1]
            busy = math.exp(self.random.gauss(-spread / 2, math.sqrt(spread)))
            per_day = self.per_year * self.activity[month] * busy / (end - begin)
            at = begin
            self.in_disorder = self.stock_in_disorder / self.stock if self.stock else 1.0
            while True:
                at += self.random.expovariate(per_day)
                if at >= end - 5 * MOMENT:
                    break
                yield self.env.timeout(at - self.env.now)
                self.env.process(self.entry(month))
            yield self.env.timeout(end + MOMENT - self.env.now)

    def entry(self, month: int) -> Iterator[Any]:
        """One entry's life."""
        self.tally.entries += 1
        held = self.is_held()
        ward = self.a_ward()
        kind, state = LIVE, STOPPED
        if self.env.now < self.golive:
            kind, state, outcome = BEFORE, DARK, NOT_LIVE
        elif self.happens(self.s.legacy.new_share.value * self.in_disorder):
            state, outcome = LACKS_FIELDS, LEGACY
        else:
            outcome = self.gates(ward, self.env.now, month, self.s.ownership.declined_new.value, held)
        self.tally.new[month][outcome] += 1
        if outcome != SYNCED:
            self.waits[kind][outcome] += 1
            self.unopened_new += outcome == LEGACY
            yield from self.wait(kind, state, outcome, held, month + 1)

    def gates(self, ward: Ward, at: float, month: int, declined: float, held: bool) -> int:
        """Where an entry that lacks nothing stops, or SYNCED."""
        s = self.s
        author = ward.people[int(self.random.random() * len(ward.people))]
        if not author.knows:
            return KNOWLEDGE
        if self.strangers:
            author = ward.people[int(self.random.random() * len(ward.people))]
        if not author.has_eid:
            return EID
        if not self.happens(s.eid.session_active.value) and self.happens(s.eid.login_declined.value):
            return EID
        exempt = ward.exempt or at >= self.law_from.get(ward.name, math.inf)
        if not exempt and not self.happens(s.consent.emergency.value):
            absent = self.happens(s.consent.absent.value)
            if not self.happens(s.consent.collected_before.value if absent else s.consent.granted.value):
                return CONSENT
        for duty in s.ownership.duties:
            if self.runs(duty, month):
                declined *= duty.factor.value
        if self.happens(declined):
            return OWNERSHIP
        t = s.technical
        down = any(a <= at < b for a, b in self.outages)
        if (down or self.happens(t.errors.value)) and not self.happens(t.retried.value):
            return TECHNICAL
        return PATIENT if held else SYNCED

    def wait(self, kind: int, state: int, reason: int, held: bool, month: int) -> Iterator[Any]:
        """A stopped entry until it is synced or the period ends; ``month`` is the first whose end can open it."""
        legacy = self.s.legacy
        lacks = legacy.stock_share.value if kind == STOCK else legacy.new_share.value
        rate = self.sector.touch.value / 12
        if state == DARK:
            if math.isinf(self.golive):
                return
            opening = max(self.golive_month or 0, month - 1)
            yield self.env.timeout(self.month_starts[opening + 1] - MOMENT - self.env.now)
            state, month = UNTOUCHED, opening + 1
        counted = False
        while True:
            cleanable = state in (UNTOUCHED, LACKS_FIELDS)
            if cleanable != counted:
                self.unopened += 1 if cleanable else -1
                counted = cleanable
            # touches are a Poisson process, and act at their month's end; a project's months are asked one by one
            touched, touched_in = True, self.months
            if rate:
                touched_in = month + int(self.random.expovariate(1.0) / rate)
            if cleanable:
                project = next((m for m in self.project_months if m >= month), self.months)
                if project < touched_in:
                    touched, touched_in = False, project
            if touched_in >= self.months:
                return
            yield self.env.timeout(self.month_starts[touched_in + 1] - 2 * MOMENT - self.env.now)
            month = touched_in + 1
            complete = state == STOPPED and touched
            if cleanable and self.project_chance and self.happens(self.project_chance):
                complete = True
            elif cleanable and touched:
                complete = (
                    self.happens(legacy.clean_on_touch.value) if state == LACKS_FIELDS else not self.happens(lacks)
                )
            elif not touched:
                continue
            outcome, now = LEGACY, LACKS_FIELDS
            if complete:
                ward = self.a_ward()
                begin, end = self.month_starts[touched_in], self.month_starts[touched_in + 1]
                at = self.random.uniform(begin, end)
                outcome = self.gates(ward, at, touched_in, self.s.ownership.declined_touch.value, held)
                now = STOPPED
                if kind == STOCK and state != STOPPED:
                    self.stock_in_disorder -= 1
            self.waits[kind][reason] -= 1
            state, reason = now, outcome
            if outcome == SYNCED:
                self.tally.later_synced[touched_in][kind] += 1
                self.unopened -= counted
                return
            self.waits[kind][reason] += 1

    # -- months ----------------------------------------------------------------------------------------------------

    def month_ends(self) -> Iterator[Any]:
        for month in range(self.months):
            self.tally.staff.append([self.states(w) for w in self.wards])
            end = self.month_starts[month + 1]
            yield self.env.timeout(end - 3 * MOMENT - self.env.now)
            capacity = sum(p.capacity.value for p in self.s.legacy.cleanups if self.runs(p, month))
            live = self.golive < end
            left = self.unopened - self.unopened_new
            self.project_chance = min(1.0, capacity / left) if live and left else 0.0
            self.unopened_new = 0
            yield self.env.timeout(end - MOMENT / 2 - self.env.now)
            self.tally.waiting.append([list(row) for row in self.waits])
            yield self.env.timeout(end - self.env.now)
            self.hand_out()
            self.turn_over(month)
            self.learn(month)
            self.order(month)
            self.tally.on_order.append([sum(p.order is not None for p in w.people) for w in self.wards])

    def states(self, ward: Ward) -> list[int]:
        count = [0, 0, 0, 0]
        for person in ward.people:
            count[2 * person.knows + person.has_eid] += 1
        return count

    def hand_out(self) -> None:
        """Cards that have come go to those they were ordered for."""
        for order in self.intray:
            order.position.order = None
            order.position.has_eid = True
        self.intray = []

    def pass_on(self, ward: Ward, position: Position) -> None:
        """Someone with an eID in a position with a card on order leaves the order to a colleague who lacks one."""
        lacking = [p for p in ward.people if not p.has_eid and p.order is None]
        if lacking and position.order is not None:
            colleague = self.random.choice(lacking)
            colleague.order, position.order = position.order, None
            colleague.order.position = colleague

    def turn_over(self, month: int) -> None:
        eid, knowledge = self.s.eid, self.s.knowledge
        in_use = self.golive < self.month_starts[month + 1]
        loses = 1 - math.exp(-eid.lost.value / 12)
        for ward in self.wards:
            leaves = 1 - math.exp(-(ward.form.turnover.value + ward.form.rotation.value) / 12)
            for person in ward.people:
                if self.happens(leaves):
                    person.has_eid = self.happens(ward.form.eid_at_hire.value)
                    person.knows = in_use and self.happens(knowledge.elearning_at_hire.value)
                if person.has_eid and self.happens(loses):
                    person.has_eid = False
            for person in ward.people:
                if person.has_eid and person.order is not None:
                    self.pass_on(ward, person)

    def learn(self, month: int) -> None:
        knowledge = self.s.knowledge
        wants = []
        for ward in self.wards:
            missed = 1.0
            length = knowledge.training_months
            if self.golive_month is not None and self.golive_month - length <= month < self.golive_month:
                missed *= (1 - ward.form.trained_at_golive.value) ** (1 / length)
            for campaign in knowledge.campaigns:
                if self.runs(campaign, month) and self.for_ward(campaign, ward):
                    missed *= 1 - campaign.reaches.value
            wants.append(1 - missed)
        demand = sum(w * sum(not p.knows for p in ward.people) for w, ward in zip(wants, self.wards, strict=True))
        seats = knowledge.seats.value * len(self.positions) / 1000
        seated = 1.0 if demand <= seats else seats / demand
        heard = 0.0
        if self.golive < self.month_starts[month + 1]:
            q = knowledge.imitation.value
            for users in knowledge.super_users:
                if self.runs(users, month):
                    q *= users.factor.value
            known = sum(p.knows for p in self.positions) / len(self.positions)
            heard = self.talk(known, knowledge.innovation.value, q)
        forgets = 1 - math.exp(-knowledge.forgetting.value / 12)
        for ward, want in zip(self.wards, wants, strict=True):
            for person in ward.people:
                if person.knows:
                    person.knows = not self.happens(forgets)
                else:
                    person.knows = self.happens(want * seated) or self.happens(heard)

    @staticmethod
    def talk(known: float, p: float, q: float, steps: int = 8) -> float:
        """The chance to hear of it in a month: 1 - exp(-∫(p + q·F)), with F' = (p + q·F)(1 - F) by midpoint steps."""
        missed, years = 1.0, 1 / 12 / steps
        share = known
        for _ in range(steps):
            middle = share + (p + q * share) * (1 - share) * years / 2
            missed *= math.exp(-(p + q * middle) * years)
            share += (p + q * middle) * (1 - middle) * years
        return 1 - missed

    def order(self, month: int) -> None:
        eid = self.s.eid
        renews = 1 / (12 * eid.validity.value)
        lines: list[list[Order | None]] = [[], []]  # by channel: for whom the cards are (None: a renewal)
        renewals: list[Order | None] = []
        for ward in self.wards:
            orders = 1 - ward.form.eid_ordering.value
            for programme in eid.programmes:
                if self.runs(programme, month) and self.for_ward(programme, ward):
                    orders *= 1 - programme.ordering.value
            cards: list[Order | None] = []
            other: list[Order | None] = []
            for person in ward.people:
                if not person.has_eid and person.order is None and self.happens(1 - orders):
                    person.order = Order(person)
                    (other if self.happens(eid.alternative.value) else cards).append(person.order)
            renewals += [None for p in ward.people if p.has_eid and self.happens(renews)]
            for channel, mine in enumerate((cards, other)):
                self.random.shuffle(mine)
                lines[channel] += mine
        lines[0] += renewals
        self.tally.card_wait.append([0.0, 0])
        self.env.process(self.post(month, lines))

    def post(self, month: int, lines: list[list[Order | None]]) -> Iterator[Any]:
        """The orders are dealt out to a lot per clerk and week, first to the weeks, then to the clerks; each week's lots go
        out in the middle of a quarter of the next month."""
        begin = self.env.now
        length = begin - self.month_starts[month]
        clerks = self.s.eid.clerks
        for week in range(4):
            yield self.env.timeout(begin + (week + 0.5) / 4 * length - self.env.now)
            for channel, line in enumerate(lines):
                for clerk in range(clerks):
                    if lot := line[4 * clerk + week :: 4 * clerks]:
                        self.env.process(self.lot(month, channel, lot))

    def lot(self, month: int, channel: int, cards: list[Order | None]) -> Iterator[Any]:
        eid = self.s.eid
        per_week = (eid.alternative_cards if channel else eid.cards).value * len(self.positions) / 1000
        per_card, cv = 7 * eid.clerks / per_week, eid.service_cv.value
        sent = self.env.now
        with self.offices[channel].request() as clerk:
            yield clerk
            # each card's time is gamma distributed, so the lot's is
            k = len(cards) / cv**2 if cv else 0.0
            yield self.env.timeout(self.random.gammavariate(k, per_card * cv**2) if cv else len(cards) * per_card)
        mine = [order for order in cards if order is not None]
        if mine:
            self.tally.card_wait[month][0] += len(mine) * (self.env.now - sent)
            self.tally.card_wait[month][1] += len(mine)
            yield self.env.timeout(7 * (eid.alternative_lead if channel else eid.lead).value)
            self.intray += mine
