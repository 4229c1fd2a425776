"""What decides over entries in one replication, month by month, and the stock that waits as the period begins.

Each rate is an array over the months and over units or strata, so that an intervention can bend it from a date and within
a reach.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.model import consent, entries, technical
from sim.model.dates import Dates
from sim.model.draws import Values
from sim.model.entries import EntryRates, Pools
from sim.model.model import Model
from sim.model.quantiles import SMALLEST, binomial, poisson
from sim.model.shifts import Shifts

Floats = npt.NDArray[np.float64]


def prepare(model: Model, row: Floats, values: Values, dates: Dates, shifts: Shifts) -> tuple[EntryRates, Pools]:
    """The rates of all months, and the entries that wait at the start of the first."""
    v, of, draws = values, model.structure.unit_of, model.draws
    sectors = [u.sector for u in model.structure.units]
    per_year = np.array([v[f"sectors.{s}.entries"] for s in sectors]) * model.populations(v) / 1000
    weight = model.entry_shares(row)
    variance = np.log1p([v[f"sectors.{s}.overdispersion"] for s in sectors])
    intensity = np.exp(np.sqrt(variance) * ndtri(np.maximum(draws.intensity.T, SMALLEST)) - variance / 2)
    touch = shifts.of_units("sectors.*.touch", np.array([v[f"sectors.{s}.touch"] for s in sectors]))
    duty = _duty(model, values, dates)
    absent, before, granted = (
        shifts.of_strata(f"consent.{n}", v[f"consent.{n}"]) for n in ("absent", "collected_before", "granted")
    )
    consent_pass = consent.passes(absent, before, v["consent.emergency"], granted)
    declined, active = (shifts.of_strata(f"eid.{n}", v[f"eid.{n}"]) for n in ("login_declined", "session_active"))
    works = technical.works(v["technical.errors"], dates.down, v["technical.retried"])
    rates = EntryRates(
        first=model.structure.first,
        mean=per_year[of] * weight * model.calendar.activity(v["weekend"])[:, None] * intensity[:, of],
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
    return rates, _at_start(model, v["legacy.stock"] * per_year, rates, dates)


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


def _at_start(model: Model, expected: Floats, rates: EntryRates, dates: Dates) -> Pools:
    """The stock from before the period, of ``expected`` [U] size."""
    draws = model.draws
    pools = Pools(
        waiting=np.zeros((model.units, 3, entries.POOLS), np.int64),
        stock_at_start=np.zeros(model.units, np.int64),
        lacking=rates.legacy_new[0].copy(),
    )
    for unit in range(model.units):
        stock = poisson(draws.stock[unit, 0], expected[unit])
        held = binomial(draws.stock[unit, 1], stock, rates.held)
        begun = dates.golive[unit].write <= 0 and dates.golive[unit].ramp_days <= 0
        state = entries.UNTOUCHED if begun else entries.DARK
        pools.waiting[unit, entries.STOCK, state] = stock - held
        pools.waiting[unit, entries.STOCK, entries.HELD + state] = held
        pools.stock_at_start[unit] = stock
    return pools
