"""Objectives and the verdict: pass, fail or invalid.

A run is *invalid* when it says nothing about the server: arrivals were missed, or the generator was late itself. That
comes first; a fast answer to too few requests is no pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from loadtests.language import Text, milliseconds, percent
from loadtests.recorder import Operation, Recorder

QUANTILES = {"p50_ms": 50.0, "p90_ms": 90.0, "p95_ms": 95.0, "p99_ms": 99.0, "p99_9_ms": 99.9, "p99_99_ms": 99.99}


class Verdict(StrEnum):
    """What a run says."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"


class Objective(BaseModel):
    """What one operation must hold; what is left out is not asked. Times are response times, from the intended start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p50_ms: float | None = Field(None, gt=0)
    p90_ms: float | None = Field(None, gt=0)
    p95_ms: float | None = Field(None, gt=0)
    p99_ms: float | None = Field(None, gt=0)
    p99_9_ms: float | None = Field(None, gt=0)
    p99_99_ms: float | None = Field(None, gt=0)
    error_rate: float | None = Field(None, ge=0, le=1)
    errors: dict[str, float] = Field({}, description="highest share of one kind of error, such as http-503 or timeout")
    wrong: int | None = Field(None, ge=0, description="highest number of wrong answers")


class Validity(BaseModel):
    """What makes a run worth a verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lateness_p99_ms: float = Field(50.0, gt=0, description="the generator's own lateness")
    missed: float = Field(0.001, ge=0, le=1, description="highest share of the arrivals that were not played")


@dataclass(frozen=True)
class Finding:
    """One thing that was asked, what was found, and whether it holds."""

    operation: str
    what: str
    limit: float
    found: float
    holds: bool
    invalidates: bool = False

    def sentence(self) -> Text:
        """It in words."""
        return Text(*(self._sentence(lang) for lang in ("nb", "en")))

    def _sentence(self, lang: str) -> str:
        if self.what.endswith("_ms"):
            shown = f"{milliseconds(self.found * 1000, lang)} ms ({milliseconds(self.limit * 1000, lang)} ms)"
        elif self.what == "wrong":
            shown = f"{self.found:.0f} ({self.limit:.0f})"
        else:
            shown = f"{percent(self.found, lang, 3)} ({percent(self.limit, lang, 3)})"
        mark = "\u2713" if self.holds else "\u2717"
        return f"{mark} {self.operation} {self._name(lang)}: {shown}"

    def _name(self, lang: str) -> str:
        if self.what in _NAMES:
            return _NAMES[self.what].to(lang)
        return self.what.removesuffix("_ms").replace("_", "," if lang == "nb" else ".")


_NAMES = {
    "lateness_p99_ms": Text("egen forsinkelse p99", "own lateness p99"),
    "missed": Text("ankomster som ikke ble spilt", "arrivals not played"),
    "error_rate": Text("feil", "errors"),
    "wrong": Text("gale svar", "wrong answers"),
}


def judge(
    recorder: Recorder, objectives: dict[str, Objective], validity: Validity, due: int
) -> tuple[Verdict, list[Finding]]:
    """The verdict of a run in which ``due`` arrivals were drawn. The objective «all» holds for every operation."""
    findings = [*_validity(recorder, validity, due)]
    for name in objectives:
        operations = recorder.operations if name == "all" else {name: recorder.operations.get(name, Operation())}
        for operation, seen in operations.items():
            findings += _held(operation, seen, objectives[name])
    if any(not f.holds and f.invalidates for f in findings):
        return Verdict.INVALID, findings
    return (Verdict.PASS if all(f.holds for f in findings) else Verdict.FAIL), findings


def _validity(recorder: Recorder, validity: Validity, due: int) -> list[Finding]:
    late = (recorder.lateness.at(99.0) or 0.0) / 1000
    missed = (due - recorder.arrivals_played() + sum(recorder.missed.values())) / due if due else 1.0
    return [
        Finding("generator", "lateness_p99_ms", validity.lateness_p99_ms, late, late <= validity.lateness_p99_ms, True),
        Finding("generator", "missed", validity.missed, missed, missed <= validity.missed, True),
    ]


def _held(name: str, seen: Operation, asked: Objective) -> list[Finding]:
    findings = []
    for what, percentile in QUANTILES.items():
        limit = getattr(asked, what)
        if limit is not None:
            found = seen.response.at(percentile)
            value = float("nan") if found is None else found / 1000
            findings.append(Finding(name, what, limit, value, found is not None and value <= limit))
    errors = sum(seen.errors.values())
    if asked.error_rate is not None:
        rate = errors / seen.sent if seen.sent else 0.0
        findings.append(Finding(name, "error_rate", asked.error_rate, rate, rate <= asked.error_rate))
    for kind, limit in asked.errors.items():
        rate = seen.errors[kind] / seen.sent if seen.sent else 0.0
        findings.append(Finding(name, f"error {kind}", limit, rate, rate <= limit))
    if asked.wrong is not None:
        wrong = sum(seen.wrong.values())
        findings.append(Finding(name, "wrong", asked.wrong, wrong, wrong <= asked.wrong))
    return findings
