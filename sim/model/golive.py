"""The go-live programme, on SimPy: when each unit is technically ready, can read, and can write.

Hospitals go live trust by trust. A region buys the vendor's module, does the design and risk analysis, and gets the
technical go-live on its planned date plus a delay; then each trust needs one of the region's project slots (a SimPy
resource, which other projects such as the medication list also occupy) for its local project. Many small actors
(GPs, municipalities) follow a ramp that their vendors set.

The programme is simulated before the months are: training and cards are planned backwards from a trust's date.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy

from sim.model.calendar import DAYS_PER_MONTH, Calendar
from sim.model.draws import Values
from sim.model.structure import Structure, Unit
from sim.model.trace import Trace
from sim.scenario.schema import Milestone, Project, Ramp, Scenario

Floats = npt.NDArray[np.float64]
NEVER = math.inf


@dataclass
class GoLive:
    """When a unit passes its milestones, in days (infinite: not before the programme's horizon).

    A pool of many actors has ``ramp`` days (first, all) and a ``reach``; ``read`` and ``write`` are its first actors'.
    """

    vendor_module: float = NEVER
    design_risk: float = NEVER
    technical: float = NEVER
    read: float = NEVER
    write: float = NEVER
    ramp_days: float = 0.0  # from the first to the last actor; 0 is a step
    reach: float = 1.0


def shares(golive: list[GoLive], milestone: str, calendar: Calendar) -> tuple[Floats, Floats]:
    """[T, U] the share of each unit's actors past a milestone: the mean of each month, and at its end."""
    begin = np.array([getattr(g, milestone) for g in golive])
    length = np.array([g.ramp_days for g in golive])
    reach = np.array([g.reach for g in golive])
    starts = calendar.starts[:, None]

    def past(day: Floats) -> Floats:
        """Days past the milestone, 0 before it."""
        return np.asarray(np.maximum(day - begin, 0.0))

    def area(day: Floats) -> Floats:
        """The share integrated from the milestone to ``day``: a step, or a ramp and then a plateau."""
        since = past(day)
        rising = np.minimum(since, length)
        return reach * np.where(length > 0, rising**2 / (2 * np.maximum(length, 1e-9)) + since - rising, since)

    mean = np.diff(area(starts), axis=0) / np.diff(starts, axis=0)
    end = past(starts[1:]) / np.maximum(length, 1e-9)
    return mean, np.asarray(np.clip(end, 0.0, 1.0) * reach)


def earliest(scenario: Scenario, calendar: Calendar) -> float:
    """The first day on which anything of the programme may happen in any replication; the period's first if none is earlier."""
    plans = [p for by_region in scenario.golive.values() for p in by_region.values()]
    found = [m for p in plans if isinstance(p, Project) for m in (p.vendor_module, p.technical)]
    found += [c.start for p in plans if isinstance(p, Project) for c in p.competing]
    found += [m for p in plans if isinstance(p, Ramp) for m in (p.first, p.majority)]
    delays = [0.0 if m.delay is None else min(m.delay.support()[0], 0.0) for m in found]
    return min([0.0, *(calendar.day(m.date) + d * DAYS_PER_MONTH for m, d in zip(found, delays, strict=True))])


@dataclass
class Programme:
    """One replication's go-live programme on a SimPy clock."""

    scenario: Scenario
    structure: Structure
    calendar: Calendar
    values: Values
    trace: Trace
    begin: float  # the first day on which anything may happen
    units: list[GoLive] = field(default_factory=list)

    @cached_property
    def horizon(self) -> float:
        """The day on which it is told no further."""
        return float(self.calendar.starts[-1]) + 3 * 365.0

    def run(self) -> list[GoLive]:
        """Simulate the programme to three years past the period; one entry per unit."""
        env = simpy.Environment(initial_time=self.begin)
        self.units = [GoLive() for _ in self.structure.units]
        groups: dict[tuple[str, str], list[int]] = {}
        for index, unit in enumerate(self.structure.units):
            groups.setdefault((unit.sector, unit.region), []).append(index)
        for (sector, region), members in groups.items():
            plan = self.scenario.golive[sector][region]  # type: ignore[index]
            path = f"golive.{sector}.{region}"
            if isinstance(plan, Project):
                env.process(self._region(env, plan, path, members))
            elif isinstance(plan, Ramp):
                for member in members:
                    self._ramp(plan, path, member)
        env.run(until=self.horizon)
        return self.units

    def _day(self, milestone: Milestone, path: str) -> float:
        return self.calendar.day(milestone.date) + self.values.get(f"{path}.delay", 0.0) * DAYS_PER_MONTH

    def _region(
        self, env: simpy.Environment, plan: Project, path: str, members: list[int]
    ) -> Generator[Any, Any, None]:
        """A region's hospitals: module, design, technical go-live, then the trusts in the order of the scenario."""
        slots = simpy.Resource(env, capacity=plan.simultaneous)
        for index, other in enumerate(plan.competing):
            for _ in range(other.slots):
                env.process(self._other_project(env, slots, other.name, f"{path}.competing.{index}", other.start))
        region = self.structure.units[members[0]].region
        yield env.timeout(max(self._day(plan.vendor_module, f"{path}.vendor_module") - env.now, 0))
        self._reach(env, members, "vendor_module", region, "planned date")
        yield env.timeout(self.values[f"{path}.design_months"] * DAYS_PER_MONTH)
        self._reach(env, members, "design_risk", region, "duration")
        yield env.timeout(max(self._day(plan.technical, f"{path}.technical") - env.now, 0))
        self._reach(env, members, "technical", region, "planned date and delay, or late design")
        for member in members:
            env.process(self._trust(env, path, member, slots))

    def _reach(self, env: simpy.Environment, members: list[int], milestone: str, entity: str, cause: str) -> None:
        for member in members:
            setattr(self.units[member], milestone, env.now)
        self.trace.add(env.now, "golive", entity, milestone, cause)

    def _trust(
        self, env: simpy.Environment, path: str, member: int, slots: simpy.Resource
    ) -> Generator[Any, Any, None]:
        name = self.structure.units[member].name
        local = self.values[f"{path}.local_months@{name}"] * DAYS_PER_MONTH
        lead = min(self.values[f"{path}.read_lead"] * DAYS_PER_MONTH, local)
        with slots.request() as slot:
            asked = env.now
            yield slot
            cause = "slot free" if env.now == asked else "waited for a project slot"
            self.trace.add(env.now, "golive", name, "local_project", cause)
            if env.now + (local - lead) < self.horizon:
                self.units[member].read = env.now + (local - lead)
                self.trace.add(env.now + (local - lead), "golive", name, "read", "local project")
            yield env.timeout(local)
            self.units[member].write = env.now
            self.trace.add(env.now, "golive", name, "write", "local project finished")

    def _other_project(
        self, env: simpy.Environment, slots: simpy.Resource, name: str, path: str, start: Milestone
    ) -> Generator[Any, Any, None]:
        yield env.timeout(max(self._day(start, f"{path}.start") - env.now, 0))
        with slots.request() as slot:
            yield slot
            self.trace.add(env.now, "golive", name, "takes_slot", "competing project")
            yield env.timeout(self.values[f"{path}.months"] * DAYS_PER_MONTH)
            self.trace.add(env.now, "golive", name, "frees_slot", "competing project finished")

    def _ramp(self, plan: Ramp, path: str, member: int) -> None:
        """Actors wait for their vendors and for nobody else, so their dates need no clock."""
        unit: Unit = self.structure.units[member]
        first = self._day(plan.first, f"{path}.first")
        half = max(self._day(plan.majority, f"{path}.majority") - first, 30.0)
        golive = self.units[member]
        read = max(first - self.values[f"{path}.read_lead"] * DAYS_PER_MONTH, self.begin)
        if read >= self.horizon:
            return
        golive.vendor_module = golive.design_risk = golive.technical = golive.read = read
        golive.ramp_days, golive.reach = 2 * half, self.values[f"{path}.reach"]
        self.trace.add(read, "golive", unit.name, "read", "first vendor")
        if max(first, read) < self.horizon:
            golive.write = max(first, read)
            self.trace.add(golive.write, "golive", unit.name, "write", "first vendor")
