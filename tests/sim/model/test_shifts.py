"""Dated shifts of parameters: their ramp, their reach, how they combine, and that they reach what they name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.dates import Dates
from sim.model.draws import table
from sim.model.rollout import Model
from sim.model.shifts import Shifts
from sim.model.trace import Trace
from sim.scenario.schema import SHARES, Scenario
from tests.sim import small


def shift(name: str, parameter: str, start: str = "2024-08", **given: Any) -> small.Plain:
    units = {"factor": "factor", "closes": "share"}
    return {
        "name": name,
        "parameter": parameter,
        "start": start,
        **{k: small.p(v, units[k]) if k in units else v for k, v in given.items()},
    }


def made(*shifts: small.Plain) -> tuple[Shifts, Model]:
    scenario = small.scenario({"shifts": list(shifts)})
    model = Model(scenario)
    row = table(model.columns, 1, 1)[0]
    dates = Dates(model, model.values(row), 1, 0, Trace())
    return Shifts(model, model.values(row), dates, model.entry_shares(row)), model


def test_nothing_is_bent_without_a_shift() -> None:
    none, model = made()
    assert (none.of_strata("eid.session_active", 0.8) == 0.8).all()
    assert (none.of_units("sectors.*.touch", np.array([1.5])) == 1.5).all()
    assert none.of_units("eid.cards", 1.0).shape == (18, model.units)


def test_a_ramp_is_a_straight_line_taken_at_the_middle_of_the_month() -> None:
    shifts, _ = made(shift("A", "eid.login_declined", ramp=4, factor=0.2, months=8))
    expected = np.ones(18)
    expected[7:11] = 1 - 0.8 * np.array([0.125, 0.375, 0.625, 0.875])
    expected[11:15] = 0.2
    assert shifts.of_strata("eid.login_declined", 0.5)[:, 0] == pytest.approx(0.5 * expected)


def test_it_waits_for_go_live_and_keeps_to_its_reach() -> None:
    late, model = made(
        shift("A", "consent.granted", start="2024-03", not_before="golive+1", closes=0.5, strata=["other"])
    )
    bent = late.of_strata("consent.granted", 0.6)
    other = [s.key for s in model.structure.strata].index("other")
    assert (bent[:5] == 0.6).all()  # go-live in May 2024, the fifth month
    assert bent[5:, other] == pytest.approx(0.8)
    assert (np.delete(bent, other, axis=1) == 0.6).all()


def test_a_units_parameter_is_bent_by_the_share_of_the_entries_in_reach() -> None:
    shifts, _ = made(
        shift("A", "ownership.declined_new", strata=["nurse"], factor=0.5),
        shift("B", "eid.cards", strata=["nurse"], factor=3),
    )
    of_nurses = 1.2 / (1.0 + 1.2 + 0.4)
    assert shifts.of_units("ownership.declined_new", 0.2)[-1, 0] == pytest.approx(0.2 * (1 - 0.5 * of_nurses))
    assert shifts.of_units("eid.cards", 1.0)[-1, 0] == 3  # the office issues for all


@settings(max_examples=40, deadline=None)
@given(
    base=st.floats(0, 1),
    effects=st.lists(st.tuples(st.sampled_from(["factor", "closes"]), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_factors_multiply_and_gaps_multiply_in_any_order(base: float, effects: list[tuple[str, float]]) -> None:
    def bent(chosen: list[tuple[str, float]]) -> float:
        shifts, _ = made(*(shift(f"{i}", "consent.granted", **{kind: size}) for i, (kind, size) in enumerate(chosen)))
        return float(shifts.of_strata("consent.granted", base)[-1, 0])

    factor = np.prod([size for kind, size in effects if kind == "factor"])
    left = np.prod([1 - size for kind, size in effects if kind == "closes"])
    theory = 1 - (1 - base * factor) * left
    assert bent(effects) == pytest.approx(theory)
    assert bent(effects[::-1]) == pytest.approx(theory)


GATES = {  # what each parameter moves, when it is shifted to its better end
    "eid.session_active": ("closes", 1, 3),
    "eid.login_declined": ("factor", 0, 3),
    "knowledge.automatic": ("closes", 1, 2),
    "consent.absent": ("factor", 0, 4),
    "consent.collected_before": ("closes", 1, 4),
    "consent.granted": ("closes", 1, 4),
    "consent.upload_only": ("closes", 1, 4),
    "legacy.new_share": ("factor", 0, 1),
    "ownership.declined_new": ("factor", 0, 5),
}


def stopped(scenario: Scenario) -> Any:
    """[9] outcomes of the last six months, over a few replications."""
    model = Model(scenario)
    return sum(small.run(scenario, r, model=model).new[-6:].sum(axis=(0, 1)) for r in range(3))


@pytest.mark.parametrize("parameter", GATES)
def test_each_parameter_moves_its_gate(parameter: str) -> None:
    kind, size, gate = GATES[parameter]
    everybody = small.strata({"exempt": False, "eid_at_start": 0.9, "trained_at_golive": 0.5})
    friction = {"eid": {"session_active": 0.3, "login_declined": 0.6}, "consent": {"granted": 0.7}}
    base = stopped(small.scenario(everybody, friction))
    bent = stopped(
        small.scenario(everybody, friction, {"shifts": [shift("A", parameter, start="2024-01", **{kind: size})]})
    )
    assert bent.sum() == base.sum()  # the same entries
    assert bent[gate] < 0.9 * base[gate]
    assert np.argmin(bent - base) == gate  # the others only see what passes it
    assert bent[8] > base[8]


def test_the_others_move_cards_learning_and_what_waits() -> None:
    def both(parameter: str, **effect: float) -> tuple[Any, Any]:
        return (
            small.run(small.scenario()),
            small.run(small.scenario({"shifts": [shift("A", parameter, start="2024-01", **effect)]})),
        )

    base, bent = both("eid.cards", factor=4)
    assert bent.card_wait[:, :, 0].sum() < 0.8 * base.card_wait[:, :, 0].sum()
    base, bent = both("knowledge.elearning_at_hire", closes=1)
    assert bent.staff[-1, :, 2:].sum() > base.staff[-1, :, 2:].sum()
    base, bent = both("sectors.*.touch", factor=5)
    assert bent.touch[-1, 0] == pytest.approx(1 - np.exp(-5 / 12))
    base, bent = both("legacy.clean_on_touch", closes=1)
    assert bent.leaves_old[-1, 0] == pytest.approx(2 * base.leaves_old[-1, 0])
    base, bent = both("ownership.declined_touch", factor=0)
    assert bent.meets[-1, 0, 3] == 0 < base.meets[-1, 0, 3]
    covered = {
        *GATES,
        "eid.cards",
        "knowledge.elearning_at_hire",
        "sectors.*.touch",
        "legacy.clean_on_touch",
        "ownership.declined_touch",
    }
    assert covered >= SHARES
