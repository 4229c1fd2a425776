"""Budgets: the mandate's own, its yearly cycle, and what is refused with a reason."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.scenario import budget
from sim.scenario.data import shipped


def test_the_mandates_budget_is_the_published_one() -> None:
    found = budget.read("budget-mandate")
    assert {y: a.value for y, a in found.years.items()} == {
        2024: 10.2, 2025: 23, 2026: 30.8, 2027: 30.09, 2028: 28.95, 2029: 5.49,
    }  # fmt: skip
    assert {a.tag for a in found.years.values()} == {"planned"}


def test_money_moves_at_the_yearly_cycle() -> None:
    found = budget.read("budget-mandate")
    starts = budget.starts(found, dt.date(2026, 9, 15), "2028-02")
    assert [(s.month, s.plan) for s in starts] == [
        ("2027-01", dt.date(2026, 9, 15)),
        ("2027-03", dt.date(2027, 2, 1)),
        ("2028-01", dt.date(2027, 9, 15)),
    ]
    assert budget.starts(found, dt.date(2026, 9, 16), "2027-02") == []


@pytest.mark.parametrize(
    ("replace", "by", "told"),
    [
        ("  2026: {from: budget/Norge/budget_2026}\n", "", "2026 mangler"),
        (
            "{from: budget/Norge/budget_2027}",
            "{value: -1, unit: MNOK (2024), source: HOD-2024, tag: planned}",
            "negativ",
        ),
        ("{from: budget/Norge/budget_2027}", "{value: 1, unit: kr, source: HOD-2024, tag: planned}", "enheten må være"),
        (
            "{from: budget/Norge/budget_2027}",
            "{distribution: uniform, low: 1, high: 2, unit: MNOK (2024), source: HOD-2024, tag: planned}",
            "fast beløp",
        ),
        ("budget/Norge/budget_2027", "budget/Norge/budget_2037", "budget_2037"),
        ('plan: "02-01"', 'plan: "februar"', "måned og dag"),
        ("tag: planned\n", "tag: planed\n", "planed"),
    ],
)
def test_a_budget_that_cannot_be_used_is_refused_with_its_place(
    replace: str, by: str, told: str, tmp_path: Path
) -> None:
    text = (shipped() / "budget-mandate.yaml").read_text(encoding="utf-8")
    assert replace in text
    file = tmp_path / "budget.yaml"
    file.write_text(text.replace(replace, by), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        budget.read(file)
    assert told in caught.value.render("nb")
    assert str(file) in caught.value.render("nb")


def test_a_budget_of_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "budget.yaml"
    nothing = "{value: 0, unit: MNOK (2024), source: HOD-2024, tag: planned}"
    text = (shipped() / "budget-mandate.yaml").read_text(encoding="utf-8")
    for year in range(2024, 2030):
        text = text.replace(f"{{from: budget/Norge/budget_{year}}}", nothing)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="nothing to plan"):
        budget.read(file)
