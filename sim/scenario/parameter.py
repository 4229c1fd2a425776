"""A parameter: a number or a distribution, never without unit, source and evidence tag."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Floats: TypeAlias = npt.NDArray[np.float64]
Family = Literal["uniform", "triangular", "lognormal", "beta"]
Tag = Literal["measured", "planned", "estimated", "derived", "assumption"]

# Which numbers each family takes.
FAMILIES: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "lognormal": ("median", "gsd"),
    "beta": ("mean", "sd"),
}
_NUMBERS = ("low", "mode", "high", "median", "gsd", "mean", "sd")


class Parameter(BaseModel):
    """One uncertain (or known) number of a scenario.

    Either ``value``, or ``distribution`` with its numbers: uniform (low, high), triangular (low, mode, high),
    lognormal (median, geometric standard deviation ``gsd``), beta (mean, sd; on 0-1).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    value: float | None = Field(None, title="Verdi", description="Fast tall, når det ikke er usikkert.")
    distribution: Family | None = Field(None, title="Fordeling", description="Formen på usikkerheten.")
    low: float | None = Field(None, title="Lav")
    mode: float | None = Field(None, title="Mest sannsynlig")
    high: float | None = Field(None, title="Høy")
    median: float | None = Field(None, title="Median")
    gsd: float | None = Field(None, title="Geometrisk standardavvik", gt=1)
    mean: float | None = Field(None, title="Gjennomsnitt")
    sd: float | None = Field(None, title="Standardavvik", gt=0)
    unit: str = Field(title="Enhet", description="Måleenheten; hver parameter krever sin.")
    source: str = Field(title="Kilde", description="Nøkkel i data/sources.csv, deretter eventuelt sted i kilden.")
    tag: Tag = Field(title="Evidensgrad", description="measured, planned, estimated, derived eller assumption.")
    note: str | None = Field(None, title="Merknad")

    @model_validator(mode="after")
    def _complete(self) -> Parameter:
        given = {n for n in _NUMBERS if getattr(self, n) is not None}
        if (self.value is None) == (self.distribution is None):
            raise PydanticCustomError("one_of", "gi enten value eller distribution|give either value or distribution")
        if self.distribution is None:
            if given:
                raise PydanticCustomError(
                    "fixed",
                    "value kan ikke stå sammen med {given}|value cannot stand together with {given}",
                    {"given": ", ".join(sorted(given))},
                )
            return self
        wanted = set(FAMILIES[self.distribution])
        if given != wanted:
            raise PydanticCustomError(
                "numbers",
                "fordelingen {family} krever {wanted}, og ikke noe annet tall|"
                "the distribution {family} needs {wanted} and no other number",
                {"family": self.distribution, "wanted": ", ".join(FAMILIES[self.distribution])},
            )
        self._check_order()
        return self

    def _check_order(self) -> None:
        if self.distribution in ("uniform", "triangular"):
            numbers = [getattr(self, n) for n in FAMILIES[self.distribution]]
            if numbers != sorted(numbers) or numbers[0] == numbers[-1]:
                raise PydanticCustomError(
                    "order", "tallene må stige fra low til high|the numbers must rise from low to high"
                )
        elif self.distribution == "lognormal" and (self.median or 0) <= 0:
            raise PydanticCustomError("positive", "median må være over 0|median must be above 0")
        elif self.distribution == "beta":
            mean, sd = self.mean or 0.0, self.sd or 0.0
            if not (0 < mean < 1 and sd * sd < mean * (1 - mean)):
                raise PydanticCustomError(
                    "beta",
                    "beta krever 0 < mean < 1 og sd² < mean·(1 − mean)|beta needs 0 < mean < 1 and sd² < mean·(1 − mean)",
                )

    @property
    def uncertain(self) -> bool:
        """Whether it has a distribution."""
        return self.distribution is not None

    @property
    def distributed(self) -> tuple[str | None, tuple[float | None, ...], str]:
        """What decides its draws: family, numbers and unit, not where they come from."""
        return self.distribution, (self.value, *(getattr(self, n) for n in _NUMBERS)), self.unit

    def _frozen(self) -> Any:
        """The scipy distribution behind an uncertain parameter."""
        from scipy import stats

        if self.distribution == "uniform":
            return stats.uniform(self.low, self._width)
        if self.distribution == "triangular":
            return stats.triang(((self.mode or 0.0) - (self.low or 0.0)) / self._width, self.low, self._width)
        if self.distribution == "lognormal":
            return stats.lognorm(float(np.log(self.gsd or 1.0)), scale=self.median)
        return stats.beta(*self._shapes)

    @property
    def _shapes(self) -> tuple[float, float]:
        """The two of a beta distribution."""
        mean, sd = self.mean or 0.0, self.sd or 1.0
        size = mean * (1 - mean) / sd**2 - 1
        return mean * size, (1 - mean) * size

    @property
    def _width(self) -> float:
        return (self.high or 0.0) - (self.low or 0.0)

    def quantile(self, u: Floats) -> Floats:
        """The values at probabilities ``u`` (0-1); a fixed parameter gives its value everywhere."""
        if self.value is not None:
            return np.full_like(u, self.value)
        from scipy import special  # scipy.stats has the same to the bit, but takes half a second to import

        low, mode, width = self.low or 0.0, self.mode or 0.0, self._width
        if self.distribution == "uniform":
            return np.asarray(u * width + low)
        if self.distribution == "triangular":
            c = (mode - low) / width
            return np.asarray(np.where(u < c, np.sqrt(c * u), 1 - np.sqrt((1 - c) * (1 - u))) * width + low)
        if self.distribution == "lognormal":
            return np.asarray(np.exp(float(np.log(self.gsd or 1.0)) * special.ndtri(u)) * (self.median or 0.0))
        return np.asarray(special.betaincinv(*self._shapes, u))

    def moments(self) -> tuple[float, float]:
        """Mean and variance by theory."""
        if self.value is not None:
            return self.value, 0.0
        mean, variance = self._frozen().stats("mv")
        return float(mean), float(variance)

    def support(self) -> tuple[float, float]:
        """The lowest and highest value it can take."""
        if self.value is not None:
            return self.value, self.value
        if self.distribution == "lognormal":
            return 0.0, float("inf")
        if self.distribution == "beta":
            return 0.0, 1.0
        return self.low or 0.0, self.high or 0.0


