"""What decides over entries in one replication, month by month, and the stock that waits as the period begins.

Each rate is an array over the months and over units or strata, so that an intervention can bend it from a date and within
a reach.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.model import consent, entries, saturation, technical
from sim.model.dates import Dates
from sim.model.draws import CAPACITY, Values
from sim.model.entries import EntryRates, Pools
from sim.model.model import Model
from sim.model.numbers import Streams
from sim.model.shifts import Shifts
from sim.model.streams import uniforms

Floats = npt.NDArray[np.float64]


def prepare(
    model: Model, row: Floats, values: Values, dates: Dates, shifts: Shifts, streams: Streams | None
) -> tuple[EntryRates, Pools]:
    """The rates of all months, and the entries that wait at the start of the first; expected ones without ``streams``."""
    v, of = values, model.structure.unit_of
    per_year = model.of_sectors("entries", row) * model.populations(row) / 1000
    weight = model.entry_shares(row)
    activity = model.calendar.activity(v["weekend"])[:, None] * per_year * _intensity(model, row, streams)
    touch = shifts.of_units("sectors.*.touch", model.of_sectors("touch", row))
    duty = _duty(model, values, dates)
    absent, before, granted = (
        shifts.of_strata(f"consent.{n}", v[f"consent.{n}"]) for n in ("absent", "collected_before", "granted")
    )
    consent_pass = consent.passes(absent, before, v["consent.emergency"], granted)
    declined, active = (shifts.of_strata(f"eid.{n}", v[f"eid.{n}"]) for n in ("login_declined", "session_active"))
    works = technical.works(v["technical.errors"], dates.down, v["technical.retried"], _lost(model, row, values, dates))
    rates = EntryRates(
        first=model.structure.first,
        mean=activity[:, of] * weight,
        weight=weight,
        live=dates.writing,
        opening=dates.opening,
        held=1 - (1 - v["patients.reserved"]) * (1 - v["patients.blocking"]),
        legacy_new=shifts.of_units("legacy.new_share", v["legacy.new_share"]),
        legacy_stock=v["legacy.stock_share"],
        clean=shifts.of_units("legacy.clean_on_touch", v["legacy.clean_on_touch"]),
        cleanup=_cleanup(model, values, dates),
        touch=1 - np.exp(-touch / 12),
        automatic=shifts.of_strata("knowledge.automatic", 0.0),
        eid_used=1 - declined * (1 - active),
        consent=dates.exempt + (1 - dates.exempt) * consent_pass,
        upload_only=shifts.of_strata("consent.upload_only", 0.0),
        owns_new=1 - np.clip(shifts.of_units("ownership.declined_new", v["ownership.declined_new"]) * duty, 0, 1),
        owns_touch=1 - np.clip(shifts.of_units("ownership.declined_touch", v["ownership.declined_touch"]) * duty, 0, 1),
        works=np.repeat(works[:, None], model.units, axis=1),
    )
    kind: type = np.float64 if streams is None else np.int64
    pools = Pools(
        waiting=np.zeros((model.units, 3, entries.POOLS), kind),
        stock_at_start=np.zeros(model.units, kind),
        lacking=rates.legacy_new[0].copy(),
    )
    live = np.array([g.write <= 0 and g.ramp_days <= 0 for g in dates.golive])
    keys = model.hashes.stock if streams is None else streams.stock
    entries.begin(pools, v["legacy.stock"] * per_year, rates.held, live, keys)
    return rates, pools


def _intensity(model: Model, row: Floats, streams: Streams | None) -> Floats:
    """[T, U] how busy each month is, with mean 1: log-normal of the stated variance."""
    variance = np.log1p(model.of_sectors("overdispersion", row))
    if streams is None:
        return np.ones((model.months, model.units))
    z = ndtri(uniforms(streams.intensity, model.months).T)
    return np.asarray(np.exp(np.sqrt(variance) * z - variance / 2))


def _lost(model: Model, row: Floats, values: Values, dates: Dates) -> Floats | float:
    """[T] the share of the uploads that a saturated Kjernejournal loses; 0 where no ceiling is known."""
    ceiling = model.scenario.ceiling
    if ceiling is None:
        return 0.0
    calls = saturation.openings(model, row, saturation.contacts(model, row, values), dates.reading)
    return saturation.lost(calls.sum(axis=0), model.calendar, ceiling, values.get(CAPACITY, 0.5))


def _duty(model: Model, values: Values, dates: Dates) -> Floats:
    """[T, U] the factor on those who decline: guidance and reporting duty."""
    duty = np.ones((model.months, model.units))
    for index, ramp in enumerate(model.scenario.ownership.duties):
        path = f"ownership.duties.{index}"
        for unit in model.reach[id(ramp)]:
            runs = dates.running(ramp, unit, values.get(f"{path}.delay", 0.0))
            duty[:, unit] *= 1 + (values[f"{path}.factor"] - 1) * runs
    return duty


def _cleanup(model: Model, values: Values, dates: Dates) -> Floats:
    """[T, U] entries that clean-up projects can handle."""
    capacity = np.zeros((model.months, model.units))
    for index, project in enumerate(model.scenario.legacy.cleanups):
        path = f"legacy.cleanups.{index}"
        for unit in model.reach[id(project)]:
            runs = dates.running(project, unit, values.get(f"{path}.delay", 0.0))
            capacity[:, unit] += values[f"{path}.capacity"] * runs
    return np.asarray(capacity * (dates.writing > 0))
