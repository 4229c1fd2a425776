"""Calibration by reweighing: proposals, likelihood, weights, recovery of known truths. Theory is the normal linear model's."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scoringrules
from scipy import stats

from sim.experiments import backtest, calibrate, evidence, proposal, sbc
from sim.experiments.bank import Bank
from sim.experiments.evidence import Evidence, Statement
from sim.experiments.observations import Observation
from sim.model.draws import Column
from sim.scenario.parameter import Parameter
from tests import alarm
from tests.sim import small

DATES = [dt.date(2024, 8, 31), dt.date(2024, 12, 31), dt.date(2025, 3, 31)]
SLOPES = np.array([[0.05, 0.02, 0.0, 0.0], [0.04, -0.03, 0.01, 0.0], [0.02, -0.05, 0.02, 0.0]])  # [figure, parameter]
LEVEL = 0.4


def figure(index: int, value: float) -> Observation:
    end = DATES[index]
    return Observation(f"rate{index}", "Helse Vest", end.replace(day=1), end, value, "measured", "HV-2025", "")


def known(values: tuple[float, ...] = (0.42, 0.45, 0.5), statements: tuple[Statement, ...] = ()) -> Evidence:
    """Three figures with a model error that is as good as certain, 0.02."""
    figures = tuple(figure(i, v) for i, v in enumerate(values))
    return Evidence(figures, np.array([0.0, 0.01, 0.0]), 0.02, 1.0001, statements, ())


def linear_bank(size: int = 6000, seed: int = 1, **changes: Any) -> Bank:
    """A bank whose model is linear with normal parameters: its posterior is known exactly."""
    random = np.random.default_rng(seed)
    scores = random.standard_normal((size, SLOPES.shape[1]))
    uniform = Parameter(distribution="uniform", low=0, high=1, unit="share", source="VURDERING", tag="assumption")
    columns = [Column(f"p{i}", uniform, "parameter", f"p{i}") for i in range(SLOPES.shape[1])]
    bank = Bank(
        scenario=small.scenario(),
        evidence=known(),
        seed=seed,
        columns=columns,
        pilot=size,
        draws=stats.norm.cdf(scores),
        scores=scores,
        log_base=np.zeros(size),
        fits=LEVEL + scores @ SLOPES.T,
        checks=np.empty((size, 0)),
        judged=np.empty((size, 0), bool),
        noise=random.standard_normal((size, 3)),
        level=random.random(size),
    )
    return replace(bank, **changes)


def exact(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the parameters given the figures (normal linear model)."""
    gain = SLOPES.T @ np.linalg.inv(SLOPES @ SLOPES.T + np.diag(errors**2))
    return gain @ (values - LEVEL), np.eye(SLOPES.shape[1]) - gain @ SLOPES


ERRORS = np.sqrt(0.02**2 + np.array([0.0, 0.01, 0.0]) ** 2)


def test_weights_give_the_exact_posterior_of_a_linear_model() -> None:
    bank = linear_bank(40_000)
    fitted = calibrate.fit(bank)
    mean, covariance = exact(bank.evidence.values, ERRORS)
    z = alarm.z_two_sided(alarm.alpha("reweighing", 4))
    for i in range(4):
        error = fitted.weights @ bank.scores[:, i] - mean[i]
        # delta method for a ratio of means
        spread = np.sqrt(np.sum(fitted.weights**2 * (bank.scores[:, i] - mean[i]) ** 2))
        assert abs(error) < z * spread, i
    assert fitted.weights @ bank.scores[:, 0] ** 2 - mean[0] ** 2 == pytest.approx(covariance[0, 0], abs=0.05)


def test_the_proposal_is_the_posterior_of_a_linear_model() -> None:
    bank = linear_bank()
    values = bank.evidence.values
    found = proposal.kalman(bank.scores, bank.fits + 0 * bank.noise, values, ERRORS)
    mean, covariance = exact(values, ERRORS)
    np.testing.assert_allclose(found.axes @ found.centre, mean, atol=1e-9)
    shrink = found.axes @ np.diag(found.scale**2 - 1) @ found.axes.T
    np.testing.assert_allclose(np.eye(4) + shrink, covariance, atol=1e-9)


def test_log_ratio_is_that_of_the_two_normal_densities() -> None:
    bank = linear_bank(50)
    found = proposal.kalman(bank.scores, bank.fits, bank.evidence.values, ERRORS)
    covariance = np.eye(4) + found.axes @ np.diag(found.scale**2 - 1) @ found.axes.T
    want = stats.multivariate_normal(found.axes @ found.centre, covariance).logpdf(bank.scores)
    want -= stats.multivariate_normal(np.zeros(4), np.eye(4)).logpdf(bank.scores)
    np.testing.assert_allclose(found.log_ratio(bank.scores), want, atol=1e-9)


