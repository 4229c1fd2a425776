"""What if: the exact answer has the bits of a forecast, the quick one is the null alternative's moved by the paired change."""

from pathlib import Path

import numpy as np
import pytest

from sim.experiments import whatif
from sim.experiments.measures import INDEX
from sim.experiments.posterior import with_posterior
from sim.experiments.replicate import replicate
from sim.experiments.summary import Summary
from sim.experiments.whatif import State
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.scenario import levers
from sim.scenario.levers import Setting, text_of
from sim.scenario.load import load

SEED, AREA = 3, 0
SMALL = "extends: helse-vest\ntitle: Liten\nperiod: {start: 2024-02, end: 2027-12}\n"
TURNED = (Setting("elearning", 9.0, "2026-03"), Setting("single-sign-on", None, "2026-06"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("whatif") / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def null(small: str) -> whatif.Sample:
    return whatif.sample(State(small), 0, 16, SEED)


@pytest.fixture(scope="module")
def turned(small: str) -> whatif.Sample:
    return whatif.sample(State(small, TURNED), 0, 16, SEED)


def spans(small: str) -> list[slice]:
    return [months for _, months in whatif.years(State(small))]


def test_the_exact_answer_is_the_forecast_of_the_saved_file(small: str, turned: whatif.Sample, tmp_path: Path) -> None:
    saved = tmp_path / "saved.yaml"
    saved.write_text(text_of(whatif.grounds(small), TURNED, "Lagret", ""), encoding="utf-8")
    loaded, kept = with_posterior(load(saved))
    assert kept is not None
    results = replicate(loaded.scenario, 16, SEED, workers=1)
    area = results.areas.find("national", "hospital")
    assert area == whatif.places(State(small)).find("national", "hospital")
    assert np.array_equal(whatif.rates(turned, area), results.series[:, INDEX["sync_rate_new"], area], equal_nan=True)
    summary, outlook = Summary.of(results), whatif.exact(turned, turned, area, spans(small))
    assert np.array_equal(outlook.fan[2], summary.series("sync_rate_new", "national", "hospital"), equal_nan=True)
    year = spans(small)[-1]
    total = summary.series("registered", "national", "hospital", "mean")[year].sum()
    consent = summary.series("stopped_consent", "national", "hospital", "mean")[year].sum() / total
    assert outlook.gates[-1, 4] == pytest.approx(consent, rel=1e-6)


def test_draws_can_be_simulated_in_any_parts(small: str, turned: whatif.Sample) -> None:
    part, same = whatif.sample(State(small, TURNED), 5, 7, SEED), turned[5:7]
    for field in ("series", "strata", "in_use"):
        assert np.array_equal(getattr(part, field), getattr(same, field), equal_nan=True)


def test_a_dose_is_a_number_in_the_model_of_the_usual_dose(small: str) -> None:
    """Every lever with another dose than its file's: the columns and draws of the model built of the whole scenario."""
    stand = whatif.grounds(small)
    period = stand.loaded.scenario.period
    usual = [s for s in (levers.usual(lever, period) for lever in stand.levers) if s.dose is not None]
    state = State(small, tuple(Setting(s.key, s.dose * 0.8, s.start) for s in usual if s.dose is not None))
    model = Model(levers.build(stand, state.settings))
    assert len(state.settings) >= 4
    assert np.array_equal(whatif.numbers(state, SEED), table(model.columns, SEED, whatif.DRAWS))
    ours = whatif.sample(state, 3, 4, SEED)
    record = Rollout(model, whatif.numbers(state, SEED)[3], SEED, 3).run()
    assert np.array_equal(ours.series[0, whatif.SERIES.index("synced"), 0], record.new[:, :, 8].sum(axis=1))


def test_without_levers_the_quick_answer_is_the_exact_one(small: str, null: whatif.Sample) -> None:
    quick = whatif.quick(null[:4], null[:4], null, AREA, spans(small))
    exact = whatif.exact(null, null, AREA, spans(small))
    assert np.allclose(quick.fan, exact.fan, atol=1e-12, equal_nan=True)
    assert np.allclose(quick.gates, exact.gates, atol=1e-12)
    assert np.all(quick.change[:, 3:] == 0)


def test_with_all_draws_the_quick_answer_tells_the_exact_change(
    small: str, null: whatif.Sample, turned: whatif.Sample
) -> None:
    quick = whatif.quick(turned, null, null, AREA, spans(small))
    exact = whatif.exact(turned, null, AREA, spans(small))
    assert quick.fan.mean() == pytest.approx(exact.fan.mean(), abs=0.01)
    assert np.array_equal(quick.change, exact.change, equal_nan=True)


def test_the_quick_fan_is_nearer_than_that_of_the_few_draws_alone(
    small: str, null: whatif.Sample, turned: whatif.Sample
) -> None:
    """In the mean over all fours of the draws: a single four can be lucky."""
    exact = whatif.exact(turned, null, AREA, spans(small)).fan[:, 6:]
    states = (State(small, TURNED), State(small))
    few, null_few = (whatif.few(s, 0, len(turned), SEED, AREA) for s in states)
    moved, alone = [], []
    for four in (slice(i, i + 4) for i in range(0, len(turned), 4)):
        quick = whatif.quick(few[four], null_few[four], null, AREA, spans(small)).fan[:, 6:]
        moved.append(np.abs(quick - exact).mean())
        alone.append(np.abs(whatif.exact(turned[four], null[four], AREA, spans(small)).fan[:, 6:] - exact).mean())
    assert np.mean(moved) < 0.6 * np.mean(alone)


def test_before_the_interventions_begin_nothing_changes(small: str, null: whatif.Sample, turned: whatif.Sample) -> None:
    before = whatif.labels(State(small)).index("2026-03")
    assert np.array_equal(turned.series[..., :before], null.series[..., :before], equal_nan=True)
    outlook = whatif.exact(turned, null, AREA, spans(small))
    assert outlook.better[-1] == 1.0
    assert np.all(outlook.change[:, -1] > 0)
    assert np.all(outlook.better[:before] == 0)


def test_gates_share_out_all_entries(small: str, turned: whatif.Sample) -> None:
    assert np.allclose(whatif.gates(turned, AREA, spans(small)).sum(axis=1), 1.0)
