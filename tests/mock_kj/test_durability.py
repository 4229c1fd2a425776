"""kill -9 in a storm of writes: what was acknowledged is there, nothing is half there, log and data agree."""

from __future__ import annotations

import random
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.population import Population
from mock_kj.server import population_from
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock, dpop_key, login
from tests.mock_kj.test_helseid import ask, m2m_form


def storm(
    mock: Mock,
    token: Any,
    population: Population,
    patients: Patients,
    acknowledged: dict[str, int],
    stop: threading.Event,
) -> None:
    """Create and update until the server is gone; remember what it said yes to."""
    ehr, who, nin = Ehr(mock, token), population.professional_at(0), patients.fresh()
    while not stop.is_set():
        try:
            body = samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")
            made = ehr.call("POST", "AllergyIntolerance", nin, json=body)
            if made.status_code != 201:
                continue
            acknowledged[made.json()["id"]] = 1
            changed = ehr.call(
                "PUT",
                f"AllergyIntolerance/{made.json()['id']}",
                nin,
                json=samples.updated(made.json(), who, "2025-02-01"),
            )
            if changed.status_code == 200:
                acknowledged[made.json()["id"]] = 2
        except requests.RequestException:
            return


def run_storm(mock: Mock, seconds: float) -> dict[str, int]:
    population = population_from(mock.told["population"], None)
    told, patients = mock.client(), Patients(population)
    token = login(told, test_pid=told["professionals"][0]["test_pid"])
    acknowledged: dict[str, int] = {}
    stop = threading.Event()
    threads = [
        threading.Thread(target=storm, args=(mock, token, population, patients, acknowledged, stop)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 20:
        time.sleep(0.01)
    time.sleep(seconds)
    mock.kill()
    stop.set()
    for thread in threads:
        thread.join()
    return acknowledged


def rows_agree(path: Path, acknowledged: dict[str, int]) -> None:
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    entries = {r[0]: (r[1], r[2]) for r in db.execute("SELECT id, version, body FROM entry")}
    versions = {(r[0], r[1]): r[2] for r in db.execute("SELECT id, version, body FROM entry_version")}
    for identifier, version in acknowledged.items():
        assert entries[identifier][0] >= version
    assert sum(v for v, _ in entries.values()) == len(versions)
    for identifier, (version, body) in entries.items():
        assert versions[identifier, version] == body
        assert orjson.loads(body)["meta"]["versionId"] == str(version)
    logged = dict(
        db.execute("SELECT operation, count(*) FROM usage_log WHERE operation IN ('create', 'update') GROUP BY 1")
    )
    assert logged["create"] == len(entries) >= len(acknowledged)  # nobody starts with entries here
    db.close()


def test_after_kill_9_every_acknowledged_write_is_there(folder: Path) -> None:
    mock = Mock(folder, rates=("prevalence=0",))
    acknowledged = run_storm(mock, 0.3)
    rows_agree(folder / "mock-kj.sqlite", acknowledged)
    again = Mock(folder, rates=())
    assert again.told["population"] == mock.told["population"]
    assert again.stop() in (0, -15)
    rows_agree(folder / "mock-kj.sqlite", acknowledged)


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_a_full_disk_is_a_503_and_loses_nothing(folder: Path) -> None:
    import resource

    mock = Mock(folder, rates=("prevalence=0",))
    population = population_from(mock.told["population"], None)
    told, who, nin = mock.client(), population.professional_at(0), Patients(population).fresh()
    ehr = Ehr(mock, login(told, test_pid=told["professionals"][0]["test_pid"]))
    body = samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")
    acknowledged: dict[str, int] = {}

    def create() -> int:
        made = ehr.call("POST", "AllergyIntolerance", nin, json=body)
        if made.status_code == 201:
            acknowledged[made.json()["id"]] = 1
        else:
            assert made.json()["issue"][0]["details"]["coding"][0]["code"] == "KI-0001"
        return made.status_code

    def room(size: int) -> None:
        resource.prlimit(mock.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    assert create() == 201
    room(max(f.stat().st_size for f in folder.glob("mock-kj.sqlite*")) + 200_000)
    statuses = [create() for _ in range(60)]
    assert statuses == sorted(statuses)
    assert set(statuses) == {201, 503}
    room(4096)
    assert ask(told, m2m_form(told), key=dpop_key()).status_code == 503
    assert ehr.status(nin).json()["hasCriticalInformation"] is True  # what needs no room goes on
    room(resource.RLIM_INFINITY)
    assert [create() for _ in range(3)] == [201] * 3
    mock.kill()
    rows_agree(folder / "mock-kj.sqlite", acknowledged)


@pytest.mark.slow
def test_kill_9_many_times(tmp_path: Path) -> None:
    for seed in range(20):
        folder = tmp_path / str(seed)
        acknowledged = run_storm(Mock(folder, rates=("prevalence=0",)), random.Random(seed).uniform(0.05, 2))
        rows_agree(folder / "mock-kj.sqlite", acknowledged)
