"""Random streams: the same seed gives the same bits, and what is added touches nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.experiments.replicate import Results, replicate
from sim.model.draws import columns, table
from sim.model.numbers import streams
from sim.model.rollout import Model, Record, Rollout
from sim.model.streams import generator, keys, names, place, uniform, uniforms
from sim.scenario.schema import Scenario
from tests import alarm
from tests.sim import small

ROOT = Path(__file__).parents[3]
TRUSTS = {"Sykehus A": 50.0, "Sykehus B": 30.0}


def uncertain(low: float, high: float, unit: str) -> small.Plain:
    return {
        "distribution": "uniform",
        "low": low,
        "high": high,
        "unit": unit,
        "source": "VURDERING",
        "tag": "assumption",
    }


SPREAD: small.Plain = {
    "sectors": {
        "hospital": {"touch": uncertain(0.5, 2, "1/year"), "entries": uncertain(6, 10, "entries/1000 inhabitants/year")}
    },
    "eid": {"cards": uncertain(5, 15, "cards/week/1000 staff"), "lost": uncertain(0, 0.2, "1/year")},
    "golive": {"hospital": {"vest": small.project(local_months=uncertain(0, 4, "months"))}},
}
GP = {
    "sectors": {"gp": small.sector({"gp": small.stratum("doctor", staff=0.4)}, entries=3)},
    "golive": {"gp": {"vest": small.ramp("2024-06-01", "2025-01-01")}},
}
CAMPAIGN = {"name": "Kampanje", "start": "2024-08", "months": 3, "reaches": uncertain(0.1, 0.4, "share")}


def run(scenario: Scenario, replication: int = 2, seed: int = 9) -> tuple[Model, Record]:
    model = Model(scenario)
    return model, Rollout(model, table(model.columns, seed, 3)[replication], seed, replication).run()


def by_name(scenario: Scenario) -> dict[str, list[float]]:
    """The drawn numbers of five replications by name."""
    found = columns(scenario)
    drawn = table(found, 9, 5)
    return {c.name: drawn[:, i].tolist() for i, c in enumerate(found)}


def of_unit(model: Model, record: Record, name: str) -> dict[str, np.ndarray]:
    """What a unit left behind."""
    unit = [u.name for u in model.structure.units].index(name)
    strata = slice(model.structure.first[unit], model.structure.first[unit + 1])
    return {
        **{k: getattr(record, k)[:, strata] for k in ("new", "staff", "ordered")},
        **{
            k: getattr(record, k)[:, unit]
            for k in ("waiting", "later_synced", "card_wait", "meets", "writing", "access")
        },
    }


def draws_of_unit(model: Model, name: str, replication: int = 2, seed: int = 9) -> list[np.ndarray]:
    """The first random numbers that a unit has in a replication, of every process."""
    unit = [u.name for u in model.structure.units].index(name)
    strata = slice(model.structure.first[unit], model.structure.first[unit + 1])
    k = streams(model.hashes, seed, replication)
    keys = (k.start[strata], k.staff[strata], k.new[strata], k.wait[[unit]], k.stock[[unit]], k.intensity[[unit]])
    return [uniforms(one, 50) for one in keys]


def test_the_same_seed_gives_the_same_bits() -> None:
    scenario = small.scenario(SPREAD)
    assert small.same(small.run(scenario, 3), small.run(scenario, 3))


@pytest.mark.parametrize(("seed", "replication"), [(2, 3), (1, 4)])
def test_another_seed_or_replication_gives_other_numbers(seed: int, replication: int) -> None:
    scenario = small.scenario(SPREAD)
    assert not small.same(small.run(scenario, 3, seed=1), small.run(scenario, replication, seed=seed))


def test_replications_of_one_model_do_not_disturb_each_other() -> None:
    scenario = small.scenario(SPREAD)
    model = Model(scenario)
    alone = small.run(scenario, 5)
    for replication in (0, 5):
        last = small.run(scenario, replication, model=model)
    assert small.same(alone, last)


def test_streams_of_different_names_are_different() -> None:
    names_ = ["technical", "staff/A", "staff/B", "entries/A", "waiting/A"]
    numbers = {tuple(generator(1, r, name).random(4)) for name in names_ for r in range(3)}
    assert len(numbers) == 15
    many = [f"{purpose}/{i}" for purpose in ("staff", "new", "wait") for i in range(300)]
    made = np.concatenate([keys(seed, r, names(many)) for seed in (0, 1, 2**62) for r in range(3)])
    assert len(set(made.tolist())) == made.size


def test_the_numbers_are_those_of_splitmix64() -> None:
    """The first numbers of the published generator from 1234567, as Vigna's C code and Rosetta Code give them."""
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    key = np.uint64(1234567)
    for number, theory in enumerate(published):
        assert uniform(np.uint64(place(key, number + 1))) == ((theory >> 11) + 0.5) / 2**53


