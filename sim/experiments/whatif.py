"""What if a lever is turned: a quick answer while it moves, and the exact one when it rests.

The exact answer is what ``utrulling forecast`` gives for the same scenario, seed and number of draws: the same bits. The quick
one comes from the first few of those draws, with expected counts in place of drawn ones. Being paired with the null
alternative's (common random numbers), they tell the *change* well, so the quick fan is the null alternative's exact fan moved by
the mean change (a control variate); with no lever turned the two are the same. Over four national packages of interventions it
was 0.4 to 0.6 percentage points from the exact fan in the mean, the few draws alone 0.8 to 1.3, and moving each quantile
by its own change 0.5 to 1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sim.experiments.costs import in_use_months
from sim.experiments.measures import INDEX, Areas, measure
from sim.experiments.posterior import with_posterior
from sim.experiments.summary import QUANTILES, quantiles
from sim.model import draws
from sim.model.draws import Column
from sim.model.rollout import Model, Rollout
from sim.scenario.levers import Ground, Setting, build, dosed, ground, undosed
from sim.scenario.load import load
from sim.vocabulary import GATE_KEYS

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
OUTCOMES = (*(f"stopped_{gate}" for gate in GATE_KEYS), "synced")  # of a month's new entries, in this order
SERIES = (*OUTCOMES, "synced_later", "citizens", "hours_saved", "cards_issued")  # what is kept of a draw
_KEPT = [INDEX[name] for name in SERIES]
DRAWS = 60  # of the exact answer
QUICK = 6  # of the quick one
CHUNK = 2  # draws that are simulated at a stretch: a quick answer never waits longer for a slow one


@dataclass(frozen=True)
class State:
    """A scenario with levers turned."""

    scenario: str
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Draws of a state: R draws, A areas, T months, Y calendar years, S strata, U units.

    ``series`` [R, SERIES, A, T] as the forecast keeps them; ``strata`` [R, Y, S, 9] each year's new entries by outcome;
    ``in_use`` [R, U] the month in which each unit gets write access (infinite: never).
    """

    series: Singles
    strata: Singles
    in_use: Floats

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, draws: slice) -> Sample:
        """Some of the draws."""
        return Sample(self.series[draws], self.strata[draws], self.in_use[draws])

    @property
    def entries(self) -> Singles:
        """[R, 9, A, T] new entries by outcome."""
        return self.series[:, : len(OUTCOMES)]

    def of(self, name: str, area: int) -> Floats:
        """[R, T] one series in one area."""
        return self.series[:, SERIES.index(name), area].astype(np.float64)


def joined(parts: Sequence[Sample]) -> Sample:
    """The draws of all parts, in their order."""
    return Sample(
        np.concatenate([p.series for p in parts]),
        np.concatenate([p.strata for p in parts]),
        np.concatenate([p.in_use for p in parts]),
    )


@dataclass(frozen=True)
class Outlook:
    """What is shown of a state in one area.

    ``fan`` and ``null`` [quantile, T] sync rate of new entries of the state and of the null alternative; ``change``
    [quantile, T] of the paired differences; ``better`` [T] share of the draws in which the state has the higher rate; ``gates``
    and ``null_gates`` [year, outcome] mean shares of each year's new entries; ``draws`` how many draws it rests on.
    """

    fan: Floats
    null: Floats
    change: Floats
    better: Floats
    gates: Floats
    null_gates: Floats
    draws: int


@lru_cache(maxsize=16)
def grounds(given: str) -> Ground:
    """The scenario that levers stand on, with the posterior that a forecast would use; read once.

    Raises:
        UserError: the scenario or its posterior cannot be used.
    """
    stand = ground(given)
    return replace(stand, loaded=with_posterior(stand.loaded)[0])


@lru_cache(maxsize=32)
def model(state: State) -> Model:
    """The model of a state."""
    return Model(build(grounds(state.scenario), state.settings))


@lru_cache(maxsize=16)
def _drawn(given: str, seed: int) -> dict[str, tuple[Column, Floats]]:
    """The columns of a scenario without levers, and the draws of each."""
    columns = model(State(given)).columns
    rows = draws.table(columns, seed, DRAWS)
    return {column.name: (column, rows[:, i]) for i, column in enumerate(columns)}


def shape(state: State) -> State:
    """The state with every dose as its file states it: levers change a scenario's shape, doses only numbers in it."""
    return replace(state, settings=tuple(map(undosed, state.settings)))


@lru_cache(maxsize=32)
def _shape_numbers(shape: State, seed: int) -> Floats:
    """[DRAWS, columns] what ``draws.table`` gives; only the columns that levers add or change are drawn."""
    known = _drawn(shape.scenario, seed)
    found = []
    for column in model(shape).columns:
        drawn = known.get(column.name)
        same = drawn is not None and drawn[0] == column
        found.append(drawn[1] if drawn and same else draws.table([column], seed, DRAWS)[:, 0])
    return np.stack(found, axis=1)


