"""Replications on local processes: the same bits however many, whatever is killed; and what callers can hand in."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sim.errors import UserError
from sim.experiments import local
from sim.experiments.local import Local
from sim.experiments.replicate import Results, replicate
from sim.experiments.work import FROM_NEW
from tests.sim import small
from tests.sim.model.test_streams import GP, SPREAD, TRUSTS

SCENARIO = small.scenario(SPREAD, GP, trusts=TRUSTS)
ARRAYS = ("series", "detail", "backlog", "milestones", "fits", "draws")


def bits(results: Results) -> list[bytes]:
    return [getattr(results, name).tobytes() for name in ARRAYS]


@pytest.fixture(scope="module")
def alone() -> Results:
    return replicate(SCENARIO, 60, seed=4, workers=1)


def children() -> list[int]:
    return [p.pid for p in local.multiprocessing.active_children() if p.pid is not None]


class Disturbed:
    """Local processes, one of which is killed after every part of the first ``times``."""

    def __init__(self, workers: int, times: int) -> None:
        self.inner, self.times = Local(workers), times

    @property
    def workers(self) -> int:
        return self.inner.workers

    def parts(self, *arguments: Any) -> Iterator[Any]:
        for done in self.inner.parts(*arguments):
            if self.times and (found := children()):
                os.kill(found[0], signal.SIGKILL)
                self.times -= 1
            yield done


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_processes_gives_the_same_bits(alone: Results, workers: int) -> None:
    assert bits(replicate(SCENARIO, 60, seed=4, workers=workers)) == bits(alone)


def test_spawned_children_give_the_same_bits(alone: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "start_method", lambda: "spawn")
    assert bits(replicate(SCENARIO, 60, seed=4, workers=2)) == bits(alone)


def test_a_killed_child_costs_a_retry_and_not_the_result(alone: Results) -> None:
    executor = Disturbed(3, 3)
    assert bits(replicate(SCENARIO, 60, seed=4, executor=executor)) == bits(alone)
    assert executor.times == 0
    assert not children()


def test_children_that_are_killed_again_and_again_end_the_run_with_a_sentence() -> None:
    with pytest.raises(UserError, match="killed on the way"):
        replicate(SCENARIO, 400, seed=4, executor=Disturbed(2, 400))
    assert not children()


def test_a_fault_in_a_child_is_told_with_its_place() -> None:
    numbers = np.arange(60)
    numbers[1] = -1  # no stream has that number; the second replication is a child's
    with pytest.raises(RuntimeError, match=r"(?s)a worker failed:.*streams\.py"):
        replicate(SCENARIO, numbers=numbers, seed=4, workers=2)
    assert not children()


def test_ctrl_c_reaches_this_process_alone_and_is_never_lost() -> None:
    """The signal comes while a child is being born: it is held back until that is done, and raised then."""

    class Signalled(Local):
        def parts(self, *arguments: Any) -> Iterator[Any]:
            with local.deaf():
                os.kill(os.getpid(), signal.SIGINT)
                born = True
            assert born
            yield from super().parts(*arguments)

    with pytest.raises(KeyboardInterrupt):
        replicate(SCENARIO, 60, seed=4, executor=Signalled(2))
    assert not children()


def test_a_child_is_deaf_to_ctrl_c(alone: Results) -> None:
    class Deafened(Disturbed):
        def parts(self, *arguments: Any) -> Iterator[Any]:
            for done in self.inner.parts(*arguments):
                for pid in children():
                    os.kill(pid, signal.SIGINT)
                yield done

    assert bits(replicate(SCENARIO, 60, seed=4, executor=Deafened(2, 0))) == bits(alone)


def test_rows_and_numbers_can_be_handed_in(alone: Results) -> None:
    chosen = [7, 3, 41]
    found = replicate(SCENARIO, rows=alone.draws[chosen], numbers=chosen, seed=4, workers=1)
    assert found.series.tobytes() == alone.series[chosen].tobytes()
    assert found.milestones.tobytes() == alone.milestones[chosen].tobytes()


def test_rows_that_do_not_fit_are_refused(alone: Results) -> None:
    for wrong in (
        {"rows": alone.draws[:3], "numbers": [1, 2]},
        {"rows": alone.draws[:3, 1:]},
        {"rows": alone.draws[:3], "replications": 4},
        {},
    ):
        with pytest.raises(UserError, match="do not fit"):
            replicate(SCENARIO, seed=4, workers=1, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("measures", [FROM_NEW, ("hours_saved", "sync_rate_new"), ()])
def test_some_measures_are_the_same_as_among_all(alone: Results, measures: tuple[str, ...]) -> None:
    some = replicate(SCENARIO, 20, seed=4, workers=1, measures=measures)
    for measure in measures:
        for area in alone.areas.rows:
            one, other = (r.of(measure, area.name, area.sector)[:20] for r in (some, alone))
            assert one.tobytes() == other.tobytes(), (measure, area)
    assert some.series.shape[1] == len(measures)
    assert some.fits.tobytes() == alone.fits[:20].tobytes()
