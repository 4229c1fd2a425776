"""The bank of simulated draws, and the posterior as a file that forecasts draw from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.errors import UserError
from sim.experiments import bank, calibrate, evidence, observations, posterior
from sim.model import version
from sim.model.draws import columns, table
from sim.model.rollout import Model, Rollout
from sim.scenario import data
from sim.scenario.load import load
from sim.scenario.parameter import Parameter
from sim.scenario.posterior import Posterior
from sim.scenario.schema import Scenario
from tests.sim import small

EVIDENCE = evidence.read(data.shipped() / "data")


def uniform(low: float, high: float, unit: str = "share") -> dict[str, Any]:
    return {
        "distribution": "uniform",
        "low": low,
        "high": high,
        "unit": unit,
        "source": "VURDERING",
        "tag": "assumption",
    }


def uncertain() -> Scenario:
    """The small scenario, live from February, with a programme whose start is uncertain."""
    programme = {"name": "Kort", "start": "2024-03", "months": 12, "delay": uniform(0, 12, "months")}
    return small.scenario(
        {"period": {"start": "2024-02"}, "golive": {"hospital": {"vest": small.project("2024-02-12")}}},
        {"sectors": {"hospital": {"strata": {"nurse": {"eid_at_start": uniform(0.1, 0.9)}}}}},
        {"eid": {"programmes": [programme | {"strata": ["nurse"], "ordering": uniform(0.05, 0.4)}]}},
        {"patients": {"prevalence": uniform(0.02, 0.08)}, "legacy": {"new_share": uniform(0.03, 0.2)}},
    )


@pytest.fixture(scope="module")
def made() -> bank.Bank:
    return bank.simulate(uncertain(), EVIDENCE, 800, seed=3, workers=1)


def test_the_bank_is_the_same_on_two_processes() -> None:
    one, other = (bank.simulate(uncertain(), EVIDENCE, 240, seed=3, workers=workers) for workers in (1, 2))
    for name in ("draws", "scores", "log_base", "fits", "checks", "judged"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_every_draw_of_the_bank_gives_its_rates_again(made: bank.Bank) -> None:
    model = Model(made.scenario)
    for number in (0, made.size - 1):
        record = Rollout(model, made.draws[number], made.seed, number).run()
        found = observations.modelled(model, record, list(made.evidence.figures))
        np.testing.assert_array_equal(found, made.fits[number])


def test_the_pilot_are_draws_of_the_priors(made: bank.Bank) -> None:
    np.testing.assert_array_equal(made.draws[: made.pilot], table(made.columns, 3, made.size)[: made.pilot])
    assert made.log_base.max() <= np.log(made.size / made.pilot) + 1e-12


def test_only_columns_without_effect_on_the_rates_are_left_out(made: bank.Bank) -> None:
    left_out = [i for i, c in enumerate(made.columns) if c.parameter.uncertain and i not in made.fitted]
    assert [made.columns[i].name for i in left_out] == ["patients.prevalence"]
    whole = load("helse-vest").scenario
    part = bank.observed_part(whole, evidence.covered(EVIDENCE, Model(whole)))
    model = Model(part)
    rows = table(model.columns, 1, 2)
    moved = rows[0].copy()
    silent = [i for i, c in enumerate(model.columns) if c.parameter.uncertain and i not in bank.fitted(model.columns)]
    assert len(silent) > 5
    moved[silent] = rows[1][silent]
    figures = list(EVIDENCE.figures)
    one, other = (observations.modelled(model, Rollout(model, row, 1, 0).run(), figures) for row in (rows[0], moved))
    np.testing.assert_array_equal(one, other)


def test_statements_are_judged_by_their_counts() -> None:
    keys = evidence.GROUP_KEYS

    def counts(doctor: float, nurse: float, synced: tuple[float, float]) -> evidence.Counts:
        registered, done = np.zeros(len(keys)), np.zeros(len(keys))
        registered[[keys.index("doctor"), keys.index("nurse"), keys.index("midwife")]] = doctor, nurse, 5
        done[[keys.index("doctor"), keys.index("nurse"), keys.index("midwife")]] = *synced, 1
        categories = np.ones(len(evidence.CATEGORY_KEYS))
        categories[evidence.CATEGORY_KEYS.index("ongoing_treatment")] = 3
        categories[evidence.CATEGORY_KEYS.index("procedure_change")] = 2
        return evidence.Counts(registered, done, categories, True)

    as_published, reverse = counts(80, 100, (60, 30)), counts(100, 60, (20, 40))
    judged = {key: (judge(as_published), judge(reverse)) for key, judge in evidence.JUDGES.items()}
    assert all(first for first, _ in judged.values())
    assert not any(judged[k][1] for k in ("nurses_document_most", "doctors_sync_most", "nurses_stop_most"))


def test_evidence_is_known_from_the_end_of_its_window() -> None:
    cutoffs = EVIDENCE.cutoffs
    assert [str(c) for c in cutoffs] == ["2024-08-31", "2024-12-31", "2025-03-31", "2025-06-30"]
    counts = [tuple(int(k.sum()) for k in EVIDENCE.known(c)) for c in cutoffs]
    assert counts == [(1, 0), (2, 0), (3, 6), (4, 6)]
    assert [o.key for o in EVIDENCE.checks] == ["sync_rate_cumulative_total"]  # made up of the others


def test_a_scenario_without_published_rates_cannot_be_calibrated() -> None:
    with pytest.raises(UserError, match="no published sync rate"):
        bank.simulate(small.scenario({"period": {"start": "2026-01", "end": "2026-12"}}), EVIDENCE, 10, workers=1)


# -- draws ------------------------------------------------------------------------------------------------------------


def joint(scenario: Scenario, count: int = 50) -> Posterior:
    """Draws in which every parameter tells the draw's number."""
    fitted = [c for c in columns(scenario) if c.parameter.uncertain and c.name != "patients.prevalence"]
    return Posterior({c.stream: np.arange(count) / count for c in fitted}, {c.stream: c.parameter for c in fitted})


