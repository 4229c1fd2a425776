"""Capacity files as the load test writes them, built in code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Plain = dict[str, Any]


def rate(median: float, low: float | None = None, high: float | None = None) -> Plain:
    """A rate of three repetitions."""
    each = [median if x is None else x for x in (low, None, high)]
    return {"median": median, "low": each[0], "high": each[2], "covers": 0.75, "each": [x or median for x in each]}


def point(processes: int, measured: Plain, limited_by: str = "service") -> Plain:
    return {"processes": processes, "rate": measured, "limited_by": limited_by, "broke": ["status p99"]}


def content(*points: Plain, **changes: Any) -> Plain:
    """A whole file."""
    return {
        "format": "kj-capacity/1",
        "unit": "openings per second",
        "scenario": "monday-morning",
        "hour": "mon 08",
        "objectives": {"status": {"p99_ms": 300.0}},
        "points": list(points) or [point(1, rate(100.0, 90.0, 120.0))],
        "scalability": None,
        "steps": [],
        "machine": {"processor": "a processor", "cores": 2},
        "made": "2026-11-24T12:00:00+00:00",
    } | changes


def write(folder: Path, *points: Plain, **changes: Any) -> Path:
    """The file on disk."""
    path = folder / "capacity.json"
    path.write_text(json.dumps(content(*points, **changes), indent=1), encoding="utf-8")
    return path
