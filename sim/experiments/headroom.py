"""The forecast's traffic against the measured capacity, month by month.

An opening of the load test is an indicator call of the forecast, with all the calls that it leads to. A month's openings
become the rate of its busiest hour through the hours of the week (``demand.diurnal``), and a short peak is the stated factor
over that; both as ``utrulling demand`` writes them for the test. A month is short when its short peak, at the 95th
percentile of the draws, exceeds the median capacity: the rule of ``kj-load headroom``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.experiments.demand import diurnal
from sim.experiments.measures import INDEX
from sim.experiments.output import MANIFEST
from sim.experiments.replicate import Results
from sim.experiments.summary import quantiles, significant
from sim.model import saturation
from sim.model.draws import CAPACITY, uniforms
from sim.scenario.capacity import Capacity
from sim.scenario.ceiling import Ceiling
from sim.scenario.data import figures
from sim.vocabulary import REGION_KEYS

Floats = npt.NDArray[np.float64]
LEVELS = (0.05, 0.5, 0.95)
NAMES = ("p05", "p50", "p95")


def ceiling(capacity: Capacity, folder: Path) -> Ceiling:
    """What the model is to know of a capacity: its rate with its range, and the hours of the week from the data in
    ``folder``. A range of unknown confidence (it follows from the law) is taken to hold the rate for certain."""
    covers = 1.0 if capacity.covers is None else capacity.covers
    return Ceiling(capacity.median, diurnal(folder), (capacity.low, capacity.high), covers)


def _places(results: Results, ceiling: Ceiling) -> list[float]:
    """[R] where in the capacity's uncertainty each replication lay (or would have, had it known of the capacity)."""
    names = [c.name for c in results.model.columns]
    if CAPACITY in names:
        return [float(u) for u in results.draws[:, names.index(CAPACITY)]]
    if not ceiling.uncertain:
        return [0.5] * results.replications
    return [float(u) for u in uniforms(results.seed, CAPACITY, results.replications)]


@dataclass(frozen=True)
class Headroom:
    """Openings per second against a capacity.

    ``peak`` and ``burst`` [3, T] the 5th, 50th and 95th percentile of the busiest hour's mean and of the short peak;
    ``over`` [T] the share of the draws whose short peak exceeds the median capacity; ``lost`` [3, T] percentiles of the
    share of uploads that saturation makes fail (before any is sent again); ``absent`` regions are not in the scenario, and
    so not in the demand.
    """

    capacity: Capacity
    months: list[str]
    factor: float
    peak: Floats
    burst: Floats
    over: Floats
    lost: Floats
    absent: tuple[str, ...]

    @classmethod
    def of(cls, results: Results, capacity: Capacity, folder: Path) -> Headroom:
        """The headroom of a forecast; ``folder`` holds the data."""
        calendar, here = results.model.calendar, ceiling(capacity, folder)
        at = results.areas.find("national")
        monthly = results.series[:, INDEX["indicator_calls"], at].astype(np.float64)  # [R, T]
        peak = monthly * saturation.per_second(calendar, here.hours).max(axis=1)
        factor = figures("demand", folder)["burst", "factor"].value
        lost = np.array(
            [saturation.lost(one, calendar, here, u) for one, u in zip(monthly, _places(results, here), strict=True)]
        )
        return cls(
            capacity,
            calendar.labels,
            factor,
            quantiles(peak, LEVELS),
            quantiles(factor * peak, LEVELS),
            (factor * peak > capacity.median).mean(axis=0),
            quantiles(lost, LEVELS),
            tuple(r for r in REGION_KEYS if r not in results.model.scenario.regions),
        )

    @classmethod
    def read(cls, folder: Path, capacity: Capacity) -> Headroom:
        """The headroom that ``utrulling forecast --capacity`` wrote to ``folder``, its numbers to six digits."""
        months = pd.read_csv(folder / "capacity.csv")
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["capacity"]

        def rows(name: str) -> Floats:
            return np.asarray(months[[f"{name}_{n}" for n in NAMES]].to_numpy(np.float64).T)

        return cls(
            capacity,
            list(months["month"]),
            told["burst_factor"],
            rows("peak_hour"),
            rows("burst"),
            months["share_over"].to_numpy(np.float64),
            rows("lost"),
            tuple(told["regions_absent"]),
        )

    def first_short(self, rate: float) -> str | None:
        """The first month whose short peak (95th percentile) exceeds a rate."""
        return next((m for m, b in zip(self.months, self.burst[2], strict=True) if b > rate), None)

    def room(self) -> Floats:
        """[3, T] how many times the capacity holds the short peak: its low over the 95th percentile, median over median,
        high over the 5th percentile; NaN where there is no demand."""
        rates = (self.capacity.low, self.capacity.median, self.capacity.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack(
                [np.where(b > 0, rate / b, np.nan) for rate, b in zip(rates, self.burst[::-1], strict=True)]
            )

    def frame(self) -> pd.DataFrame:
        """The rows of capacity.csv."""
        columns: dict[str, Any] = {"month": self.months}
        for name, values in (("peak_hour", self.peak), ("burst", self.burst)):
            columns |= {f"{name}_{n}": significant(v, 6) for n, v in zip(NAMES, values, strict=True)}
        for name in ("low", "median", "high"):
            columns[f"capacity_{name}"] = significant(np.full(len(self.months), getattr(self.capacity, name)), 6)
        columns |= {f"room_{n}": significant(v, 6) for n, v in zip(("low", "median", "high"), self.room(), strict=True)}
        columns["share_over"] = significant(self.over, 6)
        columns |= {f"lost_{n}": significant(v, 6) for n, v in zip(NAMES, self.lost, strict=True)}
        return pd.DataFrame(columns)

    def as_dict(self) -> dict[str, Any]:
        """What summary.json and the manifest say of it, without the months."""
        return self.capacity.as_dict() | {
            "burst_factor": self.factor,
            "first_month_over": self.first_short(self.capacity.median),
            "first_month_over_low": self.first_short(self.capacity.low),
            "largest_lost_p50": float(self.lost[1].max()),
            "regions_absent": list(self.absent),
        }
