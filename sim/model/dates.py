"""Everything that has a date in one replication: go-lives, laws, outages, and when each ramp runs. On SimPy.

Nothing here depends on what is counted, so it is simulated first; the months are then counted in one go.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simpy

from sim.model import consent, technical
from sim.model.draws import Values
from sim.model.golive import Programme, shares
from sim.model.model import Model
from sim.model.streams import generator
from sim.model.trace import Trace
from sim.scenario.schema import LawChange, Ramped, Shift, anchored

Floats = npt.NDArray[np.float64]


class Dates:
    """One replication's dates, simulated when it is made.

    ``golive`` the units' milestones; ``reading``, ``writing``, ``ready`` [T, U] mean share of the unit's actors past
    each; ``opening`` [T, U] share of the actors not yet live who are at the month's end; ``golive_month`` the month of
    each unit's go-live (None: never); ``down`` [T] share of the month in outage; ``exempt`` [T, S] share of the month
    in which the stratum is exempt from consent. With ``expected`` the outages are their mean share of the time.
    """

    def __init__(
        self, model: Model, values: Values, seed: int, replication: int, trace: Trace, expected: bool = False
    ) -> None:
        self.model, self.calendar = model, model.calendar
        self._running: dict[tuple[float, int | None], Floats] = {}
        self.golive = Programme(model.scenario, model.structure, model.calendar, values, trace, model.earliest).run()
        self.writing, ends = shares(self.golive, "write", self.calendar)
        self.reading, _ = shares(self.golive, "read", self.calendar)
        self.ready, _ = shares(self.golive, "technical", self.calendar)
        before = np.vstack([np.zeros(model.units), ends[:-1]])
        self.opening = np.where(before < 1, (ends - before) / np.maximum(1 - before, 1e-12), 0.0)
        self.golive_month = [None if np.isinf(g.write) else self.calendar.month_of(g.write) for g in self.golive]
        self._golive_months = np.array([np.inf if month is None else month for month in self.golive_month])
        self._exempt_since = np.where(model.structure.exempt, -np.inf, np.inf)
        env = simpy.Environment()
        per_year, hours = values["technical.outages"], values["technical.outage_hours"]
        if expected:
            self.down = np.full(model.months, technical.share_down(per_year, hours))
        else:
            self.down = np.zeros(model.months)
            random = generator(seed, replication, "technical")
            env.process(technical.outages(env, per_year, hours, self.down, self.calendar, random, trace))
        for index, change in enumerate(model.scenario.consent.law_changes):
            path = f"consent.law_changes.{index}"
            env.process(consent.law_change(env, change, path, self.calendar, values, trace, self._enact))
        env.run(until=float(self.calendar.starts[-1]) + 0.5)
        starts = self.calendar.starts[:, None]
        self.exempt = np.clip((starts[1:] - self._exempt_since) / np.diff(starts, axis=0), 0, 1)

    def _enact(self, change: LawChange, day: float) -> None:
        for s, stratum in enumerate(self.model.structure.strata):
            sector = self.model.structure.units[stratum.unit].sector
            if (not change.groups or stratum.group in change.groups) and (
                not change.sectors or sector in change.sectors
            ):
                self._exempt_since[s] = min(self._exempt_since[s], day)

    def begin(self, ramp: Ramped | Shift, unit: int, delay: float = 0.0) -> float | None:
        """When ``ramp``, so many months late, begins at a unit: months since the period's start; None if it never does."""
        golive, offset = self.golive_month[unit], anchored(ramp.start)
        if golive is None and (offset is not None or ramp.not_before is not None):
            return None
        begin = delay + (self.model.scenario.period.index(ramp.start) if offset is None else (golive or 0) + offset)
        if golive is not None and ramp.not_before is not None:
            begin = max(begin, golive + (anchored(ramp.not_before) or 0))
        return begin

    def running_everywhere(self, ramp: Ramped, delay: float) -> Floats:
        """[U, T] the same as ``running``, at all units."""
        golive, offset = self._golive_months, anchored(ramp.start)
        begin = delay + (golive + offset if offset is not None else self.model.scenario.period.index(ramp.start))
        if ramp.not_before is not None:
            begin = np.maximum(begin, golive + (anchored(ramp.not_before) or 0))
        since = np.arange(1, self.model.months + 1) - np.broadcast_to(begin, golive.shape)[:, None]
        return np.asarray(np.clip(since, 0, 1) - np.clip(since - ramp.months, 0, 1))

    def running(self, ramp: Ramped | Shift, unit: int, delay: float = 0.0) -> Floats:
        """[T] the share of each month in which ``ramp``, so many months late, runs at a unit."""
        begin = self.begin(ramp, unit, delay)
        if begin is None:
            return np.zeros(self.model.months)
        if (begin, ramp.months) not in self._running:  # most ramps begin on one day in many units
            since = np.arange(1, self.model.months + 1) - begin
            over = 0.0 if ramp.months is None else np.clip(since - ramp.months, 0, 1)
            self._running[begin, ramp.months] = np.clip(since, 0, 1) - over
        return self._running[begin, ramp.months]
