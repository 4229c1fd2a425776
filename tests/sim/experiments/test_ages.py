"""The backlog by age: it adds up to the counted backlog, and the expected one has its mean."""

from __future__ import annotations

import numpy as np

from sim.experiments.ages import backlog, expected
from sim.experiments.measures import pool_gates
from sim.model.entries import DARK, HELD, LATER, OLD, POOLS, UNTOUCHED
from sim.model.gates import REASONS
from sim.model.record import Record
from tests.sim.experiments.test_seen import REPLICATIONS, records


def test_the_ages_add_up_to_the_counted_backlog() -> None:
    _, (record, *_) = records()
    counted = record.waiting[:, :, 1:].sum(axis=2) @ np.eye(8)[pool_gates()]
    assert np.allclose(backlog(record, pool_gates()).sum(axis=2), counted)


def test_nothing_is_older_than_the_period() -> None:
    _, (record, *_) = records()
    by_age = backlog(record, pool_gates())
    assert by_age[:3, :, 1:].sum() == 0
    assert by_age[:12, :, 2].sum() == 0
    assert by_age[12:, :, 2].sum() > 0


def cohort_by_cohort(r: Record) -> np.ndarray:
    """[T, POOLS] per age what is expected to wait of one unit, by following each month's entries alone."""
    months = r.touch.shape[0]
    result = np.zeros((months, 3, POOLS))
    for born in range(months):
        wait = r.arrived[born, 0].astype(float)
        for month in range(born, months):
            for base in (0, HELD):
                reasons = slice(base + LATER, base + LATER + REASONS + (base == HELD))
                if month > born:
                    opened, cleaned = (
                        wait[base + UNTOUCHED] * r.opens[month, 0],
                        wait[base + OLD] * r.leaves_old[month, 0],
                    )
                    whole, taken = opened * r.complete[month, 0], wait[reasons] * r.touch[month, 0]
                    wait[base + UNTOUCHED] -= opened
                    wait[base + OLD] += opened - whole - cleaned
                    met = whole + cleaned + taken.sum()
                    wait[reasons] += met * r.meets[month, 0, : REASONS + (base == HELD)] - taken
                lit = wait[base + DARK] * r.opening[month, 0]
                wait[base + DARK] -= lit
                wait[base + UNTOUCHED] += lit
            result[month, 0 if month - born < 3 else 1 if month - born < 12 else 2] += wait
    return result


def test_cohorts_carried_together_are_cohorts_followed_alone() -> None:
    _, (r, *_) = records()
    together = expected(r.arrived, r.opening, r.opens, r.complete, r.leaves_old, r.touch, r.meets)
    assert np.allclose(together[:, 0], cohort_by_cohort(r), rtol=1e-10, atol=1e-10)


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
