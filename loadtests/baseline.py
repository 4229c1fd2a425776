"""Is a run slower than before? A rule with a stated rate of false alarms.

Requests of one run depend on each other (they wait in the same queue), so a test over requests would cry wolf. The unit
is therefore the run: one number (a percentile) of each. New runs and baseline runs are compared by the exact one-sided
Mann-Whitney test (Mann & Whitney 1947), which needs no distribution, only that runs of an unchanged service are
exchangeable: same machine, same scenario. Over all operations and percentiles the level is held by Holm's procedure
(Holm 1979). A difference counts only if it is also worth something: more than ``MARGIN`` of the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Any

from scipy import stats

from loadtests.errors import UserError
from loadtests.result import response

PERCENTILES = (50.0, 95.0, 99.0)
MARGIN = 0.10
FEWEST = 50  # answers of an operation in a run; percentiles of fewer are noise


@dataclass(frozen=True)
class Change:
    """One percentile of one operation, in ms: the medians over runs, the p-value, and whether it raises the alarm."""

    operation: str
    percentile: float
    before: float
    after: float
    p: float
    alarm: bool


def compare(new: list[dict[str, Any]], old: list[dict[str, Any]], level: float) -> list[Change]:
    """Compare result files; under an unchanged service at most ``level`` of such comparisons raise any alarm.

    Raises:
        UserError: the runs are not of the same scenario, a run is invalid, or there are too few to ever raise an alarm.
    """
    first = _played(old[0])
    for told in [*new, *old]:
        if _played(told) != first:
            raise UserError(
                "løpene har ikke samme scenario; bare like løp kan sammenlignes",
                "the runs are not of the same scenario; only like runs can be compared",
            )
        if told["verdict"] == "invalid":
            raise UserError("et av løpene er ugyldig", "one of the runs is invalid")
    names = [
        name
        for name in old[0]["operations"]
        if all(t["operations"].get(name, {"sent": 0})["sent"] >= FEWEST for t in [*new, *old])
    ]
    if not names:
        raise UserError(
            f"ingen operasjon har minst {FEWEST} svar i hvert løp", f"no operation has {FEWEST} answers in every run"
        )
    samples = {
        (name, percentile): (
            [(response(t, name).at(percentile) or 0.0) / 1000 for t in new],
            [(response(t, name).at(percentile) or 0.0) / 1000 for t in old],
        )
        for name in names
        for percentile in PERCENTILES
    }
    return judged(samples, level)


def judged(samples: dict[tuple[str, float], tuple[list[float], list[float]]], level: float) -> list[Change]:
    """The rule itself: ``samples`` holds one number a run, new and old, by (operation, percentile). Raises UserError."""
    new, old = next(iter(samples.values()))
    smallest = 1 / comb(len(new) + len(old), len(new))
    if smallest > level / len(samples):
        raise UserError(
            f"for få løp: med {len(new)} nye og {len(old)} gamle kan ingen forskjell bli tydelig nok "
            f"({len(samples)} sammenligninger, falsk alarm {level:g}). Bruk «kj-load run --repeat 8»",
            f"too few runs: with {len(new)} new and {len(old)} old no difference can be clear enough "
            f"({len(samples)} comparisons, false alarm {level:g}). Use «kj-load run --repeat 8»",
        )
    p = {
        key: float(stats.mannwhitneyu(a, b, alternative="greater", method="exact").pvalue)
        for key, (a, b) in samples.items()
    }
    changes, still = [], True
    for rank, key in enumerate(sorted(p, key=lambda k: p[k])):
        still = still and p[key] <= level / (len(p) - rank)
        after, before = median(samples[key][0]), median(samples[key][1])
        changes.append(Change(*key, before, after, p[key], still and after > before * (1 + MARGIN)))
    order = list(samples)
    return sorted(changes, key=lambda c: order.index((c.operation, c.percentile)))


def _played(told: dict[str, Any]) -> dict[str, Any]:
    """What must be alike: the scenario but for its seed, and the demand."""
    return {**told["scenario"], "seed": 0, "origin": told["played"]["origin"]}