def test_a_replication_takes_one_joint_draw_and_leaves_the_rest_alone() -> None:
    plain = uncertain()
    fitted = plain.with_posterior(joint(plain))
    one, other = table(columns(plain), 7, 400), table(columns(fitted), 7, 400)
    taken = [i for i, c in enumerate(columns(fitted)) if c.fitted is not None]
    assert len(taken) == 4
    assert np.all(other[:, taken] == other[:, taken[:1]])  # the same draw in every parameter
    assert len(np.unique(other[:, taken[0]])) == 50
    rest = [i for i in range(one.shape[1]) if i not in taken]
    np.testing.assert_array_equal(one[:, rest], other[:, rest])
    np.testing.assert_array_equal(other[:100], table(columns(fitted), 7, 100))
    assert fitted.model_dump() == plain.model_dump()


def test_scenarios_share_their_posterior_draws_and_an_override_wins() -> None:
    plain = uncertain()
    given = joint(plain)
    other = Scenario.model_validate(
        small.merged(plain.model_dump(exclude_none=True), {"legacy": {"new_share": uniform(0.9, 1)}})
    )
    names = {c.name: i for i, c in enumerate(columns(plain))}
    one, changed = (table(columns(s.with_posterior(given)), 7, 200) for s in (plain, other))
    assert changed[:, names["legacy.new_share"]].min() >= 0.9
    rest = [i for name, i in names.items() if name != "legacy.new_share"]
    np.testing.assert_array_equal(one[:, rest], changed[:, rest])


def test_a_posterior_of_unequal_lengths_is_refused() -> None:
    one = Parameter.model_validate(uniform(0, 1))
    with pytest.raises(ValueError, match="equally many draws"):
        Posterior({"a": np.zeros(3), "b": np.zeros(2)}, {"a": one, "b": one})


# -- file -------------------------------------------------------------------------------------------------------------


def place(folder: Path, content: bytes, **changes: str) -> Path:
    """A scenario that extends helse-vest beside a posterior with the given bytes."""
    (folder / "posteriors").mkdir(exist_ok=True)
    (folder / "posteriors" / "helse-vest.parquet").write_bytes(content)
    origin = (data.shipped() / "helse-vest.yaml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in origin
        origin = origin.replace(old, new, 1)
    (folder / "helse-vest.yaml").write_text(origin, encoding="utf-8")
    (folder / "variant.yaml").write_text("extends: helse-vest.yaml\ntitle: Variant\n", encoding="utf-8")
    return folder / "variant.yaml"


SHIPPED = data.shipped() / "posteriors" / "helse-vest.parquet"


def test_the_bytes_of_a_posterior_are_the_same_each_time(made: bank.Bank) -> None:
    fitted = calibrate.fit(made)
    content = posterior.encode(fitted, "liten")
    assert content == posterior.encode(calibrate.fit(made), "liten")


def test_a_posterior_comes_back_as_it_was_written(made: bank.Bank, tmp_path: Path) -> None:
    fitted = calibrate.fit(made)
    (tmp_path / "p.parquet").write_bytes(posterior.encode(fitted, "liten"))
    kept = posterior.decode(tmp_path / "p.parquet")
    chosen = fitted.resample()
    np.testing.assert_array_equal(kept.draws, chosen)
    assert kept.posterior.values.keys() == {made.columns[i].stream for i in made.fitted}
    for index in made.fitted:
        column = made.columns[index]
        np.testing.assert_allclose(kept.posterior.values[column.stream], made.draws[chosen, index], rtol=1e-6)
        assert kept.posterior.draws(column.stream, column.parameter) is not None


@pytest.mark.parametrize(("content", "why"), [(b"", "no posterior"), (b"PAR1nonsense", "no posterior")])
def test_a_file_that_is_no_posterior_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=why):
        posterior.posterior_of(load(place(tmp_path, content)))


