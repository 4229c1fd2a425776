"""States of the page with what they cost: as alternatives of a comparison, from the draws that ``whatif`` keeps.

Costs, gains and all that is said of them come from the functions that ``utrulling compare`` uses. For the same interventions, seed
and draws they are the same bits. What a scenario changes by other means than interventions has no price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim.experiments import compare, costs, whatif
from sim.experiments.alternatives import mark
from sim.experiments.compare import NATIONAL, Alternative, Comparison, Outcome
from sim.experiments.whatif import Sample, State
from sim.scenario import levers
from sim.scenario.intervention import Intervention, changed

Floats = npt.NDArray[np.float64]
COUNTED = ("synced", "synced_later", "citizens", "hours_saved", "cards_issued")


@dataclass(frozen=True)
class Outlay:
    """What a state costs and gives more than the null alternative from the beginning up to each month, [R, T].

    ``cost`` million 2024 kroner, ``extra`` synced entries, new and older; both in the whole scenario, or for one hospital
    its own and its share of what is central. ``trust`` is the hospital.
    """

    cost: Floats
    extra: Floats
    trust: str | None


def interventions(state: State, null: State) -> tuple[Intervention, ...]:
    """What a state carries out that the null alternative does not: its scenario's own interventions, then the levers turned."""
    standing = {mark(one) for one in whatif.grounds(null.scenario).loaded.interventions}
    own = whatif.grounds(state.scenario).loaded.interventions
    turned = [changed(levers.file(s.key), levers.chosen(s)) for s in state.settings]
    return (*(one for one in own if mark(one) not in standing), *turned)


def payer(state: State, area: int) -> str | None:
    """The hospital whose costs are counted when an area is looked at; None: those of the whole scenario."""
    row = whatif.places(state).rows[area]
    return row.name if row.level == "trust" else None


def _whole(state: State, area: int) -> int:
    """The area in which costs and extra entries are counted when ``area`` is looked at."""
    return area if payer(state, area) else whatif.places(state).find(NATIONAL)


def account(state: State, null: State, drawn: Sample, null_drawn: Sample, area: int, seed: int) -> costs.Account:
    """What the state's interventions cost, when an area is looked at; the samples are of the same draws, the first ones."""
    where = _whole(state, area)
    return costs.account(
        whatif.model(whatif.shape(state)),  # costs hang on who is where, not on how much is done
        interventions(state, null),
        whatif.numbers(state, seed)[: len(drawn)],
        seed,
        in_use=drawn.in_use,
        cards=drawn.of("cards_issued", where) - null_drawn.of("cards_issued", where),
        trust=payer(state, area),
    )


def outlay(state: State, null: State, drawn: Sample, null_drawn: Sample, area: int, seed: int) -> Outlay:
    """Cost and extra entries of a state, when an area is looked at."""
    where = _whole(state, area)
    money = account(state, null, drawn, null_drawn, area, seed).total
    extra = sum((drawn.of(n, where) - null_drawn.of(n, where) for n in ("synced", "synced_later")), np.zeros(1))
    return Outlay(money.cumsum(axis=1), extra.cumsum(axis=1), payer(state, area))


def comparison(
    states: Sequence[State], labels: Sequence[str], drawn: Sequence[Sample], area: int, month: int, seed: int
) -> Comparison:
    """The states as the alternatives of a comparison, the null alternative first; ``labels`` are what people call them.

    Its areas are the one that is looked at (``whatif.places``), by the name ``shown``, and the one in which costs are counted, by the
    name ``counted``; they may be the same. The gates are about the calendar year of the target month.
    """
    null, model = states[0], whatif.model(states[0])
    base = whatif.grounds(null.scenario).loaded
    chosen = [Alternative("null", ())]
    for state, label in zip(states[1:], labels[1:], strict=True):
        found = interventions(state, null)
        chosen.append(Alternative("+".join(one.name for one in found), found, label))
    where = {shown(null, area): area, counted(null, area): _whole(null, area)}
    year = next(i for i, (_, span) in enumerate(whatif.years(null)) if span.start <= month < span.stop)
    outcomes, money, each, paid = {}, {}, {}, {}
    regions: dict[str, list[Floats]] = {}
    for a, (state, sample) in enumerate(zip(states, drawn, strict=True)):
        for name, at in where.items():
            series = {"sync_rate_new": whatif.rates(sample, at).astype(np.float64)}
            series |= {kept: sample.of(kept, at) for kept in COUNTED}
            outcomes[a, name] = Outcome(series, strata(sample, state, at)[:, year].sum(axis=0))
        spent = account(state, null, sample, drawn[0], area, seed)
        name = counted(null, area)
        money[a, name], paid[a, name], each[a] = spent.total, spent.by_payer, spent.each
        for at, row in enumerate(whatif.places(null).rows):
            if row.level == "region" and row.sector == "hospital":
                regions.setdefault(row.name, []).append(whatif.rates(sample, at)[:, month].astype(np.float64))
    return Comparison(
        base,
        model,
        chosen,
        list(where),
        outcomes,
        money,
        each,
        paid,
        {},
        {name: np.stack(values) for name, values in regions.items()},
        month,
        seed,
        len(drawn[0]),
        *compare.discounting(base, chosen),
    )


def shown(null: State, area: int) -> str:
    """What a comparison calls the area that is looked at."""
    row = whatif.places(null).rows[area]
    whole = row.name == NATIONAL and row.sector == "all"
    return row.name if row.level == "trust" or whole else f"{row.name}:{row.sector}"


def counted(null: State, area: int) -> str:
    """What a comparison calls the area in which costs are counted."""
    return payer(null, area) or NATIONAL


def strata(sample: Sample, state: State, area: int) -> Floats:
    """[R, Y, S, 9] each year's new entries of an area by stratum and outcome."""
    units = whatif.places(state).members(area)
    chosen = np.isin(whatif.model(state).structure.unit_of, units)
    return sample.strata[:, :, chosen].astype(np.float64)


def part(state: State, keys: frozenset[str]) -> State:
    """The state with only some of its levers turned."""
    return replace(state, settings=tuple(s for s in state.settings if s.key in keys))
