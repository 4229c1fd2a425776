"""A bank of draws, each simulated once: what calibration, its checks and the backtest all reweigh.

A quarter of the bank comes from the priors; the rest from proposals that stand where the data known at each cut-off point
to (``proposal``). Every draw carries the log of prior over mixture, so that the bank stands for the prior, and, with a
likelihood, for any posterior.

Only the hospitals of the regions that have published rates are simulated, from the scenario's first month to the last of
them. The bank is the same on any number of processes.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from tqdm import tqdm

from sim.experiments.evidence import Evidence, covered, judge, log_likelihood
from sim.experiments.local import cores, deaf, end_with_parent
from sim.experiments.observations import modelled
from sim.experiments.proposal import Proposal, influential, kalman, log_base, moments
from sim.model.draws import Column, table, uniforms
from sim.model.rollout import Model, Rollout
from sim.scenario.schema import Scenario
from sim.vocabulary import REGIONS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
CHUNK = 50
SIZE = 16_000  # draws
LEAST = 400  # of them
PILOT, FIRST = 0.25, 0.15  # shares of them from the priors, and from the first proposals
ROUNDS = 2  # of the later proposals, each made from all draws before it (AMIS: Cornuet et al. 2012)
INFLUENTIAL = 15  # parameters that the second proposals move
# parameters that say what entries and readings are worth, and never move where an entry stops
WITHOUT_EFFECT = ("benefit.", "patients.prevalence", "patients.entries_per_patient", "patients.portal_growth")
WITHOUT_EFFECT_ENDINGS = (".contacts", ".calls", ".away")


@dataclass(frozen=True)
class Bank:
    """N draws and what the model makes of them; the first ``pilot`` are draws from the priors.

    ``draws`` [N, column]; ``log_base`` [N] log of prior over sampling density; ``scores`` [N, fitted] normal scores of the
    fitted columns in their priors; ``fits`` [N, figure] the rates on the basis of the published ones; ``checks`` [N, check];
    ``judged`` [N, statement]; ``noise`` [N, figure] standard normal and ``level`` [N] uniform numbers for the errors of
    what would be published.
    """

    scenario: Scenario
    evidence: Evidence
    seed: int
    columns: list[Column]
    pilot: int
    draws: Floats
    scores: Floats
    log_base: Floats
    fits: Floats
    checks: Floats
    judged: Bools
    noise: Floats
    level: Floats

    @property
    def size(self) -> int:
        """How many draws."""
        return int(self.draws.shape[0])

    @property
    def fitted(self) -> list[int]:
        """The columns that the data can say something about."""
        return fitted(self.columns)


def fitted(columns: list[Column]) -> list[int]:
    """The columns that are uncertain and have an effect on the rates."""
    return [
        i
        for i, c in enumerate(columns)
        if c.parameter.uncertain
        and not c.name.startswith(WITHOUT_EFFECT)
        and not c.name.endswith(WITHOUT_EFFECT_ENDINGS)
    ]


def observed_part(scenario: Scenario, evidence: Evidence) -> Scenario:
    """The scenario's hospitals in the regions that have published rates, until the last of them."""
    names = {word.nb: word.key for word in REGIONS}
    regions = {names[o.area] for o in evidence.figures}
    end: dt.date = max(o.end for o in (*evidence.figures, *evidence.checks))
    last = f"{end.year:04d}-{end.month:02d}"
    kept = {r: c for r, c in scenario.regions.items() if r in regions}
    hospital = {s: f for s, f in scenario.sectors.items() if s == "hospital"}
    return scenario.model_copy(
        update={
            "regions": kept,
            "sectors": hospital,
            "golive": {s: {r: p for r, p in plans.items() if r in kept} for s, plans in scenario.golive.items()},
            "period": scenario.period.model_copy(update={"end": min(last, scenario.period.end)}),
        }
    )


class _Job:
    """What a process needs to simulate draws."""

    def __init__(self, scenario: Scenario, seed: int, evidence: Evidence) -> None:
        self.model, self.seed, self.evidence = Model(scenario), seed, evidence

    def run(self, numbers: range, rows: Floats) -> tuple[range, Floats, Bools]:
        """The rates and statements of some replications."""
        model, evidence = self.model, self.evidence
        observations = [*evidence.figures, *evidence.checks]
        fits = np.empty((len(numbers), len(observations)))
        judged = np.empty((len(numbers), len(evidence.statements)), bool)
        for i, (number, row) in enumerate(zip(numbers, rows, strict=True)):
            record = Rollout(model, row, self.seed, number).run()
            fits[i] = modelled(model, record, observations)
            judged[i] = judge(model, record, model.values(row), evidence.statements)
        return numbers, fits, judged


_job: _Job | None = None


def _start(scenario: Scenario, seed: int, evidence: Evidence) -> None:
    import threading

    global _job
    threading.Thread(target=end_with_parent, daemon=True).start()
    _job = _Job(scenario, seed, evidence)


