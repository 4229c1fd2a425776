"""What is known of the rollout, when it was known, and how far it is trusted.

Two kinds of evidence. *Figures*: the published sync rates, each with an error of its own (rounding, a basis that is not
stated) beside the model's error. *Statements*: what the sources say without a number (who documents most, who syncs
most), each with a trust: the chance that the source says so when it is so, and that it does not when it is not.

A simulated rate already holds the chance of its entries, so no binomial error is added: it would count twice.

The figures are not independent as published: the cumulative 47.02 % of March 2025 contains the others, and the autumn's
46.6 % was derived from it. The likelihood uses the series of new registrations, whose windows do not overlap; the
cumulative figure is kept aside as a check.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtri

from sim.errors import UserError
from sim.experiments.observations import Observation, applicable, published
from sim.model.draws import Values
from sim.model.rollout import Model, Record
from sim.scenario.data import figures
from sim.vocabulary import CATEGORY_KEYS, GROUP_KEYS, REGIONS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DEPENDENT = ("sync_rate_cumulative_total",)  # a mean of the others: a check, not evidence
CLOSE_BEHIND = 0.75  # what «close behind» means of two counts (assumption)


@dataclass(frozen=True)
class Statement:
    """Something that a source says without a number; ``trust`` is the chance that it would be said rightly."""

    key: str
    area: str
    start: dt.date
    known: dt.date
    trust: float
    source: str
    note: str


@dataclass(frozen=True)
class Evidence:
    """Figures and statements.

    ``errors`` [figure] are standard errors beside the model's own, whose standard deviation is lognormal with median
    ``model_error`` and geometric standard deviation ``model_error_gsd``; ``checks`` are figures that are no evidence.
    """

    figures: tuple[Observation, ...]
    errors: Floats
    model_error: float
    model_error_gsd: float
    statements: tuple[Statement, ...]
    checks: tuple[Observation, ...]

    @property
    def last(self) -> dt.date:
        """When the last of it was known."""
        return max([*(f.end for f in self.figures), *(s.known for s in self.statements)])

    @property
    def cutoffs(self) -> list[dt.date]:
        """The dates on which a figure became known, in order; the last is that of everything."""
        return sorted({f.end for f in self.figures} | {self.last})

    def known(self, cutoff: dt.date) -> tuple[Bools, Bools]:
        """[figure] and [statement] what was known at a date."""
        return (
            np.array([f.end <= cutoff for f in self.figures], bool),
            np.array([s.known <= cutoff for s in self.statements], bool),
        )

    @property
    def values(self) -> Floats:
        """[figure] as published."""
        return np.array([f.value for f in self.figures])


def read(folder: Path) -> Evidence:
    """The evidence in ``data/sync_rates.csv`` and ``data/evidence.csv``.

    Raises:
        UserError: a statement that nothing here can judge, or no model error.
    """
    series = sorted(published(folder), key=lambda o: (o.end, o.start))
    used = tuple(o for o in series if o.key not in DEPENDENT)
    rows = figures("evidence", folder)
    known = {key: figure.value for (_, key), figure in rows.items()}
    statements = []
    for (area, key), row in rows.items():
        if row.unit != "probability":
            continue
        if key not in JUDGES or not 0.5 <= row.value <= 1:
            raise UserError(
                f"{folder / 'evidence.csv'}: «{key}» er ikke et utsagn som kan prøves, eller tiltroen er ikke 0,5–1",
                f"{folder / 'evidence.csv'}: «{key}» is no statement that can be judged, or its trust is not 0.5-1",
            )
        start, end = map(dt.date.fromisoformat, row.period.split("/"))
        statements.append(Statement(key, area, start, end, row.value, row.source, row.note))
    if known.get("model_error", 0.0) <= 0 or known.get("model_error_gsd", 0.0) <= 1:
        raise UserError(
            f"{folder / 'evidence.csv'}: model_error (over 0) eller model_error_gsd (over 1) mangler",
            f"{folder / 'evidence.csv'}: model_error (above 0) or model_error_gsd (above 1) is missing",
        )
    errors = np.array([known.get(f"error_{o.key}", 0.0) for o in used])
    checks = tuple(o for o in series if o.key in DEPENDENT)
    return Evidence(used, errors, known["model_error"], known["model_error_gsd"], tuple(statements), checks)


def covered(evidence: Evidence, model: Model) -> Evidence:
    """The part of the evidence that a model's regions and period cover.

    Raises:
        UserError: none of the figures.
    """
    kept = [o in applicable(model, list(evidence.figures)) for o in evidence.figures]
    names = {word.nb: word.key for word in REGIONS}
    if not any(kept):
        raise UserError(
            "scenarioet dekker ingen publisert synkroniseringsgrad; bruk et som har Helse Vest fra februar 2024",
            "the scenario covers no published sync rate; use one that has Helse Vest from February 2024",
        )
    return replace(
        evidence,
        figures=tuple(o for o, keep in zip(evidence.figures, kept, strict=True) if keep),
        errors=evidence.errors[kept],
        statements=tuple(
            s
            for s in evidence.statements
            if names.get(s.area) in model.scenario.regions
            and model.calendar.month_of(model.calendar.day(s.start)) >= 0
            and model.calendar.month_of(model.calendar.day(s.known)) < model.calendar.months
        ),
        checks=tuple(applicable(model, list(evidence.checks))),
    )


# -- what a replication says of the statements --------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """A replication in a window: entries registered and synced by group, registered by category, and whether eIDs are
    being handed out to nurses at its end. Synced are those synced in the month in which they were registered."""

    registered: Floats
    synced: Floats
    categories: Floats
    eid_under_way: bool

    def first_two(self, counts: Floats, first: str, second: str) -> bool:
        """Whether two groups lead, in this order."""
        order = np.argsort(-counts, kind="stable")
        return (GROUP_KEYS[int(order[0])], GROUP_KEYS[int(order[1])]) == (first, second)


def _largest(counts: Counts) -> bool:
    order = [CATEGORY_KEYS[i] for i in np.argsort(-counts.categories, kind="stable")]
    return order[0] == "ongoing_treatment" and "procedure_change" in order[:3]


def _close(counts: Counts) -> bool:
    doctors, nurses = (counts.registered[GROUP_KEYS.index(g)] for g in ("doctor", "nurse"))
    return bool(doctors >= CLOSE_BEHIND * nurses)


JUDGES: dict[str, Callable[[Counts], bool]] = {
    "nurses_document_most": lambda c: c.first_two(c.registered, "nurse", "doctor"),
    "doctors_close_behind": _close,
    "doctors_sync_most": lambda c: c.first_two(c.synced, "doctor", "nurse"),
    "nurses_stop_most": lambda c: c.first_two(c.registered - c.synced, "nurse", "doctor"),
    "ongoing_treatment_most": _largest,
    "eid_under_way": lambda c: c.eid_under_way,
}


def judge(model: Model, record: Record, values: Values, statements: tuple[Statement, ...]) -> Bools:
    """[statement] whether each is true of a replication."""
    names = {word.nb: word.key for word in REGIONS}
    structure = model.structure
    result = np.zeros(len(statements), bool)
    windows: dict[tuple[str, dt.date, dt.date], Counts] = {}
    for index, statement in enumerate(statements):
        key = (statement.area, statement.start, statement.known)
        if key not in windows:
            region = names[statement.area]
            first = model.calendar.month_of(model.calendar.day(statement.start))
            last = model.calendar.month_of(model.calendar.day(statement.known))
            members = np.array(
                [structure.units[u].trust and structure.units[u].region == region for u in structure.unit_of]
            )
            new = record.new[first : last + 1, members].sum(axis=0)  # [S, 9]
            live = new[:, 1:].sum(axis=1).astype(np.float64)
            groups = structure.group_of[members]
            windows[key] = Counts(
                registered=np.bincount(groups, live, len(GROUP_KEYS)).astype(np.float64),
                synced=np.bincount(groups, new[:, 8], len(GROUP_KEYS)).astype(np.float64),
                categories=live @ structure.category_mix[members],
                eid_under_way=_under_way(model, values, region, last),
            )
        result[index] = JUDGES[statement.key](windows[key])
    return result


def _under_way(model: Model, values: Values, region: str, month: int) -> bool:
    """Whether a programme that equips nurses of a region's hospitals runs in a month."""
    nurses = {s.key for s in model.structure.strata if s.group == "nurse" and model.structure.units[s.unit].trust}
    for index, programme in enumerate(model.scenario.eid.programmes):
        if not programme.start[:2].isdigit() or not any(
            programme.applies(region, "hospital", u.name, s)
            for u in model.structure.units
            if u.trust and u.region == region
            for s in nurses
        ):
            continue
        begin = model.scenario.period.index(programme.start) + values.get(f"eid.programmes.{index}.delay", 0.0)
        if begin < month + 1 and month < begin + programme.months:
            return True
    return False


