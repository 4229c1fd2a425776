"""The commands of ``kj-load``, one file each: ``HELP``, ``arguments`` and ``run``. Heavy imports wait in ``run``."""

from __future__ import annotations

from types import ModuleType

from loadtests.commands import capacity, check, compare, headroom, run, worker

COMMANDS: dict[str, ModuleType] = {
    "run": run,
    "check": check,
    "compare": compare,
    "capacity": capacity,
    "headroom": headroom,
    "worker": worker,
}
