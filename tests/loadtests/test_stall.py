"""Coordinated omission: the percentiles of a server that stalls are those of the arrivals, not of the lucky ones.

The mock is frozen (SIGSTOP) 2 s out of 10. An arrival that finds it frozen waits for the rest, which is uniform on
0-2 s; so a share (2 - x)/10 of all waits longer than x, and p99 = 2 - 0.01 * 10 = 1.9 s. A closed loop sends one request
into the stall and none while it waits, and its p99 is that of a server in good health.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

STALL, EVERY = 2.0, 10.0
THEORY_MS = 1000 * (STALL - 0.01 * EVERY)


def played(cycles: int, rate: float) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "-m", "tests.loadtests.stalled", str(cycles), str(rate)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    told: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return told


def exact_p99(told: dict[str, Any]) -> float:
    """From the arrivals that were drawn and the moments at which the mock was really frozen, in ms."""
    due = np.array(told["due"])
    wait = np.zeros(len(due))
    for begun, ended in told["windows"]:
        inside = (due >= begun) & (due < ended)
        wait[inside] = ended - due[inside]
    return 1000 * float(np.sort(wait)[int(np.ceil(0.99 * len(wait))) - 1])


def check(told: dict[str, Any]) -> None:
    assert told["sent"] == told["good"] == len(told["due"])  # the stall stopped nobody from arriving
    assert told["response"]["p99"] == pytest.approx(exact_p99(told), rel=0.05)
    assert told["closed"]["max"] > 1000  # the closed loop met the stall too,
    assert told["closed"]["p99"] < 0.25 * told["response"]["p99"]  # and its p99 does not know


def test_p99_of_one_stall_is_that_of_its_arrivals_where_a_closed_loop_hides_it() -> None:
    told = played(1, 40)
    check(told)
    assert told["response"]["p99"] == pytest.approx(THEORY_MS, rel=0.08)  # 400 arrivals: the seed's own share


@pytest.mark.slow
def test_p99_over_many_stalls_is_the_analytic_one() -> None:
    told = played(6, 60)
    check(told)
    assert told["response"]["p99"] == pytest.approx(THEORY_MS, rel=0.05)