# -- likelihood ---------------------------------------------------------------------------------------------------------


LEVELS = 8  # of the model's error


def model_errors(evidence: Evidence) -> Floats:
    """[level] equally likely standard deviations of the model's error: its lognormal prior by quantiles.

    The prior stays away from 0: a model that meets every figure to a tenth of a point is not believed in.
    """
    z = ndtri((np.arange(LEVELS) + 0.5) / LEVELS)
    return np.asarray(evidence.model_error * evidence.model_error_gsd**z)


def log_likelihoods(
    evidence: Evidence,
    fits: Floats,
    judged: Bools,
    cutoff: dt.date,
    values: Floats | None = None,
    said: Bools | None = None,
) -> Floats:
    """[N, level] the log-likelihood of what was known at ``cutoff``, by replication and size of the model's error.

    ``fits`` [N, figure] and ``judged`` [N, statement] are the replications'; ``values`` [figure] and ``said`` [statement]
    stand in for what was published (for synthetic data).
    """
    values = evidence.values if values is None else values
    said = np.ones(len(evidence.statements), bool) if said is None else said
    figures_known, statements_known = evidence.known(cutoff)
    trust = np.array([s.trust for s in evidence.statements])[statements_known]
    agrees = judged[:, statements_known] == said[statements_known]
    result = np.repeat(np.where(agrees, np.log(trust), np.log1p(-trust)).sum(axis=1)[:, None], LEVELS, axis=1)
    squared = model_errors(evidence) ** 2
    for value, rates, error in zip(
        values[figures_known], fits[:, figures_known].T, evidence.errors[figures_known], strict=True
    ):
        variance = squared + error**2
        result -= 0.5 * ((value - rates) ** 2)[:, None] / variance + 0.5 * np.log(2 * np.pi * variance)
    return result


