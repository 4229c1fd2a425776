"""When everything that has a date happens, over the draws: go-lives and law changes, without simulating the months.

The programme and the laws hang on nothing that is counted (``model.dates``), so their dates are the forecast's for the same
scenario, seed and draw, to the bit, at a hundredth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import simpy

from sim.experiments.whatif import DRAWS, State, model, numbers
from sim.model import consent
from sim.model.calendar import Calendar
from sim.model.golive import Programme
from sim.model.structure import Unit
from sim.model.trace import Trace
from sim.scenario.schema import LawChange, Scenario

Floats = npt.NDArray[np.float64]
MILESTONES = ("vendor_module", "technical", "read", "write")


@dataclass(frozen=True)
class Schedule:
    """The dates of a state in days since its period began; infinite where they do not come within the programme's horizon.

    ``golive`` [draw, unit, milestone] of ``MILESTONES``; ``ramp`` [draw, unit] days from a pool's first actor to its last (0:
    all at once) and ``reach`` [draw, unit] the share of its actors that come at all; ``laws`` [draw, law] when each law
    change of the scenario is in force.
    """

    scenario: Scenario
    calendar: Calendar
    units: tuple[Unit, ...]
    golive: Floats
    ramp: Floats
    reach: Floats
    laws: Floats

    @property
    def draws(self) -> int:
        """How many."""
        return len(self.golive)


@lru_cache(maxsize=32)
def schedule(state: State, seed: int) -> Schedule:
    """The dates of the draws that ``whatif`` shows."""
    ready, rows = model(state), numbers(state, seed)
    scenario, calendar = ready.scenario, ready.calendar
    golive = np.empty((DRAWS, ready.units, len(MILESTONES)))
    ramp, reach = np.empty((2, DRAWS, ready.units))
    laws = np.full((DRAWS, len(scenario.consent.law_changes)), np.inf)
    end = float(calendar.starts[-1]) + 0.5
    for draw in range(DRAWS):
        values = ready.values(rows[draw])
        units = Programme(scenario, ready.structure, calendar, values, Trace(), ready.earliest).run()
        golive[draw] = [[getattr(unit, name) for name in MILESTONES] for unit in units]
        ramp[draw], reach[draw] = [u.ramp_days for u in units], [u.reach for u in units]
        env = simpy.Environment()
        for index, change in enumerate(scenario.consent.law_changes):

            def enact(_: LawChange, day: float, draw: int = draw, index: int = index) -> None:
                laws[draw, index] = day

            path = f"consent.law_changes.{index}"
            env.process(consent.law_change(env, change, path, calendar, values, Trace(), enact))
        env.run(until=end)
    return Schedule(scenario, calendar, ready.structure.units, golive, ramp, reach, laws)
