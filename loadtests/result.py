"""The result of a run as files: JSON with everything (and the histograms), JUnit XML for pipelines."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import platform
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from loadtests.api.call import LEGACY
from loadtests.demand import INDEX, OPERATIONS, Operation
from loadtests.errors import UserError
from loadtests.latency import Latency
from loadtests.recorder import Second

if TYPE_CHECKING:  # the run brings in Locust, which patches the standard library
    from loadtests.run import Outcome

FORMAT = "kj-load-result/1"
KINDS: dict[str, tuple[Operation, ...]] = {
    "status": ("status",),
    "read": ("read",),
    "write": ("create", "update", "delete"),
    "login": ("login",),
}
ISSUER_CALLS = ("par", "authorize", "login", "token")
LIBRARIES = ("locust", "gevent", "geventhttpclient", "hdrhistogram", "cryptography", "numpy")


def content(outcome: Outcome, repeat: str) -> dict[str, Any]:
    """Everything that a run says, as plain data (format kj-load-result/1)."""
    recorder, seconds = outcome.recorder, outcome.seconds
    due = len(outcome.arrivals)
    missed = due - recorder.arrivals_played() + sum(recorder.missed.values())
    return {
        "format": FORMAT,
        "verdict": outcome.verdict.value,
        "interrupted": outcome.interrupted,
        "findings": [
            {"operation": f.operation, "what": f.what, "limit": f.limit, "found": _finite(f.found), "holds": f.holds}
            for f in outcome.findings
        ],
        "seconds": seconds,
        "began": outcome.began,
        "arrivals": {"due": due, "played": recorder.arrivals_played(), "missed": missed, "why": dict(recorder.missed)},
        "lost_workers": outcome.lost,
        "demand": demand_rows(outcome),
        "operations": {
            name: {
                "sent": o.sent,
                "good": o.good,
                "achieved_per_second": round(o.sent / seconds, 4),
                "errors": dict(o.errors),
                "error_rate": round(sum(o.errors.values()) / o.sent, 6) if o.sent else 0.0,
                "wrong": dict(o.wrong),
                "wrong_answers": sum(o.wrong.values()),
                "response_ms": o.response.summary(),
                "service_ms": o.service.summary(),
                "response_histogram": base64.b64encode(o.response.encode()).decode(),
            }
            for name, o in sorted(recorder.operations.items())
        },
        "journeys": {name: {"count": h.count, **h.summary()} for name, h in sorted(recorder.journeys.items())},
        "lateness_ms": recorder.lateness.summary(),
        "retries": recorder.retries,
        "timeline": timeline(outcome),
        "server": {"counts": outcome.server, "cpu_per_second": cpu(outcome), "cpu_mean": cpu_mean(outcome)},
        "played": {"origin": outcome.demand.origin, "assumptions": outcome.demand.assumptions},
        "scenario": outcome.scenario.model_dump(mode="json"),
        "repeat": repeat,
        "machine": machine(),
    }


def demand_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """By operation: what the demand wants on average, what was drawn, what was sent of it, and the rates."""
    expected = outcome.course.expected().sum(axis=0)
    due = outcome.arrivals.due()
    rows = []
    for name in OPERATIONS:
        seen = [outcome.recorder.operations.get(n) for n in (name, LEGACY + name)]
        sent = sum(o.sent for o in seen if o is not None)
        rows.append(
            {
                "operation": name,
                "wanted_per_second": round(float(expected[INDEX[name]]) / outcome.seconds, 4),
                "due": due[name],
                "sent": sent,
                "achieved_per_second": round(sent / outcome.seconds, 4),
            }
        )
    return rows


def timeline(outcome: Outcome) -> list[dict[str, Any]]:
    """By second of the run: the rate wanted, sent (both API generations), failed, the generator's worst lateness; the
    same [wanted, sent] for each kind of call; and all exchanges with HelseID, of which a login needs several."""
    seconds = np.arange(int(np.ceil(outcome.seconds)))
    # the last second may be a part of one
    middles = (seconds + np.minimum(seconds + 1, outcome.seconds)) / 2
    wanted = outcome.course.rate(middles.astype(np.float64))
    rows = []
    for second in seconds:
        seen = outcome.recorder.seconds.get(int(second), Second())
        kinds = {
            kind: [
                round(float(sum(wanted[second, INDEX[name]] for name in names)), 3),
                sum(seen.calls[generation + name] for name in names for generation in ("", LEGACY)),
            ]
            for kind, names in KINDS.items()
        }
        rows.append(
            {
                "second": int(second),
                "wanted": round(float(wanted[second].sum()), 3),
                "sent": sum(sent for _, sent in kinds.values()),
                "failed": seen.failed,
                "lateness_ms": round(seen.late_us / 1000, 3),
                "kinds": kinds,
                "helseid": sum(seen.calls[name] for name in ISSUER_CALLS),
            }
        )
    return rows


def cpu(outcome: Outcome) -> list[list[float]]:
    """[second, share of a core] that the server used, between the samples."""
    rows = []
    for before, after in zip(outcome.samples, outcome.samples[1:], strict=False):
        if before.cpu is not None and after.cpu is not None and after.at > before.at:
            rows.append([round(after.at, 1), round((after.cpu - before.cpu) / (after.at - before.at), 3)])
    return rows


def cpu_mean(outcome: Outcome) -> float | None:
    """Cores that the server used over the whole run; None if it does not tell."""
    told = [(s.at, s.cpu) for s in outcome.samples if s.cpu is not None]
    if len(told) < 2:
        return None
    return round((told[-1][1] - told[0][1]) / (told[-1][0] - told[0][0]), 3)


def machine() -> dict[str, Any]:
    """What the run was made on and with."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        names = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **{n: metadata.version(n) for n in LIBRARIES}},
    }


def junit(told: dict[str, Any], name: str) -> bytes:
    """The findings as JUnit XML: a failure for what does not hold, an error for what makes the run invalid."""
    cases = told["findings"]
    bad = [f for f in cases if not f["holds"]]
    invalid = [f for f in bad if f["operation"] == "generator"]
    suite = ElementTree.Element(
        "testsuite",
        name=f"kj-load {name}",
        tests=str(len(cases)),
        failures=str(len(bad) - len(invalid)),
        errors=str(len(invalid)),
        time=f"{told['seconds']:.3f}",
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(told["began"])),
    )
    for finding in cases:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"kj-load.{finding['operation']}", name=finding["what"], time="0"
        )
        if not finding["holds"]:
            kind = "error" if finding["operation"] == "generator" else "failure"
            message = f"{finding['what']} is {finding['found']}, limit {finding['limit']}"
            ElementTree.SubElement(case, kind, message=message, type=told["verdict"])
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def read(path: Path) -> dict[str, Any]:
    """A result file. Raises UserError."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} kan ikke leses: {error}", f"{path} cannot be read: {error}") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise UserError(f"{path} er ikke et resultat av kj-load run", f"{path} is not a result of kj-load run")
    return told


def response(told: dict[str, Any], operation: str) -> Latency:
    """The response times of an operation in a result file."""
    histogram = Latency()
    histogram.add(base64.b64decode(told["operations"][operation]["response_histogram"]))
    return histogram


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises UserError."""
    aside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}-", delete=False) as handle:
            aside = Path(handle.name)
            handle.write(data)
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:
        raise UserError(
            f"kan ikke skrive {path}: {error.strerror}", f"cannot write {path}: {error.strerror}"
        ) from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def dumps(told: Any) -> bytes:
    """JSON as all our files have it."""
    return (json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _finite(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