def test_draws_from_proposals_change_the_effort_and_not_the_answer() -> None:
    plain = linear_bank(20_000)
    found = proposal.kalman(plain.scores, plain.fits, plain.evidence.values, ERRORS)
    scores = plain.scores.copy()
    scores[10_000:] = found.place(scores[10_000:])
    base = proposal.log_base(scores, [found], [10_000, 10_000])
    mixed = replace(plain, scores=scores, fits=LEVEL + scores @ SLOPES.T, log_base=base)
    one, other = calibrate.fit(plain), calibrate.fit(mixed)
    assert other.ess > 2 * one.ess
    mean, _ = exact(plain.evidence.values, ERRORS)
    assert base.max() <= np.log(2) + 1e-12  # the prior's half bounds the weights
    z = alarm.z_two_sided(alarm.alpha("proposals", 4))
    for i in range(4):
        spread = np.sqrt(np.sum(other.weights**2 * (scores[:, i] - mean[i]) ** 2))
        assert abs(other.weights @ scores[:, i] - mean[i]) < z * spread, i


def test_the_likelihood_is_normal_density_times_trust() -> None:
    statement = Statement("eid_under_way", "Helse Vest", DATES[0], DATES[1], 0.9, "HV-2025", "")
    data = known(statements=(statement,))
    fits = np.array([[0.40, 0.46, 0.2], [0.43, 0.41, 0.9]])
    judged = np.array([[True], [False]])
    errors = evidence.model_errors(data)
    for cutoff, figures, said in ((DATES[0], 1, False), (DATES[1], 2, True)):
        want = []
        for row, true in zip(fits, judged[:, 0], strict=True):
            spreads = np.sqrt(errors[:, None] ** 2 + data.errors[:figures] ** 2)
            density = np.prod(stats.norm.pdf(data.values[:figures], row[:figures], spreads), axis=1).mean()
            want.append(np.log(density * ((0.9 if true else 0.1) if said else 1)))
        np.testing.assert_allclose(evidence.log_likelihood(data, fits, judged, cutoff), want, atol=1e-9)


def test_nothing_published_after_a_cutoff_moves_the_fit_at_it() -> None:
    bank = linear_bank(500)
    later = replace(bank, evidence=known((0.42, 0.45, 0.99)))
    np.testing.assert_array_equal(calibrate.fit(bank, DATES[1]).weights, calibrate.fit(later, DATES[1]).weights)
    assert not np.array_equal(calibrate.fit(bank, DATES[2]).weights, calibrate.fit(later, DATES[2]).weights)


def test_synthetic_truths_are_recovered_and_a_planted_fault_is_found() -> None:
    """False alarms of the first half: sbc.ALARM of anew-drawn seeds by the report's rule; here its p is held to 1e-8."""
    bank = linear_bank(8000)
    right = sbc.ranks(bank, 400)
    assert len(right.ranks) > 200
    assert right.p_values.min() * len(right.names) > alarm.alpha("synthetic")
    wrong = sbc.ranks(bank, 400, widen=2.5)
    assert not wrong.uniform


def test_resampling_takes_each_draw_as_often_as_its_weight_says() -> None:
    fitted = calibrate.fit(linear_bank(2000))
    chosen = np.bincount(fitted.resample(1000), minlength=2000)
    assert np.all(np.abs(chosen - 1000 * fitted.weights) < 1)


def test_the_tail_of_pareto_weights_is_recognised() -> None:
    u = np.random.default_rng(3).random(40_000)
    for shape in (0.3, 1.0):
        assert calibrate.pareto_k((1 - u) ** -shape) == pytest.approx(shape, abs=0.15)


def test_only_parameters_that_the_data_move_count_as_informed() -> None:
    found = {item.column.name: item for item in calibrate.learned(calibrate.fit(linear_bank(40_000)))}
    assert found["p0"].informed
    assert not found["p3"].informed  # its slopes are 0
    assert found["p3"].overlap > 0.95


def test_crps_of_a_weighted_sample_is_the_energy_form() -> None:
    random = np.random.default_rng(5)
    sample, weights = random.normal(size=60), random.random(60)
    weights /= weights.sum()
    want = weights @ np.abs(sample - 0.3) - 0.5 * weights @ np.abs(sample[:, None] - sample) @ weights
    assert backtest.crps(0.3, sample, weights) == pytest.approx(want, abs=1e-12)
    assert backtest.crps(0.3, sample) == pytest.approx(
        float(scoringrules.crps_ensemble(0.3, sample, estimator="nrg")), abs=1e-12
    )
    quantiles = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    assert backtest.crps(0.7, quantiles) == pytest.approx(float(scoringrules.crps_normal(0.7, 0, 1)), abs=1e-3)


