"""Runs every benchmark: ``python -m tests.bench`` (or ``make bench``), or those named after it."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench

names = sys.argv[1:] or sorted(
    m.name for m in pkgutil.iter_modules(tests.bench.__path__) if m.name not in ("common", "__main__")
)
for name in names:
    importlib.import_module(f"tests.bench.{name}").main()
