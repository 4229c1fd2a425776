"""A saturated Kjernejournal: what it cannot bear in an hour is lost.

The demand is known before any entry is counted: openings follow from go-lives and contacts, and no opening hangs on whether an
upload got through. So there is nothing to iterate.

*Loss model.* Openings arrive in an open stream: nobody stays away because the service is slow, and nobody waits beyond the
hour. Of an hour with d openings a second and the capacity c the share max(0, 1 - c/d) fails, whatever the call, so it
fails of the uploads too. A month's share is that of its hours, weighted by the uploads of each; these fall over the week
as the openings do, for want of a profile of their own (``demand.diurnal``). Peaks shorter than an hour are taken to wait
within it, and what is sent again later is taken to come in a quiet hour.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.calendar import Calendar
from sim.model.draws import Values
from sim.model.model import Model
from sim.scenario.ceiling import Ceiling

Floats = npt.NDArray[np.float64]


def contacts(model: Model, row: Floats, values: Values) -> Floats:
    """[U, T] contacts with patients in each month."""
    people = model.of_sectors("contacts", row) * model.populations(row)
    return np.asarray(people[:, None] * model.calendar.activity(values["weekend"]))


def openings(model: Model, row: Floats, contacts: Floats, reading: Floats) -> Floats:
    """[U, T] openings (indicator calls) of each month by those who can read: the share ``reading`` [T, U]."""
    return np.asarray(contacts * model.of_sectors("calls", row)[:, None] * reading.T)


def days_of_hours(calendar: Calendar) -> Floats:
    """[T, 168] how often each hour of the week comes in each month, weekdays alike and weekend days alike."""
    weekdays, free = calendar.weekdays
    return np.hstack([np.repeat(weekdays[:, None] / 5, 120, axis=1), np.repeat(free[:, None] / 2, 48, axis=1)])


def per_second(calendar: Calendar, hours: Floats) -> Floats:
    """[T, 168] the openings per second in each hour of the week, for one opening a month."""
    return np.asarray(hours / 3600 / (days_of_hours(calendar) @ hours)[:, None])


def lost(monthly: Floats, calendar: Calendar, ceiling: Ceiling, u: float = 0.5) -> Floats:
    """[T] the share of a month's uploads that fails because Kjernejournal is saturated; ``monthly`` [T] openings.

    ``u`` (0-1) is where in the capacity's uncertainty the replication lies; in the middle it is the median. Exactly 0
    where no hour exceeds the ceiling.
    """
    demand = monthly[:, None] * per_second(calendar, ceiling.hours)
    excess = np.maximum(demand - ceiling.rate(u), 0.0)
    fails = np.divide(excess, demand, out=np.zeros_like(demand), where=excess > 0)
    weight = days_of_hours(calendar) * ceiling.hours
    return np.asarray((fails * weight).sum(axis=1) / weight.sum(axis=1))
