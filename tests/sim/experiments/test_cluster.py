"""A real Dask scheduler and real workers, each a process of its own on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sim.errors import UserError
from sim.experiments import cluster as cluster_module
from sim.experiments.cluster import Cluster
from sim.experiments.replicate import Results, replicate
from sim.scenario.data import shipped
from tests.sim import small
from tests.sim.faces.test_cli import SMALL, run
from tests.sim.model.test_streams import GP, SPREAD, TRUSTS

ROOT = shipped().parent


class Farm:
    """A scheduler, and workers one by one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.started: list[subprocess.Popen[bytes]] = []
        file = place / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0",
            "--scheduler-file", str(file),
        )  # fmt: skip
        self._until(file.exists)
        self.address = str(json.loads(file.read_text(encoding="utf-8"))["address"])

    def worker(self, code: Path = ROOT) -> subprocess.Popen[bytes]:
        """One more worker, whose code is in ``code``."""
        return self._start(
            "worker", self.address, "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1",
            "--dashboard-address", "127.0.0.1:0", code=code,
        )  # fmt: skip

    def _start(self, *arguments: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", "from dask.__main__ import main; main()", *arguments],
            cwd=self.place,
            env=os.environ | {"PYTHONPATH": str(code)},
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def joined(self, count: int) -> Cluster:
        """A connection, once so many workers are there."""
        found: list[Cluster] = []

        def enough() -> bool:
            try:
                cluster = Cluster(self.address)
            except UserError as error:
                if "no workers" in str(error):
                    return False
                raise
            there = cluster.workers
            cluster.close()
            if there < count:
                return False
            found.append(Cluster(self.address))  # a worker may have come after the first one looked at them
            return True

        self._until(enough)
        return found[0]

    def _until(self, true: object) -> None:
        deadline = time.monotonic() + 60
        while not true():  # type: ignore[operator]
            assert time.monotonic() < deadline, "the cluster did not come up"
            time.sleep(0.1)

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    made = Farm(tmp_path_factory.mktemp("farm"))
    try:
        yield made
    finally:
        made.end()


SCENARIO = small.scenario(SPREAD, GP, trusts=TRUSTS)


def bits(results: Results) -> list[bytes]:
    return [getattr(results, n).tobytes() for n in ("series", "detail", "backlog", "milestones", "fits", "draws")]


class Killing:
    """A cluster whose run loses a worker when the first part has come."""

    def __init__(self, cluster: Cluster, victim: subprocess.Popen[bytes]) -> None:
        self.cluster, self.victim = cluster, victim

    @property
    def workers(self) -> int:
        return self.cluster.workers

    def parts(self, *arguments: object) -> Iterator[object]:
        for done in self.cluster.parts(*arguments):  # type: ignore[arg-type]
            if self.victim.poll() is None:
                os.kill(self.victim.pid, signal.SIGKILL)
                self.victim.wait()
            yield done


def test_a_cluster_that_loses_a_worker_gives_the_bits_of_one_process(farm: Farm) -> None:
    farm.worker()
    victim = farm.worker()
    with farm.joined(2) as cluster:
        found = replicate(SCENARIO, 150, seed=4, executor=Killing(cluster, victim))  # type: ignore[arg-type]
        assert victim.returncode == -signal.SIGKILL
        assert cluster.workers == 1
    assert bits(found) == bits(replicate(SCENARIO, 150, seed=4, workers=1))


def test_the_command_gives_the_same_files_on_a_cluster(farm: Farm, tmp_path: Path) -> None:
    farm.joined(1).close()
    (tmp_path / "small.yaml").write_text(SMALL.format(parent=shipped() / "helse-vest.yaml"), encoding="utf-8")
    for out, more in (("here", ()), ("there", ("--cluster", farm.address))):
        done = run(
            "forecast", "small.yaml", "--out", out, "--replications", "24", "--decomposition", "10", *more, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
    for name in ("summary.json", "forecast.parquet", "backlog.parquet", "report.html"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    manifest = json.loads((tmp_path / "there" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["cluster"] == farm.address


def test_everything_listens_on_loopback_only(farm: Farm) -> None:
    with farm.joined(1):
        for pid in (os.getpid(), *(p.pid for p in farm.started if p.poll() is None)):
            for connection in psutil.Process(pid).net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip in ("127.0.0.1", "::1"), connection


def test_a_worker_with_other_code_is_refused_with_the_reason(farm: Farm, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(ROOT / "sim"), str(ROOT / "scenarios"), str(tmp_path)], check=True)
    with (tmp_path / "sim" / "model" / "gates.py").open("a", encoding="utf-8") as handle:
        handle.write("# another version\n")
    other = farm.worker(tmp_path)
    with pytest.raises(UserError, match=r"not like this installation \(code [0-9a-f]{16} ≠ [0-9a-f]{16}\)"):
        farm.joined(2)
    other.kill()
    other.wait()


def test_an_address_where_nobody_answers_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT", 0.5)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(UserError, match="no Dask scheduler answers"):
            Cluster(f"tcp://127.0.0.1:{port}")
    for nonsense in ("localhost", "http://127.0.0.1:1", "tcp://:99", "tcp://127.0.0.1:x"):
        with pytest.raises(UserError, match="--cluster must be like"):
            Cluster(nonsense)
