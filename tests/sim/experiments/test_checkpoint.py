"""An interrupted run goes on where it was, with the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.experiments import checkpoint as checkpoint_module
from sim.experiments.checkpoint import KEY, Checkpoint
from sim.experiments.local import Local
from sim.experiments.replicate import replicate
from sim.experiments.work import Spec
from sim.scenario.data import shipped
from tests.sim.experiments.test_local import SCENARIO, bits

SPEC = Spec(SCENARIO, 4)
COUNT = 60


class Interrupted(Local):
    """Local processes; Ctrl-C comes after so many parts. Counts the replications that are run."""

    def __init__(self, workers: int, after: int | None = None) -> None:
        super().__init__(workers)
        self.after, self.run = after, 0

    def parts(self, *arguments: Any) -> Iterator[Any]:
        for number, done in enumerate(super().parts(*arguments)):
            if number == self.after:
                raise KeyboardInterrupt
            self.run += len(done[0])
            yield done


def interrupted(folder: Path, after: int = 8) -> int:
    """A run that Ctrl-C ends; returns how many replications it kept."""
    kept = Checkpoint(folder, SPEC)
    with pytest.raises(KeyboardInterrupt):
        replicate(SCENARIO, COUNT, seed=4, executor=Interrupted(2, after), checkpoint=kept)
    return kept.saved


def resumed(folder: Path, **changes: Any) -> tuple[Checkpoint, int, list[bytes]]:
    kept, executor = Checkpoint(folder, SPEC, **changes), Interrupted(2)
    results = replicate(SCENARIO, COUNT, seed=4, executor=executor, checkpoint=kept)
    return kept, executor.run, bits(results)


@pytest.fixture(scope="module")
def whole() -> list[bytes]:
    return bits(replicate(SCENARIO, COUNT, seed=4, workers=1))


def test_after_ctrl_c_only_the_rest_is_run_and_the_bits_are_the_same(tmp_path: Path, whole: list[bytes]) -> None:
    saved = interrupted(tmp_path / "c")
    assert 8 <= saved < COUNT
    kept, run, found = resumed(tmp_path / "c")
    assert (kept.restored, run) == (saved, COUNT - saved)
    assert found == whole
    kept.done()
    assert not (tmp_path / "c").exists()


SCRIPT = """
import sys
from pathlib import Path
from sim.experiments import checkpoint
from sim.experiments.replicate import replicate
from tests.sim.experiments.test_checkpoint import COUNT, SCENARIO, SPEC
checkpoint.SEGMENT = 1
if __name__ == "__main__":
    kept = checkpoint.Checkpoint(Path(sys.argv[1]), SPEC, grace=0)
    replicate(SCENARIO, 40 * COUNT, seed=4, workers=2, checkpoint=kept)
"""


def test_after_sigkill_the_bits_are_the_same(tmp_path: Path, whole: list[bytes]) -> None:
    """The killed run was for more replications; its first ones are the same, each in a segment of its own."""
    folder = tmp_path / "c"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)], env=os.environ | {"PYTHONPATH": str(shipped().parent)}
    )
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.npz"))) < 12:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept, run, found = resumed(folder)
    assert kept.restored > 0
    assert run == COUNT - kept.restored
    assert found == whole


def test_a_torn_segment_is_run_again(tmp_path: Path, whole: list[bytes]) -> None:
    saved = interrupted(tmp_path)
    (segment,) = tmp_path.glob("*.npz")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    kept, run, found = resumed(tmp_path)
    assert (kept.restored, run) == (0, COUNT)
    assert saved
    assert found == whole


@pytest.mark.parametrize("change", ["seed", "scenario", "code", "fresh"])
def test_what_belongs_to_another_run_is_not_used(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(tmp_path)
    spec = SPEC
    if change == "seed":
        spec = Spec(SCENARIO, 5)
    elif change == "scenario":
        spec = Spec(SCENARIO.model_copy(update={"weekend": SCENARIO.benefit.newer}), 4)
    elif change == "code":
        monkeypatch.setattr(checkpoint_module, "fingerprint", lambda: {"code": "another"})
    kept = Checkpoint(tmp_path, spec, fresh=change == "fresh")
    assert not tmp_path.exists()
    assert kept.dropped == (change != "fresh")


def test_other_draws_under_the_same_key_are_run(tmp_path: Path) -> None:
    interrupted(tmp_path)
    executor = Interrupted(1)
    rows = replicate(SCENARIO, COUNT, seed=5, workers=1, measures=()).draws
    replicate(SCENARIO, rows=rows, seed=4, executor=executor, checkpoint=Checkpoint(tmp_path, SPEC))
    assert executor.run == COUNT


def test_a_short_run_writes_nothing(tmp_path: Path) -> None:
    replicate(SCENARIO, COUNT, seed=4, workers=2, checkpoint=Checkpoint(tmp_path / "c", SPEC))
    assert not (tmp_path / "c").exists()


def test_a_run_does_not_end_because_it_cannot_be_saved(tmp_path: Path, whole: list[bytes]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    kept = Checkpoint(tmp_path / "file" / "c", SPEC, grace=0)
    assert bits(replicate(SCENARIO, COUNT, seed=4, workers=1, checkpoint=kept)) == whole
    assert kept.saved == 0


def test_somebody_elses_files_stay(tmp_path: Path) -> None:
    interrupted(tmp_path)
    (tmp_path / "thesis.txt").write_text("dear", encoding="utf-8")
    Checkpoint(tmp_path, SPEC).done()
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    assert not (tmp_path / KEY).exists()
    assert np.isfinite(interrupted(tmp_path))
