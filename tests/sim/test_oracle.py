"""The engine against the oracle: every count has the same mean and the same variance.

Each parameter set is simulated by the oracle (one process per entry, ``tests/sim/oracle.py``) and by the engine, with
the same fixed parameters and independent replications. Compared are, per replication: new entries by gate in each
half of the period; entries synced later by class; entries waiting by class and gate at three months; staff by state
and ward at three months; cards on order and the wait for cards.

Means: a z-test of the difference with its critical value widened for skewness and kurtosis (Cornish-Fisher).
Variances: a z-test of the log variance ratio with the kurtosis of the counts (Layard). Bonferroni over all counts,
sets and both tests: the false-alarm rate of the default run is 3e-7 (``tests/alarm.py``), that of the long one 1e-7.

Power: with N oracle and M engine replications a shift of the mean of 7.5·sd·√(1/N + 1/M) is found with probability
0.9. In the default run that is 0.6 standard deviations of a replication: about 5 % of a count of some hundred
entries. A variance wrong by a factor of 2.4 is found. ``TestPower`` holds the comparison to it: 10 % more touches, a
fifth fewer cards, and the product of the two coverages in place of their joint distribution are rejected. The long
version (slow) finds shifts of 0.13 standard deviations, about 1 %, and variances wrong by a fifth.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from sim.experiments.measures import pool_gates
from sim.model.draws import table
from sim.model.rollout import Model, Record, Rollout
from sim.scenario.schema import Scenario
from tests import alarm
from tests.sim import oracle, small

Floats = npt.NDArray[np.float64]

ORACLE_RUNS, ENGINE_RUNS = 200, 800
LONG_ORACLE_RUNS, LONG_ENGINE_RUNS = 4000, 16000
COMPARISONS = 3 * 2 * 150  # sets × tests × counts, at most

LESS = {"regions": {"vest": {"population": 60_000}}}

PLAIN = (LESS,)

HARD = (
    LESS,
    {
        "sectors": {"hospital": {"touch": 0.3, "overdispersion": 0.02}},
        "golive": {"hospital": {"vest": small.project("2024-02-20")}},
        "legacy": {
            "new_share": 0.3,
            "stock": 0.7,
            "stock_share": 0.8,
            "clean_on_touch": 0.3,
            "cleanups": [
                {"name": "Rydding", "start": "golive+3", "months": 5, "capacity": small.p(25, "entries/month")},
            ],
        },
        "ownership": {
            "declined_new": 0.2,
            "declined_touch": 0.6,
            "duties": [{"name": "Plikt", "start": "2025-01", "months": 12, "factor": small.p(0.4, "factor")}],
        },
        "technical": {"errors": 0.15, "outages": 12, "outage_hours": 120, "retried": 0.3},
        "patients": {"reserved": 0.1, "blocking": 0.15},
        "consent": {"absent": 0.6, "granted": 0.6},
    },
    small.strata({"exempt": False}),
)

# The law comes on 13 November 2024, when a programme and high turnover have filled the queue and a campaign is running.
INTERACTING = (
    LESS,
    {
        "golive": {"hospital": {"vest": small.project("2024-03-08")}},
        "eid": {
            "cards": 4,
            "alternative_cards": 3,
            "service_cv": 1.0,
            "validity": 1.5,
            "lost": 0.3,
            "programmes": [
                {
                    "name": "Alle",
                    "start": "2024-07",
                    "months": 9,
                    "ordering": small.share(0.4),
                    "strata": ["nurse", "other"],
                },
            ],
        },
        "knowledge": {
            "seats": 60,
            "elearning_at_hire": 0.1,
            "imitation": 2.0,
            "forgetting": 0.1,
            "campaigns": [
                {"name": "Kampanje", "start": "golive+6", "months": 4, "reaches": small.share(0.3), "strata": ["nurse"]}
            ],
            "super_users": [{"name": "Brukere", "start": "golive", "months": 6, "factor": small.p(2, "factor")}],
        },
        "consent": {
            "absent": 0.7,
            "granted": 0.5,
            "law_changes": [
                {
                    "name": "Unntak",
                    "date": small.dated("2024-11-13"),
                    "probability": small.share(1),
                    "groups": ["nurse", "midwife"],
                }
            ],
        },
    },
    small.strata({"exempt": False, "turnover": 0.8, "eid_at_hire": 0.05, "eid_at_start": 0.6}),
)

SETS = {"plain": PLAIN, "hard": HARD, "interacting": INTERACTING}
MONTHS = (4, 10, 17)


@dataclass(frozen=True)
class Counts:
    """Counts by name, one number per replication."""

    names: tuple[str, ...]
    table: Floats  # [replications, names]


def names(scenario: Scenario) -> tuple[str, ...]:
    gates = ["not live", "legacy", "knowledge", "eid", "consent", "ownership", "technical", "patient", "synced"]
    classes = ["stock", "before", "live"]
    wards = list(scenario.sectors["hospital"].strata)
    states = ["neither", "eid", "knows", "both"]
    return (
        *(f"new in half {h + 1}, {g}" for h in range(2) for g in gates),
        *(f"synced later in half {h + 1}, {c}" for h in range(2) for c in classes),
        *(f"waiting at month {m}, {c}, {g}" for m in MONTHS for c in classes for g in gates[:8]),
        *(f"staff at month {m}, {w}, {s}" for m in MONTHS for w in wards for s in states),
        *(f"cards on order at month {m}" for m in MONTHS),
        "days waited for cards",
        "cards sent",
    )


def of_oracle(tally: oracle.Tally) -> list[float]:
    new, later = np.array(tally.new), np.array(tally.later_synced)
    half = len(new) // 2
    months = list(MONTHS)
    wait = np.array(tally.card_wait)
    return [
        *new[:half].sum(axis=0),
        *new[half:].sum(axis=0),
        *later[:half].sum(axis=0),
        *later[half:].sum(axis=0),
        *np.array(tally.waiting)[months].ravel(),
        *np.array(tally.staff)[months].ravel(),
        *np.array(tally.on_order)[months].sum(axis=1),
        wait[: len(new) - 4, 0].sum(),
        wait[: len(new) - 4, 1].sum(),
    ]


def of_engine(record: Record) -> list[float]:
    new, later = record.new.sum(axis=1), record.later_synced[:, 0]
    half = len(new) // 2
    months = list(MONTHS)
    by_gate = record.waiting[:, 0] @ np.eye(8, dtype=np.int64)[pool_gates()]
    wait = record.card_wait[:, 0]
    return [
        *new[:half].sum(axis=0),
        *new[half:].sum(axis=0),
        *later[:half].sum(axis=0),
        *later[half:].sum(axis=0),
        *by_gate[months].ravel(),
        *record.staff[months].ravel(),
        *record.ordered[months].sum(axis=1),
        wait[: len(new) - 4, 0].sum(),
        wait[: len(new) - 4, 1].sum(),
    ]


@functools.cache
def by_oracle(name: str, runs: int, strangers: bool = False) -> Counts:
    scenario = small.scenario(*SETS[name])
    model = Model(scenario)
    golive = small.run(scenario, model=model).golive[0].write
    rows = [of_oracle(oracle.Trust(scenario, golive, 10_000 + r, strangers).run()) for r in range(runs)]
    return Counts(names(scenario), np.array(rows, dtype=np.float64))


@functools.cache
def by_engine(name: str, runs: int, *changes: tuple[str, float]) -> Counts:
    over: small.Plain = {}
    for path, value in changes:
        *sections, last = path.split(".")
        here = over
        for section in sections:
            here = here.setdefault(section, {})
        here[last] = value
    scenario = small.scenario(*SETS[name], over)
    model = Model(scenario)
    row = table(model.columns, 5, 1)[0]
    rows = [of_engine(Rollout(model, row, 5, r).run()) for r in range(runs)]
    return Counts(names(scenario), np.array(rows, dtype=np.float64))


def differences(one: Counts, other: Counts, level: float) -> dict[str, str]:
    """The counts whose mean or variance differs, with the finding."""
    found: dict[str, str] = {}
    assert one.names == other.names
    assert len(one.names) <= 150
    for i, name in enumerate(one.names):
        a, b = one.table[:, i], other.table[:, i]
        z, skew, excess = alarm.mean_difference(a, b)
        if abs(z) > alarm.critical(level, skew, excess):
            found[name] = f"mean {a.mean():.3f} against {b.mean():.3f}, z = {z:.1f}"
        # the variance of rare counts has no normal ratio; their mean says it all (they are Poisson)
        if min(a.mean(), b.mean()) < 5:
            continue
        z = alarm.log_variance_ratio(a, b)
        if abs(z) > alarm.z_two_sided(level):
            found[name + " (variance)"] = f"sd {a.std():.3f} against {b.std():.3f}, z = {z:.1f}"
    return found


def told(found: dict[str, str]) -> str:
    return "\n".join(f"{name}: {what}" for name, what in found.items())


LEVEL = alarm.alpha("oracle", COMPARISONS)


@pytest.mark.parametrize("name", SETS)
def test_the_engine_has_the_oracles_distribution(name: str) -> None:
    found = differences(by_oracle(name, ORACLE_RUNS), by_engine(name, ENGINE_RUNS), LEVEL)
    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_the_engine_has_the_oracles_distribution_in_many_replications(name: str) -> None:
    level = alarm.alpha("oracle_long", COMPARISONS)
    found = differences(by_oracle(name, LONG_ORACLE_RUNS), by_engine(name, LONG_ENGINE_RUNS), level)
    assert not found, told(found)


class TestPower:
    """The comparison rejects an engine (or an oracle) that is wrong on purpose."""

    def test_ten_per_cent_more_touches_are_noticed(self) -> None:
        wrong = by_engine("plain", ENGINE_RUNS, ("sectors.hospital.touch", 1.1))
        found = differences(by_oracle("plain", ORACLE_RUNS), wrong, LEVEL)
        assert any(name.startswith("waiting") and "not live" in name for name in found), told(found)
        assert not any(name.startswith(("staff", "new", "cards")) for name in found), told(found)

    def test_a_fifth_fewer_cards_are_noticed(self) -> None:
        wrong = by_engine("interacting", ENGINE_RUNS, ("eid.cards", 3.2))
        found = differences(by_oracle("interacting", ORACLE_RUNS), wrong, LEVEL)
        assert any("cards" in name for name in found), told(found)

    def test_the_product_of_the_coverages_is_not_taken_for_their_joint_distribution(self) -> None:
        wrong = by_oracle("interacting", ORACLE_RUNS, strangers=True)
        found = differences(wrong, by_engine("interacting", ENGINE_RUNS), LEVEL)
        assert any(name.startswith("new") for name in found), told(found)
        assert not any(name.startswith("staff") for name in found), told(found)
