"""A comparison as rows, one per area, alternative and measure: compare.csv, summary.json and the spreadsheet hold the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiments.compare import GAINS, NATIONAL, Comparison, Gain
from sim.experiments.paired import mean_interval
from sim.experiments.summary import significant
from sim.vocabulary import OUTCOME_KEYS

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("mean", "mean_low", "mean_high", "p05", "p50", "p95")
COLUMNS = ("area", "alternative", "measure", "part", "unit", *NUMBERS, "infinite", "reading")
UNITS: dict[Gain, str] = {"rate": "percentage points", "synced": "entries", "citizens": "citizens", "hours": "hours"}
PER: dict[Gain, str] = {
    "rate": "NOK/percentage point",
    "synced": "NOK/entry",
    "citizens": "NOK/citizen",
    "hours": "NOK/hour",
}


def frame(comparison: Comparison) -> pd.DataFrame:
    """All rows. ``mean`` with the interval of the mean, and quantiles over the draws, where they make sense; else NaN.

    ``part`` is the gate, the intervention or the year that a row is about; ``reading`` tells how a ratio is to be read.
    ``infinite`` names the numbers that are infinite (and NaN here): the price of a gain where draws gain nothing
    (``paired.prices``). A ratio of the means, with its Fieller interval in ``mean_low`` and ``mean_high``, has a row of its own.
    """
    c = comparison
    rows: list[dict[str, Any]] = []

    def add(area: str, a: int, measure: str, unit: str, part: str = "", reading: str = "", **numbers: float) -> None:
        rows.append(
            {"area": area, "alternative": c.alternatives[a].key, "measure": measure, "part": part, "unit": unit}
            | {name: numbers[name] if np.isfinite(numbers.get(name, np.nan)) else np.nan for name in NUMBERS}
            | {"infinite": " ".join(n for n in NUMBERS if np.isinf(numbers.get(n, np.nan))), "reading": reading}
        )

    def over_draws(area: str, a: int, measure: str, unit: str, sample: Any, part: str = "") -> None:
        low, high = mean_interval(sample)
        p05, p50, p95 = (float(q) for q in np.quantile(sample, (0.05, 0.5, 0.95)))
        add(
            area,
            a,
            measure,
            unit,
            part,
            mean=float(np.mean(sample)),
            mean_low=low,
            mean_high=high,
            p05=p05,
            p50=p50,
            p95=p95,
        )

    for area in c.areas:
        best = c.best(area)
        for a in range(len(c.alternatives)):
            over_draws(area, a, "sync_rate_new", "share", c.values("rate", area)[a])
            add(area, a, "best", "share", mean=float(best[a]))
            for at, name in enumerate(OUTCOME_KEYS):
                add(area, a, "outcome", "share", name, mean=float(c.stopped(a, area)[at]))
            for gate, value in c.gates_loss(a, area).items():
                add(area, a, "gate_loss", "share", gate, mean=value)
            if a == 0:
                continue
            for what in GAINS:
                if not c.has(what, area):
                    continue
                factor = 100 if what == "rate" else 1
                over_draws(area, a, f"gain_{what}", UNITS[what], factor * c.gains(what, area)[a])
                d = c.difference(a, what, area)
                add(area, a, "positive", "share", what, mean=d.positive)
                add(area, a, "correlation", "1", what, mean=d.correlation)
                add(area, a, "noise_left", "share", what, mean=d.noise_left)
                for discount in (False, True):
                    r = c.ratio(a, what, area, discount)
                    name = f"cost_per_{what}" + ("_discounted" if discount else "")
                    add(area, a, name, PER[what], "", r.kind, p05=r.p05, p50=r.p50, p95=r.p95)
                    means = {"mean": r.value, "mean_low": r.low, "mean_high": r.high}
                    add(area, a, f"{name}_ratio_of_means", PER[what], "", r.kind, **means)
            over_draws(area, a, "gain_synced_older", UNITS["synced"], c.older(a, area))
            for who, cost in c.cost_by_payer(a, area).items():
                over_draws(area, a, "cost_by_payer", "MNOK", cost, who)
            for discount in (False, True):
                cost = c.cost(area, discount)[a]
                over_draws(area, a, "cost" + ("_discounted" if discount else ""), "MNOK", cost)
            for year, cost in zip(years(c), c.cost_by_year(a, area).T, strict=True):
                over_draws(area, a, "cost_in_year", "MNOK", cost, str(year))
            for gate, value in c.gates_gain(a, area).items():
                add(area, a, "gate_gain", "percentage points", gate, mean=100 * value)
            if area == NATIONAL:
                for key, share in c.within.get(a, {}).items():
                    over_draws(area, a, "share_of_gain", "percentage points", 100 * share, key)
    for region, values in c.regions.items():
        for a in range(1, len(c.alternatives)):
            sample = 100 * (values[a] - values[0])
            if np.isfinite(sample).all():
                over_draws(region, a, "gain_rate", UNITS["rate"], sample)
    import pandas as pd  # slow to import, and the page does without

    made = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in NUMBERS:
        made[name] = significant(made[name].to_numpy(np.float64), 7)
    return made


def years(comparison: Comparison) -> list[int]:
    """The calendar years of the period."""
    calendar = comparison.model.calendar
    return sorted({calendar.date_of_month(m).year for m in range(calendar.months)})
