"""The expected-value twin: the same months without chance.

It is exact where the model is linear in its counts (entries, given the staff), and neglects the effect of chance
where it is not: courses that fill their seats, word of mouth, the office's lots, a clean-up project that runs dry.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sim.model.draws import table
from sim.model.rollout import Model, Record, Rollout
from sim.model.technical import share_down
from tests.sim import small

STILL = (
    small.strata({"turnover": 0.0, "rotation": 0.0, "eid_ordering": 0.0, "trained_at_golive": 0.0, "exempt": False}),
    {
        "eid": {"lost": 0.0},
        "knowledge": {"innovation": 0.0, "imitation": 0.0, "forgetting": 0.0},
        "golive": {"hospital": {"vest": small.project("2023-12-15")}},
    },
)
CLEANUP = {"name": "Rydding", "start": "golive+2", "months": 6, "capacity": small.p(20, "entries/month")}
BUSY = (
    {
        "sectors": {"hospital": {"touch": 2.0, "overdispersion": 0.05}},
        "knowledge": {"seats": 60.0, "imitation": 2.0},
        "legacy": {"cleanups": [CLEANUP]},
        "technical": {"outages": 20.0, "outage_hours": 40.0},
    },
    small.strata({"turnover": 0.3, "eid_ordering": 0.15}),
)
RUNS = 400


def expected(*changes: small.Plain) -> Record:
    model = Model(small.scenario(*changes))
    return Rollout(model, table(model.columns, 1, 1)[0], 1, 0, expected=True).run()


@functools.cache
def drawn() -> tuple[Record, ...]:
    model = Model(small.scenario(*BUSY))
    row = table(model.columns, 1, 1)[0]
    return tuple(Rollout(model, row, 1, r).run() for r in range(RUNS))


def test_where_the_staff_stand_still_the_gates_are_a_product() -> None:
    """All know from training before the period; each gate's chance is written out here."""
    record = expected(*STILL, small.strata({"trained_at_golive": 1.0, "eid_at_start": 0.5}))
    s = small.scenario(*STILL)
    per_year, hours = s.technical.outages.value, s.technical.outage_hours.value
    down = per_year * hours / (365.25 * 24 + per_year * hours)
    share = (
        0.5
        * (1 - 0.2 * 0.2)
        * (0.5 * (1 - 0.9 * 0.95) + 0.5 * (1 - 0.1 * 0.95))
        * 0.95
        * (1 - (1 - 0.98 * (1 - down)) * 0.5)
        * 0.99
        * 0.99
    )
    new = record.new.sum(axis=1)
    past_legacy = new[:, 2:].sum(axis=1)
    assert new[:, 0] == pytest.approx(0)
    assert new[:, 8] / past_legacy == pytest.approx(share, rel=1e-9)


def test_nothing_is_lost() -> None:
    record = expected(*BUSY)
    registered = np.cumsum(record.new.sum(axis=(1, 2)))
    synced = np.cumsum(record.new[:, :, 8].sum(axis=1) + record.later_synced[:, 0, 1:].sum(axis=1))
    assert registered == pytest.approx(synced + record.waiting[:, 0, 1:].sum(axis=(1, 2)), rel=1e-12)
    assert record.staff.sum(axis=2) == pytest.approx(np.tile([30.0, 50.0, 20.0], (18, 1)))


def test_it_takes_no_random_number() -> None:
    model = Model(small.scenario(*BUSY))
    row = table(model.columns, 1, 1)[0]
    one, other = (Rollout(model, row, seed, r, expected=True).run() for seed, r in ((1, 0), (7, 3)))
    assert small.same(one, other)


@pytest.mark.parametrize(
    ("name", "axes"),
    [("new", (0, 1)), ("later_synced", (0, 1)), ("staff", (1,)), ("waiting", (1, 2)), ("access", (1,))],
)
def test_it_is_the_mean_of_the_drawn_ones(name: str, axes: tuple[int, ...]) -> None:
    """A unit of a hundred people, with a queue, full courses and a clean-up: where chance matters most.

    Within 5 standard errors of 400 replications, plus what the twin neglects: 3 % of the largest of the counts compared.
    An order of one to three whole cards goes out late in its month, where the twin sends a quarter of it every week, and
    courses fill by chance. In trusts of the true size it is a tenth of that.
    """
    mean = np.array([getattr(r, name).sum(axis=axes) for r in drawn()], dtype=float)
    error = mean.std(axis=0, ddof=1) / np.sqrt(RUNS)
    here = getattr(expected(*BUSY), name).sum(axis=axes)
    assert (abs(here - mean.mean(axis=0)) < 5 * error + 0.03 * here.max()).all()


def test_the_share_of_outage_is_that_of_the_outages() -> None:
    assert share_down(0, 20) == 0
    assert share_down(365.25, 24) == 0.5
