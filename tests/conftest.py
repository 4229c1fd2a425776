"""Hypothesis looks at the same examples in every run: the suite passes or fails by what the program is, not by luck."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("same")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skip that leaves a whole part untested is said aloud, not as a letter in a row of dots."""
    reasons = {
        str(report.longrepr[2])
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple)
    }
    for reason in sorted(r for r in reasons if "NO BROWSER" in r):
        terminalreporter.write_line(reason, red=True, bold=True)
