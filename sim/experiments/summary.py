"""Summaries over replications: mean and quantiles of every series, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.experiments.ages import AGES
from sim.experiments.measures import INDEX, MEASURES
from sim.experiments.replicate import Results
from sim.vocabulary import CATEGORY_KEYS, GATE_KEYS, GROUP_KEYS, OUTCOME_KEYS, REGIONS

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
STATISTICS = ("mean", "p05", "p25", "p50", "p75", "p95")
FEW = 200  # draws below which the 5 % quantile may as well be the 2 % or the 8.5 % one (95 % confidence, binomial)
DEFINED = 0.5  # a series is reported where at least this share of the replications defines it

Floats = npt.NDArray[np.float64]


def quantiles(sample: npt.NDArray[np.floating], probabilities: tuple[float, ...]) -> Floats:
    """[probability, …] quantiles over the first axis (linear interpolation), undefined (NaN) values left out.

    Gives what ``numpy.nanquantile`` gives, in one sort.
    """
    ordered = np.sort(sample, axis=0)  # NaN last
    count = np.sum(~np.isnan(sample), axis=0)
    result = np.empty((len(probabilities), *sample.shape[1:]))
    for index, probability in enumerate(probabilities):
        position = np.maximum(count - 1, 0) * probability
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        below = np.take_along_axis(ordered, low[None], axis=0)[0].astype(np.float64)
        above = np.take_along_axis(ordered, high[None], axis=0)[0].astype(np.float64)
        result[index] = below + (above - below) * (position - low)
    return result


@dataclass(frozen=True)
class Summary:
    """``values`` [measure, statistic, area, T]; NaN where too few replications define a series."""

    results: Results
    values: Floats

    @classmethod
    def of(cls, results: Results) -> Summary:
        """Summarise all series."""
        replications, measures, areas, months = results.series.shape
        values = np.empty((measures, len(STATISTICS), areas, months))
        for index in range(measures):
            sample = results.series[:, index]
            defined = np.mean(~np.isnan(sample), axis=0)
            count = np.maximum(defined * replications, 1)
            values[index, 0] = np.nansum(sample, axis=0, dtype=np.float64) / count
            values[index, 1:] = quantiles(sample, QUANTILES)
            values[index][:, defined < DEFINED] = np.nan
        return cls(results, values)

    def series(self, measure: str, area: str, sector: str = "all", statistic: str = "p50") -> Floats:
        """[T] one statistic of one series."""
        row = self.results.areas.find(area, sector)
        return np.asarray(self.values[INDEX[measure], STATISTICS.index(statistic), row])

    def at(self, measure: str, area: str, month: str, sector: str = "all") -> dict[str, float]:
        """All statistics of one series in one month («2027-12»)."""
        column = self.results.model.calendar.labels.index(month)
        row = self.results.areas.find(area, sector)
        return {s: float(self.values[INDEX[measure], i, row, column]) for i, s in enumerate(STATISTICS)}

    def frame(self) -> pd.DataFrame:
        """The rows of forecast.csv and summary.json: measure, area, sector, month, mean and quantiles."""
        import pandas as pd  # slow to import, and the page does without

        areas, labels = self.results.areas.rows, self.results.model.calendar.labels
        measures, _, count, months = self.values.shape
        cells = count * months
        table = pd.DataFrame(
            {
                "measure": np.repeat(np.array(MEASURES, dtype=object), cells),
                "area": np.tile(np.repeat(np.array([a.name for a in areas], dtype=object), months), measures),
                "sector": np.tile(np.repeat(np.array([a.sector for a in areas], dtype=object), months), measures),
                "month": np.tile(np.array(labels, dtype=object), measures * count),
            }
        )
        for index, statistic in enumerate(STATISTICS):
            values = self.values[:, index].reshape(-1)
            table[statistic] = significant(values, 6)
        return table[~np.isnan(table["p50"])].reset_index(drop=True)


def significant(values: Floats, digits: int) -> Floats:
    """``values`` rounded to so many significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.where(values == 0, 0, np.floor(np.log10(np.abs(values))))
    factor = 10.0 ** (digits - 1 - np.nan_to_num(magnitude))
    return np.asarray(np.round(values * factor) / factor)


def detail(results: Results) -> pd.DataFrame:
    """Mean entries registered per month × region × trust × sector × group × category × outcome (at the month's end).

    ``trust`` names the hospital, or the pool (region/sector) of the other sectors. Categories are marks that an entry
    carries independently of its fate given the stratum, so the mean splits exactly by the stratum's category mix.
    """
    import pandas as pd

    structure, labels = results.model.structure, results.model.calendar.labels
    mean = results.detail / results.replications  # [T, S, 9]
    by_category = mean[:, :, None, :] * structure.category_mix[None, :, :, None]  # [T, S, C, 9]
    pairs = sorted({(s.unit, GROUP_KEYS.index(s.group)) for s in structure.strata})
    onto = np.zeros((len(pairs), len(structure.strata)))
    for s, stratum in enumerate(structure.strata):
        onto[pairs.index((stratum.unit, GROUP_KEYS.index(stratum.group))), s] = 1
    grouped = np.einsum("ps,tsco->tpco", onto, by_category, optimize=True)
    months, count, categories, outcomes = grouped.shape
    units = [structure.units[u] for u, _ in pairs]
    regions = {word.key: word.nb for word in REGIONS}
    inner = categories * outcomes

    def repeated(values: list[str]) -> pd.Categorical:
        codes, names = pd.factorize(np.array(values, dtype=object))
        return pd.Categorical.from_codes(np.tile(np.repeat(codes, inner), months), names)

    return pd.DataFrame(
        {
            "month": pd.Categorical.from_codes(np.repeat(np.arange(months), count * inner), labels),
            "region": repeated([regions[u.region] for u in units]),
            "trust": repeated([u.name for u in units]),
            "sector": repeated([u.sector for u in units]),
            "group": repeated([GROUP_KEYS[g] for _, g in pairs]),
            "category": pd.Categorical.from_codes(
                np.tile(np.repeat(np.arange(categories), outcomes), months * count), list(CATEGORY_KEYS)
            ),
            "outcome": pd.Categorical.from_codes(
                np.tile(np.arange(outcomes), months * count * categories), list(OUTCOME_KEYS)
            ),
            "entries": grouped.reshape(-1).astype(np.float32),
        }
    )


def backlog(results: Results) -> pd.DataFrame:
    """Mean entries registered in the period that wait at each month's end: month × region × trust × sector × gate × age."""
    import pandas as pd

    units, labels = results.model.structure.units, results.model.calendar.labels
    regions = {word.key: word.nb for word in REGIONS}
    mean = results.backlog / results.replications  # [T, U, age, gate]
    months, count, ages, gates = mean.shape
    cells = ages * gates
    return pd.DataFrame(
        {
            "month": np.repeat(np.array(labels, dtype=object), count * cells),
            "region": np.tile(np.repeat(np.array([regions[u.region] for u in units], dtype=object), cells), months),
            "trust": np.tile(np.repeat(np.array([u.name for u in units], dtype=object), cells), months),
            "sector": np.tile(np.repeat(np.array([u.sector for u in units], dtype=object), cells), months),
            "age": np.tile(np.repeat(np.array(AGES, dtype=object), gates), months * count),
            "gate": np.tile(np.array(GATE_KEYS, dtype=object), months * count * ages),
            "entries": mean.reshape(-1).astype(np.float32),
        }
    )
