"""One number per draw from many variants: the same as the whole run gives, on any number of processes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.errors import UserError
from sim.experiments import costs
from sim.experiments.evaluate import READINGS, Asked, Rows, Variants, Workers, simulate
from sim.experiments.measures import INDEX, Areas, backlog_by_age, measure
from sim.experiments.plan import Choice
from sim.experiments.plan_options import options
from sim.model.draws import table
from sim.model.rollout import Model
from sim.scenario import intervention
from sim.scenario.budget import Start
from sim.scenario.data import shipped
from sim.scenario.load import Loaded, load

ASKED = Asked("sync_rate_new", "national", "hospital", "2025-06")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    file: Path = tmp_path_factory.mktemp("evaluate") / "short.yaml"
    file.write_text(
        f"extends: {shipped() / 'helse-vest.yaml'}\nperiod: {{start: 2024-01, end: 2025-12}}\n", encoding="utf-8"
    )
    return load(file)


def variants(loaded: Loaded, draws: int = 3) -> Variants:
    named = {k: intervention.find(k) for k in ("elearning", "automatic-sync")}
    return Variants(loaded, named, ASKED, (2024, 2025, 2026), 1, draws).with_cards()


def test_what_is_read_is_what_the_measures_say(loaded: Loaded) -> None:
    model = Model(loaded.scenario)
    areas = Areas.of(model)
    row = table(model.columns, 1, 1)[0]
    record = simulate(model, row, 1, 0)
    series = measure(model, areas, record, backlog_by_age(record), row)
    month = model.calendar.labels.index(ASKED.month)
    for area, sector in (("national", "all"), ("Helse Bergen", "hospital")):
        at = areas.find(area, sector)
        for name in READINGS[:3]:
            got = replace(ASKED, measure=name, area=area, sector=sector).read(model, areas, record)
            assert got == pytest.approx(float(series[INDEX[name], at, month]), rel=1e-5)
        if area == "national":
            _, _, cards = Variants(loaded, {}, ASKED, (), 1, 1)._run(model, row[None])
            assert cards[0] == pytest.approx(series[INDEX["cards_issued"], at], rel=1e-5)
        synced = replace(ASKED, measure="synced", area=area, sector=sector).read(model, areas, record)
        whole = sum(series[INDEX[n], at, : month + 1].sum() for n in ("synced", "synced_later"))
        assert synced == pytest.approx(float(whole), rel=1e-4)


def test_a_plan_gives_and_costs_what_its_parts_say(loaded: Loaded) -> None:
    job = variants(loaded)
    nothing = job.evaluate(frozenset())
    one = job.evaluate(frozenset({Choice("elearning", "2024-06")}))
    late = job.evaluate(frozenset({Choice("elearning", "2025-12")}))
    assert (nothing.cost == 0).all()
    assert (one.outcome > nothing.outcome).all()
    assert late.outcome == pytest.approx(nothing.outcome)  # it begins after the month that is asked for
    assert one.total > late.total > 0
    assert (one.cost[:, 2] == 0).all()  # the period has no 2026
    chosen = [intervention.find("elearning").at("2024-06")]
    model = Model(load(loaded.given, chosen).scenario)
    rows = table(model.columns, 1, 3)
    assert np.array_equal(job._table(model), rows)
    written = np.array([[g.write for g in simulate(model, row, 1, i).golive] for i, row in enumerate(rows)])
    expected = costs.costs(model, chosen, rows, 1, in_use=costs.in_use_months(model, written))
    assert one.cost[:, :2] == pytest.approx(expected)


def test_the_number_of_processes_changes_no_bit(loaded: Loaded) -> None:
    plans = [
        frozenset[Choice](),
        frozenset({Choice("elearning", "2024-06")}),
        frozenset({Choice("automatic-sync", "2024-06")}),
    ]
    answers = []
    for count in (1, 2):
        with Workers(variants(loaded), count) as workers:
            answers.append(workers.plans(plans))
    for one, two in zip(*answers, strict=True):
        assert np.array_equal(one.outcome, two.outcome)
        assert np.array_equal(one.cost, two.cost)
    model = Model(loaded.scenario)
    rows = table(model.columns, 1, 20)
    values = []
    for count in (1, 2):
        with Workers(Rows(loaded, ASKED, 1), count) as workers:
            values.append(workers.rows(rows))
    assert np.array_equal(values[0], values[1])


def test_interventions_that_exclude_each_other_are_alternatives_and_misfits_are_told() -> None:
    loaded = load("national")
    starts = [Start("2025-10", dt.date(2025, 9, 15)), Start("2027-10", dt.date(2027, 9, 15))]
    found = options(loaded, ["midt-early", "midt-ehds", "elearning"], starts, "2029-12")
    keys = [{c.key for c in alternatives} for alternatives in found.items]
    assert {"midt-early", "midt-ehds"} in keys
    assert {"elearning"} in keys
    assert "leverandørmodul" in found.refused[Choice("midt-ehds", "2027-01")].nb  # 15 months after its money


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"measure": "sync_rate_knew"}, "sync_rate_new"),
        ({"area": "Helse Bergn"}, "Helse Bergen"),
        ({"sector": "gp"}, "gp"),
        ({"month": "2031-01"}, "2031-01"),
    ],
)
def test_what_the_scenario_does_not_have_is_refused(loaded: Loaded, change: dict[str, str], told: str) -> None:
    with pytest.raises(UserError) as caught:
        replace(ASKED, **change).check(Model(loaded.scenario))
    assert told in caught.value.render("nb")
