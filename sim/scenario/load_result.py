"""What a load test found: the result file of ``kj-load run``, as far as it is shown beside the forecast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import ScenarioError, UserError, why
from sim.scenario import text
from sim.scenario.faults import Faults, explain

FORMAT = "kj-load-result/1"
LATEST = 1e11  # seconds since 1970 that are still a date
Verdict = Literal["pass", "fail", "invalid"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)  # it holds much more, and may come to


class Finding(_Form):
    """One thing that was asked of an operation, what was found (None: nothing), and whether it holds."""

    operation: str
    what: str
    limit: float
    found: float | None
    holds: bool


class Times(_Form):
    """Response times in milliseconds, from the moment a call was due; None without calls."""

    p50: float | None = Field(None, ge=0)
    p95: float | None = Field(None, ge=0)
    p99: float | None = Field(None, ge=0)
    max: float | None = Field(None, ge=0)


class Operation(_Form):
    """The calls of one operation."""

    sent: int = Field(ge=0)
    achieved_per_second: float = Field(ge=0)
    error_rate: float = Field(ge=0, le=1)
    wrong_answers: int = Field(ge=0)
    response_ms: Times


class Second(_Form):
    """One second of the run: calls per second wanted and sent, and failed ones."""

    second: int = Field(ge=0)
    wanted: float = Field(ge=0)
    sent: int = Field(ge=0)
    failed: int = Field(ge=0)


class Played(_Form):
    """What was played: the title of the load scenario."""

    title: dict[str, str]


class File(_Form):
    """The result file; ``began`` in seconds since 1970 (UTC)."""

    format: Literal["kj-load-result/1"]
    verdict: Verdict
    interrupted: bool = False
    findings: list[Finding]
    seconds: float = Field(ge=0)
    began: float = Field(ge=0, le=LATEST)
    operations: dict[str, Operation]
    timeline: list[Second]
    scenario: Played
    repeat: str
    machine: dict[str, Any]

    def title(self, lang: str) -> str:
        """What was played, in words."""
        return self.scenario.title.get(lang) or next(iter(self.scenario.title.values()), "\u2013")


def read(path: Path) -> File:
    """A result file.

    Raises:
        UserError: it cannot be read, or is no result of ``kj-load run``.
        ScenarioError: something in it is wrong; with line, column and key.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = why(error)
        raise UserError(f"{path} kan ikke leses: {reason.nb}", f"{path} cannot be read: {reason.en}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} kan ikke leses: {error}", f"{path} cannot be read: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise UserError(f"{path} er ikke et resultat av kj-load run", f"{path} is not a result of kj-load run")
    try:
        return File.model_validate(told)
    except ValidationError as error:
        faults = Faults(path)
        faults.places = text.read(path)[1]
        for fault in error.errors():
            explain(fault, faults, File)
        raise ScenarioError(faults.ordered()) from error
