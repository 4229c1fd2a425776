"""Ranking measures by a prioritisation sheet, and how much the ranking hangs on weights and points.

Points are uncertain and so are weights, so the ranking is told as stochastic multicriteria acceptability analysis does
(SMAA-2, Lahdelma & Salminen 2001, Operations Research 49(3), 444-454): the share of draws in which a measure takes each
place (rank acceptability), and the mean of the weights that put it first (central weights). Weights are drawn
uniformly on the simplex (Dirichlet with all parameters 1); the share of them in which a measure is first, with the
points at their means, is the share of the simplex that favours it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.experiments.measures import INDEX, RATES, REGIONAL
from sim.experiments.replicate import replicate
from sim.model.draws import uniforms
from sim.model.rollout import Model
from sim.scenario.prioritisation import COUNTED, Feed, Sheet
from sim.scenario.schema import Never, Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 10_000  # a share's standard error is at most half a percentage point


@dataclass(frozen=True)
class Fed:
    """What the simulation says: ``values`` [R] by measure of the sheet and what a feed is of."""

    values: dict[tuple[str, str], Floats]
    replications: int

    @property
    def measures(self) -> list[str]:
        """The measures that it gives points."""
        return list(dict.fromkeys(key for key, _ in self.values))


@dataclass(frozen=True)
class Ranking:
    """M measures ranked, N draws, C criteria.

    ``points`` [N, M, C] the criteria's scores; ``total`` [M] the sum at the sheet's weights and the points' means (0-10 per
    criterion, as the annex adds them when the weights are equal); ``order`` [M] the places, 1 first; ``places`` [M, M] the share of
    draws with the sheet's weights in which a measure (row) takes a place (column); ``any_weights`` [M, M] the same
    with weights drawn too; ``first`` [M] the share of the weight simplex in which it is first, points at their means;
    ``central`` [M, C] the mean of those weights (NaN where there are none).
    """

    measures: list[str]
    points: Floats
    total: Floats
    order: Ints
    places: Floats
    any_weights: Floats
    first: Floats
    central: Floats


def without(scenario: Scenario, sectors: list[str]) -> Scenario:
    """The scenario if these sectors never took the API into use."""
    plans = {
        sector: {region: Never(kind="never", source="VURDERING", tag="assumption", note=None) for region in plan}
        if sector in sectors
        else plan
        for sector, plan in scenario.golive.items()
    }
    return scenario.model_copy(update={"golive": plans})


def feed(sheet: Sheet, scenario: Scenario, replications: int, seed: int, workers: int | None, label: str | None) -> Fed:
    """Simulate what the sheet's measures make of a difference, with common random numbers.

    A measure is simulated when the scenario has all its sectors; the points of any other are as the sheet reads them.
    """
    wanted = sorted({f.of for f in sheet.feeds})
    simulated = {
        k: m.sectors
        for k, m in sheet.measures.items()
        if m.sectors and sheet.admitted(k) and set(m.sectors) <= scenario.sectors.keys()
    }
    values: dict[tuple[str, str], Floats] = {}
    series = [name for name in wanted if name not in COUNTED]
    base = replicate(scenario, replications, seed, workers, label)
    at = base.areas.find("national")
    before = {name: _over_the_period(base.series[:, INDEX[name], at], name) for name in series}
    for key, sectors in simulated.items():
        if series:
            other = replicate(without(scenario, list(sectors)), replications, seed, workers, label and f"{label} {key}")
            for name in series:
                values[key, name] = before[name] - _over_the_period(other.series[:, INDEX[name], at], name)
        for name in set(wanted) & set(COUNTED):
            values[key, name] = np.array([_count(base.model, row, list(sectors), name) for row in base.draws])
    return Fed(values, replications)


def _over_the_period(series: npt.NDArray[np.float32], name: str) -> Floats:
    """[R] a count's sum over the months; the last month of a share, or of citizens, who are counted once."""
    at_end = name in (*RATES, *REGIONAL)
    return np.asarray(series[:, -1] if at_end else series.sum(axis=1), dtype=np.float64)


def _count(model: Model, row: Floats, sectors: list[str], what: str) -> float:
    """The actors or the staff of some sectors in one replication."""
    values, units = model.values(row), model.structure.units
    if what == "actors":
        hospitals = sum(u.trust and u.sector in sectors for u in units)
        return hospitals + sum(values[f"sectors.{s}.actors"] for s in sectors if s != "hospital")
    people = model.of_strata("staff", row) * model.populations(row)[model.structure.unit_of] / 1000
    chosen = np.array([units[s.unit].sector in sectors for s in model.structure.strata])
    return float(people[chosen].sum())


