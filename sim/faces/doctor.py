"""Is this installation fit to work? Each check says what it found, and what to do if it failed."""

from __future__ import annotations

import importlib
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.language import Text

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "pydantic", "yaml", "simpy", "numba", "matplotlib", "jinja2", "tqdm")


@dataclass(frozen=True)
class Check:
    """What was checked, whether it holds, and what was found or should be done."""

    what: Text
    holds: bool
    found: str


def checks() -> list[Check]:
    """All checks, in order."""
    return [_python(), _packages(), _compiler(), _scenarios(), _writable()]


def _try(what: Text, run: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(what, True, run())
    except Exception as error:  # a check reports whatever is wrong
        return Check(what, False, f"{error}. {remedy}")


def _python() -> Check:
    return Check(
        Text("Python 3.11 eller nyere", "Python 3.11 or newer"), sys.version_info >= (3, 11), platform.python_version()
    )


def _packages() -> Check:
    def run() -> str:
        for name in PACKAGES:
            importlib.import_module(name)
        return f"{len(PACKAGES)} av {len(PACKAGES)}"

    return _try(Text("Pakkene er installert", "The packages are installed"), run, "make setup")


def _compiler() -> Check:
    def run() -> str:
        from sim.model.quantiles import binomial

        value = binomial(0.5, 10, 0.5)
        if value != 5:
            raise RuntimeError(f"binomial(0.5, 10, 0.5) = {value}")
        return "numba"

    return _try(Text("Modellen lar seg kompilere", "The model compiles"), run, "make clean && make setup")


def _scenarios() -> Check:
    def run() -> str:
        from sim.scenario.data import scenarios, shipped
        from sim.scenario.load import load

        files = scenarios()
        if not files:
            raise RuntimeError(f"ingen scenarioer i {shipped()}")
        for file in files:
            load(file)
        return ", ".join(f.stem for f in files)

    return _try(
        Text("De ferdige scenarioene er gyldige", "The shipped scenarios are valid"), run, "git status scenarios"
    )


def _writable() -> Check:
    def run() -> str:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            (Path(folder) / "x").write_text("x", encoding="utf-8")
        return str(Path.cwd())

    return _try(Text("Mappen kan skrives i", "The folder can be written to"), run, "cd ~")
