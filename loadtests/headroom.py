"""Capacity against the forecast, month by month.

A month's calls become the rate of its busiest hour through the hours of the week that the demand file holds; a short
peak is the demand file's burst factor over that. The first month in which the peak exceeds the capacity is the answer.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loadtests.capacity import Capacity
from loadtests.demand import INDEX, Demand
from loadtests.errors import UserError


@dataclass(frozen=True)
class Month:
    """One month: the busiest hour's openings per second (median and p95), the short peak of p95, and the room."""

    month: str
    p50: float
    p95: float
    peak: float
    headroom: float
    processes: int | None

    @property
    def holds(self) -> bool:
        """Whether the capacity covers the short peak."""
        return self.headroom >= 1


def read_capacity(path: Path) -> Capacity:
    """A capacity file. Raises UserError."""
    try:
        return Capacity.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path} kan ikke leses: {error.strerror}. Lag den med «kj-load capacity»",
            f"{path} cannot be read: {error.strerror}. Make it with «kj-load capacity»",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(
            f"{path} er ikke en kapasitetsfil: {where}", f"{path} is not a capacity file: {where}"
        ) from error


def read_forecast(folder: Path) -> list[dict[str, Any]]:
    """The national indicator calls by month of a forecast's ``summary.json``. Raises UserError."""
    path = folder / "summary.json" if folder.is_dir() else folder
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["series"]
        found = [
            r for r in rows if r["measure"] == "indicator_calls" and (r["area"], r["sector"]) == ("national", "all")
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} er ikke en prognose: {error}. Lag den med «utrulling forecast»",
            f"{path} is not a forecast: {error}. Make it with «utrulling forecast»",
        ) from error
    if not found:
        raise UserError(f"{path} har ingen indikatorkall", f"{path} holds no indicator calls")
    return found


def busiest_hour(demand: Demand) -> tuple[float, float]:
    """From the hours of the week: the busiest hour's rate per call on a weekday, and a weekend day as part of one."""
    hours = demand.national[INDEX["status"]]
    days = hours.reshape(7, 24).sum(axis=1) * 3600
    weekday = float(days[:5].mean())
    return float(hours.max()) / weekday, float(days[5:].mean()) / weekday


def _needed(capacity: Capacity, rate: float) -> int | None:
    """The fewest server processes that bear a rate, among the numbers that were measured (or, by the law, lie between
    them); None where none does: what more processes would bear nobody has seen."""
    measured = [p.processes for p in capacity.points if p.rate.median >= rate]
    law = capacity.scalability
    if law is not None:
        by_law = law.law.needed(rate, max(p.processes for p in capacity.points))
        measured += [] if by_law is None else [by_law]
    return min(measured, default=None)


def months(rows: list[dict[str, Any]], demand: Demand, capacity: Capacity) -> list[Month]:
    """The room of every month of a forecast."""
    per_call, weekend = busiest_hour(demand)
    best = capacity.best.rate.median
    table = []
    for row in rows:
        year, number = map(int, row["month"].split("-"))
        first, days = calendar.monthrange(year, number)
        free = sum((first + d) % 7 >= 5 for d in range(days))
        rate = per_call / (days - free + weekend * free)
        p50, p95 = row["p50"] * rate, row["p95"] * rate
        peak = p95 * demand.burst_factor
        table.append(
            Month(row["month"], p50, p95, peak, best / peak if peak > 0 else float("inf"), _needed(capacity, peak))
        )
    return table