@dataclass(frozen=True)
class Units:
    """What a field asks of its parameter when several units will do: the bounds of what it can take, by unit."""

    bounds: tuple[tuple[str, float], ...]  # unit and highest value; the lowest is 0

    def check(self, parameter: Parameter) -> Parameter:
        """Give the parameter back, or refuse it for its unit or range."""
        known = dict(self.bounds)
        if parameter.unit not in known:
            raise PydanticCustomError(
                "unit",
                "enheten må være en av {units}, ikke «{got}»|the unit must be one of {units}, not «{got}»",
                {"units": ", ".join(known), "got": parameter.unit},
            )
        return Quantity(parameter.unit, 0, known[parameter.unit]).check(parameter)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"allOf": [handler(schema)], "properties": {"unit": {"enum": [unit for unit, _ in self.bounds]}}}


@dataclass(frozen=True)
class Quantity:
    """What a field asks of its parameter: the unit, and the bounds of everything it can take."""

    unit: str
    low: float = 0.0
    high: float = float("inf")

    def check(self, parameter: Parameter) -> Parameter:
        """Give the parameter back, or refuse it for its unit or range."""
        if parameter.unit != self.unit:
            raise PydanticCustomError(
                "unit",
                "enheten må være «{unit}», ikke «{got}»|the unit must be «{unit}», not «{got}»",
                {"unit": self.unit, "got": parameter.unit},
            )
        bottom, top = parameter.support()
        if self.low == 0 and bottom < 0 and isinf(self.high):
            raise PydanticCustomError("negative", "kan ikke være negativ|cannot be negative")
        if bottom < self.low or (top > self.high and not (isinf(top) and isinf(self.high))):
            raise PydanticCustomError(
                "range",
                "må ligge mellom {low} og {high} ({unit}), men går fra {bottom} til {top}|"
                "must lie between {low} and {high} ({unit}) but runs from {bottom} to {top}",
                {
                    "low": f"{self.low:g}",
                    "high": f"{self.high:g}",
                    "unit": self.unit,
                    "bottom": f"{bottom:g}",
                    "top": f"{top:g}",
                },
            )
        return parameter

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"allOf": [handler(schema)], "properties": {"unit": {"const": self.unit}}}


Share = Annotated[Parameter, Quantity("share", 0, 1)]
Rate = Annotated[Parameter, Quantity("1/year", 0, 365)]
Factor = Annotated[Parameter, Quantity("factor", 0, 1000)]
Variance = Annotated[Parameter, Quantity("variance", 0, 4)]
Count = Annotated[Parameter, Quantity("count")]
Persons = Annotated[Parameter, Quantity("persons")]
Months = Annotated[Parameter, Quantity("months", 0, 240)]
Delay = Annotated[Parameter, Quantity("months", -120, 240)]
Weeks = Annotated[Parameter, Quantity("weeks", 0, 520)]
Years = Annotated[Parameter, Quantity("years", 0, 100)]
Hours = Annotated[Parameter, Quantity("hours", 0, 8760)]
Minutes = Annotated[Parameter, Quantity("minutes", 0, 600)]
EntryRate = Annotated[Parameter, Quantity("entries/1000 inhabitants/year", 0, 10_000)]
StaffRate = Annotated[Parameter, Quantity("persons/1000 inhabitants", 0, 1000)]
ContactRate = Annotated[Parameter, Quantity("contacts/inhabitant/year", 0, 1000)]
CardRate = Annotated[Parameter, Quantity("cards/week/1000 staff", 0, 100_000)]
SeatRate = Annotated[Parameter, Quantity("seats/month/1000 staff", 0, 100_000)]
CallRate = Annotated[Parameter, Quantity("calls/contact", 0, 10_000)]
EntriesPerPatient = Annotated[Parameter, Quantity("entries/patient", 0.1, 100)]
EntriesPerMonth = Annotated[Parameter, Quantity("entries/month")]
Weight = Annotated[Parameter, Quantity("weight")]
