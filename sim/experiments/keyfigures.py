"""The key figures: the few numbers that a decision hangs on, whose precision is stated and can be asked for.

New entries synced at once (``sync_rate_new``) and the same entries as they look at the period's end
(``sync_rate_seen``, what a report run later would show), in the headline month, for the country and each region, all sectors and
hospitals. Rates that some replications leave undefined (a region that is not live yet) have no mean over all of them
and are no key figures.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.experiments.measures import Areas
from sim.experiments.replicate import Results

Floats = npt.NDArray[np.float64]

RATES = ("sync_rate_new", "sync_rate_seen")
HEADLINE = "2027-12"  # the month planners ask about; the last one where the period ends before it
LEVEL = 0.95
QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}


@dataclass(frozen=True)
class KeyFigure:
    """A measure of an area and sector in a month."""

    measure: str
    area: str
    sector: str
    month: str


def headline_month(labels: list[str]) -> str:
    """The month that conclusions are drawn for."""
    return HEADLINE if HEADLINE in labels else labels[-1]


def key_figures(areas: Areas, labels: list[str], measures: tuple[str, ...] = RATES) -> list[KeyFigure]:
    """The key figures that a scenario has."""
    month = headline_month(labels)
    return [
        KeyFigure(measure, area.name, area.sector, month)
        for measure in measures
        for area in areas.rows
        if area.level != "trust" and area.sector in ("all", "hospital")
    ]


def sample(results: Results, figures: list[KeyFigure]) -> Floats:
    """[R, figure] every replication's key figures."""
    labels = results.model.calendar.labels
    return np.stack(
        [results.of(f.measure, f.area, f.sector)[:, labels.index(f.month)] for f in figures], axis=1
    ).astype(np.float64)


def order_ranks(count: int, probability: float, level: float = LEVEL) -> tuple[int, int] | None:
    """The ranks (from 0) of the ordered sample between which a quantile lies with at least ``level`` confidence.

    The number of observations below the quantile is binomial, whatever the distribution (David & Nagaraja, Order
    Statistics, 3rd ed., §7.1). None where the sample is too small for it.
    """
    tail = (1 - level) / 2
    low = int(stats.binom.ppf(tail, count, probability)) - 1
    high = int(stats.binom.isf(tail, count, probability))
    return (low, high) if low >= 0 and high < count else None


def half_widths(values: Floats, level: float = LEVEL) -> Floats:
    """[figure] half the width of the mean's confidence interval (Student's t) over ``values`` [R, figure]."""
    count = len(values)
    if count < 2:
        return np.full(values.shape[1], np.inf)
    return np.asarray(stats.t.isf((1 - level) / 2, count - 1) * values.std(axis=0, ddof=1) / np.sqrt(count))


def precision(results: Results) -> list[dict[str, Any]]:
    """Each key figure with its Monte Carlo error: the mean's half-width, and intervals of its quantiles."""
    figures = key_figures(results.areas, results.model.calendar.labels)
    values = sample(results, figures)
    found = []
    for figure, column, half in zip(figures, values.T, half_widths(values), strict=True):
        if np.isnan(column).any():
            continue
        ordered = np.sort(column)
        quantiles = {}
        for name, probability in QUANTILES.items():
            ranks = order_ranks(len(ordered), probability)
            quantiles[name] = {
                "value": float(np.quantile(ordered, probability)),
                "low": float(ordered[ranks[0]]) if ranks else None,
                "high": float(ordered[ranks[1]]) if ranks else None,
            }
        found.append(
            asdict(figure)
            | {
                "mean": float(column.mean()),
                "half_width": float(half) if np.isfinite(half) else None,
                "quantiles": quantiles,
            }
        )
    return found
