"""What became of a month's entries, as seen at a later date."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from scipy import stats

from sim.experiments.seen import later, synced_by
from sim.model import entries
from sim.model.rollout import Model, Record
from tests import alarm
from tests.sim import small

REPLICATIONS = 300
READINGS = (5, 9, 13, 17)
CLEANUP = {"name": "Rydding", "start": "golive+2", "months": 4, "capacity": small.p(30, "entries/month")}
CHANGES = (
    {"sectors": {"hospital": {"touch": 3.0}}, "legacy": {"new_share": 0.3, "cleanups": [CLEANUP]}},
    {"golive": {"hospital": {"vest": small.project("2024-05-12")}}},
)


@functools.cache
def records() -> tuple[Model, tuple[Record, ...]]:
    model = Model(small.scenario(*CHANGES))
    return model, tuple(small.run(model.scenario, r, model=model) for r in range(REPLICATIONS))


def test_read_in_its_own_month_an_entry_is_synced_at_once_or_not() -> None:
    model, (record, *_) = records()
    for month in range(18):
        assert (
            synced_by(record, model.structure.by_unit(record.new[:, :, 8]), month)[month, 0]
            == record.new[month, :, 8].sum()
        )


def test_the_later_the_reading_the_more_is_synced() -> None:
    model, (record, *_) = records()
    seen = np.array(
        [synced_by(record, model.structure.by_unit(record.new[:, :, 8]), month)[:, 0] for month in range(18)]
    )
    assert (np.diff(seen, axis=0) >= -1e-9).all()
    assert (seen <= record.new.sum(axis=(1, 2)) + 1e-9).all()


def test_a_waiting_entrys_chance_is_a_chance() -> None:
    _, (record, *_) = records()
    for month in range(18):
        chance = later(record, month)
        assert (chance >= 0).all()
        assert (chance <= 1).all()
        assert (chance[month:] == 0).all()


@pytest.mark.parametrize("reading", READINGS)
def test_all_cohorts_together_are_what_was_synced(reading: int) -> None:
    """Expected fates of all months' entries against the counted synced of the period; paired z-test over replications.

    False-alarm rate 5e-8 for all readings. Power: 5 % too few or too many synced later is found (asserted).
    """
    model, all_records = records()
    expected = [
        synced_by(r, model.structure.by_unit(r.new[:, :, 8]), reading)[: reading + 1].sum() for r in all_records
    ]
    counted = [
        r.new[: reading + 1, :, 8].sum() + r.later_synced[: reading + 1, 0, [entries.BEFORE, entries.LIVE]].sum()
        for r in all_records
    ]
    difference = np.array(expected) - counted
    error = difference.std(ddof=1) / math.sqrt(REPLICATIONS)
    level = alarm.alpha("seen", len(READINGS))
    limit = alarm.critical(
        level, stats.skew(difference) / math.sqrt(REPLICATIONS), stats.kurtosis(difference) / REPLICATIONS
    )
    assert abs(difference.mean()) < limit * error
    at_once = np.mean([r.new[: reading + 1, :, 8].sum() for r in all_records])
    if reading > 9:
        assert (limit + 1.28) * error < 0.05 * (np.mean(counted) - at_once)
