"""The demand file that the forecast writes (``kj-demand/1``): mean calls per second by cell and hour of the week."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadtests.errors import UserError

Floats = npt.NDArray[np.float64]
Operation = Literal["status", "read", "create", "update", "delete", "login"]
OPERATIONS: tuple[Operation, ...] = ("status", "read", "create", "update", "delete", "login")
INDEX = {name: i for i, name in enumerate(OPERATIONS)}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = 168


class _Cell(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    operation: Operation
    region: str
    sector: str
    per_second: list[float] = Field(min_length=HOURS, max_length=HOURS)


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    format: Literal["kj-demand/1"]
    origin: dict[str, Any]
    burst_factor: float = Field(gt=0)
    cells: list[_Cell] = Field(min_length=1)
    assumptions: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Demand:
    """``rates`` [place, operation, hour of the week] in calls per second; a place is a (region, sector)."""

    places: tuple[tuple[str, str], ...]
    rates: Floats
    burst_factor: float
    origin: dict[str, Any]
    assumptions: list[dict[str, Any]]

    @cached_property
    def national(self) -> Floats:
        """[operation, hour] the whole country."""
        return np.asarray(self.rates.sum(axis=0))


def read(path: Path) -> Demand:
    """Read a demand file.

    Raises:
        UserError: it is missing, or not a demand file; names the place.
    """
    try:
        content = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(
            f"etterspørselsfilen {path} kan ikke leses: {error.strerror}. Lag den med «utrulling demand»",
            f"the demand file {path} cannot be read: {error.strerror}. Make it with «utrulling demand»",
        ) from error
    except (ValueError, ValidationError) as error:
        where = ""
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            where = f" ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise UserError(f"{path} er ikke en etterspørselsfil{where}", f"{path} is not a demand file{where}") from error
    places = tuple(dict.fromkeys((c.region, c.sector) for c in content.cells))
    rates = np.zeros((len(places), len(OPERATIONS), HOURS))
    for cell in content.cells:
        rates[places.index((cell.region, cell.sector)), INDEX[cell.operation]] += cell.per_second
    if not np.isfinite(rates).all() or (rates < 0).any() or rates.sum() <= 0:
        raise UserError(f"{path} har ingen (eller negativ) etterspørsel", f"{path} holds no (or negative) demand")
    return Demand(places, rates, content.burst_factor, content.origin, content.assumptions)


def hour_of_week(text: str) -> int:
    """The hour of the week that «mon 08» names, Monday 00-01 being 0.

    Raises:
        ValueError: it names none.
    """
    match = re.fullmatch(rf"({'|'.join(DAYS)}) ([01]\d|2[0-3])", text)
    if match is None:
        raise ValueError("write the hour like «mon 08»: mon, tue, wed, thu, fri, sat or sun, and 00 to 23")
    return DAYS.index(match[1]) * 24 + int(match[2])
