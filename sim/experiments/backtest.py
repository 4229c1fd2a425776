"""Hindcast: fit what was known at a cut-off, predict what was published later, and score it against naive forecasts.

Scores are continuous ranked probability scores (CRPS; Gneiting & Raftery 2007) in shares, 0.01 being a percentage point,
and whether the central 50, 80 and 95 % intervals hold the figure. A point forecast's CRPS is its absolute error and its
interval holds nothing but itself. The goal is set against the naive forecasts as they are published, as points; stricter,
and reported beside it, is the comparison in which each of them gets a spread of its own.

The model's score is computed from a bank of draws and so has a Monte Carlo error, which is bootstrapped over the bank's draws
(Efron 1979). It leaves out that another bank would put its proposals elsewhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scoringrules
from scipy import stats
from scipy.special import expit, logit

from sim.errors import UserError
from sim.experiments import calibrate
from sim.experiments.bank import Bank
from sim.experiments.observations import Observation
from sim.model.streams import generator
from sim.scenario.data import figures

Floats = npt.NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.95)
MODEL, PRIOR = "model", "model_prior"
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Record:
    """One forecast and its score; ``low`` and ``high`` are the 80 % interval."""

    cutoff: str
    target: str
    forecaster: str
    published: float
    median: float
    low: float
    high: float
    crps: float
    covered_50: bool
    covered_80: bool
    covered_95: bool

    def as_dict(self) -> dict[str, object]:
        """For ``--json`` and CSV."""
        return asdict(self)


def crps(value: float, sample: Floats, weights: Floats | None = None) -> float:
    """CRPS of a (weighted) sample as forecast of ``value``."""
    if weights is None:
        weights = np.full(len(sample), 1 / len(sample))
    order = np.argsort(sample, kind="stable")  # sorted here: the library's own sort leaves the weights behind
    return float(
        scoringrules.crps_ensemble(
            value, sample[order], ens_w=weights[order], estimator="qd", sorted_ensemble=True, backend="numpy"
        )
    )


def middle(observation: Observation) -> float:
    """The middle of a window, in months of an arbitrary start."""
    return (observation.start.toordinal() + observation.end.toordinal()) / 2 / DAYS_PER_MONTH


def last_value(times: Floats, values: Floats, at: float) -> float:
    """The last figure again."""
    return float(values[-1])


def linear_trend(times: Floats, values: Floats, at: float) -> float:
    """The least-squares line through the figures; with one figure, that figure."""
    if len(values) < 2:
        return float(values[-1])
    slope, level = np.polyfit(times - times[0], values, 1)
    return float(np.clip(level + slope * (at - times[0]), 0, 1))


def logistic_trend(times: Floats, values: Floats, at: float) -> float:
    """The least-squares line on the logit scale: growth that flattens towards all entries."""
    if len(values) < 2:
        return float(values[-1])
    slope, level = np.polyfit(times - times[0], logit(values), 1)
    return float(expit(level + slope * (at - times[0])))


NAIVE: dict[str, Callable[[Floats, Floats, float], float]] = {
    "last_value": last_value,
    "linear_trend": linear_trend,
    "logistic_trend": logistic_trend,
}
SPREAD = "_spread"


def spread(
    forecaster: Callable[[Floats, Floats, float], float], times: Floats, values: Floats, sampling: float
) -> float:
    """Standard deviation per square root of a month of a naive forecast's error: that of a random walk with the size of
    the forecaster's own one-step errors so far. With a single figure there is no such error, and ``sampling`` is used."""
    errors = [
        (values[k] - forecaster(times[:k], values[:k], times[k])) / np.sqrt(times[k] - times[k - 1])
        for k in range(1, len(values))
    ]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else sampling


def backtest(bank: Bank, entries_per_month: float) -> list[Record]:
    """Every forecast of every later figure at every cut-off but the last.

    ``entries_per_month`` sets the sampling error of a figure, the least spread that a naive forecast can have.

    Raises:
        UserError: there are no two figures, of which the one could be predicted from the other.
    """
    series = sorted(bank.evidence.figures, key=lambda o: o.end)
    if len({o.end for o in series}) < 2:
        raise UserError(
            "scenarioets periode dekker bare ett publisert tall; det trengs to for å etterprøve",
            "the scenario's period covers one published figure only; a hindcast needs two",
        )
    found: list[Record] = []
    position = {o.key: i for i, o in enumerate(bank.evidence.figures)}
    for cutoff in sorted({o.end for o in series})[:-1]:
        past = [o for o in series if o.end <= cutoff]
        later = [o for o in series if o.end > cutoff]
        for name, fitted in ((MODEL, calibrate.fit(bank, cutoff)), (PRIOR, calibrate.prior(bank))):
            for target in later:
                sample = fitted.predicted[:, position[target.key]]
                found.append(_of_sample(cutoff, target, name, sample, fitted.weights))
        found += _naive(cutoff, past, later, entries_per_month)
    return found


