"""The API driven by a FHIR client that was not written here: the SMART project's `fhirclient`, with its R4 models."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import requests

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhirclient.models.allergyintolerance import AllergyIntolerance
    from fhirclient.models.condition import Condition
    from fhirclient.server import FHIRNotFoundException, FHIRServer

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock


@pytest.fixture
def nin(patients: Patients) -> str:
    return patients.fresh()


@pytest.fixture
def server(mock: Mock, doctor: Ehr, doctor_token: Any, nin: str) -> FHIRServer:
    """The client's view of the API; the OAuth library signs, the EHR's headers stand in the session."""
    made = FHIRServer(None, mock.api)
    made.session.auth = doctor_token
    made.session.headers.update(doctor.headers(nin))
    return made


def test_it_reads_what_the_server_can(server: FHIRServer) -> None:
    statement = server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    assert {r.type for r in statement.rest[0].resource} >= {"AllergyIntolerance", "Condition", "Flag"}


def test_it_creates_searches_updates_and_deletes(server: FHIRServer, nin: str, population: Population) -> None:
    who = population.professional_at(0)
    sent = AllergyIntolerance(samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05"))
    answered = AllergyIntolerance(sent.create(server))
    assert (answered.id is not None, answered.meta.versionId) == (True, "1")

    found = list(AllergyIntolerance.where({"criticalInfoType": "DrugReaction"}).perform_resources_iter(server))
    assert [r.id for r in found] == [answered.id]
    assert list(AllergyIntolerance.where({"criticalInfoType": "OtherAllergen"}).perform_resources_iter(server)) == []
    assert list(Condition.where({}).perform_resources_iter(server)) == []

    changed = AllergyIntolerance(samples.updated(answered.as_json(), who, "2025-02-01", note="Utslett"))
    newer = AllergyIntolerance(changed.update(server))
    assert (newer.meta.versionId, newer.note[0].text) == ("2", "Utslett")
    with pytest.raises(requests.HTTPError, match="409"):
        changed.update(server)  # the version that it names is no longer the newest

    newer.delete(server)
    assert list(AllergyIntolerance.where({}).perform_resources_iter(server)) == []
    with pytest.raises(requests.HTTPError, match="410"):
        AllergyIntolerance.read(newer.id, server)
    with pytest.raises(FHIRNotFoundException):
        Condition.read("unknown", server)
