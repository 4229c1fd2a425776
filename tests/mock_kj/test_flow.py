"""The main job, end to end: a client from a package registry logs in, asks, writes, changes and deletes."""

from __future__ import annotations

from typing import Any

import requests

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock
from tests.mock_kj.test_hostile import raw


def test_a_doctor_creates_reads_updates_and_deletes_an_entry(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    before = doctor.status(nin).json()
    assert before["patientNIN"] == nin
    assert before["hasCriticalInformation"] is False

    sent = samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-03-01", note="Utslett etter andre dose")
    created = doctor.call("POST", "AllergyIntolerance", nin, json=sent)
    assert created.status_code == 201, created.text
    first = created.json()
    assert created.headers["location"].endswith(f"/AllergyIntolerance/{first['id']}")
    assert first["meta"]["versionId"] == "1"

    found = doctor.read("AllergyIntolerance?criticalInfoType=DrugReaction", nin).json()
    assert found["type"] == "searchset"
    assert [e["resource"] for e in found["entry"]] == [first]
    assert doctor.read("AllergyIntolerance?criticalInfoType=OtherAllergen", nin).json() == {
        "resourceType": "Bundle",
        "type": "searchset",
    }

    changed = samples.updated(first, who, "2025-06-01", note="Anafylaksi ved ny dose")
    second = doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=changed)
    assert second.status_code == 200, second.text
    assert second.json()["meta"]["versionId"] == "2"
    assert second.json()["note"] == [{"text": "Anafylaksi ved ny dose"}]

    status = doctor.status(nin).json()
    assert status["hasCriticalInformation"] is True
    assert (
        status["lastChangedDateTime"]
        == second.json()["meta"]["lastUpdated"]
        == status["dateChanged"]["allergyIntoleranceDate"]
    )

    stale = doctor.call("DELETE", f"AllergyIntolerance/{first['id']}/_history/1", nin)
    assert (stale.status_code, stale.headers["nhn-error-code"]) == (409, "KI-MOCK-CONFLICT")
    assert doctor.call("DELETE", f"AllergyIntolerance/{first['id']}/_history/2", nin).status_code == 204
    assert doctor.read(f"AllergyIntolerance/{first['id']}", nin).status_code == 410
    assert doctor.status(nin).json()["hasCriticalInformation"] is False


def test_what_the_population_starts_with_is_there_and_can_be_changed(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin = patients.fresh(entries=True)
    person = population.person(nin)
    assert person is not None
    _, expected = samples.initial(population, person.index, person.nin)
    found: list[dict[str, Any]] = []
    for kind in {BY_INFO_TYPE[e.info_type].resource_type for e in expected}:
        found += [e["resource"] for e in doctor.read(kind, nin).json()["entry"]]
    assert {r["id"] for r in found} == {e.id for e in expected}
    target = found[0]
    changed = samples.updated(target, population.professional_at(0), "2026-01-02")
    answer = doctor.call("PUT", f"{target['resourceType']}/{target['id']}", nin, json=changed)
    assert answer.status_code == 200, answer.text
    again = doctor.read(target["resourceType"], nin).json()["entry"]
    assert {e["resource"]["id"]: e["resource"]["meta"]["versionId"] for e in again}[target["id"]] == "2"


def test_every_answer_says_that_it_comes_from_a_mock(mock: Mock, told: dict[str, Any]) -> None:
    paths = (
        "/",
        "/docs",
        "/openapi.json",
        "/health",
        "/helseid/.well-known/openid-configuration",
        "/api/critical-information/v1/metadata",
        "/v1/x",
        "/nowhere",
    )
    for path in paths:
        assert requests.get(mock.base + path, timeout=10).headers["x-mock"].count("mock-kj") == 1, path
    assert b"x-mock: mock-kj" in raw(mock, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n").lower()  # refused by the parser
