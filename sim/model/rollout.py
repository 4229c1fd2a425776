"""One replication of the rollout: the programme, then the months, on a SimPy clock.

Data flow: values of the replication → go-live programme → per month: law and outages → gates → entries (new, then
waiting) → staff (cards, turnover, learning, orders) → the record. The heavy counting of a month is compiled; everything
that has a date is a SimPy process.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import simpy
from scipy.special import ndtri

from sim.model import consent, entries, technical, workforce
from sim.model.calendar import Calendar
from sim.model.draws import Column, Values, columns
from sim.model.golive import GoLive, Programme, shares
from sim.model.quantiles import SMALLEST, binomial, poisson
from sim.model.streams import generator
from sim.model.structure import Structure, build
from sim.model.trace import Trace
from sim.scenario.schema import LawChange, Ramped, Scenario, anchored
from sim.vocabulary import GATE_KEYS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Uniforms = npt.NDArray[np.float32]

STRATUM_NUMBERS = (
    "staff",
    "entry_weight",
    "turnover",
    "rotation",
    "eid_at_start",
    "eid_at_hire",
    "eid_ordering",
    "trained_at_golive",
)


@dataclass(frozen=True)
class Record:
    """What one replication leaves behind: T months, S strata, U units.

    ``new`` [T, S, 9] entries registered in the month by outcome at its end; ``waiting`` [T, U, 3, POOLS] all that wait at its
    end, by class and pool (see ``entries``); ``later_synced`` [T, U, 3] waiting entries synced in it; ``fresh``
    [T, U, 3] its free entries that wait; ``staff`` [T, S, 4] people by state at its start; ``ordered`` [T, S] cards on
    order at its end; ``card_wait`` [T, U, 2] summed waiting days and cards; ``reading``, ``writing`` [T, U] mean share
    of the unit's actors; ``opening`` [T, U]; ``arrived`` [T, U, POOLS] the month's new entries that wait; hazards [T, U] (``meets`` [T, U, 6]) as in
    ``entries.Hazards``; ``stock_at_start`` [U]; ``access`` [T, U] the share of the unit's
    work in which Kjernejournal could be read (eID in use, consent, patient), were it live.
    """

    new: Ints
    waiting: Ints
    later_synced: Ints
    fresh: Ints
    staff: Ints
    ordered: Ints
    card_wait: Floats
    reading: Floats
    writing: Floats
    ready: Floats
    opening: Floats
    arrived: Ints
    meets: Floats
    touch: Floats
    leaves_old: Floats
    opens: Floats
    complete: Floats
    stock_at_start: Ints
    access: Floats
    golive: Sequence[GoLive]


class Draws(NamedTuple):
    """The random numbers of a replication's months; the memory is used again by the next one."""

    start: Uniforms
    staff: Uniforms
    new: Uniforms
    wait: Uniforms
    stock: Uniforms
    intensity: Uniforms


class Model:
    """A scenario made ready to be simulated; shared by all its replications."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.calendar = Calendar(scenario.period)
        self.structure: Structure = build(scenario)
        self.columns: list[Column] = columns(scenario)
        self.index = {column.name: i for i, column in enumerate(self.columns)}
        self._strata_columns = {
            number: np.array(
                [self.index[f"sectors.{self._sector(s.unit)}.strata.{s.key}.{number}"] for s in self.structure.strata]
            )
            for number in STRATUM_NUMBERS
        }
        s = scenario
        self.reach = {
            id(ramp): self._reach(ramp)
            for ramps in (
                s.eid.programmes,
                s.knowledge.campaigns,
                s.knowledge.super_users,
                s.legacy.cleanups,
                s.ownership.duties,
            )
            for ramp in ramps
        }
        strata, units, months = len(self.structure.strata), len(self.structure.units), self.calendar.months
        self.draws = Draws(
            start=np.empty((strata, 3), np.float32),
            staff=np.empty((strata, months, workforce.DRAWS), np.float32),
            new=np.empty((strata, months, entries.NEW_DRAWS), np.float32),
            wait=np.empty((units, months, 3, entries.WAIT_DRAWS), np.float32),
            stock=np.empty((units, 2), np.float32),
            intensity=np.empty((units, months), np.float32),
        )

    def _reach(self, ramp: Ramped) -> dict[int, list[int]]:
        """The strata that a ramp applies to, by unit."""
        found: dict[int, list[int]] = {}
        for s, stratum in enumerate(self.structure.strata):
            unit = self.structure.units[stratum.unit]
            if ramp.applies(unit.region, unit.sector, unit.name, stratum.key):
                found.setdefault(stratum.unit, []).append(s)
        return found

    def _sector(self, unit: int) -> str:
        return self.structure.units[unit].sector

    def values(self, row: Floats) -> Values:
        """A replication's numbers by name."""
        return Values(self.index, row)

    def of_strata(self, number: str, row: Floats) -> Floats:
        """[S] one number of every stratum."""
        return np.asarray(row[self._strata_columns[number]])

    def unit_shares(self, values: Values) -> Floats:
        """[U] each unit's share of its region's activity in its sector (hospitals by their doctors)."""
        shares = np.ones(len(self.structure.units))
        for region in self.scenario.regions:
            members = [i for i, u in enumerate(self.structure.units) if u.region == region and u.trust]
            doctors = np.array(
                [values[f"regions.{region}.trusts.{self.structure.units[i].name}.doctors"] for i in members]
            )
            if len(members):
                shares[members] = doctors / doctors.sum()
        return shares

    def populations(self, values: Values) -> Floats:
        """[U] inhabitants behind each unit: its region's, times its share."""
        regions = np.array([values[f"regions.{u.region}.population"] for u in self.structure.units])
        return regions * self.unit_shares(values)


