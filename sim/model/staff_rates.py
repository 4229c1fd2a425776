"""What moves the staff in one replication, month by month, and the staff as the period begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.dates import Dates
from sim.model.draws import Values
from sim.model.model import Model
from sim.model.numbers import Streams
from sim.model.shifts import Shifts
from sim.model.workforce import Staff, StaffRates, begin

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def monthly(rate_per_year: Any) -> Any:
    """The chance per month of something with a yearly rate."""
    return 1 - np.exp(-np.asarray(rate_per_year) / 12)


def prepare(
    model: Model, row: Floats, values: Values, dates: Dates, shifts: Shifts, streams: Streams | None
) -> tuple[StaffRates, Staff]:
    """The rates of all months, and the staff at the start of the first; expected staff when there are no ``streams``."""
    v, of = values, model.structure.unit_of
    people = np.rint(model.of_strata("staff", row) * model.populations(row)[of] / 1000)
    staff_of_unit = np.bincount(of, people, model.units)
    clerks = model.scenario.eid.clerks
    faster = shifts.of_units("eid.cards", 1.0)[:, :, None]
    per_day = faster * np.array([v["eid.cards"], v["eid.alternative_cards"]]) * staff_of_unit[:, None] / 7000
    elearning = shifts.of_strata("knowledge.elearning_at_hire", v["knowledge.elearning_at_hire"])
    course, known_before = _courses(model, values, dates, model.of_strata("trained_at_golive", row))
    talking = np.ascontiguousarray(dates.writing.T > 0, dtype=np.float64)
    rates = StaffRates(
        first=model.structure.first,
        leave=monthly(model.of_strata("turnover", row) + model.of_strata("rotation", row)),
        eid_at_hire=model.of_strata("eid_at_hire", row),
        known_at_hire=talking[of] * elearning.T,
        lost=float(monthly(v["eid.lost"])),
        forget=float(monthly(v["knowledge.forgetting"])),
        course=course,
        seats=v["knowledge.seats"] * staff_of_unit / 1000,
        innovation=v["knowledge.innovation"],
        imitation=_imitation(model, values, dates),
        talking=talking,
        order=_ordering(model, row, values, dates),
        renew=1 / (12 * max(v["eid.validity"], 1 / 12)),
        alternative=v["eid.alternative"],
        card_days=clerks / np.maximum(per_day, 1e-9),
        card_cv=v["eid.service_cv"],
        lead=7 * np.array([v["eid.lead"], v["eid.alternative_lead"]]),
        month_start=model.calendar.starts,
    )
    kind: type = np.float64 if streams is None else np.int64
    keys = model.hashes.start if streams is None else streams.start
    staff = Staff(
        people=begin(people.astype(kind), model.of_strata("eid_at_start", row), known_before, keys),
        ordered=np.zeros(model.strata, kind),
        sending=np.zeros((model.strata, 2), kind),
        renewing=np.zeros(model.units, kind),
        arriving=np.zeros((model.strata, model.months), kind),
        queued=np.zeros((model.units, 2, clerks)),
        waited=np.zeros((model.units, 2)),
    )
    return rates, staff


def _ordering(model: Model, row: Floats, values: Values, dates: Dates) -> Floats:
    """[S, T] the share of those without an eID who are ordered one: as a habit, or by a programme."""
    left = np.repeat(1 - model.of_strata("eid_ordering", row)[:, None], model.months, axis=1)
    for index, programme in enumerate(model.scenario.eid.programmes):
        path = f"eid.programmes.{index}"
        runs = dates.running_everywhere(programme, values.get(f"{path}.delay", 0.0))
        reached = model.reached[id(programme)]
        _leave_out(left, reached, model.structure.unit_of, values[f"{path}.ordering"] * runs)
    return np.asarray(1 - left)


@compiled
def _leave_out(left: Floats, reached: Ints, unit_of: Ints, share: Floats) -> None:
    """Take away ``share`` [U, T] of what is ``left`` [S, T] of the strata that are ``reached``."""
    for s in reached:
        for month in range(left.shape[1]):
            left[s, month] *= 1.0 - share[unit_of[s], month]


def _imitation(model: Model, values: Values, dates: Dates) -> Floats:
    """[U, T] Bass q per year, more where super-users are."""
    imitation = np.full((model.units, model.months), values["knowledge.imitation"])
    for index, users in enumerate(model.scenario.knowledge.super_users):
        path = f"knowledge.super_users.{index}"
        for unit in model.reach[id(users)]:
            runs = dates.running(users, unit, values.get(f"{path}.delay", 0.0))
            imitation[unit] *= 1 + (values[f"{path}.factor"] - 1) * runs
    return imitation


def _courses(model: Model, values: Values, dates: Dates, trained: Floats) -> tuple[Floats, Floats]:
    """[S, T] who courses reach per month, and [S] who had been reached before the period.

    The training for go-live is spread over the months before it. A pool's actors are all trained before the first of
    them goes live, and again as they join.
    """
    course = np.zeros((model.strata, model.months))
    before = np.zeros(model.strata)
    length = model.scenario.knowledge.training_months
    monthly_reach = 1 - (1 - np.minimum(trained, 1 - 1e-12)) ** (1 / length)
    first = model.structure.first
    for unit, golive in enumerate(dates.golive_month):
        if golive is None:
            continue
        joining = dates.writing[:, unit] if dates.golive[unit].ramp_days > 0 else None
        here = slice(first[unit], first[unit + 1])
        early = min(max(length - golive, 0), length)
        if early > 0:
            before[here] = 1 - (1 - monthly_reach[here]) ** early
        course[here, max(golive - length, 0) : max(min(golive, model.months), 0)] = monthly_reach[here, None]
        if joining is not None:
            _train_as_they_join(course[here], trained[here], joining)
    for index, campaign in enumerate(model.scenario.knowledge.campaigns):
        path = f"knowledge.campaigns.{index}"
        runs = dates.running_everywhere(campaign, values.get(f"{path}.delay", 0.0))
        left = 1 - course
        _leave_out(left, model.reached[id(campaign)], model.structure.unit_of, values[f"{path}.reaches"] * runs)
        course = 1 - left
    return course, before


@compiled
def _train_as_they_join(course: Floats, trained: Floats, live: Floats) -> None:
    """Let ``course`` [s, T] reach at least the share ``trained`` [s] of those who become ``live`` [T] in a month."""
    for s in range(course.shape[0]):
        before = 0.0
        for month in range(course.shape[1]):
            course[s, month] = max(course[s, month], min(max(trained[s] * (live[month] - before), 0.0), 1.0))
            before = live[month]
