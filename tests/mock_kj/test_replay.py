"""One-time values: in one process, and over the processes that share a table."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_kj import replay
from mock_kj.dpop import Seen
from mock_kj.replay import ReplayCache, SharedReplayCache, make_table

WINDOW = 10.0


def shared(folder: Path, purpose: str = "", lock: Any = None) -> SharedReplayCache:
    path = folder / "table"
    if not path.exists():
        make_table(path)
    return SharedReplayCache(path, lock or multiprocessing.get_context("spawn").Lock(), WINDOW, purpose)


def alone() -> Seen:
    return ReplayCache(WINDOW)


def table() -> Seen:
    with tempfile.TemporaryDirectory() as folder:  # the mapping outlives its file
        return shared(Path(folder))


@pytest.mark.parametrize("make", [alone, table])
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.floats(0, 8)), max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_value_passes_twice_within_the_window(make: Callable[[], Seen], steps: list[tuple[int, float]]) -> None:
    seen, now = make(), 1000.0
    passed: dict[int, float] = {}
    for value, later in steps:
        now += later
        if seen.first_time(f"value {value}", now):
            assert now - passed.get(value, -1e9) > WINDOW
            passed[value] = now
        else:
            assert value in passed


@pytest.mark.parametrize("make", [alone, table])
def test_a_value_is_forgotten_in_the_end(make: Callable[[], Seen]) -> None:
    seen = make()
    assert seen.first_time("a", 0.0)
    assert not seen.first_time("a", WINDOW)
    for later in (WINDOW * 3, WINDOW * 6):
        seen.first_time("b", later)
    assert seen.first_time("a", WINDOW * 9)


def test_two_mappings_of_one_table_know_the_same_and_purposes_are_kept_apart(tmp_path: Path) -> None:
    lock = multiprocessing.get_context("spawn").Lock()
    one, other = shared(tmp_path, "api", lock), shared(tmp_path, "api", lock)
    assert one.first_time("a", 1.0)
    assert not other.first_time("a", 1.0)
    assert shared(tmp_path, "issuer", lock).first_time("a", 1.0)


def test_a_full_bucket_refuses_rather_than_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_BUCKETS", 1)
    seen = shared(tmp_path)
    assert all(seen.first_time(str(i), 1.0) for i in range(64))
    assert not seen.first_time("one more", 1.0)
    assert not any(seen.first_time(str(i), 1.0) for i in range(64))
    assert seen.first_time("one more", 1.0 + 3 * WINDOW)


def race(path: Path, lock: Any, values: int, won: Any) -> None:
    seen = SharedReplayCache(path, lock, WINDOW)
    for value in range(values):
        if seen.first_time(str(value), 1.0):
            with won.get_lock():
                won[value] += 1


def test_of_racing_processes_exactly_one_is_the_first(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    path, lock, won = tmp_path / "table", context.Lock(), context.Array("i", 2000)
    make_table(path)
    racers = [context.Process(target=race, args=(path, lock, 2000, won)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert list(won) == [1] * 2000
