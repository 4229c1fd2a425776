"""Locust's master and workers: the same arrivals however many play them, and an honest verdict when one is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest


def played(*arguments: str) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "-m", "tests.loadtests.scaled", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    told: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return told


@pytest.mark.slow
def test_two_workers_play_exactly_what_one_process_plays() -> None:
    alone, shared = played("0", "8"), played("2", "8")
    assert alone["verdict"] == shared["verdict"] == "pass"
    assert alone["missed"] == shared["missed"] == 0
    assert {k: v for k, v in alone["sent"].items() if k != "token"} == {
        k: v for k, v in shared["sent"].items() if k != "token"
    }
    assert shared["histogram_counts"] == shared["sent"]


@pytest.mark.slow
def test_when_a_worker_is_killed_its_stripes_are_played_by_the_other_and_the_run_is_invalid() -> None:
    told = played("2", "20", "kill")
    assert len(told["lost"]) == 1
    assert 0 < told["missed"] < told["due"] / 2
    assert told["verdict"] == "invalid"
    assert told["wrong"] == 0
    assert set(told["late_stripes"]) == set(
        map(str, range(told["stripes"]))
    )  # every stripe was still played at the end
