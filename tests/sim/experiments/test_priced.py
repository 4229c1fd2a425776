"""Costs of the page's states: the same bits as ``utrulling compare`` for the same interventions, seed and draws."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.experiments import compare, priced, whatif
from sim.experiments.compare_rows import frame
from sim.experiments.whatif import State
from sim.scenario.levers import BY_KEY as LEVERS
from sim.scenario.levers import Setting, file, known

SEED, DRAWS, MONTH = 3, 6, "2027-12"
SMALL = "extends: helse-vest\ntitle: Liten\nperiod: {start: 2024-02, end: 2027-12}\n"
TURNED = (
    Setting("eid-nurses", known(LEVERS["eid-nurses"])[1], "2026-05"),
    Setting("elearning", known(LEVERS["elearning"])[1], "2026-03"),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("priced") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("trust", [None, "Helse Fonna"])
def test_states_compare_as_the_command_does(small: str, trust: str | None) -> None:
    """Every number of the comparison: gains, costs by payer and year, discounted ones, ratios, gates."""
    asked = compare.alternatives(["+".join(f"{s.key}@{s.start}" for s in TURNED)])
    theirs = compare.run(small, asked, by=MONTH, trust=trust, replications=DRAWS, seed=SEED, workers=1, packages=False)
    states = [State(small), State(small, TURNED)]
    drawn = [whatif.sample(state, 0, DRAWS, SEED) for state in states]
    area = whatif.places(states[0]).find(trust or "national")
    month = whatif.labels(states[0]).index(MONTH)
    ours = priced.comparison(states, ["", "Pakken"], drawn, area, month, SEED)
    known_rows = frame(theirs)
    known_rows = known_rows[known_rows.area.isin([trust or "national", "Helse Vest"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame(ours), known_rows, check_exact=True)
    where = trust or "national"
    assert np.array_equal(ours.money[1, where], theirs.money[1, where])
    assert (ours.money[1, where] > 0).any()
    outlay = priced.outlay(states[1], states[0], drawn[1], drawn[0], area, SEED)
    assert np.allclose(outlay.cost[:, month], ours.cost(where)[1], rtol=1e-12)
    assert np.array_equal(outlay.extra[:, month], ours.gains("synced", where)[1])


def test_what_the_null_alternative_does_too_costs_nothing_more(small: str, tmp_path: Path) -> None:
    both = tmp_path / "both.yaml"
    both.write_text(f"extends: {small}\ninterventions: [{{name: elearning, start: 2026-03}}]\n", encoding="utf-8")
    assert [i.name for i in priced.interventions(State(str(both)), State(small))] == ["elearning@2026-03"]
    assert priced.interventions(State(str(both)), State(str(both))) == ()
    turned = priced.interventions(State(str(both), TURNED[:1]), State(str(both)))
    assert [i.form.costs for i in turned] == [file("eid-nurses").form.costs]
