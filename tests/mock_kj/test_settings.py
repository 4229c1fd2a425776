"""Switches change what they name and nothing else; the whole mock on PostgreSQL; other signing algorithms."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwskate
import pytest
import requests

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.server import population_from
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock, login
from tests.mock_kj.test_helseid import payload
from tests.mock_kj.test_legacy import Legacy

SWITCHES = (
    "deleted_read=filtered",
    "read_history=false",
    "status_error_body=plain",
    "status_field_reserved=erReservert",
    "elevated_without_restriction=allow",
    "access_basis_case=ignore",
    "required_security_level=3",
    "consent_exempt_roles=SP",
    "access_token_seconds=77",
    "max_note_characters=10",
    "environment=test9",
    "create_without_updater=refuse",
    "rotate_refresh_tokens=false",
    "outcome_id=fhir",
    "plain_user_role=accept",
    "restricted_consent_alone=allow",
    "somebody_blocked_indicator=show",
    "somebody_blocked_writes=allow",
)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mock, dict[str, Any], Ehr, Patients]]:
    folder = tmp_path_factory.mktemp("other")
    (folder / "settings.yaml").write_text("cases:\n  version-conflict: {status: 412, current: KI-0065}\n")
    chosen = [part for text in SWITCHES for part in ("--set", text)]
    mock = Mock(folder, "--settings", str(folder / "settings.yaml"), *chosen)
    told = mock.client()
    token = login(told, test_pid=told["professionals"][0]["test_pid"], test_security_level="3")
    yield mock, told, Ehr(mock, token), Patients(population_from(mock.told["population"], None))
    mock.stop()


def written(other: Any) -> tuple[str, dict[str, Any]]:
    mock, _, ehr, patients = other
    nin, who = patients.fresh(), population_from(mock.told["population"], None).professional_at(0)
    body = samples.updated(samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05"), who, "2025-01-05")
    made = ehr.call("POST", "AllergyIntolerance", nin, json=body)
    assert made.status_code == 201, made.text
    return nin, made.json()


def test_a_deleted_record_can_be_served_filtered(other: Any) -> None:
    nin, made = written(other)
    ehr = other[2]
    path = f"AllergyIntolerance/{made['id']}"
    assert ehr.read(f"{path}/_history/1", nin).status_code == 404
    assert ehr.call("DELETE", path, nin).status_code == 204
    left = ehr.read(path, nin)
    assert left.status_code == 200
    assert left.json()["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert not {"code", "note", "reaction", "contained"} & left.json().keys()


def test_a_refusal_can_be_given_another_status_and_code(other: Any) -> None:
    nin, made = written(other)
    answer = other[2].call("DELETE", f"AllergyIntolerance/{made['id']}/_history/9", nin)
    assert (answer.status_code, answer.headers["nhn-error-code"]) == (412, "KI-0065")
    assert answer.json()["issue"][0]["details"]["coding"][4]["code"] == "test9"


def test_every_other_switch_changes_what_it_names(other: Any) -> None:
    mock, told, ehr, patients = other
    nin = patients.fresh()
    assert set(ehr.call("POST", "status", nin, data="{").json()) == {
        "errorCode", "errorMessage", "eventId", "applicationVersion", "environment", "serviceName",
    }  # fmt: skip
    assert ehr.status(told["patients"]["reserved"]).json()["erReservert"] is True
    assert ehr.read("Flag", nin, "FORHOYET_AKUTT").status_code == 200
    assert ehr.read("Flag", nin, "samtykke").status_code == 200
    assert ehr.read("Flag", nin, "UNNTAK").headers["nhn-error-code"] == "KI-MOCK-CONSENT"
    content = payload(ehr.session.auth.access_token)  # type: ignore[union-attr]
    assert content["exp"] - content["iat"] == 77
    who = population_from(mock.told["population"], None).professional_at(0)
    bare = samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")
    assert ehr.call("POST", "AllergyIntolerance", nin, json=bare).status_code == 400
    long = samples.updated(bare, who, "2025-01-05", note="elleve tegn")
    assert "note" in ehr.call("POST", "AllergyIntolerance", nin, json=long).json()["issue"][0]["location"][0]


def test_an_odd_event_id_can_give_way_to_a_valid_one_and_a_role_can_be_plain(other: Any) -> None:
    _, _, ehr, patients = other
    answer = ehr.call("GET", "Flag", "1", headers={"nhn-event-id": "with spaces"})
    assert re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", answer.json()["id"])
    assert answer.headers["nhn-event-id"] == "with spaces"
    role = '{"system":"urn:oid:2.16.578.1.12.4.1.1.9060","code":"LE"}'
    assert ehr.call("GET", "Flag", patients.fresh(), headers={"nhn-user-role": role}).status_code == 200


def test_the_legacy_switches_change_what_they_name(other: Any) -> None:
    mock, told, _, _ = other
    legacy = Legacy(mock)
    nin = told["patients"]["blocks_somebody_else"]
    indicator = legacy.indicator(nin).json()
    assert (indicator["status"], indicator["eksistererBlokkertHelsepersonell"]) == (4, True)
    assert legacy.fhir("GET", "Patient/$everything", indicator["ticket"]).status_code == 403
    who = population_from(mock.told["population"], None).professional_at(0)
    body = samples.updated(samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05"), who, "2025-01-05")
    assert legacy.fhir("POST", "AllergyIntolerance", indicator["ticket"], body).status_code == 201
    without = legacy.indicator(told["patients"]["restricted_all"], consent=None).json()["ticket"]
    opened = legacy.fhir("GET", "Patient/$everything", without, KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPAKUTT")
    assert opened.status_code == 200


def test_plain_bearer_tokens_can_be_switched_off_and_overload_on(tmp_path: Path) -> None:
    switches = ("--set", "accept_bearer=false", "--set", "attest_required=true", "--set", "overload_concurrency=1")
    mock = Mock(tmp_path, *switches)
    try:
        told = mock.client()
        ehr = Ehr(mock, login(told, test_pid=told["professionals"][0]["test_pid"]))
        answer = ehr.read("Flag", told["patients"]["no_entries"])
        assert (answer.status_code, answer.headers["nhn-error-code"]) == (403, "AUTH-0010")
        slow = {"rules": [{"operation": "read", "latency": {"distribution": "constant", "ms": 300}}]}
        requests.put(mock.base + "/admin/faults", json=slow, timeout=10).raise_for_status()
        seen: list[requests.Response] = []
        calls = [
            threading.Thread(target=lambda: seen.append(ehr.read("Flag", told["patients"]["no_entries"])))
            for _ in range(5)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        busy = [a for a in seen if a.status_code == 429]
        assert busy
        assert all(a.content == b"" for a in busy)
    finally:
        mock.stop()


@pytest.mark.parametrize("alg", ["ES256", "PS512"])
def test_the_signing_algorithm_can_be_chosen(tmp_path: Path, alg: str) -> None:
    mock = Mock(tmp_path, "--set", f"signing_alg={alg}")
    try:
        told = mock.client()
        document = requests.get(told["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
        assert document["id_token_signing_alg_values_supported"] == [alg]
        key = requests.get(document["jwks_uri"], timeout=10).json()["keys"][0]
        token = login(told, test_pid=told["professionals"][0]["test_pid"])
        signed = jwskate.SignedJwt(str(token.access_token))
        assert signed.verify_signature(jwskate.Jwk({k: v for k, v in key.items() if k != "x5c"}), alg=alg)
        assert Ehr(mock, token).read("Flag", told["patients"]["no_entries"]).status_code == 200
    finally:
        mock.stop()


def test_two_processes_on_postgresql_agree_on_every_version(tmp_path: Path, postgres: Any) -> None:
    name = f"t{uuid.uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    mock = Mock(tmp_path, "--processes", "2", "--db", str(postgres.get_uri(database=name)))
    try:
        told = mock.client()
        population = population_from(mock.told["population"], None)
        ehr = Ehr(mock, login(told, test_pid=told["professionals"][0]["test_pid"]))
        nin, who = Patients(population).fresh(), population.professional_at(0)
        made = ehr.call(
            "POST",
            "AllergyIntolerance",
            nin,
            json=samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05"),
        )
        assert made.status_code == 201, made.text
        body, results = samples.updated(made.json(), who, "2025-02-01"), []
        path = f"AllergyIntolerance/{made.json()['id']}"
        tries = [
            threading.Thread(target=lambda: results.append(ehr.call("PUT", path, nin, json=body).status_code))
            for _ in range(10)
        ]
        for attempt in tries:
            attempt.start()
        for attempt in tries:
            attempt.join()
        assert sorted(results) == [200] + [409] * 9
        assert ehr.call("DELETE", f"{path}/_history/2", nin).status_code == 204
        assert ehr.read(path, nin).status_code == 410
        citizen = login(told, scope=f"openid {told['citizen']['scope']}", test_pid=nin)
        log = requests.get(mock.base + "/citizen/v1/access-log", auth=citizen, timeout=10).json()["log"]
        assert sorted(x["operation"] for x in log) == ["create", "delete", "update"]
    finally:
        assert mock.stop() == 0
