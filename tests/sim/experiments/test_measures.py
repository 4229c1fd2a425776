"""The measures against plain sums over the record."""

from __future__ import annotations

import numpy as np
import pytest

from sim.experiments.measures import COUNTS, INDEX, Areas, backlog_by_age, measure, pool_gates, sync_rates
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.vocabulary import GATE_KEYS
from tests.sim import small
from tests.sim.model.test_streams import GP

TRUSTS = {"Sykehus A": 50.0, "Sykehus B": 30.0}


@pytest.mark.parametrize("expected", [False, True])
def test_counts_and_rates_are_plain_sums_of_the_record(expected: bool) -> None:
    model = Model(small.scenario(GP, trusts=TRUSTS))
    row = table(model.columns, 1, 1)[0]
    record = Rollout(model, row, 1, 0, expected=expected).run()
    areas = Areas.of(model)
    made = measure(model, areas, record, backlog_by_age(record), row).astype(float)
    of = model.structure.unit_of
    for area, chosen in (
        (areas.find("national"), [0, 1, 2]),
        (areas.find("Helse Vest", "hospital"), [0, 1]),
        (areas.find("Sykehus B"), [1]),
    ):
        strata = np.isin(of, chosen)
        new = record.new[:, strata].sum(axis=1, dtype=float)
        waiting = record.waiting[:, chosen].sum(axis=1, dtype=float)
        later = record.later_synced[:, chosen].sum(axis=1, dtype=float)
        staff = record.staff[:, strata].sum(axis=1, dtype=float)
        theory = {
            "registered": new.sum(axis=1),
            "registered_live": new[:, 1:].sum(axis=1),
            "synced": new[:, 8],
            "synced_later": later[:, 1:].sum(axis=1),
            "stock_waiting": waiting[:, 0].sum(axis=1),
            "cards_queued": record.ordered[:, strata].sum(axis=1),
            "sync_rate_new": new[:, 8] / new.sum(axis=1),
            "eid_coverage": staff[:, [1, 3]].sum(axis=1) / staff.sum(axis=1),
            "knowledge_coverage": staff[:, [2, 3]].sum(axis=1) / staff.sum(axis=1),
        }
        by_gate = waiting[:, 1:].sum(axis=1) @ np.eye(8)[pool_gates()]
        for gate, name in enumerate(GATE_KEYS):
            theory |= {f"stopped_{name}": new[:, gate], f"backlog_{name}": by_gate[:, gate]}
        for name, values in theory.items():
            assert made[INDEX[name], area] == pytest.approx(values, rel=1e-6, nan_ok=True), name
        nurses = strata & np.array([s.group == "nurse" for s in model.structure.strata])
        staff = record.staff[:, nurses].sum(axis=1, dtype=float)
        assert made[INDEX["eid_coverage_nurse"], area] == pytest.approx(
            staff[:, [1, 3]].sum(axis=1) / staff.sum(axis=1)
        )
    whole, parts = areas.find("national"), [areas.find(n) for n in TRUSTS] + [areas.find("Helse Vest", "gp")]
    for name in COUNTS:
        assert made[INDEX[name], whole] == pytest.approx(made[INDEX[name], parts].sum(axis=0), rel=1e-5), name


def test_a_planners_rates_are_the_measures() -> None:
    model = Model(small.scenario(trusts=TRUSTS))
    row = table(model.columns, 1, 1)[0]
    record = Rollout(model, row, 1, 0).run()
    areas = Areas.of(model)
    made = measure(model, areas, record, backlog_by_age(record), row)
    names = ["sync_rate_new", "sync_rate_live", "sync_rate_cumulative", "sync_rate_seen"]
    for area, units in ((areas.find("national"), [0, 1]), (areas.find("Sykehus B"), [1])):
        theory = made[[INDEX[n] for n in names], area]
        assert sync_rates(model, record, np.array(units)) == pytest.approx(theory, rel=1e-6, nan_ok=True)
