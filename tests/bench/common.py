"""What every benchmark shares: the machine, the result, the file and the table."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One figure, with the goal it is held against (None: only reported)."""

    name: str
    value: float
    unit: str
    goal: str | None = None
    holds: bool | None = None


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def below(name: str, value: float, unit: str, limit: float) -> Result:
    """A figure that should not be above ``limit``."""
    return Result(name, value, unit, f"<= {limit:g}", value <= limit)


def above(name: str, value: float, unit: str, limit: float) -> Result:
    """A figure that should not be below ``limit``."""
    return Result(name, value, unit, f">= {limit:g}", value >= limit)


def report(name: str, results: list[Result]) -> None:
    """Write ``out/bench/<name>.json`` and print the same as a table."""
    content = {"machine": machine(), "results": [asdict(r) for r in results]}
    folder = Path("out/bench")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\n{name}: {content['machine']}")
    width = max(len(r.name) for r in results)
    for r in results:
        verdict = "" if r.holds is None else "holds" if r.holds else "DOES NOT HOLD"
        print(f"  {r.name:<{width}}  {r.value:>12,.4g} {r.unit:<14} {r.goal or '':<10} {verdict}")
