"""One number per draw, from many variants of a scenario: what sensitivity analysis and planning ask for again and again.

Every variant meets the same draws (common random numbers), and the model counts expected entries and staff instead of drawn ones, so
differences show the variant and not the noise. Measures that nobody asked for are left out; on several processes
the answers are the same bits.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sim.errors import UserError
from sim.experiments import costs
from sim.experiments.measures import Areas
from sim.experiments.plan import Evaluation, Plan
from sim.experiments.replicate import cores
from sim.model import entries
from sim.model.draws import table
from sim.model.rollout import Model, Record, Rollout
from sim.model.workforce import KNOWING_EID, UNKNOWING_EID
from sim.scenario.faults import nearest
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load
from sim.scenario.parameter import Parameter

Floats = npt.NDArray[np.float64]
T = TypeVar("T")
READINGS = ("sync_rate_new", "sync_rate_live", "sync_rate_cumulative", "synced")
CHUNK = 16  # rows a task


@dataclass(frozen=True)
class Asked:
    """What is read off a replication: a measure of an area and sector in a month («2027-12»).

    The rates are as in ``measures``; «synced» is all that is synced up to the month, at once or later.
    """

    measure: str
    area: str
    sector: str
    month: str

    def check(self, model: Model) -> None:
        """Raise UserError when the scenario does not have it."""
        areas = Areas.of(model).rows
        months = model.calendar.labels
        if self.month not in months:
            raise UserError(
                f"--by {self.month} er ikke en måned i perioden; oppgi en måned som 2027-12, fra {months[0]} til {months[-1]}",
                f"--by {self.month} is no month of the period; give a month such as 2027-12, from {months[0]} to {months[-1]}",
            )
        for given, known, nb, en in (
            (self.measure, list(READINGS), "målet", "measure"),
            (self.area, list(dict.fromkeys(a.name for a in areas)), "området", "area"),
            (self.sector, list(dict.fromkeys(a.sector for a in areas)), "aktørgruppen", "sector"),
        ):
            if given not in known:
                near = nearest(given, known)
                some = ", ".join(known[:8]) + (" …" if len(known) > 8 else "")
                raise UserError(
                    f"{nb} «{given}» finnes ikke i scenarioet. "
                    + (f"Mente du «{near}»?" if near else f"Velg blant {some}"),
                    f"the {en} «{given}» is not in the scenario. "
                    + (f"Did you mean «{near}»?" if near else f"Choose from {some}"),
                )
        if self.month not in (months := model.calendar.labels):
            raise UserError(
                f"--by {self.month} er ikke en måned i perioden; oppgi en måned fra {months[0]} til {months[-1]}",
                f"--by {self.month} is no month of the period; give a month from {months[0]} to {months[-1]}",
            )
        try:
            Areas.of(model).find(self.area, self.sector)
        except KeyError:
            raise UserError(
                f"{self.area} har ingen aktørgruppe «{self.sector}» i scenarioet",
                f"{self.area} has no sector «{self.sector}» in the scenario",
            ) from None

    def read(self, model: Model, areas: Areas, record: Record) -> float:
        """The number of one replication; NaN where it is not defined."""
        month, at = model.calendar.labels.index(self.month), areas.find(self.area, self.sector)
        new = np.asarray(model.structure.by_unit(record.new[: month + 1]), dtype=np.float64)  # [t, U, 9]
        chosen = areas.units[areas.begin[at] : [*areas.begin, len(areas.units)][at + 1]]
        new = new[:, chosen]
        if self.measure == "sync_rate_new":
            return _share(new[-1, :, 8].sum(), new[-1].sum())
        if self.measure == "sync_rate_live":
            return _share(new[-1, :, 8].sum(), new[-1, :, 1:].sum())
        later = record.later_synced[: month + 1, chosen]
        if self.measure == "synced":
            return float(new[:, :, 8].sum() + later[:, :, entries.STOCK + 1 :].sum())
        return _share(new[:, :, 8].sum() + later[:, :, entries.LIVE].sum(), new[:, :, 1:].sum())


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


@dataclass(frozen=True)
class Variants:
    """What a process needs to evaluate plans: the scenario, the interventions, what is asked, the draws."""

    loaded: Loaded
    interventions: Mapping[str, Intervention]
    asked: Asked
    years: tuple[int, ...]
    seed: int
    draws: int
    cards: Floats | None = None  # [M, T] cards issued with no interventions
    drawn: dict[tuple[str, Parameter], Floats] = field(default_factory=dict, repr=False, compare=False)

    def evaluate(self, plan: Plan) -> Evaluation:
        """A plan's outcome and cost in every draw.

        Raises:
            UserError: its interventions do not go together, or not with the scenario.
        """
        chosen = [self.interventions[c.key].at(c.start) for c in sorted(plan)]
        scenario = load(self.loaded.given, chosen).scenario.with_posterior(self.loaded.scenario.fitted)
        model = Model(scenario)
        rows = self._table(model)
        outcome, in_use, cards = self._run(model, rows)
        if not chosen:
            return Evaluation(outcome, np.zeros((self.draws, len(self.years))))
        extra = None if self.cards is None else cards - self.cards
        money = costs.costs(model, chosen, rows, self.seed, in_use=in_use, cards=extra)
        first = model.calendar.date_of_month(0).year
        cost = np.zeros((self.draws, len(self.years)))
        for i, year in enumerate(self.years):
            if 0 <= year - first < money.shape[1]:
                cost[:, i] = money[:, year - first]
        return Evaluation(outcome, cost)

    def _table(self, model: Model) -> Floats:
        """[M, columns] the draws of a variant; what it shares with an earlier one is not drawn again."""
        result = np.empty((self.draws, len(model.columns)))
        for index, column in enumerate(model.columns):
            key = (column.stream, column.parameter)
            if key not in self.drawn:
                self.drawn[key] = table([column], self.seed, self.draws)[:, 0]
            result[:, index] = self.drawn[key]
        return result

    def _run(self, model: Model, rows: Floats) -> tuple[Floats, Floats, Floats]:
        """[M] what is asked, [M, U] the month of use, [M, T] cards issued, renewals among them (as in ``measures``)."""
        areas = Areas.of(model)
        outcome, write = np.empty(len(rows)), np.empty((len(rows), len(model.structure.units)))
        cards = np.empty((len(rows), model.calendar.months))
        for number, row in enumerate(rows):
            record = simulate(model, row, self.seed, number)
            outcome[number] = self.asked.read(model, areas, record)
            write[number] = [g.write for g in record.golive]
            validity = max(model.values(row)["eid.validity"], 1 / 12)
            holders = record.staff[:, :, UNKNOWING_EID] + record.staff[:, :, KNOWING_EID]
            cards[number] = record.card_wait[:, :, 1].sum(axis=1) + holders.sum(axis=1) / (12 * validity)
        return outcome, costs.in_use_months(model, write), cards

    def with_cards(self) -> Variants:
        """The same with the cards of the null alternative, which the extra cards are counted from."""
        model = Model(self.loaded.scenario)
        return replace(self, cards=self._run(model, table(model.columns, self.seed, self.draws))[2])


@dataclass(frozen=True)
class Rows:
    """What a process needs to evaluate rows of numbers in one scenario, all with the same noise."""

    loaded: Loaded
    asked: Asked
    seed: int

    def evaluate(self, rows: Floats) -> Floats:
        """[N] what is asked, for rows [N, columns]."""
        model = Model(self.loaded.scenario)
        areas = Areas.of(model)
        return np.array([self.asked.read(model, areas, simulate(model, row, self.seed, 0)) for row in rows])


def simulate(model: Model, row: Floats, seed: int, number: int) -> Record:
    """One replication whose counts are expected, not drawn: what is left is the parameters and the schedule."""
    return Rollout(model, row, seed, number, expected=True).run()


class Workers:
    """Some processes that evaluate; a context manager. One process is this one."""

    def __init__(self, job: Variants | Rows, workers: int | None, label: str | None = None) -> None:
        self._job, self._label = job, label
        self._count = workers or cores()
        self._pool: ProcessPoolExecutor | None = None
        self._bar = tqdm(desc=label, unit="", disable=None if label else True, leave=False)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=kind is None, cancel_futures=True)
            if kind is not None:
                for process in processes:
                    process.terminate()

    def plans(self, plans: Sequence[Plan]) -> list[Evaluation]:
        """Evaluate plans (with ``Variants``), in their order."""
        return list(self._map(_plan, plans))

    def rows(self, rows: Floats) -> Floats:
        """Evaluate rows (with ``Rows``), in their order."""
        cut = [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)]
        return np.concatenate(list(self._map(_rows, cut))) if cut else np.empty(0)

    def _map(self, function: Callable[[Any], T], tasks: Sequence[Any]) -> Iterable[T]:
        global _job
        if self._count <= 1 or (len(tasks) == 1 and self._pool is None):
            _job = self._job
            for task in tasks:
                yield function(task)
                self._bar.update(len(task) if isinstance(task, np.ndarray) else 1)
            return
        if self._pool is None:
            # a fork takes a twentieth of the time of a new interpreter, and is safe while no other thread runs here
            forked = sys.platform == "linux" and threading.active_count() == 1
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=multiprocessing.get_context("fork" if forked else "spawn"),
                initializer=_start,
                initargs=(self._job,),
            )
        for task, result in zip(tasks, self._pool.map(function, tasks), strict=True):
            yield result
            self._bar.update(len(task) if isinstance(task, np.ndarray) else 1)


_job: Variants | Rows | None = None


def _start(job: Variants | Rows) -> None:
    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _job = job


def _plan(plan: Plan) -> Evaluation:
    assert isinstance(_job, Variants)
    return _job.evaluate(plan)


def _rows(rows: Floats) -> Floats:
    assert isinstance(_job, Rows)
    return _job.evaluate(rows)
