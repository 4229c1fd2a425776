"""The issuing office: Erlang C, the same queue on SimPy, and the time that a lot of cards takes."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.model.eid import lot_service, serve
from tests import alarm

Floats = npt.NDArray[np.float64]

SETTINGS = [(1, 0.5), (2, 0.8), (4, 0.9), (8, 0.7)]
RUNS, CUSTOMERS, WARM_UP = 400, 12_000, 0.4


@numba.njit
def finishing(arrivals: Floats, services: Floats, clerks: int) -> Floats:
    free_at = np.zeros((1, 1, clerks))
    done = np.empty(len(arrivals))
    for i in range(len(arrivals)):
        done[i] = serve(arrivals[i], services[i], free_at, 0, 0)
    return done


def erlang_c(clerks: int, load: float) -> float:
    """The mean wait in M/M/c with mean service 1 and ``load`` per clerk (Erlang 1917)."""
    offered = clerks * load
    last = offered**clerks / math.factorial(clerks) / (1 - load)
    waits = last / (sum(offered**k / math.factorial(k) for k in range(clerks)) + last)
    return waits / (clerks * (1 - load))


@pytest.mark.parametrize(("clerks", "load"), SETTINGS)
def test_waiting_and_utilisation_are_erlangs(clerks: int, load: float) -> None:
    """Independent runs, z-test of the mean over runs; false-alarm rate 1e-7 for all settings and both measures.

    Power: a wait wrong by 10 % or a utilisation wrong by 1 % is rejected in nine runs of ten (asserted below).
    """
    random = np.random.default_rng([7, clerks])
    rate = clerks * load
    begin, end = WARM_UP * CUSTOMERS / rate, 0.9 * CUSTOMERS / rate
    waits, busy = np.empty(RUNS), np.empty(RUNS)
    for run in range(RUNS):
        arrivals = np.cumsum(random.exponential(1 / rate, CUSTOMERS))
        services = random.exponential(1, CUSTOMERS)
        done = finishing(arrivals, services, clerks)
        starts = done - services
        counted = (arrivals > begin) & (arrivals < end)
        waits[run] = (starts - arrivals)[counted].mean()
        busy[run] = (np.clip(done, begin, end) - np.clip(starts, begin, end)).sum() / (end - begin) / clerks
    level = alarm.alpha("erlang", 2 * len(SETTINGS))
    for sample, theory, power in ((waits, erlang_c(clerks, load), 0.1), (busy, load, 0.01)):
        error = sample.std(ddof=1) / math.sqrt(RUNS)
        limit = alarm.critical(level, stats.skew(sample) / math.sqrt(RUNS), stats.kurtosis(sample) / RUNS)
        assert abs(sample.mean() - theory) < limit * error
        assert (limit + 1.28) * error < power * theory


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 10)), min_size=1, max_size=40),
    st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_finishing_times_are_exactly_those_of_a_simpy_resource(orders: list[tuple[float, float]], clerks: int) -> None:
    arrivals = np.cumsum([gap for gap, _ in orders])
    services = np.array([service for _, service in orders])
    env = simpy.Environment()
    office = simpy.Resource(env, clerks)
    done = np.empty(len(orders))

    def order(i: int):  # type: ignore[no-untyped-def]
        yield env.timeout(arrivals[i])
        with office.request() as clerk:
            yield clerk
            yield env.timeout(services[i])
            done[i] = env.now

    for i in range(len(orders)):
        env.process(order(i))
    env.run()
    assert np.array_equal(finishing(arrivals, services, clerks), done)


def test_a_free_clerk_starts_at_once() -> None:
    free_at = np.array([[[5.0, 1.0]]])
    assert serve(2.0, 3.0, free_at, 0, 0) == 5.0
    assert list(free_at[0, 0]) == [5.0, 5.0]


def test_an_order_waits_for_the_first_clerk_who_is_free() -> None:
    free_at = np.array([[[9.0, 4.0]]])
    assert serve(2.0, 3.0, free_at, 0, 0) == 7.0


@pytest.mark.parametrize("size", [1, 2, 5, 40])
@pytest.mark.parametrize("cv", [0.2, 0.5, 1.0])
def test_a_lot_takes_the_sum_of_its_cards_times(size: int, cv: float) -> None:
    """Mean size·d and variance size·(cv·d)², by integration over the normal number; within 0.2 % and 2 %."""
    z = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    days = np.array([lot_service(size, 0.7, cv, x) for x in z])
    assert days.min() >= 0
    assert days.mean() == pytest.approx(0.7 * size, rel=0.002)
    assert days.var() == pytest.approx(size * (0.7 * cv) ** 2, rel=0.02)


@pytest.mark.parametrize("shape", [1.0, 4.0, 25.0])
def test_a_lots_time_is_gamma_distributed(shape: float) -> None:
    for u in (0.05, 0.25, 0.5, 0.75, 0.95):
        here = lot_service(1, 1.0, 1 / math.sqrt(shape), stats.norm.ppf(u))
        assert here == pytest.approx(stats.gamma(shape, scale=1 / shape).ppf(u), rel=0.02, abs=0.015)


def test_cards_without_variation_take_their_mean() -> None:
    assert lot_service(7, 0.5, 0.0, 2.0) == 3.5