def _work(numbers: range, rows: Floats) -> tuple[range, Floats, Bools]:
    assert _job is not None
    return _job.run(numbers, rows)


def simulate(
    scenario: Scenario,
    evidence: Evidence,
    size: int = SIZE,
    seed: int | None = None,
    workers: int | None = None,
    progress: str | None = None,
) -> Bank:
    """Draw ``size`` times, from the priors and from proposals, and simulate each draw.

    ``seed`` is the scenario's own unless given; ``workers`` the number of processes (all processors); ``progress`` the
    label of a progress bar, shown only on a terminal.

    Raises:
        UserError: the scenario covers no published rate.
    """
    scenario = scenario.with_posterior(None)
    evidence = covered(evidence, Model(scenario))
    part_of = observed_part(scenario, evidence)
    seed = scenario.seed if seed is None else seed
    job = _Job(part_of, seed, evidence)
    columns = job.model.columns
    chosen = fitted(columns)
    draws = table(columns, seed, size)
    scores = np.stack([ndtri(uniforms(seed, columns[i].stream, size)) for i in chosen], axis=1)
    pilot = max(int(size * PILOT), 1)
    cutoffs = evidence.cutoffs
    refined = pilot + int(size * FIRST)
    first = np.array_split(np.arange(pilot, refined), len(cutoffs))
    rounds = np.array_split(np.arange(refined, size), ROUNDS)
    errors = np.sqrt(evidence.errors**2 + evidence.model_error**2)
    figures = len(evidence.figures)
    fits = np.empty((size, figures + len(evidence.checks)))
    judged = np.empty((size, len(evidence.statements)), bool)
    proposals: list[Proposal] = []
    counts = [pilot]
    with (
        tqdm(total=size, desc=progress, unit="trekk", disable=None if progress else True, leave=False) as bar,
        _Runner(job, workers or cores()) as runner,
    ):

        def run(numbers: range) -> None:
            for done, some_fits, some_judged in runner.run(numbers, draws):
                fits[done.start : done.stop] = some_fits
                judged[done.start : done.stop] = some_judged
                bar.update(len(done))

        def place(part: npt.NDArray[np.int64], proposal: Proposal) -> None:
            proposals.append(proposal)
            counts.append(len(part))
            scores[part] = proposal.place(scores[part])
            for position, column in enumerate(chosen):
                draws[part, column] = columns[column].parameter.quantile(ndtr(scores[part, position]))

        run(range(pilot))
        for cutoff, part in zip(cutoffs, first, strict=True):
            known, _ = evidence.known(cutoff)
            rates = fits[:pilot, :figures][:, known]
            place(part, kalman(scores[:pilot], rates, evidence.values[known], errors[known]))
        run(range(pilot, refined))
        moving = influential(scores[:pilot], fits[:pilot, :figures], INFLUENTIAL)
        for part in rounds:
            so_far = log_base(scores[: part[0]], proposals, counts)
            parts = np.array_split(part, len(cutoffs))
            for cutoff, some in zip(cutoffs, parts, strict=True):
                likelihood = log_likelihood(evidence, fits[: part[0], :figures], judged[: part[0]], cutoff)
                place(some, moments(scores[: part[0]], so_far + likelihood, moving))
            run(range(part[0], part[-1] + 1))
    return Bank(
        scenario=part_of,
        evidence=evidence,
        seed=seed,
        columns=columns,
        pilot=pilot,
        draws=draws,
        scores=scores,
        log_base=log_base(scores, proposals, counts),
        fits=fits[:, :figures],
        checks=fits[:, figures:],
        judged=judged,
        noise=np.stack([ndtri(uniforms(seed, f"figure_error/{o.key}", size)) for o in evidence.figures], axis=1),
        level=uniforms(seed, "model_error", size),
    )


class _Runner:
    """Runs draws here or on processes that stay for the next call."""

    def __init__(self, job: _Job, workers: int) -> None:
        self._job, self._workers = job, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Runner:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._pool is None:
            return
        if kind is not None:
            processes = list((self._pool._processes or {}).values())  # shutdown forgets them
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
        self._pool.shutdown()

    def run(self, numbers: range, draws: Floats) -> Iterator[tuple[range, Floats, Bools]]:
        """Simulate the draws of some numbers; the parts come in any order."""
        chunks = [numbers[i : i + CHUNK] for i in range(0, len(numbers), CHUNK)]
        here = chunks if self._workers <= 1 else chunks[:1]  # so that workers find the compiled code ready
        for part in here:
            yield self._job.run(part, draws[part.start : part.stop])
        if rest := chunks[len(here) :]:
            with deaf():
                if self._pool is None:
                    self._pool = ProcessPoolExecutor(
                        self._workers,
                        mp_context=multiprocessing.get_context("spawn"),
                        initializer=_start,
                        initargs=(self._job.model.scenario, self._job.seed, self._job.evidence),
                    )
                jobs = [self._pool.submit(_work, n, draws[n.start : n.stop]) for n in rest]
            for done in as_completed(jobs):
                yield done.result()
