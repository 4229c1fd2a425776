"""The null alternative's draws on disk: found again whole, or not at all."""

from pathlib import Path

import numpy as np
import pytest

from sim.experiments import whatif
from sim.experiments.whatif import Sample, State
from sim.faces.web import recall
from tests.sim.web.server import SMALL


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    file = tmp_path_factory.mktemp("recall") / "small.yaml"
    file.write_text(SMALL.format(title="Liten"), encoding="utf-8")
    return State(str(file))


@pytest.fixture
def drawn(state: State) -> Sample:
    areas, months = len(whatif.places(state).rows), len(whatif.labels(state))
    random = np.random.default_rng(1)
    series = random.random((whatif.DRAWS, len(whatif.SERIES), areas, months), np.float32)
    return Sample(series, random.random((whatif.DRAWS, 4, 7, 9), np.float32), random.random((whatif.DRAWS, 3)))


def test_what_is_kept_is_found_again(state: State, drawn: Sample, tmp_path: Path) -> None:
    file = recall.file_of(tmp_path, state, 3)
    assert recall.read(file, state) is None
    recall.write(file, drawn)
    found = recall.read(file, state)
    assert found is not None
    for ours, theirs in ((found.series, drawn.series), (found.strata, drawn.strata), (found.in_use, drawn.in_use)):
        assert np.array_equal(ours, theirs)
    assert recall.file_of(tmp_path, state, 4) != file


@pytest.mark.parametrize("harm", ["cut", "other", "pickle"])
def test_what_is_damaged_is_not_used(state: State, drawn: Sample, tmp_path: Path, harm: str) -> None:
    file = recall.file_of(tmp_path, state, 3)
    recall.write(file, drawn if harm != "other" else drawn[:7])
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-1000])
    if harm == "pickle":
        np.savez(file, series=np.array([{"a": 1}], dtype=object))
    assert recall.read(file, state) is None


def test_only_a_few_are_kept(state: State, drawn: Sample, tmp_path: Path) -> None:
    for seed in range(recall.KEPT + 2):
        recall.write(recall.file_of(tmp_path, state, seed), drawn[:1])
    assert len(list(tmp_path.glob("*.npz"))) == recall.KEPT