class Rollout:
    """One replication."""

    def __init__(self, model: Model, row: Floats, seed: int, replication: int, trace: Trace | None = None) -> None:
        self.model, self.row, self.values = model, row, model.values(row)
        self.seed, self.replication = seed, replication
        self.trace = trace or Trace()
        self.calendar, self.structure, self.scenario = model.calendar, model.structure, model.scenario
        self.months, self.units = self.calendar.months, len(self.structure.units)
        self.strata = len(self.structure.strata)
        self.unit_of = self.structure.unit_of

    def run(self) -> Record:
        """Simulate the replication."""
        self.golive = Programme(self.scenario, self.structure, self.calendar, self.values, self.trace).run()
        self._prepare()
        env = simpy.Environment()
        self.down = np.zeros(self.months)
        env.process(
            technical.outages(
                env,
                self.values["technical.outages"],
                self.values["technical.outage_hours"],
                self.down,
                self.calendar,
                generator(self.seed, self.replication, "technical"),
                self.trace,
            )
        )
        for index, change in enumerate(self.scenario.consent.law_changes):
            path = f"consent.law_changes.{index}"
            env.process(consent.law_change(env, change, path, self.calendar, self.values, self.trace, self._enact))
        env.process(self._months(env))
        env.run(until=float(self.calendar.starts[-1]) + 0.5)
        return self._record()

    # -- preparation ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self.writing, ends = shares(self.golive, "write", self.calendar)
        self.reading, _ = shares(self.golive, "read", self.calendar)
        self.ready, _ = shares(self.golive, "technical", self.calendar)
        before = np.vstack([np.zeros(self.units), ends[:-1]])
        self.opening = np.where(before < 1, (ends - before) / np.maximum(1 - before, 1e-12), 0.0)
        self.golive_month = [None if np.isinf(g.write) else self.calendar.month_of(g.write) for g in self.golive]
        self.exempt_since = np.where([s.form.exempt for s in self.structure.strata], -np.inf, np.inf)
        self._draw()
        self._prepare_staff()
        self._prepare_entries()

    def _draw(self) -> None:
        """All random numbers of the months, from one stream per unit and purpose."""
        first, draws = self.structure.first, self.model.draws
        for index, unit in enumerate(self.structure.units):
            strata, one = slice(first[index], first[index + 1]), slice(index, index + 1)
            for purpose, arrays in (
                ("staff", (draws.start[strata], draws.staff[strata])),
                ("entries", (draws.intensity[one], draws.new[strata])),
                ("waiting", (draws.stock[one], draws.wait[one])),
            ):
                random = generator(self.seed, self.replication, f"{purpose}/{unit.name}")
                for array in arrays:
                    random.random(dtype=np.float32, out=array)

    def window(self, ramp: Ramped, unit: int) -> slice:
        """The months of the period in which ``ramp`` runs at a unit."""
        offset = anchored(ramp.start)
        if offset is None:
            begin = self.scenario.period.index(ramp.start)
        else:
            golive = self.golive_month[unit]
            if golive is None:
                return slice(0, 0)
            begin = golive + offset
        return slice(max(begin, 0), max(min(begin + ramp.months, self.months), 0))

    def _prepare_staff(self) -> None:
        v, row, of, draws = self.values, self.row, self.unit_of, self.model.draws
        populations = self.model.populations(v)
        people = np.rint(self.model.of_strata("staff", row) * populations[of] / 1000).astype(np.int64)
        staff_of_unit = np.bincount(of, people, self.units)
        trained = self.model.of_strata("trained_at_golive", row)
        course, known_before = self._courses(trained)
        order = 1 - np.repeat(1 - self.model.of_strata("eid_ordering", row)[:, None], self.months, axis=1)
        for index, programme in enumerate(self.scenario.eid.programmes):
            chance = v[f"eid.programmes.{index}.ordering"]
            for unit, strata in self.model.reach[id(programme)].items():
                months = self.window(programme, unit)
                order[strata, months] = 1 - (1 - order[strata, months]) * (1 - chance)
        imitation = np.full((self.units, self.months), v["knowledge.imitation"])
        for index, users in enumerate(self.scenario.knowledge.super_users):
            for unit in self.model.reach[id(users)]:
                imitation[unit, self.window(users, unit)] *= v[f"knowledge.super_users.{index}.factor"]
        clerks = self.scenario.eid.clerks
        per_day = np.array([v["eid.cards"], v["eid.alternative_cards"]])[None, :] * staff_of_unit[:, None] / 7000
        self.staff_rates = workforce.StaffRates(
            first=self.structure.first,
            leave=monthly(self.model.of_strata("turnover", row) + self.model.of_strata("rotation", row)),
            eid_at_hire=self.model.of_strata("eid_at_hire", row),
            known_at_hire=np.where(self.writing.T[of] > 0, v["knowledge.elearning_at_hire"], 0.0),
            lost=float(monthly(v["eid.lost"])),
            forget=float(monthly(v["knowledge.forgetting"])),
            course=course,
            seats=v["knowledge.seats"] * staff_of_unit / 1000,
            innovation=v["knowledge.innovation"],
            imitation=imitation,
            talking=np.ascontiguousarray(self.writing.T > 0, dtype=np.float64),
            order=order,
            renew=1 / (12 * max(v["eid.validity"], 1 / 12)),
            alternative=v["eid.alternative"],
            card_days=clerks / np.maximum(per_day, 1e-9),
            card_cv=v["eid.service_cv"],
            lead=7 * np.array([v["eid.lead"], v["eid.alternative_lead"]]),
            month_start=self.calendar.starts,
        )
        count = np.zeros((self.strata, 4), np.int64)
        eid_at_start = self.model.of_strata("eid_at_start", row)
        for s in range(self.strata):
            eid = binomial(draws.start[s, 0], people[s], eid_at_start[s])
            both = binomial(draws.start[s, 1], eid, known_before[s])
            knows = binomial(draws.start[s, 2], people[s] - eid, known_before[s])
            count[s] = (people[s] - eid - knows, eid - both, knows, both)
        self.staff = workforce.Staff(
            people=count,
            ordered=np.zeros(self.strata, np.int64),
            sending=np.zeros((self.strata, 3), np.int64),
            arriving=np.zeros((self.strata, self.months), np.int64),
            queued=np.zeros((self.units, 2, clerks)),
            waited=np.zeros((self.units, 2)),
        )

    def _courses(self, trained: Floats) -> tuple[Floats, Floats]:
        """[S, T] who courses reach per month, and [S] who had been reached before the period.

        The training for go-live is spread over the months before it. A pool's actors are all trained before the first of
        them goes live, and again as they join.
        """
        course = np.zeros((self.strata, self.months))
        before = np.zeros(self.strata)
        length = self.scenario.knowledge.training_months
        monthly_reach = 1 - (1 - np.minimum(trained, 1 - 1e-12)) ** (1 / length)
        for s, stratum in enumerate(self.structure.strata):
            golive = self.golive_month[stratum.unit]
            if golive is None:
                continue
            begin = golive - length
            early = min(max(-begin, 0), length)
            before[s] = 1 - (1 - monthly_reach[s]) ** early
            course[s, max(begin, 0) : max(min(golive, self.months), 0)] = monthly_reach[s]
            if self.golive[stratum.unit].ramp_days > 0:
                joining = np.diff(np.concatenate([[0.0], self.writing[:, stratum.unit]]))
                course[s] = np.maximum(course[s], np.clip(trained[s] * joining, 0, 1))
        for index, campaign in enumerate(self.scenario.knowledge.campaigns):
            reached = self.values[f"knowledge.campaigns.{index}.reaches"]
            for unit, strata in self.model.reach[id(campaign)].items():
                months = self.window(campaign, unit)
                course[strata, months] = 1 - (1 - course[strata, months]) * (1 - reached)
        return course, before

    def _prepare_entries(self) -> None:
        v, of, draws = self.values, self.unit_of, self.model.draws
        populations = self.model.populations(v)
        sectors = [u.sector for u in self.structure.units]
        rate = np.array([v[f"sectors.{s}.entries"] for s in sectors])
        per_year = rate * populations / 1000
        weight = self.model.of_strata("entry_weight", self.row)
        self.weight = weight / np.bincount(of, weight, self.units)[of]
        variance = np.log1p([v[f"sectors.{s}.overdispersion"] for s in sectors])
        intensity = np.exp(np.sqrt(variance) * ndtri(np.maximum(draws.intensity.T, SMALLEST)) - variance / 2)
        self.mean = per_year[of] * self.weight * self.calendar.activity(v["weekend"])[:, None] * intensity[:, of]
        self.touch = 1 - np.exp(-np.array([v[f"sectors.{s}.touch"] for s in sectors]) / 12)
        self.held = 1 - (1 - v["patients.reserved"]) * (1 - v["patients.blocking"])
        self.consent_pass = consent.passes(
            v["consent.absent"], v["consent.collected_before"], v["consent.emergency"], v["consent.granted"]
        )
        self.eid_used = 1 - v["eid.login_declined"] * (1 - v["eid.session_active"])
        duty = np.ones((self.months, self.units))
        for index, ramp in enumerate(self.scenario.ownership.duties):
            for unit in self.model.reach[id(ramp)]:
                duty[self.window(ramp, unit), unit] *= v[f"ownership.duties.{index}.factor"]
        self.owns_new = 1 - np.clip(v["ownership.declined_new"] * duty, 0, 1)
        self.owns_touch = 1 - np.clip(v["ownership.declined_touch"] * duty, 0, 1)
        self.cleanup = np.zeros((self.months, self.units))
        for index, project in enumerate(self.scenario.legacy.cleanups):
            for unit in self.model.reach[id(project)]:
                self.cleanup[self.window(project, unit), unit] += v[f"legacy.cleanups.{index}.capacity"]
        self.cleanup *= self.writing > 0
        self.pools = entries.Pools(
            waiting=np.zeros((self.units, 3, entries.POOLS), np.int64),
            stock_at_start=np.zeros(self.units, np.int64),
            new=np.zeros((self.strata, 9), np.int64),
            fresh=np.zeros((self.units, 3), np.int64),
            arrived=np.zeros((self.units, entries.POOLS), np.int64),
            later_synced=np.zeros((self.units, 3), np.int64),
        )
        for unit in range(self.units):
            stock = poisson(draws.stock[unit, 0], v["legacy.stock"] * per_year[unit])
            held = binomial(draws.stock[unit, 1], stock, self.held)
            begun = self.golive[unit].write <= 0 and self.golive[unit].ramp_days <= 0
            state = entries.UNTOUCHED if begun else entries.DARK
            self.pools.waiting[unit, entries.STOCK, state] = stock - held
            self.pools.waiting[unit, entries.STOCK, entries.HELD + state] = held
            self.pools.stock_at_start[unit] = stock
        self.hazards = entries.Hazards(np.zeros((self.units, 6)), *(np.zeros(self.units) for _ in range(4)))

    # -- the months ----------------------------------------------------------------------------------------------

    def _enact(self, change: LawChange, day: float) -> None:
        for s, stratum in enumerate(self.structure.strata):
            sector = self.structure.units[stratum.unit].sector
            if (not change.groups or stratum.group in change.groups) and (
                not change.sectors or sector in change.sectors
            ):
                self.exempt_since[s] = min(self.exempt_since[s], day)

    def _months(self, env: simpy.Environment) -> Generator[Any, Any, None]:
        months, units, strata = self.months, self.units, self.strata
        self.out_new = np.empty((months, strata, 9), np.int64)
        self.out_waiting = np.empty((months, units, 3, entries.POOLS), np.int64)
        self.out_later = np.empty((months, units, 3), np.int64)
        self.out_fresh = np.empty((months, units, 3), np.int64)
        self.out_staff = np.empty((months, strata, 4), np.int64)
        self.out_ordered = np.empty((months, strata), np.int64)
        self.out_card_wait = np.empty((months, units, 2))
        self.out_hazards = np.empty((4, months, units))
        self.out_meets = np.empty((months, units, 6))
        self.out_arrived = np.empty((months, units, entries.POOLS), np.int64)
        self.out_consent = np.empty((months, strata))
        for month in range(months):
            yield env.timeout(self.calendar.starts[month + 1] - env.now)
            self._close(month)

    def _close(self, month: int) -> None:
        """Everything of a month that is counted and not dated."""
        v = self.values
        start, end = self.calendar.starts[month], self.calendar.starts[month + 1]
        exempt = np.clip((end - self.exempt_since) / (end - start), 0, 1)
        rates = entries.EntryRates(
            first=self.structure.first,
            mean=self.mean[month],
            weight=self.weight,
            live=self.writing[month],
            opening=self.opening[month],
            held=self.held,
            legacy_new=v["legacy.new_share"],
            legacy_stock=v["legacy.stock_share"],
            clean=v["legacy.clean_on_touch"],
            cleanup=self.cleanup[month],
            touch=self.touch,
            eid_used=self.eid_used,
            consent=exempt + (1 - exempt) * self.consent_pass,
            owns_new=self.owns_new[month],
            owns_touch=self.owns_touch[month],
            works=technical.works(v["technical.errors"], float(self.down[month]), v["technical.retried"]),
        )
        self.out_staff[month] = self.staff.people
        self.out_consent[month] = rates.consent
        entries.step(
            month, self.staff.people, self.pools, rates, self.hazards, self.model.draws.new, self.model.draws.wait
        )
        self.out_new[month] = self.pools.new
        self.out_waiting[month] = self.pools.waiting
        self.out_later[month] = self.pools.later_synced
        self.out_fresh[month] = self.pools.fresh
        self.out_arrived[month] = self.pools.arrived
        self.out_meets[month] = self.hazards.meets
        for index, hazard in enumerate(self.hazards[1:]):
            self.out_hazards[index, month] = hazard
        if self.trace.on:
            self._note(month, float(end))
        workforce.step(month, self.staff, self.staff_rates, self.model.draws.staff)
        self.out_ordered[month] = self.staff.ordered
        self.out_card_wait[month] = self.staff.waited

    def _note(self, month: int, day: float) -> None:
        label = self.calendar.labels[month]
        for s, stratum in enumerate(self.structure.strata):
            name = f"{self.structure.units[stratum.unit].name}/{stratum.key}"
            if cards := int(self.staff.arriving[s, month]):
                self.trace.add(day, "eid", name, "cards_delivered", f"{cards} cards, {label}")
            stopped = ", ".join(f"{k} {n}" for k, n in zip(GATE_KEYS, self.pools.new[s], strict=False) if n)
            total = int(self.pools.new[s].sum())
            if total:
                self.trace.add(
                    day, "entries", name, "registered", f"{total} in {label}: synced {self.pools.new[s, 8]}; {stopped}"
                )
        for u, unit in enumerate(self.structure.units):
            if later := int(self.pools.later_synced[u].sum()):
                self.trace.add(day, "entries", unit.name, "synced_later", f"{later} waiting entries, {label}")

    def _record(self) -> Record:
        touch, leaves_old, opens, complete = self.out_hazards
        has_eid, _ = workforce.coverage(self.out_staff)
        reads = has_eid * self.eid_used * self.out_consent * (1 - self.held)
        return Record(
            new=self.out_new,
            waiting=self.out_waiting,
            later_synced=self.out_later,
            fresh=self.out_fresh,
            staff=self.out_staff,
            ordered=self.out_ordered,
            card_wait=self.out_card_wait,
            reading=self.reading,
            writing=self.writing,
            ready=self.ready,
            opening=self.opening,
            arrived=self.out_arrived,
            meets=self.out_meets,
            touch=touch,
            leaves_old=leaves_old,
            opens=opens,
            complete=complete,
            stock_at_start=self.pools.stock_at_start,
            access=self.structure.by_unit(reads * self.weight),
            golive=self.golive,
        )


def monthly(rate_per_year: Any) -> Any:
    """The chance per month of something with a yearly rate."""
    return 1 - np.exp(-np.asarray(rate_per_year) / 12)