@lru_cache(maxsize=32)
def numbers(state: State, seed: int) -> Floats:
    """[DRAWS, columns] the numbers of each draw: what ``draws.table`` gives; its shape's, with the doses' own columns."""
    base = shape(state)
    rows = _shape_numbers(base, seed)
    if base == state:
        return rows
    rows, columns, fitted = rows.copy(), model(base).columns, grounds(state.scenario).loaded.scenario.fitted
    for setting, usual in zip(state.settings, base.settings, strict=True):
        if setting == usual:
            continue
        stream, parameter = dosed(setting)
        i = next(i for i, column in enumerate(columns) if column.stream == stream)
        learned = None if fitted is None else fitted.draws(stream, parameter)
        rows[:, i] = draws.table([replace(columns[i], parameter=parameter, fitted=learned)], seed, DRAWS)[:, 0]
    return rows


def sample(state: State, first: int, last: int, seed: int) -> Sample:
    """Draws ``first`` to ``last`` (not included) of a state. Counts are whole numbers, which float32 holds exactly."""
    made, rows, areas = model(shape(state)), numbers(state, seed), places(state)
    begin = [months.start for _, months in years(state)]
    ages = np.zeros((made.months, made.units, 3, len(GATE_KEYS)))  # of waiting entries: not asked for
    series, strata, write = [], [], []
    for number in range(first, last):
        record = Rollout(made, rows[number], seed, number).run()
        series.append(measure(made, areas, record, ages, rows[number])[_KEPT])
        strata.append(np.add.reduceat(record.new, begin, axis=0).astype(np.float32))
        write.append([np.float32(g.write) for g in record.golive])
    return Sample(
        np.stack(series), np.stack(strata), in_use_months(made, np.asarray(write, np.float32).astype(np.float64))
    )


def few(state: State, first: int, last: int, seed: int, area: int) -> Sample:
    """What the quick answer needs of some draws, with expected counts in place of drawn ones: the new entries by outcome in one
    area (``series`` [R, 9, 1, T]), nothing else."""
    made, rows = model(shape(state)), numbers(state, seed)
    units = places(state).members(area)
    series = []
    for number in range(first, last):
        new = Rollout(made, rows[number], seed, number, expected=True).run().new
        series.append(made.structure.by_unit(new)[:, units].sum(axis=1).T[:, None].astype(np.float32))
    return Sample(np.stack(series), np.empty((last - first, 0), np.float32), np.empty((last - first, 0)))


def rates(drawn: Sample, area: int) -> Singles:
    """[draw, T] an area's sync rate of new entries, as the forecast keeps it."""
    counts = drawn.entries[:, :, area].astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(counts[:, -1] / counts.sum(axis=1), np.float32)


def gates(drawn: Sample, area: int, years: Sequence[slice]) -> Floats:
    """[year, outcome] an area's mean entries per outcome over its mean entries."""
    mean = drawn.entries[:, :, area].mean(axis=0, dtype=np.float64)
    shares = [mean[:, year].sum(axis=1) / max(mean[:, year].sum(), 1e-12) for year in years]
    return np.stack(shares)


def exact(drawn: Sample, null: Sample, area: int, years: Sequence[slice]) -> Outlook:
    """The outlook of an area from all its draws."""
    ours, theirs = rates(drawn, area), rates(null, area)
    apart = ours.astype(np.float64) - theirs
    return Outlook(
        quantiles(ours, QUANTILES),
        quantiles(theirs, QUANTILES),
        quantiles(apart, QUANTILES),
        np.mean(apart > 0, axis=0),
        gates(drawn, area, years),
        gates(null, area, years),
        len(drawn),
    )


def quick(fresh: Sample, null_few: Sample, null: Sample, area: int, years: Sequence[slice]) -> Outlook:
    """The outlook from a few draws of the state and the same of the null alternative (``few``): the latter's exact fan, moved."""
    near = exact(fresh, null_few, 0, years)
    whole = exact(null, null, area, years)
    moved = (rates(fresh, 0).astype(np.float64) - rates(null_few, 0)).mean(axis=0)
    fan = np.clip(whole.null + moved, 0.0, 1.0)
    shares = np.clip(whole.null_gates + near.gates - near.null_gates, 0.0, 1.0)
    return Outlook(
        fan,
        whole.null,
        near.change,
        near.better,
        shares / shares.sum(axis=1, keepdims=True),
        whole.null_gates,
        len(fresh),
    )


def years(state: State) -> list[tuple[int, slice]]:
    """The calendar years of the period and their months."""
    calendar = plain_model(state.scenario).calendar
    of_month = [calendar.date_of_month(m).year for m in range(calendar.months)]
    return [
        (year, slice(of_month.index(year), of_month.index(year) + of_month.count(year))) for year in sorted({*of_month})
    ]


@lru_cache(maxsize=64)
def plain_model(given: str) -> Model:
    """A scenario as it is read, to see what it is about: its months and places."""
    return Model(load(given).scenario)


@lru_cache(maxsize=64)
def places(state: State) -> Areas:
    """The areas that a state can be looked at in; levers change none."""
    return Areas.of(plain_model(state.scenario))


def labels(state: State) -> list[str]:
    """Its months («2027-12»)."""
    return plain_model(state.scenario).calendar.labels