def test_a_number_has_its_place_whoever_asked_before() -> None:
    key = keys(3, 1, names(["staff/A"]))
    at = np.uint64(place(key[0], 40))
    assert place(at, 2) == place(key[0], 42)
    assert uniform(np.uint64(place(at, 2))) == uniforms(key, 50)[0, 42]


def test_the_numbers_are_uniform_and_neighbouring_streams_unrelated() -> None:
    """χ² over 64 classes, and over 8 × 8 classes of the numbers at one place of neighbouring streams and of neighbouring
    places of one stream; false-alarm rate 5e-8 for all three. Power: a class that is 8 % too full is found."""
    made = uniforms(keys(5, 0, names(f"staff/{i}" for i in range(4000))), 250)
    coarse = (made * 8).astype(int)
    tables = (
        np.bincount((made * 64).astype(int).ravel(), minlength=64),
        np.bincount((coarse[:-1] * 8 + coarse[1:]).ravel(), minlength=64),
        np.bincount((coarse[:, :-1] * 8 + coarse[:, 1:]).ravel(), minlength=64),
    )
    level = alarm.alpha("streams", 3)
    for counts in tables:
        assert stats.chisquare(counts).pvalue > level
    expected = tables[0].sum() / 64
    assert stats.chi2.isf(level, 63) < 63 + (0.08 * expected) ** 2 / expected


def test_another_trust_leaves_a_units_outcomes_alone() -> None:
    """The second trust brings its own inhabitants, so that nothing couples it with the first."""
    one = small.scenario(SPREAD, {"regions": {"vest": {"population": 50_000}}}, trusts={"Sykehus A": 50.0})
    two = small.scenario(
        SPREAD, {"regions": {"vest": {"population": 100_000}}}, trusts={"Sykehus A": 50.0, "Sykehus B": 50.0}
    )
    (before, first), (after, second) = run(one), run(two)
    for a, b in zip(draws_of_unit(before, "Sykehus A"), draws_of_unit(after, "Sykehus A"), strict=True):
        assert np.array_equal(a, b)
    here, there = of_unit(before, first, "Sykehus A"), of_unit(after, second, "Sykehus A")
    for name, values in here.items():
        assert np.array_equal(values, there[name]), name


def test_another_trust_first_in_the_file_leaves_the_draws_alone() -> None:
    one = small.scenario(SPREAD, trusts=TRUSTS)
    two = small.scenario(SPREAD, trusts={"Sykehus 0": 10.0} | TRUSTS)
    before, after = by_name(one), by_name(two)
    assert before.items() <= after.items()
    model = Model(one)
    draws = {name: draws_of_unit(model, name) for name in TRUSTS}
    model = Model(two)
    for name in TRUSTS:
        assert all(np.array_equal(a, b) for a, b in zip(draws[name], draws_of_unit(model, name), strict=True))


def test_another_sector_leaves_the_hospitals_outcomes_and_all_draws_alone() -> None:
    one, two = small.scenario(SPREAD, trusts=TRUSTS), small.scenario(SPREAD, GP, trusts=TRUSTS)
    assert by_name(one).items() <= by_name(two).items()
    (before, first), (after, second) = run(one), run(two)
    for name in TRUSTS:
        here, there = of_unit(before, first, name), of_unit(after, second, name)
        for key, values in here.items():
            assert np.array_equal(values, there[key]), (name, key)


