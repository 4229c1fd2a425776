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

Floats = npt.NDArray[np.float64]


def prepare(model: Model, row: Floats, values: Values, dates: Dates) -> tuple[EntryRates, Pools]:
    """The rates of all months, and the entries that wait at the start of the first."""
    v, of, draws = values, model.structure.unit_of, model.draws
    by_unit, by_stratum = (model.months, model.units), (model.months, model.strata)
    sectors = [u.sector for u in model.structure.units]
    per_year = np.array([v[f"sectors.{s}.entries"] for s in sectors]) * model.populations(v) / 1000
    weight = model.of_strata("entry_weight", row)
    weight = weight / np.bincount(of, weight, model.units)[of]
    variance = np.log1p([v[f"sectors.{s}.overdispersion"] for s in sectors])
    intensity = np.exp(np.sqrt(variance) * ndtri(np.maximum(draws.intensity.T, SMALLEST)) - variance / 2)
    touch = 1 - np.exp(-np.array([v[f"sectors.{s}.touch"] for s in sectors]) / 12)
    duty = _duty(model, values, dates)
    consent_pass = consent.passes(
        v["consent.absent"], v["consent.collected_before"], v["consent.emergency"], v["consent.granted"]
    )
    works = technical.works(v["technical.errors"], dates.down, v["technical.retried"])
    rates = EntryRates(
        first=model.structure.first,
        mean=per_year[of] * weight * model.calendar.activity(v["weekend"])[:, None] * intensity[:, of],
        weight=weight,
        live=dates.writing,
        opening=dates.opening,
        held=1 - (1 - v["patients.reserved"]) * (1 - v["patients.blocking"]),
        legacy_new=np.full(by_unit, v["legacy.new_share"]),
        legacy_stock=v["legacy.stock_share"],
        clean=np.full(by_unit, v["legacy.clean_on_touch"]),
        cleanup=_cleanup(model, values, dates),
        touch=np.tile(touch, (model.months, 1)),
        automatic=np.zeros(by_stratum),
        eid_used=np.full(by_stratum, 1 - v["eid.login_declined"] * (1 - v["eid.session_active"])),
        consent=dates.exempt + (1 - dates.exempt) * consent_pass,
        upload_only=np.zeros(by_stratum),
        owns_new=1 - np.clip(v["ownership.declined_new"] * duty, 0, 1),
        owns_touch=1 - np.clip(v["ownership.declined_touch"] * duty, 0, 1),
        works=np.repeat(works[:, None], model.units, axis=1),
    )
    return rates, _at_start(model, v["legacy.stock"] * per_year, rates, dates)


def _duty(model: Model, values: Values, dates: Dates) -> Floats:
    """[T, U] the factor on those who decline: guidance and reporting duty."""
    duty = np.ones((model.months, model.units))
    for index, ramp in enumerate(model.scenario.ownership.duties):
        path = f"ownership.duties.{index}"
        for unit in model.reach[id(ramp)]:
            runs = dates.running(ramp, values.get(f"{path}.delay", 0.0), unit)
            duty[:, unit] *= 1 + (values[f"{path}.factor"] - 1) * runs
    return duty


def _cleanup(model: Model, values: Values, dates: Dates) -> Floats:
    """[T, U] entries that clean-up projects can handle."""
    capacity = np.zeros((model.months, model.units))
    for index, project in enumerate(model.scenario.legacy.cleanups):
        path = f"legacy.cleanups.{index}"
        for unit in model.reach[id(project)]:
            runs = dates.running(project, values.get(f"{path}.delay", 0.0), unit)
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
