"""One replication of the rollout: what has a date on a SimPy clock, then the months counted in one go.

Data flow: values of the replication → dates (go-live programme, laws, outages) → rates of all months → month by month:
entries (new, then waiting), then staff (cards, turnover, learning, orders) → the record.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model import entry_rates, months, numbers, staff_rates
from sim.model.dates import Dates
from sim.model.model import Model
from sim.model.months import Counts
from sim.model.record import Record
from sim.model.shifts import Shifts
from sim.model.trace import Trace
from sim.model.workforce import Staff
from sim.vocabulary import GATE_KEYS

__all__ = ["Model", "Record", "Rollout"]

Floats = npt.NDArray[np.float64]


class Rollout:
    """One replication.

    With ``expected`` its counts are not drawn but expected (real numbers in place of whole ones; see ``counts``). The row's
    parameters and schedule hold as they are; only chance is averaged out. It is for what asks for very many runs:
    planning and calibration.
    """

    def __init__(
        self,
        model: Model,
        row: Floats,
        seed: int,
        replication: int,
        trace: Trace | None = None,
        expected: bool = False,
    ) -> None:
        self.model, self.row, self.values = model, row, model.values(row)
        self.seed, self.replication, self.expected = seed, replication, expected
        self.trace = trace or Trace()

    def run(self) -> Record:
        """Simulate the replication."""
        model = self.model
        dates = Dates(model, self.values, self.seed, self.replication, self.trace, self.expected)
        streams = None if self.expected else numbers.streams(model.hashes, self.seed, self.replication)
        shifts = Shifts(model, self.values, dates, model.entry_shares(self.row))
        moves, staff = staff_rates.prepare(model, self.row, self.values, dates, shifts, streams)
        decides, pools = entry_rates.prepare(model, self.row, self.values, dates, shifts, streams)
        counts = months.room(model, np.float64 if self.expected else np.int32)
        months.count(staff, moves, pools, decides, counts, streams or model.hashes)
        if self.trace.on:
            self._note(counts, staff)
        return Record(
            **counts._asdict(),
            reading=dates.reading,
            writing=dates.writing,
            ready=dates.ready,
            opening=dates.opening,
            stock_at_start=pools.stock_at_start,
            golive=dates.golive,
        )

    def _note(self, counts: Counts, staff: Staff) -> None:
        """Trace what was counted, month by month."""
        structure, calendar = self.model.structure, self.model.calendar
        for month, label in enumerate(calendar.labels):
            day = float(calendar.starts[month + 1])
            for s, stratum in enumerate(structure.strata):
                name = f"{structure.units[stratum.unit].name}/{stratum.key}"
                if cards := int(staff.arriving[s, month]):
                    self.trace.add(day, "eid", name, "cards_delivered", f"{cards} cards, {label}")
                new = counts.new[month, s]
                stopped = ", ".join(f"{k} {n}" for k, n in zip(GATE_KEYS, new, strict=False) if n)
                if total := int(new.sum()):
                    self.trace.add(
                        day, "entries", name, "registered", f"{total} in {label}: synced {new[8]}; {stopped}"
                    )
            for u, unit in enumerate(structure.units):
                if later := int(counts.later_synced[month, u].sum()):
                    self.trace.add(day, "entries", unit.name, "synced_later", f"{later} waiting entries, {label}")