def _of_sample(cutoff: dt.date, target: Observation, name: str, sample: Floats, weights: Floats) -> Record:
    tails = [p for level in LEVELS for p in ((1 - level) / 2, (1 + level) / 2)]
    bounds = calibrate.weighted_quantile(sample, weights, (0.5, *tails))
    covered = [bool(bounds[1 + 2 * k] <= target.value <= bounds[2 + 2 * k]) for k in range(len(LEVELS))]
    score = crps(target.value, sample, weights)
    return Record(str(cutoff), target.key, name, target.value, bounds[0], bounds[3], bounds[4], score, *covered)


def _naive(
    cutoff: dt.date, past: Sequence[Observation], later: Sequence[Observation], entries_per_month: float
) -> list[Record]:
    found = []
    times, values = np.array([middle(o) for o in past]), np.array([o.value for o in past])
    window = ((past[-1].end - past[-1].start).days + 1) / DAYS_PER_MONTH
    sampling = float(np.sqrt(values[-1] * (1 - values[-1]) / (entries_per_month * window)))
    for name, forecaster in NAIVE.items():
        pace = spread(forecaster, times, values, sampling)
        for target in later:
            at = middle(target)
            point = forecaster(times, values, at)
            gap = abs(target.value - point)
            exact = [gap == 0.0] * len(LEVELS)
            found.append(Record(str(cutoff), target.key, name, target.value, point, point, point, gap, *exact))
            sd = max(pace * np.sqrt(at - times[-1]), 1e-9)
            inside = [bool(gap <= stats.norm.ppf((1 + level) / 2) * sd) for level in LEVELS]
            reach = stats.norm.ppf(0.9) * sd
            score = float(scoringrules.crps_normal(target.value, point, sd, backend="numpy"))
            found.append(
                Record(
                    str(cutoff),
                    target.key,
                    name + SPREAD,
                    target.value,
                    point,
                    point - reach,
                    point + reach,
                    score,
                    *inside,
                )
            )
    return found


Against = Literal["points", "all"]  # the naive forecasts as published, or these and those with a spread
AGAINST: tuple[Against, ...] = ("points", "all")
Outcome = Literal["met", "missed", "borderline"]
GOAL, WORST = 0.5, 1.0  # of the best naive forecast's CRPS: in the mean, and at any cut-off
COVERS = 2  # standard errors within which a limit cannot be told from the ratio
RESAMPLES = 200  # of the bank; the error itself is then known to 5 %


def monte_carlo_errors(bank: Bank, records: Sequence[Record], resamples: int = RESAMPLES) -> dict[str, float]:
    """The standard error of the model's mean CRPS that the bank's chance makes, by cut-off and for «all»."""
    truths = {o.key: (i, o.value) for i, o in enumerate(bank.evidence.figures)}
    pairs = [(r.cutoff, r.target) for r in records if r.forecaster == MODEL]
    fits = {c: calibrate.fit(bank, dt.date.fromisoformat(c)) for c in dict.fromkeys(c for c, _ in pairs)}
    random = generator(bank.seed, 0, "backtest_bootstrap")
    scores = np.empty((resamples, len(pairs)))
    ordered = []
    for cutoff, target in pairs:
        position, value = truths[target]
        sample = fits[cutoff].predicted[:, position]
        order = np.argsort(sample, kind="stable")
        ordered.append((value, sample[order], fits[cutoff].weights[order], order))
    for k in range(resamples):
        times = np.bincount(random.integers(0, bank.size, bank.size), minlength=bank.size)
        for j, (value, sample, weights, order) in enumerate(ordered):
            again = weights * times[order]
            scores[k, j] = scoringrules.crps_ensemble(
                value, sample, ens_w=again / again.sum(), estimator="qd", sorted_ensemble=True, backend="numpy"
            )
    of = {c: [j for j, (cutoff, _) in enumerate(pairs) if cutoff == c] for c in fits} | {"all": list(range(len(pairs)))}
    return {c: float(scores[:, chosen].mean(axis=1).std(ddof=1)) for c, chosen in of.items()}


