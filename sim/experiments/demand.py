"""The load that a forecast puts on Kjernejournal: calls per second by operation, region, sector and hour of the week.

``of_forecast`` takes a month of a simulated rollout, ``of_sizing`` the three fixed sizings of the fact sheet (chapter
E4), which assume that every actor is connected. Both give a ``Demand``, which is the contract with the load test: a
JSON file whose schema is ``json_schema``.

A month's total of an operation is a quantile of the national total over the replications, shared out over region and
sector as in the replications nearest to it; so the cells add up to the quantile, which quantiles of cells do not.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import UserError, why
from sim.experiments.measures import INDEX
from sim.experiments.replicate import Results
from sim.scenario.data import Figure, figures, source_key, sources
from sim.scenario.schema import RegionKey, SectorKey
from sim.vocabulary import REGIONS

Floats = npt.NDArray[np.float64]
Operation = Literal["status", "read", "create", "update", "delete", "login"]
OPERATIONS: tuple[Operation, ...] = ("status", "read", "create", "update", "delete", "login")
PERCENTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
SIZINGS = ("low", "base", "high")
HOURS = 168
NEAREST = 0.1  # the share of the replications that says how a quantile is shared out


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(_Closed):
    """What the demand was made from."""

    kind: Literal["forecast", "sizing"]
    scenario: str = Field(description="name of the scenario, or of the sizing (low, base, high)")
    scenario_hash: str | None = None
    month: str | None = Field(None, pattern=r"^\d{4}-\d{2}$")
    percentile: Literal["p05", "p50", "p95"] | None = None
    replications: int | None = None
    seed: int | None = None
    posterior: str | None = Field(None, description="SHA-256 of the calibration that the draws come from; null: none")


class Assumption(_Closed):
    """One figure that the demand hangs on, with its source and tag."""

    name: str
    value: float
    unit: str
    source: str
    tag: str
    note: str


class Cell(_Closed):
    """One operation of one sector in one region."""

    operation: Operation
    region: RegionKey
    sector: SectorKey
    per_weekday: float = Field(ge=0, description="calls on a weekday of the month")
    per_second: list[float] = Field(
        min_length=HOURS, max_length=HOURS, description="mean rate in each hour of the week, Monday 00-01 first"
    )


class Demand(_Closed):
    """The demand file."""

    format: Literal["kj-demand/1"] = "kj-demand/1"
    origin: Origin
    burst_factor: float = Field(gt=0, description="short peaks over the mean of the busiest hour")
    cells: list[Cell]
    assumptions: list[Assumption]

    def total(self, operation: Operation) -> Floats:
        """[168] the national rate of an operation."""
        return np.asarray(np.sum([c.per_second for c in self.cells if c.operation == operation], axis=0))


def read(path: Path) -> Demand:
    """Read a demand file.

    Raises:
        UserError: it is missing, or not a demand file; names the place.
    """
    try:
        content = Demand.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = why(error)
        raise UserError(
            f"etterspørselsfilen {path} kan ikke leses: {reason.nb}. Lag den med «utrulling demand»",
            f"the demand file {path} cannot be read: {reason.en}. Make it with «utrulling demand»",
        ) from error
    except (ValueError, RecursionError) as error:  # a fault of the form is one too
        where = ""
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = f" ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise UserError(f"{path} er ikke en etterspørselsfil{where}", f"{path} is not a demand file{where}") from error
    month = content.origin.month
    if month is not None and not 1 <= int(month[5:]) <= 12:
        raise UserError(f"{path}: {month} er ingen måned", f"{path}: {month} is no month")
    rates = np.array([*(c.per_second for c in content.cells), [content.burst_factor] * HOURS])
    if not content.cells or not np.isfinite(rates).all() or (rates < 0).any() or rates.sum() <= 0:
        raise UserError(f"{path} har ingen (eller negativ) etterspørsel", f"{path} holds no (or negative) demand")
    return content


def json_schema() -> dict[str, Any]:
    """The JSON Schema of demand files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Demand.model_json_schema()}


# --- the hours of the week --------------------------------------------------------------------------------------------