@pytest.mark.parametrize(
    "addition",
    [
        {"knowledge": {"campaigns": [CAMPAIGN]}},
        {
            "knowledge": {
                "super_users": [{"name": "B", "start": "golive", "months": 3, "factor": uncertain(1, 3, "factor")}]
            }
        },
        {"eid": {"programmes": [{"name": "E", "start": "2024-09", "months": 3, "ordering": uncertain(0, 1, "share")}]}},
        {
            "legacy": {
                "cleanups": [
                    {"name": "R", "start": "golive", "months": 3, "capacity": uncertain(1, 9, "entries/month")}
                ]
            }
        },
        {
            "ownership": {
                "duties": [{"name": "P", "start": "2024-09", "months": 3, "factor": uncertain(0, 1, "factor")}]
            }
        },
        {
            "consent": {
                "law_changes": [
                    {"name": "L", "date": small.dated("2024-12-01"), "probability": uncertain(0, 1, "share")}
                ]
            }
        },
        {"technical": {"outages": 50.0}},
    ],
)
def test_another_process_leaves_every_random_number_alone(addition: small.Plain) -> None:
    one, two = small.scenario(SPREAD), small.scenario(SPREAD, addition)
    before, after = by_name(one), by_name(two)
    before.pop("technical.outages")
    assert before.items() <= after.items()
    model, first = run(one)
    numbers = draws_of_unit(model, "Lite sykehus")
    model, second = run(two)
    assert all(np.array_equal(a, b) for a, b in zip(numbers, draws_of_unit(model, "Lite sykehus"), strict=True))
    # what it cannot reach is bit-identical
    assert np.array_equal(first.new.sum(axis=2), second.new.sum(axis=2))
    if "eid" not in addition and "knowledge" not in addition:
        assert np.array_equal(first.staff, second.staff)
        assert np.array_equal(first.ordered, second.ordered)


def test_a_campaign_changes_nothing_before_it_begins() -> None:
    one, two = small.scenario(SPREAD), small.scenario(SPREAD, {"knowledge": {"campaigns": [CAMPAIGN]}})
    (_, first), (_, second) = run(one), run(two)
    assert np.array_equal(first.new[:8], second.new[:8])
    assert np.array_equal(first.staff[:8], second.staff[:8])
    assert not np.array_equal(first.staff[8:], second.staff[8:])


def test_an_earlier_process_keeps_its_numbers_when_another_is_put_before_it() -> None:
    other = CAMPAIGN | {"name": "Ny", "start": "2024-02"}
    one = by_name(small.scenario({"knowledge": {"campaigns": [CAMPAIGN]}}))
    two = by_name(small.scenario({"knowledge": {"campaigns": [other, CAMPAIGN]}}))
    assert one["knowledge.campaigns.0.reaches"] == two["knowledge.campaigns.1.reaches"]
    assert one["knowledge.campaigns.0.reaches"] != two["knowledge.campaigns.0.reaches"]


def test_a_replications_draw_does_not_depend_on_how_many_there_are() -> None:
    found = columns(small.scenario(SPREAD))
    assert np.array_equal(table(found, 9, 3), table(found, 9, 40)[:3])


SCRIPT = """
import hashlib
from sim.experiments.replicate import replicate
from tests.sim.model.test_streams import GP, SPREAD, TRUSTS
from tests import alarm
from tests.sim import small
r = replicate(small.scenario(SPREAD, GP, trusts=TRUSTS), 3, seed=4, workers=1)
parts = (r.series, r.detail, r.milestones, r.draws)
print(hashlib.sha256(b"".join(a.tobytes() for a in parts)).hexdigest(), [a.name for a in r.areas.rows])
"""


def test_the_hash_seed_of_python_changes_nothing() -> None:
    def once(hash_seed: str) -> str:
        env = dict(os.environ, PYTHONHASHSEED=hash_seed, PYTHONPATH=str(ROOT))
        return subprocess.run(
            [sys.executable, "-c", SCRIPT], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    assert once("0") == once("4242")


def test_one_worker_and_two_give_the_same_results() -> None:
    scenario = small.scenario(SPREAD, GP, trusts=TRUSTS)

    def results(workers: int) -> Results:
        return replicate(scenario, 20, seed=4, workers=workers)

    one, two = results(1), results(2)
    for name in ("series", "detail", "milestones", "draws"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
