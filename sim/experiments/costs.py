"""What interventions cost, month by month and year by year, in million 2024 kroner.

Pure: from the numbers of the replications (staff, actors), the interventions with their start months, and, where it is known, when
each unit comes into use and how many extra cards were ordered. Each cost has a random stream named by its intervention, so that
adding an intervention leaves the others' costs as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.model.draws import uniforms
from sim.model.rollout import Model
from sim.scenario.intervention import HOURLY, Cost, Intervention
from sim.scenario.parameter import Parameter
from sim.scenario.schema import anchored

Floats = npt.NDArray[np.float64]
MILLION = 1e6
CENTRAL = "MNOK"  # what amounts that are paid once for everybody begin with


@dataclass(frozen=True)
class Item:
    """One thing that costs: of which intervention (its number), who pays, and [R, T] million 2024 kroner."""

    intervention: int
    payer: str
    money: Floats


@dataclass(frozen=True)
class Account:
    """What a set of interventions costs: in all and by payer [R, T], by intervention [R, K, T], in million 2024 kroner."""

    total: Floats
    by_payer: dict[str, Floats]
    each: Floats


def carries_central(one: Intervention) -> bool:
    """Whether the intervention reaches only some regions or hospitals and yet has costs that are paid once, which these carry alone.

    An amount that is 0 for certain is none.
    """
    narrow = bool(one.form.reach.regions or one.form.reach.trusts)
    return narrow and any(c.amount.unit.startswith(CENTRAL) and c.amount.value != 0 for c in one.form.costs)


def monthly(
    model: Model,
    interventions: Sequence[Intervention],
    rows: Floats,
    seed: int,
    *,
    in_use: Floats | None = None,
    cards: Floats | None = None,
    trust: str | None = None,
) -> Floats:
    """[R, K, T] million 2024 kroner in each replication, for each intervention, in each month of the period.

    ``rows`` [R, columns] are the replications' numbers. ``in_use`` [R, U] is the month (0 first; infinite: never) in which
    each unit comes into use; without it nobody waits for go-live. ``cards`` [R, T] are the extra cards that all the
    interventions together lead to, shared evenly by those that pay for cards; without it everybody in reach who has no eID
    as the period begins gets one. ``trust`` counts one hospital alone, with its staff's share of what is central.
    """
    result = np.zeros((len(rows), len(interventions), model.months))
    for item in items(model, interventions, rows, seed, in_use=in_use, cards=cards, trust=trust):
        result[:, item.intervention] += item.money
    return result


def items(
    model: Model,
    interventions: Sequence[Intervention],
    rows: Floats,
    seed: int,
    *,
    in_use: Floats | None = None,
    cards: Floats | None = None,
    trust: str | None = None,
) -> list[Item]:
    """Every single cost, see ``monthly``; their sum by intervention is that."""
    people, actors = _people(model, rows), _actors(model, rows)
    without = people * (1 - np.stack([model.of_strata("eid_at_start", row) for row in rows]))
    of = model.structure.unit_of
    chosen = np.array([trust is None or u.name == trust for u in model.structure.units])
    found = []
    paying = [any(c.amount.unit == "NOK/card" for c in one.form.costs) for one in interventions]
    for k, one in enumerate(interventions):
        reached = _reached(model, one)
        staff = _by_unit(people * reached, of, model.units)
        counts = {
            "person": staff,
            "trust": actors * (np.bincount(of, reached, model.units) > 0),
            "card": _by_unit(without * reached, of, model.units),
        }
        share = (staff * chosen).sum(axis=1) / np.maximum(staff.sum(axis=1), 1)
        for cost in one.form.costs:
            unit = cost.amount.unit
            price = _draw(one, cost, "amount", cost.amount, seed, len(rows))
            if cost.hours is not None:
                price = price * _draw(one, cost, "hours", cost.hours, seed, len(rows))
            if unit.startswith(CENTRAL):
                begin = np.full((len(rows), 1), float(_start(model, one) + cost.after))
                money = (price * share)[:, None] * _spread(model, one, cost, begin, np.ones_like(begin))
            elif unit == "NOK/card" and cards is not None:
                money = price[:, None] / MILLION * cards / sum(paying)
            else:
                here = chosen & np.array([not cost.sectors or u.sector in cost.sectors for u in model.structure.units])
                counted = counts["person" if unit == HOURLY else unit.split("/")[1]] * here
                begin = _begin(model, one, cost, in_use, len(rows))
                money = price[:, None] / MILLION * _spread(model, one, cost, begin, counted)
            found.append(Item(k, cost.payer, money))
    return found


def account(
    model: Model,
    interventions: Sequence[Intervention],
    rows: Floats,
    seed: int,
    *,
    in_use: Floats | None = None,
    cards: Floats | None = None,
    trust: str | None = None,
) -> Account:
    """Every cost added up, see ``monthly``."""
    nothing = np.zeros((len(rows), model.months))
    found = Account(nothing.copy(), {}, np.zeros((len(rows), len(interventions), model.months)))
    for item in items(model, interventions, rows, seed, in_use=in_use, cards=cards, trust=trust):
        found.total[:] += item.money
        found.by_payer[item.payer] = found.by_payer.get(item.payer, nothing) + item.money
        found.each[:, item.intervention] += item.money
    return found


def yearly(model: Model, by_month: Floats) -> Floats:
    """[..., Y] the calendar years' sums of ``by_month`` [..., T]."""
    years = np.array([model.calendar.date_of_month(m).year for m in range(model.months)])
    starts = np.flatnonzero(np.diff(years, prepend=years[0] - 1))
    return np.asarray(np.add.reduceat(by_month, starts, axis=-1))