@dataclass(frozen=True)
class Verdict:
    """Mean CRPS per forecaster at a cut-off, or over all (cutoff «all»), the Monte Carlo error (a standard error) of the
    model's, and the model against the naive ones: as points, and the best of all, with a spread or without."""

    cutoff: str
    means: dict[str, float]
    error: float = 0.0

    def best(self, against: Against) -> str:
        """The best naive forecast."""
        chosen = NAIVE if against == "points" else self.means
        return min((n for n in chosen if n not in (MODEL, PRIOR)), key=lambda n: self.means[n])

    def ratio(self, against: Against) -> float:
        """The model's CRPS over that of the best naive forecast."""
        return self.means[MODEL] / self.means[self.best(against)]

    def ratio_error(self, against: Against) -> float:
        """The ratio's Monte Carlo error (a standard error)."""
        return self.error / self.means[self.best(against)]


def verdicts(records: Sequence[Record], errors: Mapping[str, float] | None = None) -> list[Verdict]:
    """One per cut-off, and last one over all records; ``errors`` are those of ``monte_carlo_errors``."""
    errors = errors or {}
    cutoffs = sorted({r.cutoff for r in records})
    return [_verdict(c, [r for r in records if r.cutoff == c], errors) for c in cutoffs] + [
        _verdict("all", records, errors)
    ]


def _verdict(cutoff: str, records: Sequence[Record], errors: Mapping[str, float]) -> Verdict:
    names = list(dict.fromkeys(r.forecaster for r in records))
    means = {n: float(np.mean([r.crps for r in records if r.forecaster == n])) for n in names}
    return Verdict(cutoff, means, errors.get(cutoff, 0.0))


def outcome(found: Sequence[Verdict], against: Against) -> Outcome:
    """Whether the goal is met: no worse than the best naive forecast at any cut-off, and at most half of its CRPS over all.

    «borderline»: another bank of the same size could well say the opposite.
    """
    room = [((GOAL if v.cutoff == "all" else WORST) - v.ratio(against), v.ratio_error(against)) for v in found]
    if any(left < -COVERS * error for left, error in room):
        return "missed"
    if any(left < 0 or left < COVERS * error for left, error in room):
        return "borderline"
    return "met"


def coverage(records: Sequence[Record]) -> dict[str, tuple[float, float, float]]:
    """Share of figures in the 50, 80 and 95 % intervals, by forecaster."""
    names = dict.fromkeys(r.forecaster for r in records)
    return {
        name: tuple(  # type: ignore[misc]
            float(np.mean([getattr(r, f"covered_{round(100 * level)}") for r in records if r.forecaster == name]))
            for level in LEVELS
        )
        for name in names
    }


def entries_per_month(folder: Path) -> float:
    """The published volume that sets a figure's sampling error."""
    volume = [f.value for (_, measure), f in figures("sync_rates", folder).items() if measure == "entries_per_month"]
    if not volume:
        raise UserError(
            f"{folder / 'sync_rates.csv'}: entries_per_month mangler",
            f"{folder / 'sync_rates.csv'}: lacks entries_per_month",
        )
    return volume[0]


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """The records as a table."""
    return pd.DataFrame([r.as_dict() for r in records])


def summary(records: Sequence[Record], found: Sequence[Verdict], bank: Bank) -> dict[str, object]:
    """The hindcast for its manifest and ``--json``: every record, means per cut-off, coverage, what was known when."""
    names = bank.evidence
    return {
        "seed": bank.seed,
        "size": bank.size,
        "unit": "share",
        "records": [r.as_dict() for r in records],
        "cutoffs": [
            {
                "cutoff": v.cutoff,
                "mean_crps": v.means,
                "model_error": v.error,
                **{
                    against: {
                        "best_naive": v.best(against),
                        "ratio": v.ratio(against),
                        "ratio_error": v.ratio_error(against),
                        "no_worse": v.ratio(against) <= WORST,
                    }
                    for against in AGAINST
                },
            }
            for v in found
        ],
        "known": {
            str(cutoff): {
                "figures": [o.key for o, k in zip(names.figures, names.known(cutoff)[0], strict=True) if k],
                "statements": [s.key for s, k in zip(names.statements, names.known(cutoff)[1], strict=True) if k],
                "effective": round(calibrate.fit(bank, cutoff).ess, 1),
            }
            for cutoff in sorted({dt.date.fromisoformat(r.cutoff) for r in records})
        },
        "coverage": {n: dict(zip(("50", "80", "95"), c, strict=True)) for n, c in coverage(records).items()},
        "goal": {"ratio": GOAL, "worst": WORST} | {against: outcome(found, against) for against in AGAINST},
    }
