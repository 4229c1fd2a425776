"""The commands of ``utrulling``, one file each: ``HELP``, ``AIMS`` (the questions that it answers, if any), ``arguments`` and ``run``.

Heavy imports wait in ``run``.
"""

from __future__ import annotations

from types import ModuleType

from sim.faces.commands import (
    backtest,
    calibrate,
    check,
    compare,
    demand,
    doctor,
    document,
    explain,
    forecast,
    init,
    plan,
    prioritise,
    schema,
    sensitivity,
    web,
)

COMMANDS: dict[str, ModuleType] = {
    "init": init,
    "check": check,
    "forecast": forecast,
    "compare": compare,
    "plan": plan,
    "sensitivity": sensitivity,
    "prioritise": prioritise,
    "explain": explain,
    "web": web,
    "calibrate": calibrate,
    "backtest": backtest,
    "demand": demand,
    "document": document,
    "schema": schema,
    "doctor": doctor,
}