def placed(rule: Feed, value: Floats, largest: Floats, none: Floats, most: Floats) -> Floats:
    """The points of ``value`` on the feed's scale between ``none`` (nothing) and ``most`` (the largest)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule.scale == "log":
            share = np.log(np.maximum(value, 1)) / np.log(np.maximum(largest, 1))
        else:
            share = np.maximum(value, 0) / largest
    share = np.where(largest > (1 if rule.scale == "log" else 0), np.clip(np.nan_to_num(share), 0, 1), 0.0)
    return np.asarray(none + (most - none) * share)


@dataclass(frozen=True)
class Scores:
    """The admitted measures; [N, M, C] their criteria's scores; [M] the mean points of the question that decides ties."""

    measures: list[str]
    points: Floats
    ties: Floats


def score(sheet: Sheet, fed: Fed | None, seed: int, draws: int = DRAWS) -> Scores:
    """The points of every admitted measure; without ``fed`` they are all as the sheet reads them.

    A replication of the simulation is drawn whole, so measures that are fed by it stay comparable.
    """
    measures = [key for key in sheet.measures if sheet.admitted(key)]
    points = np.empty((draws, len(measures), len(sheet.criteria)))
    ties = np.zeros(len(measures))
    values = fed.values if fed else {}
    replication = (uniforms(seed, "priority", draws) * (fed.replications if fed else 1)).astype(np.int64)
    largest = {
        name: np.max([v[replication] for (_, of), v in values.items() if of == name], axis=0)
        for name in {of for _, of in values}
    }
    for m, key in enumerate(measures):
        for c, (criterion, content) in enumerate(sheet.criteria.items()):
            answers = []
            for question in content.questions:
                rule = sheet.feed(key, criterion, question)
                if rule is None or (key, rule.of) not in values:
                    parameter = sheet.measures[key].points[criterion][question]
                    answers.append(parameter.quantile(uniforms(seed, f"points.{key}.{criterion}.{question}", draws)))
                else:
                    ends = [
                        p.quantile(uniforms(seed, f"feed.{criterion}.{question}.{n}", draws))
                        for n, p in (("none", rule.none), ("most", rule.most))
                    ]
                    value = values[key, rule.of][replication]
                    answers.append(placed(rule, value, largest[rule.of], *ends))
                if sheet.tie_break == f"{criterion}.{question}":
                    ties[m] = answers[-1].mean()
            points[:, m, c] = np.mean(answers, axis=0)
    return Scores(measures, points, ties)


def rank(sheet: Sheet, scores: Scores, seed: int) -> Ranking:
    """Rank the measures; equal totals are decided by the sheet's question for it, then by the sheet's order."""
    points = scores.points
    draws, count, criteria = points.shape
    given = np.array([c.weight for c in sheet.criteria.values()])
    given = given * criteria / given.sum()  # equal weights are 1 each, as the annex adds them
    key = (seed, 0x534D4141)
    simplex = np.random.default_rng(np.random.SeedSequence(key)).dirichlet(np.ones(criteria), draws)
    mean = points.mean(axis=0)
    total = mean @ given
    order = np.empty(count, np.int64)
    order[np.lexsort((-scores.ties, -np.round(total, 9)))] = np.arange(1, count + 1)
    favoured = simplex @ mean.T  # [N, M]
    best = favoured.argmax(axis=1)
    central = np.full((count, criteria), np.nan)
    for m in range(count):
        if (best == m).any():
            central[m] = simplex[best == m].mean(axis=0)
    return Ranking(
        measures=scores.measures,
        points=points,
        total=total,
        order=order,
        places=_acceptability(points @ given),
        any_weights=_acceptability(np.einsum("nmc,nc->nm", points, simplex)),
        first=np.bincount(best, minlength=count) / draws,
        central=central,
    )


def _acceptability(totals: Floats) -> Floats:
    """[M, M] the share of draws in which each measure (row) takes each place (column)."""
    draws, count = totals.shape
    place = np.argsort(np.argsort(-totals, axis=1, kind="stable"), axis=1)
    return np.stack([np.bincount(place[:, m], minlength=count) / draws for m in range(count)])


def agreement(sheet: Sheet, ranking: Ranking, among: list[str] | None = None) -> tuple[float, float] | None:
    """Kendall's τ between our order and the published one, with its two-sided p-value; None below three measures."""
    pairs = [
        (ranking.order[i], sheet.measures[key].published_rank)
        for i, key in enumerate(ranking.measures)
        if sheet.measures[key].published_rank is not None and (among is None or key in among)
    ]
    if len(pairs) < 3:
        return None
    result = stats.kendalltau(*zip(*pairs, strict=True))
    return float(result.statistic), float(result.pvalue)