def test_naive_forecasts_continue_their_own_curves() -> None:
    times = np.array([0.0, 5.0, 8.0])
    line, curve = 0.4 + 0.01 * times, 1 / (1 + np.exp(-(-0.5 + 0.1 * times)))
    assert backtest.linear_trend(times, line, 12.0) == pytest.approx(0.52)
    assert backtest.logistic_trend(times, curve, 12.0) == pytest.approx(1 / (1 + np.exp(-0.7)))
    assert backtest.last_value(times, line, 12.0) == pytest.approx(0.48)
    for naive in backtest.NAIVE.values():
        assert naive(times[:1], line[:1], 12.0) == pytest.approx(0.4)
    assert backtest.spread(backtest.linear_trend, times, line, 0.1) == pytest.approx(
        np.sqrt((0.05**2 / 5 + 0.0) / 2)  # one error, of the first figure alone; then the line is right
    )
    assert backtest.spread(backtest.last_value, times[:1], line[:1], 0.1) == 0.1


def test_a_hindcast_has_one_record_per_cutoff_target_and_forecaster() -> None:
    records = backtest.backtest(linear_bank(500), 2000)
    forecasters = {backtest.MODEL, backtest.PRIOR, *backtest.NAIVE, *(n + backtest.SPREAD for n in backtest.NAIVE)}
    keys = {(r.cutoff, r.target, r.forecaster) for r in records}
    assert len(keys) == len(records) == 3 * len(forecasters)  # two later figures, then one
    point = next(r for r in records if r.forecaster == "last_value")
    assert point.crps == abs(point.published - point.median)
    verdict = backtest.verdicts(records)[-1]
    model = np.mean([r.crps for r in records if r.forecaster == backtest.MODEL])
    points = min(np.mean([r.crps for r in records if r.forecaster == n]) for n in backtest.NAIVE)
    naive = min(v for n, v in verdict.means.items() if n not in (backtest.MODEL, backtest.PRIOR))
    assert verdict.ratio("points") == pytest.approx(model / points)
    assert verdict.ratio("all") == pytest.approx(model / naive)


@pytest.mark.parametrize(
    ("mean", "error", "want"),
    [(0.45, 0.01, "met"), (0.49, 0.01, "borderline"), (0.51, 0.01, "borderline"), (0.53, 0.01, "missed")],
)
def test_a_goal_is_borderline_where_the_monte_carlo_error_covers_the_limit(
    mean: float, error: float, want: str
) -> None:
    def verdict(cutoff: str, model: float) -> backtest.Verdict:
        means = {backtest.MODEL: model} | dict.fromkeys(backtest.NAIVE, 1.0) | {"last_value" + backtest.SPREAD: 0.8}
        return backtest.Verdict(cutoff, means, error)

    assert backtest.outcome([verdict("2024-08-31", 0.6), verdict("all", mean)], "points") == want
    assert backtest.outcome([verdict("2024-08-31", 1.2), verdict("all", mean)], "points") == "missed"
    assert backtest.outcome([verdict("2024-08-31", 0.6), verdict("all", mean)], "all") == "missed"  # 0.8 is the best


def test_the_bootstrapped_error_is_the_spread_between_banks() -> None:
    """Forty banks' scores against the error that one of them states: a chi-square of 39 (alarm «backtest_error»), and a
    factor of two for the error itself, which 50 resamples know to 10 % and which varies from bank to bank."""
    banks = [linear_bank(600, seed) for seed in range(40)]
    scores = [backtest.verdicts(backtest.backtest(b, 2000))[-1].means[backtest.MODEL] for b in banks]
    records = backtest.backtest(banks[0], 2000)
    stated = backtest.monte_carlo_errors(banks[0], records, 50)["all"]
    ratio = np.var(scores, ddof=1) / stated**2
    level = alarm.alpha("backtest_error")
    low, high = stats.chi2.ppf([level / 2, 1 - level / 2], 39) / 39
    assert low / 2 < ratio < high * 2


@pytest.mark.parametrize(
    ("effective", "k", "largest", "want"),
    [
        (264, 0.75, 0.02, ["pareto_k"]),
        (90, 0.5, 0.02, ["effective"]),
        (264, 0.5, 0.2, ["largest_weight"]),
        (264, 0.5, 0.02, []),
    ],
)
def test_the_check_that_fails_is_named(effective: float, k: float, largest: float, want: list[str]) -> None:
    assert calibrate.doubts(effective, k, largest) == want


def test_intervals_cover_at_their_level_when_the_model_is_right() -> None:
    """Targets drawn from the predictive itself: the 80 % interval holds 80 % of them (binomial, alarm «coverage»)."""
    bank = linear_bank(20_000)
    fitted = calibrate.fit(bank)
    low, high = calibrate.weighted_quantile(fitted.predicted[:, 2], fitted.weights, (0.1, 0.9))
    truths = fitted.predicted[fitted.resample(2000), 2]
    inside = int(np.sum((low <= truths) & (truths <= high)))
    level = alarm.alpha("coverage")
    assert stats.binom.ppf(level / 2, 2000, 0.8) <= inside <= stats.binom.ppf(1 - level / 2, 2000, 0.8)
