"""What a plan may choose among: nothing costs before the budget decision that pays for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sim.errors import UserError
from sim.experiments import costs
from sim.experiments.plan import Choice
from sim.experiments.plan_options import Options, options
from sim.model.draws import table
from sim.model.rollout import Model
from sim.scenario import budget, intervention
from sim.scenario.load import Loaded, load

BY = "2028-12"


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load("national")


@pytest.fixture(scope="module")
def chosen(loaded: Loaded) -> Options:
    starts = budget.starts(budget.read("budget-mandate"), dt.date(2026, 9, 15), BY)
    return options(loaded, intervention.shipped(), starts, BY)


def test_nothing_costs_before_the_decision_that_pays_for_it(loaded: Loaded, chosen: Options) -> None:
    """Every shipped intervention, from every month that it may take: its first money is in the month from which the budget pays."""
    model = Model(loaded.scenario)
    rows = table(model.columns, 1, 2)
    choices = [c for alternatives in chosen.items for c in alternatives]
    assert {c.key for c in choices} == set(intervention.shipped())
    prepared = 0
    for choice in choices:
        one = chosen.interventions[choice.key].at(choice.start)
        spent = costs.monthly(model, [one], rows, 1).sum(axis=(0, 1))
        money = chosen.paid[choice]
        assert np.flatnonzero(spent)[0] == model.scenario.period.index(money.month), choice
        assert money.plan < dt.date.fromisoformat(f"{money.month}-01")
        assert choice.start <= BY
        prepared += choice.start > money.month
    assert prepared > 10  # the test sees interventions that spend before they start


def test_what_takes_too_long_to_prepare_is_refused_with_the_reason(chosen: Options) -> None:
    """Fifteen months from January 2027 is April 2028; from January 2028 it is after ``BY``."""
    sync = [c for alternatives in chosen.items for c in alternatives if c.key == "automatic-sync"]
    assert [c.start for c in sync] == ["2028-04", "2028-06"]
    assert "15 måneder" in chosen.refused[Choice("automatic-sync", "2029-04")].nb


def test_when_nothing_can_begin_in_time_that_is_said(loaded: Loaded) -> None:
    starts = budget.starts(budget.read("budget-mandate"), dt.date(2026, 9, 15), "2027-12")
    with pytest.raises(UserError, match="15 months to prepare"):
        options(loaded, ["automatic-sync"], starts, "2027-12")


def test_a_reason_names_no_file_and_no_key(loaded: Loaded) -> None:
    starts = budget.starts(budget.read("budget-mandate"), dt.date(2024, 9, 15), BY)
    refused = options(loaded, ["midt-ehds", "elearning"], starts, BY).refused
    assert refused
    for text in refused.values():
        assert "yaml" not in text.nb
        assert "golive." not in text.nb
