"""The backlog by age: it adds up to the counted backlog, and the expected one has its mean."""

from __future__ import annotations

import numpy as np

from sim.experiments.ages import backlog, expected
from sim.experiments.measures import pool_gates
from tests.sim.experiments.test_seen import REPLICATIONS, records


def test_the_ages_add_up_to_the_counted_backlog() -> None:
    _, (record, *_) = records()
    gates = np.eye(8)[pool_gates()]
    counted = record.waiting[:, :, 1:].sum(axis=2) @ gates
    assert np.allclose(backlog(record, gates).sum(axis=2), counted)


def test_nothing_is_older_than_the_period() -> None:
    _, (record, *_) = records()
    by_age = backlog(record, np.eye(8)[pool_gates()])
    assert by_age[:3, :, 1:].sum() == 0
    assert by_age[:12, :, 2].sum() == 0
    assert by_age[12:, :, 2].sum() > 0


def test_the_expected_backlog_is_the_counted_one_in_the_mean() -> None:
    """Within 3 % of the mean of 300 replications, pool by pool (the larger ones); no statistical claim is made."""
    _, all_records = records()
    profiles = [
        expected(r.arrived, r.opening, r.opens, r.complete, r.leaves_old, r.touch, r.meets)[-1, 0].sum(axis=0)
        for r in all_records[:REPLICATIONS]
    ]
    counted = np.mean([r.waiting[-1, 0, 1:].sum(axis=0) for r in all_records], axis=0)
    large = counted > 20
    assert large.sum() >= 3
    assert np.allclose(np.mean(profiles, axis=0)[large], counted[large], rtol=0.03)