def costs(
    model: Model,
    interventions: Sequence[Intervention],
    rows: Floats,
    seed: int,
    *,
    in_use: Floats | None = None,
    cards: Floats | None = None,
    trust: str | None = None,
) -> Floats:
    """[R, Y] million 2024 kroner of a set of interventions in each calendar year of the period; see ``monthly``."""
    return yearly(model, monthly(model, interventions, rows, seed, in_use=in_use, cards=cards, trust=trust).sum(axis=1))


def discounted(model: Model, by_month: Floats, rate: float, base_year: int) -> Floats:
    """``by_month`` [..., T] (the first T months of the period) as of ``base_year``: each calendar year after it divided by 1 + rate."""
    years = np.array([model.calendar.date_of_month(m).year for m in range(by_month.shape[-1])])
    return np.asarray(by_month / (1 + rate) ** (years - base_year))


def in_use_months(model: Model, write_days: Floats) -> Floats:
    """[R, U] the month in which each unit's day of write access falls; infinite where it never does."""
    month = np.searchsorted(model.calendar.starts, write_days, side="right") - 1.0
    before = write_days < 0
    return np.where(np.isfinite(write_days), np.where(before, np.floor(write_days / 30.4375), month), np.inf)


def _people(model: Model, rows: Floats) -> Floats:
    """[R, S] the staff of each stratum."""
    of = model.structure.unit_of
    return np.stack([np.rint(model.of_strata("staff", r) * model.populations(r)[of] / 1000) for r in rows])


def _actors(model: Model, rows: Floats) -> Floats:
    """[R, U] the organisations behind each unit: one hospital, or a region's share of the sector's actors."""
    found = []
    for row in rows:
        v = model.values(row)
        country = sum(v[f"regions.{r}.population"] for r in model.scenario.regions)
        share = model.populations(row) / country
        units = model.structure.units
        found.append([1.0 if u.trust else v[f"sectors.{u.sector}.actors"] * share[i] for i, u in enumerate(units)])
    return np.array(found)


def _reached(model: Model, one: Intervention) -> Floats:
    """[S] 1 where the intervention's reach covers the stratum, else 0."""
    units = model.structure.units
    return np.array(
        [
            float(one.form.reach.applies(units[s.unit].region, units[s.unit].sector, units[s.unit].name, s.key))
            for s in model.structure.strata
        ]
    )


def _by_unit(by_stratum: Floats, of: npt.NDArray[np.int64], units: int) -> Floats:
    """[R, U] sums of ``by_stratum`` [R, S]."""
    return np.stack([np.bincount(of, row, units) for row in by_stratum])


def _start(model: Model, one: Intervention) -> int:
    return model.scenario.period.index(one.start)


def _begin(model: Model, one: Intervention, cost: Cost, in_use: Floats | None, replications: int) -> Floats:
    """[R, U] the month in which a cost begins at each unit; infinite where it never does."""
    begin = np.full((replications, model.units), float(_start(model, one)))
    if in_use is not None and one.form.not_before is not None:
        begin = np.maximum(begin, in_use + (anchored(one.form.not_before) or 0))
    return begin + cost.after


def _spread(model: Model, one: Intervention, cost: Cost, begin: Floats, count: Floats) -> Floats:
    """[R, T] what is counted (``count`` [R, U]), evenly over the months from ``begin`` [R, U], or so much of a year per month."""
    yearly_amount = cost.amount.unit.endswith("/year")
    length = cost.months or (np.inf if yearly_amount else one.form.months)
    per_month = count / (12.0 if yearly_amount else length)
    month = np.arange(model.months)
    on = (month >= begin[:, :, None]) & (month < begin[:, :, None] + length)
    return np.asarray(np.einsum("ru,rut->rt", per_month, on))


def _draw(one: Intervention, cost: Cost, what: str, parameter: Parameter, seed: int, count: int) -> Floats:
    stream = f"interventions.{one.key}.costs.{cost.name}.{what}"
    u = uniforms(seed, stream, count) if parameter.uncertain else np.zeros(count)
    return parameter.quantile(u)
