"""What interventions cost: counted by hand on a small scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiments import costs
from sim.model.draws import table
from sim.model.rollout import Model
from sim.scenario import intervention
from sim.scenario.intervention import Intervention
from sim.scenario.load import load
from tests.sim import small

TRUSTS = {"Stort sykehus": 60.0, "Lite sykehus": 40.0}
HEAD = """\
title: Mitt
title_en: Mine
description: Prøve
gate: eid
decides: [trust]
start: 2024-04
months: 6
source: VURDERING
tag: assumption
adds: {}
"""


def made(folder: Path, *lines: str, extra: str = "", name: str = "mine") -> Intervention:
    def cost(line: str) -> str:
        amount, _, rest = line.partition("; ")
        value, unit = amount.split()
        return (
            f"  - {{name: {line.replace(':', '').replace(',', '').replace('{', '').replace('}', '')!r}, payer: trust, "
            f"amount: {{value: {value}, unit: {unit}, source: VURDERING, tag: assumption}}{', ' + rest if rest else ''}}}\n"
        )

    path = folder / f"{name}.yaml"
    path.write_text(HEAD + extra + "costs:\n" + "".join(map(cost, lines)), encoding="utf-8")
    return intervention.read(path)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(small.scenario(trusts=TRUSTS))


@pytest.fixture(scope="module")
def rows(model: Model) -> Any:
    return table(model.columns, 1, 2)


HOURS = "hours: {value: 0.5, unit: hours/person, source: VURDERING, tag: assumption}"
# 100 000 inhabitants, staff per 1000: doctors 0.3, nurses 0.5, others 0.2; in 60 and 40 parts
STAFF, NURSES = 100, 50


@pytest.mark.parametrize(
    ("line", "extra", "total", "months"),
    [
        ("3 MNOK", "", 3.0, 6),
        ("3 MNOK; months: 2, after: 1", "", 3.0, 2),
        ("12 MNOK/year", "", 15.0, 15),
        ("12 MNOK/year; months: 4", "", 4.0, 4),
        ("1000 NOK/person", "", STAFF * 1000 / 1e6, 6),
        ("1000 NOK/person", "reach: {strata: [nurse]}\n", NURSES * 1000 / 1e6, 6),
        ("1000 NOK/person", "reach: {trusts: [Lite sykehus]}\n", 0.4 * STAFF * 1000 / 1e6, 6),
        ("1200 NOK/person/year", "", STAFF * 1200 * 15 / 12 / 1e6, 15),
        (f"500 NOK/hour; {HOURS}", "", STAFF * 250 / 1e6, 6),
        ("5000 NOK/trust", "", 2 * 5000 / 1e6, 6),
        ("5000 NOK/trust; sectors: [hospital]", "", 2 * 5000 / 1e6, 6),
        ("800 NOK/card", "", (30 * 0.2 + 50 * 0.7 + 20 * 0.8) * 800 / 1e6, 6),  # those without an eID at the start
    ],
)
def test_each_kind_of_cost(
    line: str, extra: str, total: float, months: int, model: Model, rows: Any, tmp_path: Path
) -> None:
    by_month = costs.monthly(model, [made(tmp_path, line, extra=extra)], rows, 1)
    assert by_month.shape == (2, 1, 18)
    assert by_month.sum(axis=2) == pytest.approx(total)
    assert (by_month[0, 0] > 0).sum() == months
    assert np.flatnonzero(by_month[0, 0])[0] == (4 if "after" in line else 3)
    parts = [costs.monthly(model, [made(tmp_path, line, extra=extra)], rows, 1, trust=t) for t in TRUSTS]
    assert sum(parts) == pytest.approx(by_month)


def test_a_cost_waits_until_the_place_comes_into_use(model: Model, rows: Any, tmp_path: Path) -> None:
    one = made(tmp_path, "1000 NOK/person", "6 MNOK", extra="not_before: golive-2\n")
    in_use = np.array([[9.0, np.inf], [0.0, 2.0]])
    by_month = costs.monthly(model, [one], rows, 1, in_use=in_use)[:, 0]
    central = np.zeros(18)
    central[3:9] = 1.0
    assert by_month[0] - central == pytest.approx(np.where((np.arange(18) >= 7) & (np.arange(18) < 13), 0.01, 0))
    assert by_month[1] - central == pytest.approx(np.where((np.arange(18) >= 3) & (np.arange(18) < 9), 0.1 / 6, 0))


def test_cards_are_those_that_were_ordered_extra(model: Model, rows: Any, tmp_path: Path) -> None:
    pair = [made(tmp_path, "800 NOK/card", name="one"), made(tmp_path, "1000 NOK/card", name="two")]
    extra = np.tile(np.where(np.arange(18) < 9, 10.0, -4.0), (2, 1))
    both = costs.monthly(model, pair, rows, 1, cards=extra)
    assert both.sum(axis=1) == pytest.approx(extra * 900 / 1e6)
    assert costs.costs(model, pair, rows, 1, cards=extra) == pytest.approx(
        np.tile([(90 - 12) * 900 / 1e6, -24 * 900 / 1e6], (2, 1))
    )


def test_years_and_discounting(model: Model) -> None:
    by_month = np.ones((2, 18))
    assert costs.yearly(model, by_month) == pytest.approx(np.array([[12.0, 6.0]] * 2))
    now = costs.discounted(model, by_month, 0.04, 2024)
    assert now.sum(axis=1) == pytest.approx(12 + 6 / 1.04)
    assert costs.discounted(model, by_month[:, :13], 0.04, 2023)[0, -1] == pytest.approx(1.04**-2)


def test_the_day_of_write_access_as_a_month(model: Model) -> None:
    days = np.array([[0.0, 30.0, 31.0, 60.0, -1.0, np.inf]])
    assert costs.in_use_months(model, days).tolist() == [[0, 0, 1, 2, -1, np.inf]]


def test_another_intervention_leaves_the_others_costs_as_they_are() -> None:
    names = ["elearning", "ward-campaigns"]
    both, one = (load("helse-vest", chosen) for chosen in (names, names[:1]))
    found = []
    for loaded in (both, one):
        model = Model(loaded.scenario)
        found.append(costs.monthly(model, loaded.interventions, table(model.columns, 5, 4), 5))
    assert (found[0][:, 0] == found[1][:, 0]).all()
    assert len(set(found[0][:, 0].sum(axis=1).tolist())) == 4  # uncertain, so each draw has its own


def test_a_cost_of_other_sectors_is_not_the_hospitals(model: Model, rows: Any, tmp_path: Path) -> None:
    one = made(tmp_path, "5000 NOK/trust; sectors: [gp]", "1000 NOK/person; sectors: [municipal]")
    assert not costs.monthly(model, [one], rows, 1).any()


def test_a_narrow_reach_that_carries_what_is_central_is_told(tmp_path: Path) -> None:
    everywhere = made(tmp_path, "4 MNOK", name="everywhere")
    narrow = made(tmp_path, "4 MNOK", extra="reach: {trusts: [Lite sykehus]}\n", name="narrow")
    local = made(tmp_path, "9 NOK/person", extra="reach: {trusts: [Lite sykehus]}\n", name="local")
    free = made(tmp_path, "0 MNOK", extra="reach: {trusts: [Lite sykehus]}\n", name="free")
    assert [costs.carries_central(one) for one in (everywhere, narrow, local, free)] == [False, True, False, False]