def diurnal(folder: Path) -> Floats:
    """[168] the share of a weekday's calls that falls in each hour of the week, Monday 00-01 first.

    The busiest hour has its stated share; the other hours of a weekday share the rest as the Danish admissions do
    (office hours against the rest), and a weekend day has its stated part of a weekday, shared likewise.
    """
    table = figures("diurnal", folder)

    def value(entity: str, measure: str) -> float:
        return table[entity, measure].value

    hours = np.arange(24)
    office = (hours >= value("weekday", "office_start")) & (hours < value("weekday", "office_end"))
    weekday = np.where(office, value("weekday", "office"), value("weekday", "out_of_hours"))
    peak = hours == value("weekday", "peak_hour")
    share = value("weekday", "peak_share")
    weekday = np.where(peak, share, (1 - share) * weekday / weekday[~peak].sum())
    day = (hours >= value("weekend", "day_start")) & (hours < value("weekend", "day_end"))
    weekend = np.where(day, value("weekend", "day"), value("weekend", "night"))
    weekend = value("weekend", "factor") * weekend / weekend.sum()
    return np.concatenate([np.tile(weekday, 5), np.tile(weekend, 2)])


def _working_days(month: str, weekend: float) -> float:
    """The month in weekdays, a weekend day counting as ``weekend`` of one."""
    year, number = map(int, month.split("-"))
    first, days = calendar.monthrange(year, number)
    free = sum((first + d) % 7 >= 5 for d in range(days))
    return days - free + weekend * free


# --- from a forecast --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shares:
    """How a total is shared out: [region, sector] with sum 1, or all 0 where there is nothing."""

    total: float
    share: Floats


def _shared(samples: Floats, quantile: float) -> Shares:
    """The quantile of the sum of ``samples`` [R, region, sector], shared as in the replications nearest to it."""
    totals = samples.sum(axis=(1, 2))
    total = float(np.quantile(totals, quantile))
    near = np.argsort(np.abs(totals - total), kind="stable")[: max(1, round(NEAREST * len(totals)))]
    mean = samples[near].mean(axis=0)
    amount = mean.sum()
    return Shares(total, mean / amount if amount > 0 else np.zeros_like(mean))


def of_forecast(
    results: Results,
    month: str,
    percentile: str,
    folder: Path,
    scenario: str,
    scenario_hash: str,
    seed: int,
    posterior: str | None = None,
) -> Demand:
    """The demand of a month («2027-11») of a simulated rollout.

    ``percentile`` is p05, p50 or p95 of the national total, for each operation by itself; ``folder`` holds the data;
    scenario, its hash, seed and posterior say where the results come from.

    Raises:
        UserError: the month is not in the scenario's period.
    """
    labels = results.model.calendar.labels
    if month not in labels:
        raise UserError(
            f"{month} er ikke i perioden; velg {labels[0]} til {labels[-1]}",
            f"{month} is not in the period; choose {labels[0]} to {labels[-1]}",
        )
    at = labels.index(month)
    names = {word.key: word.nb for word in REGIONS}
    areas = {(a.name, a.sector): i for i, a in enumerate(results.areas.rows) if a.level == "region"}
    regions = [r for r in results.model.scenario.regions if (names[r], "all") in areas]
    sectors = list(dict.fromkeys(s for _, s in areas if s != "all"))

    def samples(*measures: str) -> Floats:
        """[R, region, sector] the sum of some measures in the month."""
        content = np.zeros((results.replications, len(regions), len(sectors)))
        for i, region in enumerate(regions):
            for j, sector in enumerate(sectors):
                row = areas.get((names[region], sector))
                if row is not None:
                    for measure in measures:
                        content[:, i, j] += results.series[:, INDEX[measure], row, at]
        return content

    calls, uploads = samples("indicator_calls"), samples("synced", "synced_later")
    table = figures("demand", folder)
    changes = table["upload", "updates"].value, table["upload", "deletions"].value
    logins = 1 / table["login", "openings"].value
    by_operation: dict[Operation, Floats] = {
        "status": calls,
        "read": samples("downloads"),
        "create": uploads,
        "update": uploads * changes[0],
        "delete": uploads * changes[1],
        "login": calls * logins,
    }
    days = _working_days(month, figures("diurnal", folder)["weekend", "factor"].value)
    cells = []
    for operation, content in by_operation.items():
        shared = _shared(content, PERCENTILES[percentile])
        for i, region in enumerate(regions):
            for j, sector in enumerate(sectors):
                amount = float(shared.total * shared.share[i, j]) / days
                if amount > 0:
                    cells.append(_cell(operation, region, sector, amount, diurnal(folder)))
    origin = Origin(
        kind="forecast",
        scenario=scenario,
        scenario_hash=scenario_hash,
        month=month,
        percentile=percentile,
        replications=results.replications,
        seed=seed,
        posterior=posterior,
    )
    return _demand(origin, cells, folder, ("upload", "login", "burst"))


