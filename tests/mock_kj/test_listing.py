"""Whom to test with: the client file, `mock-kj persons` and `mock-kj professionals`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_kj import cli, identity, listing, organisations
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock, login, oauth
from tests.mock_kj.test_cli import Told, tell

__all__ = ["tell"]  # the fixture


@pytest.mark.parametrize("options", [(), ("--legacy",)])
def test_a_token_with_all_scopes_of_the_client_file_opens_its_api(
    mock: Mock, patients: Patients, options: tuple[str, ...]
) -> None:
    """A ready client: what the file lists works as it stands, without picking scopes."""
    told = mock.client(*options)
    everything = " ".join(told["scopes"])
    test_pid, nin = told["professionals"][0]["test_pid"], patients.fresh(entries=True)
    if not options:
        token = login(told, scope=everything, test_pid=test_pid)
        assert Ehr(mock, token).read("AllergyIntolerance", nin).status_code == 200
        return
    token = login(told, client=oauth(told, dpop=False), scope=everything, test_pid=test_pid)
    headers = {"Authorization": f"Bearer {token.access_token}", "X-EPJ-System": "ACME 1"}
    body = json.dumps({"fnr": nin, "samtykke": "HPMOTTATTSAMTYKKE"})
    address = told["api"] + "/helseindikator"
    answer = requests.post(address, data=body, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def test_the_patients_of_the_client_file_show_their_case(mock: Mock, doctor: Ehr, told: dict[str, Any]) -> None:
    """Where somebody may read there is something to read, and whoever blocks blocks somebody of the file."""
    cases, listed = told["patients"], [p["hpr_number"] for p in told["professionals"]]
    assert told["blocks"] == {"blocks_first_doctor": [listed[0]], "blocks_somebody_else": [listed[1]]}

    def entries(nin: str, basis: str) -> int:
        kinds = ("AllergyIntolerance", "Condition", "Procedure", "DeviceUseStatement", "Flag")
        bundles = [doctor.read(kind, nin, basis).json() for kind in kinds]
        return sum(len(b.get("entry", ())) for b in bundles)

    assert entries(cases["with_entries"], "SAMTYKKE") > 0
    assert entries(cases["no_entries"], "SAMTYKKE") == 0
    for name in ("restricted_all", "restricted_critical"):
        assert doctor.read("Flag", cases[name]).status_code == 403
        assert entries(cases[name], "FORHOYET_SAMTYKKE") > 0
    refused = doctor.read("Flag", cases["blocks_first_doctor"])
    assert (refused.status_code, refused.headers["nhn-error-code"]) == (403, "KI-MOCK-BLOCKED")
    assert entries(cases["blocks_somebody_else"], "SAMTYKKE") > 0
    assert doctor.read("Flag", cases["reserved"]).status_code == 403


def test_every_kind_of_number_is_among_the_smallest_population(tmp_path: Path) -> None:
    small = Population(organisations.from_file(None), persons=1000, professionals=100)
    assert set(listing.examples(small)) >= {"no_entries", "own_information", *small.examples}


def test_a_file_that_cannot_be_written_registers_no_client(mock: Mock, tell: Callable[..., Told]) -> None:
    before = (mock.data / "clients.json").read_bytes() if (mock.data / "clients.json").exists() else b""
    told = tell("client", "--data", str(mock.data), "--out", "/nonexistent/x.json")
    assert (told.returncode, "Traceback" in told.stderr) == (2, False)
    assert "/nonexistent/x.json" in told.stderr
    assert ((mock.data / "clients.json").read_bytes() if before else b"") == before


@pytest.mark.parametrize("case", listing.CASES)
def test_persons_are_listed_by_case(mock: Mock, tell: Callable[..., Told], population: Population, case: str) -> None:
    told = tell("persons", "--data", str(mock.data), "--case", case, "--count", "7", "--json")
    lines = json.loads(told.stdout)
    assert 1 <= len(lines) <= 7
    assert len({line["nin"] for line in lines}) == len(lines)
    for line in lines:
        assert identity.classify(line["nin"]) == "synthetic"
        chosen = (line["reserved"], line["restricted_all"], line["restricted_critical"], bool(line["blocked"]))
        if case in ("reserved", "restricted_all", "restricted_critical", "blocks_somebody"):
            assert chosen[("reserved", "restricted_all", "restricted_critical", "blocks_somebody").index(case)]
        else:
            assert not any(chosen)
            assert (line["entries"] > 0) == (case == "with_entries")


def test_what_was_written_to_a_patient_is_listed(
    mock: Mock, tell: Callable[..., Told], patients: Patients, doctor: Ehr
) -> None:
    nin = patients.fresh()
    choice: dict[str, Any] = {"nin": nin, "restricted_all": True}
    requests.put(mock.base + "/admin/patient", json=choice, timeout=10).raise_for_status()
    told = tell("persons", "--data", str(mock.data), "--case", "restricted_all", "--count", "1000", "--json")
    assert [line["stored"] for line in json.loads(told.stdout) if line["nin"] == nin] == [True]
    plain = tell("persons", "--data", str(mock.data), "--case", "no_entries", "--count", "50", "--json")
    assert nin not in plain.stdout


def test_professionals_are_listed_and_can_log_in(
    mock: Mock, tell: Callable[..., Told], told: dict[str, Any], population: Population
) -> None:
    lines = json.loads(tell("professionals", "--data", str(mock.data), "--count", "1000", "--json").stdout)
    assert [p["hpr_number"] for p in lines[:5]] == [p["hpr_number"] for p in told["professionals"]]
    assert len(lines) == population.professionals
    table = tell("professionals", "--data", str(mock.data), "--count", "3").stdout.splitlines()
    assert table[0].split()[:3] == ["test_pid", "hpr_number", "role"]
    assert [row.split()[1] for row in table[1:]] == [p["hpr_number"] for p in lines[:3]]
    doctors = tell("professionals", "--data", str(mock.data), "--role", "LE", "--count", "3", "--json")
    assert {p["role"] for p in json.loads(doctors.stdout)} == {"LE"}
    assert login(told, test_pid=lines[-1]["test_pid"]).access_token


def test_a_list_needs_a_database_and_a_good_count(tmp_path: Path, tell: Callable[..., Told]) -> None:
    assert tell("persons", "--data", str(tmp_path)).returncode == 2
    assert not list(tmp_path.iterdir())
    assert tell("persons", "--data", str(tmp_path), "--count", "0").returncode == 2


def test_the_command_knows_the_cases_of_the_listing() -> None:
    assert tuple(listing.CASES) == cli._PERSON_CASES
