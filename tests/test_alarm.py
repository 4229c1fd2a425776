"""The suite's false-alarm budget adds up."""

from __future__ import annotations

import re
from pathlib import Path

from tests.alarm import BUDGET


def test_the_suite_rejects_a_right_program_at_most_once_in_a_million_runs() -> None:
    assert sum(BUDGET.values()) <= 1e-6


def test_every_share_of_the_budget_is_spent_in_one_place() -> None:
    here = Path(__file__)
    text = "\n".join(f.read_text(encoding="utf-8") for f in here.parent.rglob("test_*.py") if f != here)
    for name in BUDGET:
        assert len(re.findall(rf'alpha\("{name}"', text)) == 1, name