def test_a_missing_posterior_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    variant = place(tmp_path, b"")
    variant.write_text("extends: helse-vest.yaml\nposterior: posteriors/ingen.parquet\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"does not exist.*calibrate"):
        posterior.posterior_of(load(variant))
    variant.write_text("extends: helse-vest.yaml\nposterior:\n", encoding="utf-8")
    assert posterior.posterior_of(load(variant)) is None


def test_a_posterior_of_another_model_version_is_refused(tmp_path: Path) -> None:
    found = pq.read_table(SHIPPED)
    about = json.loads(found.schema.metadata[posterior.KEY]) | {"model_version": 99}
    pq.write_table(found.replace_schema_metadata({posterior.KEY: json.dumps(about)}), tmp_path / "p.parquet")
    with pytest.raises(UserError, match=f"version 99.*version {version.MODEL_VERSION}"):
        posterior.decode(tmp_path / "p.parquet")


def test_a_posterior_of_other_priors_is_refused_but_a_variants_own_numbers_win(tmp_path: Path) -> None:
    content = SHIPPED.read_bytes()
    variant = place(
        tmp_path,
        content,
        **{"new_share: {distribution: triangular, low: 0.03": "new_share: {distribution: triangular, low: 0.04"},
    )
    with pytest.raises(UserError, match="was fitted to the scenario «helse-vest» as it was"):
        posterior.posterior_of(load(variant))
    variant = place(tmp_path, content, **{"antall leger ikke funnet": "et annet ord"})  # a note is no prior
    own = "legacy:\n  new_share: {value: 0.5, unit: share, source: VURDERING, tag: assumption}\n"
    variant.write_text(variant.read_text(encoding="utf-8") + own, encoding="utf-8")
    loaded, kept = posterior.with_posterior(load(variant))
    assert kept is not None
    found = {c.name: c for c in columns(loaded.scenario)}
    assert found["legacy.new_share"].fitted is None
    assert found["ownership.declined_new"].fitted is not None


# -- what is shipped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["helse-vest", "national"])
def test_the_shipped_scenarios_use_the_shipped_posterior(name: str) -> None:
    loaded, kept = posterior.with_posterior(load(name))
    assert kept is not None
    assert kept.path == SHIPPED
    assert SHIPPED.stat().st_size < 1e6
    fitted = [c for c in columns(loaded.scenario) if c.fitted is not None]
    assert len(fitted) == len(kept.posterior.values) > 50
    for column in fitted:
        low, high = column.parameter.support()
        assert column.fitted is not None
        assert low - 1e-6 <= column.fitted.min() <= column.fitted.max() <= high + 1e-6, column.name


def test_the_shipped_posterior_belongs_to_this_model() -> None:
    """Its draws from the priors give the rates that it says they gave. If this fails, results have moved: raise
    ``MODEL_VERSION`` and make the posterior anew with «utrulling calibrate helse-vest --write»."""
    loaded = load("helse-vest")
    kept = posterior.posterior_of(loaded)
    assert kept is not None
    part = bank.observed_part(loaded.scenario, evidence.covered(EVIDENCE, Model(loaded.scenario)))
    model = Model(part)
    pilot = int(kept.about["size"] * bank.PILOT)
    chosen = np.unique(kept.draws[kept.draws < pilot])[:5]
    assert len(chosen) == 5
    rows = table(model.columns, kept.about["seed"], int(chosen.max()) + 1)
    for number in chosen:
        record = Rollout(model, rows[number], kept.about["seed"], int(number)).run()
        for key, value in zip(kept.fits, observations.modelled(model, record, list(EVIDENCE.figures)), strict=True):
            at = int(np.flatnonzero(kept.draws == number)[0])
            assert kept.fits[key][at] == pytest.approx(value, abs=1e-9)


def test_a_late_start_counts_by_its_share_of_the_month() -> None:
    from sim.model.dates import Dates
    from sim.model.trace import Trace

    scenario = uncertain()
    model = Model(scenario)
    dates = Dates(model, model.values(table(model.columns, 1, 1)[0]), 1, 0, Trace())
    ramp = scenario.eid.programmes[0]  # from March 2024, the second month, for a year
    on_time, late = (dates.running(ramp, 0, delay) for delay in (0.0, 2.25))
    np.testing.assert_array_equal(on_time, [0, *[1] * 12, *[0] * 4])
    np.testing.assert_allclose(late, [0, 0, 0, 0.75, *[1] * 11, 0.25, 0])


def test_a_delay_is_schedule_until_it_is_fitted_with_the_rest() -> None:
    scenario = uncertain()
    name = "eid.programmes.0.delay"
    before = next(c for c in columns(scenario) if c.name == name)
    assert before.kind == "schedule"
    assert before.stream == "eid.programmes.Kort.delay"
    after = next(c for c in columns(scenario.with_posterior(joint(scenario))) if c.name == name)
    assert after.kind == "parameter"
    assert replace(after, kind="schedule") == before