# --- the fixed sizings ------------------------------------------------------------------------------------------------

# What a sizing counts calls by: the figure, where it stands, and the sector that makes the calls.
_CONTACTS: tuple[tuple[str, tuple[str, str, str], SectorKey], ...] = (
    ("outpatient", ("activity", "hospital", "outpatient"), "hospital"),
    ("bed_days", ("activity", "hospital", "bed_days"), "hospital"),
    ("day_treatments", ("activity", "hospital", "day_treatments"), "hospital"),
    ("gp", ("demand", "national", "gp_consultations"), "gp"),
    ("out_of_hours", ("demand", "national", "out_of_hours_consultations"), "out_of_hours"),
)


def calls_per_year(sizing: str, folder: Path) -> dict[SectorKey, float]:
    """Indicator calls a year by sector in a sizing (low, base or high)."""
    factors = figures("demand", folder)
    calls: dict[SectorKey, float] = {}
    for name, (file, entity, measure), sector in _CONTACTS:
        contacts = figures(file, folder)[entity, measure].value
        calls[sector] = calls.get(sector, 0.0) + contacts * factors[sizing, name].value
    return calls


def weekdays_per_year(folder: Path) -> float:
    """A year in weekdays, a weekend day counting as its part of one."""
    return 365.25 * (5 + 2 * figures("diurnal", folder)["weekend", "factor"].value) / 7


def of_sizing(sizing: str, folder: Path) -> Demand:
    """The demand when everybody is connected, as the fact sheet sizes it: low, base or high."""
    table, hours = figures("demand", folder), diurnal(folder)
    population = figures("population", folder)
    people = {word.key: population[word.nb, "population"].value for word in REGIONS}
    whole = sum(people.values())
    creates = table["national", "entries_day"].value * table["national", "uploaded"].value * 365.25
    calls = calls_per_year(sizing, folder)
    everything = sum(calls.values())
    cells = []
    for sector, yearly in calls.items():
        uploads = creates * yearly / everything  # entries are spread like the calls: no figure by sector was found
        amounts: dict[Operation, float] = {
            "status": yearly,
            "read": yearly * table[sizing, "downloads"].value,
            "create": uploads,
            "update": uploads * table["upload", "updates"].value,
            "delete": uploads * table["upload", "deletions"].value,
            "login": yearly / table["login", "openings"].value,
        }
        for operation, amount in amounts.items():
            for region, persons in people.items():
                per_weekday = amount * persons / whole / weekdays_per_year(folder)
                cells.append(_cell(operation, region, sector, per_weekday, hours))
    cells.sort(key=lambda c: OPERATIONS.index(c.operation))
    return _demand(
        Origin(kind="sizing", scenario=sizing), cells, folder, (sizing, "national", "upload", "login", "burst")
    )


# --- both -------------------------------------------------------------------------------------------------------------


def _cell(operation: Operation, region: str, sector: str, per_weekday: float, hours: Floats) -> Cell:
    rates = [float(f"{rate:.6g}") for rate in per_weekday * hours / 3600]
    return Cell(
        operation=operation,
        region=region,
        sector=sector,
        per_weekday=float(f"{per_weekday:.6g}"),
        per_second=rates,
    )


def _demand(origin: Origin, cells: list[Cell], folder: Path, entities: tuple[str, ...]) -> Demand:
    used = [f for f in figures("demand", folder).values() if f.entity in entities]
    used += figures("diurnal", folder).values()
    titles = sources(folder)

    def assumption(figure: Figure) -> Assumption:
        known = titles.get(source_key(figure.source))
        return Assumption(
            name=f"{figure.entity}/{figure.measure}",
            value=figure.value,
            unit=figure.unit,
            source=f"{known.publisher}: {known.title}" if known else figure.source,
            tag=figure.tag,
            note=figure.note,
        )

    burst = figures("demand", folder)["burst", "factor"].value
    return Demand(origin=origin, burst_factor=burst, cells=cells, assumptions=[assumption(f) for f in used])