def log_likelihood(
    evidence: Evidence,
    fits: Floats,
    judged: Bools,
    cutoff: dt.date,
    values: Floats | None = None,
    said: Bools | None = None,
) -> Floats:
    """[N] the same with the model's error integrated out."""
    by_level = log_likelihoods(evidence, fits, judged, cutoff, values, said)
    return np.asarray(logsumexp(by_level, axis=1) - np.log(LEVELS))


def published_as(evidence: Evidence, fits: Floats, errors: Floats, noise: Floats) -> Floats:
    """[N, figure] what would be published: the replication's rate with the model's and the figure's error.

    ``errors`` [N] standard deviations of the model's error; ``noise`` [N, figure] standard normal.
    """
    spread = np.sqrt(errors[:, None] ** 2 + evidence.errors**2)
    return np.clip(fits + spread * noise, 0, 1)


def drawn_errors(evidence: Evidence, log_by_level: Floats, u: Floats) -> Floats:
    """[N] a standard deviation of the model's error for each replication, drawn given the data by ``u`` [N]."""
    share = np.exp(log_by_level - logsumexp(log_by_level, axis=1, keepdims=True))
    level = (u[:, None] > np.cumsum(share, axis=1)).sum(axis=1)
    return np.asarray(model_errors(evidence)[np.minimum(level, LEVELS - 1)])
