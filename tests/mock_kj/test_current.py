"""The current generation, row by row of chapter 9, over real sockets."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE, CANONICAL, CATEGORIES, RESOURCE_TYPES
from mock_kj.outcome import CODE_SYSTEM
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import ROLE, Ehr, Mock, login, oauth

CODINGS = ["ErrorCode", "ErrorCodeKjLegacy", "ApiVersion", "ApplicationVersion", "Environment", "ServiceName"]


def refused(answer: requests.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The documented envelope (row 12), whatever the case."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert body["resourceType"] == "OperationOutcome"
    assert body["id"]
    codings = body["issue"][0]["details"]["coding"]
    assert [c["system"].removeprefix(CODE_SYSTEM) for c in codings] == CODINGS
    assert codings[0]["code"] == answer.headers["nhn-error-code"]
    if code is not None:
        assert answer.headers["nhn-error-code"] == code
    return body


@pytest.fixture(scope="module")
def m2m(mock: Mock, told: dict[str, Any]) -> Ehr:
    return Ehr(mock, oauth(told).client_credentials(scope=told["scopes"][0]))


@pytest.fixture(scope="module")
def nurse(mock: Mock, told: dict[str, Any]) -> Ehr:
    return Ehr(mock, login(told, test_pid=told["professionals"][1]["test_pid"]), role="SP")


def drug(nin: str, population: Population, **more: Any) -> dict[str, Any]:
    return samples.resource(BY_INFO_TYPE["DrugReaction"], nin, population.professional_at(0), "2025-01-05") | more


# --- row 5: status --------------------------------------------------------------------------------------------------


def test_status_with_an_m2m_token_needs_few_headers_and_does_not_tell_of_blocking(
    m2m: Ehr, doctor: Ehr, patients: Patients
) -> None:
    nin = patients.fresh(entries=True)
    headers = {
        "Content-Type": "application/json",
        "nhn-user-role": None,
        "nhn-access-basis": None,
        "nhn-patient-nin": None,
    }
    answer = m2m.call("POST", "status", None, None, data=json.dumps({"nin": nin}), headers=headers)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert (content["patientNIN"], content["hasCriticalInformation"], content["hasActiveCriticalInformation"]) == (
        nin,
        True,
        True,
    )
    assert "practitionerIsBlocked" not in content
    assert content["lastChangedDateTime"] == max(content["dateChanged"].values())
    assert doctor.status(nin).json() == content | {"practitionerIsBlocked": False}


def test_status_with_a_user_token_needs_role_and_basis(doctor: Ehr, patients: Patients) -> None:
    nin = patients.fresh()
    body = {"data": json.dumps({"nin": nin})}
    refused(doctor.call("POST", "status", nin, None, **body), 400, "AUTH-0003")
    refused(doctor.call("POST", "status", nin, headers={"nhn-user-role": None}, **body), 400, "AUTH-0003")
    assert doctor.call("POST", "status", nin, "UNNTAK", **body).status_code == 200


def test_status_tells_of_every_choice(mock: Mock, doctor: Ehr, told: dict[str, Any], population: Population) -> None:
    cases = told["patients"]
    assert doctor.status(cases["reserved"]).json()["hasReservation"] is True
    assert doctor.status(cases["reserved"]).json()["hasCriticalInformation"] is False
    assert doctor.status(cases["restricted_all"]).json()["hasRestriction"] is True
    assert doctor.status(cases["restricted_critical"]).json()["hasCriticalInformationRestriction"] is True


def test_the_m2m_token_opens_no_journal(m2m: Ehr, patients: Patients) -> None:
    refused(m2m.read("AllergyIntolerance", patients.fresh()), 403)


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ("[]", 400), ('{"nin": 1}', 400), ('{"nin": "123"}', 400), ('{"nin":"17054912345"}', 400), ("", 400)],
)
def test_a_bad_status_body_is_refused(doctor: Ehr, body: str, status: int) -> None:
    refused(doctor.call("POST", "status", None, data=body), status)


# --- rows 6 to 9: read, create, update, delete ----------------------------------------------------------------------


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda c: c.info_type)
def test_every_category_can_be_written_and_comes_back_under_its_type(
    doctor: Ehr, patients: Patients, population: Population, category: Any
) -> None:
    nin = patients.fresh()
    sent = samples.resource(category, nin, population.professional_at(0), "2024-11-30T10:00:00+01:00")
    made = doctor.call("POST", category.resource_type, nin, json=sent)
    assert made.status_code == 201, made.text
    updater = [
        {"url": f"{CANONICAL}KjUpdater", "valueReference": {"reference": "#recorderRef"}},
        {"url": f"{CANONICAL}KjUpdatedDateTime", "valueDateTime": made.json()["extension"][-1]["valueDateTime"]},
    ]  # every statement carries them (4.2); the mock adds what a create leaves out
    plain = {k: v for k, v in made.json().items() if k not in ("id", "meta")}
    sent["extension"] = [*sent["extension"], *updater]
    assert plain == {k: v for k, v in sent.items() if k not in ("id", "meta")}
    for path in (
        category.resource_type,
        f"{category.resource_type}s",
        f"{category.resource_type}?criticalInfoType={category.info_type}",
    ):
        assert [e["resource"] for e in doctor.read(path, nin).json()["entry"]] == [made.json()]
    for other in CATEGORIES:
        if other.resource_type == category.resource_type and other is not category:
            assert "entry" not in doctor.read(f"{other.resource_type}?criticalInfoType={other.info_type}", nin).json()
    assert doctor.read(f"{category.resource_type}/{made.json()['id']}", nin).json() == made.json()


def test_an_update_must_carry_the_newest_version(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    path = f"AllergyIntolerance/{first['id']}"
    good = samples.updated(first, who, "2025-02-01")
    assert doctor.call("PUT", path, nin, json=good).status_code == 200
    refused(doctor.call("PUT", path, nin, json=good), 409, "KI-MOCK-CONFLICT")
    refused(doctor.call("PUT", path, nin, json=good | {"meta": good["meta"] | {"versionId": "7"}}), 409)
    without = good | {"meta": {k: v for k, v in good["meta"].items() if k != "versionId"}}
    refused(doctor.call("PUT", path, nin, json=without), 422)
    second = doctor.read(path, nin).json()
    assert doctor.read(f"{path}/_history/1", nin).json() == first
    assert doctor.read(f"{path}/_history/2", nin).json() == second
    refused(doctor.read(f"{path}/_history/3", nin), 404)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            {
                "code": {
                    "coding": [{"system": "http://nhn.no/kj/fhir/CodeSystem/ATC", "code": "N02BE01", "display": "x"}]
                }
            },
            "KI-0014",
        ),
        ({"category": ["environment"]}, "KI-0014"),
        ({"id": "another"}, "KI-0014"),
        (
            {
                "clinicalStatus": {"coding": [{"code": "inactive"}]},
                "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
            },
            "KI-0014",
        ),
        ({"extension": []}, "KI-0014"),
    ],
)
def test_what_an_update_may_not_change(
    doctor: Ehr, patients: Patients, population: Population, change: dict[str, Any], code: str
) -> None:
    nin = patients.fresh()
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    changed = samples.updated(first, population.professional_at(0), "2025-02-01") | change
    refused(doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=changed), 400, code)
    assert doctor.read("AllergyIntolerance", nin).json()["entry"] == [{"resource": first}]


def test_the_recorder_stays_the_original_one(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin = patients.fresh()
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    changed = samples.updated(first, population.professional_at(0), "2025-02-01")
    changed["contained"][0]["practitioner"]["identifier"]["value"] = population.professional_at(5).hpr_number
    body = refused(doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=changed), 400, "KI-0014")
    assert body["issue"][0]["location"] == ["AllergyIntolerance.recorder"]
    changed = samples.updated(first, population.professional_at(0), "2025-02-01") | {
        "recorder": {"reference": "#updaterRef"}
    }
    refused(doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=changed), 400, "KI-0014")


def test_only_the_newest_version_can_be_deleted_and_then_it_is_gone(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin = patients.fresh()
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    path = f"AllergyIntolerance/{first['id']}"
    refused(doctor.call("DELETE", f"{path}/_history/2", nin), 409)
    gone = doctor.call("DELETE", path, nin)
    assert (gone.status_code, gone.content) == (204, b"")
    for method, where in (("GET", path), ("GET", f"{path}/_history/1"), ("DELETE", path)):
        refused(doctor.call(method, where, nin), 410)
    refused(
        doctor.call("PUT", path, nin, json=samples.updated(first, population.professional_at(0), "2025-02-01")), 410
    )
    assert doctor.read("AllergyIntolerance", nin).json() == {"resourceType": "Bundle", "type": "searchset"}


def test_an_entry_is_found_only_with_its_own_patient_and_type(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, other = patients.fresh(), patients.fresh()
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    refused(doctor.read(f"AllergyIntolerance/{first['id']}", other), 404)
    refused(doctor.read(f"Condition/{first['id']}", nin), 404)
    refused(doctor.call("DELETE", f"AllergyIntolerance/{first['id']}", other), 404)
    assert doctor.read(f"AllergyIntolerance/{first['id']}", nin).status_code == 200


def test_of_many_simultaneous_updates_over_the_wire_exactly_one_wins(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    results: list[int] = []
    barrier = threading.Barrier(12)

    def attempt(number: int) -> None:
        body = samples.updated(first, who, "2025-02-01", note=f"forsøk {number}")
        barrier.wait()
        results.append(doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=body).status_code)

    threads = [threading.Thread(target=attempt, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200] + [409] * 11
    assert doctor.read(f"AllergyIntolerance/{first['id']}", nin).json()["meta"]["versionId"] == "2"


# --- rows 10 and 11: headers ----------------------------------------------------------------------------------------


def test_the_older_header_names_are_as_good(mock: Mock, doctor_token: Any, patients: Patients) -> None:
    old = Ehr(mock, doctor_token, family="hit")
    assert old.read("Flag", patients.fresh()).status_code == 200
    assert b'mock_kj_header_family_total{family="hit"}' in requests.get(mock.base + "/metrics", timeout=10).content


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"nhn-source-system": "ab"}, "AUTH-0003"),
        ({"nhn-source-system": "x" * 513}, "AUTH-0003"),
        ({"nhn-source-system": None}, "AUTH-0003"),
        ({"nhn-event-id": "x" * 129}, "AUTH-0003"),
        ({"nhn-user-role": None}, "AUTH-0003"),
        ({"nhn-user-role": "LE"}, "AUTH-0003"),
        ({"nhn-user-role": "%7B%22system%22%3A%22kjernejournal_userrole%22%2C%22code%22%3A%22LE%22%7D"}, "AUTH-0003"),
        ({"nhn-user-role": ROLE.format("XX")}, "AUTH-0003"),
        ({"nhn-access-basis": None}, "AUTH-0003"),
        ({"nhn-access-basis": "samtykke"}, "AUTH-0003"),
        ({"nhn-access-basis": "HPAKUTT"}, "AUTH-0003"),
        ({"nhn-patient-nin": None}, "AUTH-0003"),
        ({"nhn-patient-nin": "48882807578"}, "KI-MOCK-NIN"),
        ({"nhn-patient-nin": "1"}, "KI-MOCK-NIN"),
        ({"hit-source-system": "Another 2.0"}, "AUTH-0003"),
    ],
)
def test_a_bad_header_is_refused(doctor: Ehr, patients: Patients, headers: dict[str, str | None], code: str) -> None:
    refused(doctor.call("GET", "Flag", patients.fresh(), headers=headers), 400, code)


@pytest.mark.parametrize("length", [3, 512])
def test_the_bounds_of_the_source_system_are_good(doctor: Ehr, patients: Patients, length: int) -> None:
    assert doctor.call("GET", "Flag", patients.fresh(), headers={"nhn-source-system": "x" * length}).status_code == 200


def test_the_event_id_comes_back_as_id_of_the_error(doctor: Ehr) -> None:
    answer = doctor.call("GET", "Flag", "1", headers={"nhn-event-id": "my-event-1"})
    assert refused(answer, 400)["id"] == "my-event-1" == answer.headers["nhn-event-id"]


@pytest.mark.parametrize("sent", ["x" * 128, "with spaces in it", "en hendelse: æøå"])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_an_event_id_that_is_no_fhir_id_comes_back_as_it_was_sent(doctor: Ehr, sent: str, coding: str) -> None:
    """Byte for byte in the header, and as the id of the body (B-ERR: id = event id)."""
    answer = doctor.call("GET", "Flag", "1", headers={"nhn-event-id": sent.encode(coding)})
    assert answer.headers["nhn-event-id"].encode("latin-1") == sent.encode(coding)
    assert refused(answer, 400)["id"] == sent


def test_what_does_not_fit_r4_is_told_in_words(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin = patients.fresh()
    for change in ({"resourceType": "Flag"}, {"criticality": "very"}, {"recordedDate": "yesterday"}, {"note": "text"}):
        answer = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population) | change)
        said = refused(answer, 400, "KI-0014")["issue"][0]["diagnostics"]
        assert "(" not in said
        assert " R4 " in said or "must" in said


def test_a_role_that_is_not_url_encoded_is_refused(doctor: Ehr, patients: Patients) -> None:
    role = '{"system":"urn:oid:2.16.578.1.12.4.1.1.9060","code":"LE"}'
    refused(doctor.call("GET", "Flag", patients.fresh(), headers={"nhn-user-role": role}), 400, "AUTH-0003")


def test_entries_of_the_population_name_their_updater(doctor: Ehr, told: dict[str, Any]) -> None:
    """Section 4.2: every statement has KjUpdater and KjUpdatedDateTime, and what they refer to is there."""
    seen = 0
    for kind in RESOURCE_TYPES:
        for case in ("with_entries", "blocks_somebody_else"):
            for entry in doctor.read(kind, told["patients"][case]).json().get("entry", ()):
                resource = entry["resource"]
                found = {e["url"].removeprefix(CANONICAL): e for e in resource["extension"]}
                reference = found["KjUpdater"]["valueReference"]["reference"]
                assert reference[1:] in {c["id"] for c in resource["contained"]}
                assert found["KjUpdatedDateTime"]["valueDateTime"]
                seen += 1
    assert seen == 4


def test_a_role_that_is_not_the_users_is_refused(mock: Mock, doctor_token: Any, patients: Patients) -> None:
    refused(Ehr(mock, doctor_token, role="SP").read("Flag", patients.fresh()), 403, "AUTH-MOCK-ROLE")


# --- row 14 and 26: privacy -----------------------------------------------------------------------------------------


def test_every_privacy_case_is_answered_as_documented(doctor: Ehr, told: dict[str, Any], patients: Patients) -> None:
    cases = told["patients"]
    refused(doctor.read("Flag", cases["reserved"]), 403, "KI-MOCK-RESERVED")
    sent = {"Content-Type": "application/fhir+json"}
    for body in (b"{", b"x" * 400_000):  # who may not write is told that, whatever he sent
        answer = doctor.call("POST", "Flag", cases["reserved"], data=body, headers=sent)
        refused(answer, 403, "KI-MOCK-RESERVED")
    for name in ("restricted_all", "restricted_critical"):
        for basis in ("SAMTYKKE", "UNNTAK", "AKUTT"):
            refused(doctor.read("Flag", cases[name], basis), 403, "KI-MOCK-RESTRICTED")
        for basis in ("FORHOYET_SAMTYKKE", "FORHOYET_AKUTT"):
            assert doctor.read("Flag", cases[name], basis).status_code == 200
    plain = patients.fresh()
    for basis in ("SAMTYKKE", "UNNTAK", "AKUTT"):
        assert doctor.read("Flag", plain, basis).status_code == 200
    refused(doctor.read("Flag", plain, "FORHOYET_SAMTYKKE"), 403, "KI-MOCK-UNRESTRICTED")
    refused(doctor.read("Flag", "45920040881"), 404, "KI-MOCK-PATIENT")


def test_whom_a_patient_blocks_gets_nothing_in_an_emergency_either(
    mock: Mock, doctor: Ehr, nurse: Ehr, told: dict[str, Any], patients: Patients
) -> None:
    nin = patients.fresh(entries=True)
    hpr = told["professionals"][0]["hpr_number"]
    set_choices(mock, nin, {"blocked": [hpr]})
    for basis in ("SAMTYKKE", "UNNTAK", "AKUTT", "FORHOYET_AKUTT"):
        refused(doctor.read("AllergyIntolerance", nin, basis), 403, "KI-MOCK-BLOCKED")
    assert doctor.status(nin).json()["practitionerIsBlocked"] is True
    assert nurse.status(nin).json()["practitionerIsBlocked"] is False
    assert nurse.read("AllergyIntolerance", nin).status_code == 200


def set_choices(mock: Mock, nin: str, choices: dict[str, Any]) -> None:
    assert requests.put(mock.base + "/admin/patient", json={"nin": nin, **choices}, timeout=10).status_code == 200


def test_a_login_below_level_four_is_refused(mock: Mock, told: dict[str, Any], patients: Patients) -> None:
    low = login(told, test_pid=told["professionals"][0]["test_pid"], test_security_level="3")
    refused(Ehr(mock, low).read("Flag", patients.fresh()), 403, "AUTH-MOCK-LEVEL")


def test_somebody_who_is_no_professional_is_refused(mock: Mock, told: dict[str, Any], patients: Patients) -> None:
    citizen = login(told, test_pid=patients.fresh())
    refused(Ehr(mock, citizen).read("Flag", patients.fresh()), 403, "AUTH-MOCK-ROLE")


def test_a_real_persons_number_is_refused_and_not_repeated(doctor: Ehr) -> None:
    from datetime import date

    from mock_kj import identity

    real = identity.number(date(1990, 1, 1), 3, shift=0)
    for answer in (doctor.read("Flag", real), doctor.status(real)):
        refused(answer, 400, "KI-MOCK-REAL-NIN")
        assert real not in answer.text


# --- row 27: usage log ----------------------------------------------------------------------------------------------


def test_every_access_is_in_the_usage_log_and_status_is_not(
    mock: Mock, doctor: Ehr, told: dict[str, Any], patients: Patients, population: Population
) -> None:
    nin = patients.fresh()
    doctor.status(nin)
    made = doctor.call(
        "POST", "AllergyIntolerance", nin, json=drug(nin, population), headers={"nhn-event-id": "event-7"}
    ).json()
    doctor.read("AllergyIntolerance?criticalInfoType=DrugReaction", nin)
    doctor.call(
        "PUT",
        f"AllergyIntolerance/{made['id']}",
        nin,
        json=samples.updated(made, population.professional_at(0), "2025-02-01"),
    )
    doctor.call("DELETE", f"AllergyIntolerance/{made['id']}", nin, "AKUTT")
    refused(doctor.read("Flag", nin, "FORHOYET_AKUTT"), 403)
    citizen = login(told, scope=f"openid {told['citizen']['scope']}", test_pid=nin)
    address = mock.base + "/citizen/v1/access-log"
    log = requests.get(address, auth=citizen, timeout=10).json()["log"]
    assert [(x["operation"], x["information"], x["basis"]) for x in reversed(log)] == [
        ("create", "DrugReaction", "SAMTYKKE"),
        ("read", "DrugReaction", "SAMTYKKE"),
        ("update", "DrugReaction", "SAMTYKKE"),
        ("delete", "DrugReaction", "AKUTT"),
    ]
    who = population.professional_at(0)
    for entry in log:
        assert (entry["practitioner"], entry["hprNumber"], entry["role"]) == (who.name, who.hpr_number, "LE")
        assert (entry["organisation"], entry["organisationNumber"]) == (
            told["organisations"][0]["name"],
            told["organisations"][0]["child"],
        )
        assert (entry["system"], entry["api"]) == ("Test EHR 1.0", "critical-information v1")


# --- rows 16 to 18: content -----------------------------------------------------------------------------------------

ICD10 = "urn:oid:2.16.578.1.12.4.1.1.7110"


def coded(system: str, code: str) -> dict[str, Any]:
    return {"code": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"meta": {"profile": ["http://example.org/other"]}}, "meta.profile"),
        ({"meta": None}, "meta.profile"),
        ({"clinicalStatus": None}, "clinicalStatus"),
        ({"criticality": None}, "criticality"),
        ({"criticality": "severe"}, "criticality"),
        ({"recorder": None}, ""),
        ({"recordedDate": None}, "recordedDate"),
        ({"recordedDate": "2099-01-01"}, "recordedDate"),
        ({"recordedDate": "1850-01-01"}, "recordedDate"),
        ({"recordedDate": "2025-02-31"}, "recordedDate"),
        ({"recordedDate": "yesterday"}, "recordedDate"),
        ({"reaction": None}, "reaction"),
        ({"reaction": [{}]}, "reaction"),
        ({"onsetAge": {"value": 130, "unit": "a"}}, "onsetAge"),
        ({"onsetAge": {"value": -1, "unit": "a"}}, "onsetAge"),
        ({"onsetAge": {"value": 1}, "onsetDateTime": "2020"}, ""),
        ({"note": [{"text": "x" * 501}]}, "note"),
        ({"note": []}, "note"),
        ({"unknownElement": 1}, ""),
        ({"extension": None}, "extension"),
        ({"category": ["medication", "food"]}, "category"),
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, "clinicalStatus"),
        ({"patient": {"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "48882807579"}}}, "patient"),
        ({"recorder": {"reference": "#nobody"}}, "contained"),
        (coded("http://nhn.no/kj/fhir/CodeSystem/ATC", "nonsense"), "code"),
        (coded("http://nhn.no/kj/fhir/CodeSystem/ActiveSubstance", "ID_00000000-0000-4000-8000-00000000DEAD"), "code"),
        (coded("http://nhn.no/kj/fhir/CodeSystem/DrugTradeName", "12345"), "code"),
        (coded(ICD10, "Z88.0"), "code"),
        (coded(ICD10, "Y40"), "code"),
        (coded(ICD10, "V01"), "code"),
    ],
)
def test_content_that_breaks_a_rule_is_refused_with_its_path(
    doctor: Ehr, patients: Patients, population: Population, change: dict[str, Any], path: str
) -> None:
    nin = patients.fresh()
    body = {k: v for k, v in (drug(nin, population) | change).items() if v is not None}
    answer = refused(doctor.call("POST", "AllergyIntolerance", nin, json=body), 400, "KI-0014")
    issue = answer["issue"][0]
    assert (issue["severity"], issue["location"][0].startswith("AllergyIntolerance")) == ("fatal", True)
    assert path in issue["location"][0]
    assert doctor.status(nin).json()["hasCriticalInformation"] is False


def test_a_note_of_five_hundred_characters_is_good(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin = patients.fresh()
    assert (
        doctor.call(
            "POST", "AllergyIntolerance", nin, json=drug(nin, population, note=[{"text": "æ" * 500}])
        ).status_code
        == 201
    )


def test_an_infection_has_no_code_text_and_an_anaesthesia_problem_has_its_category(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    infection = samples.resource(BY_INFO_TYPE["Infection"], nin, who, "2025-01-05")
    infection["code"]["text"] = "MRSA"
    refused(doctor.call("POST", "Condition", nin, json=infection), 400, "KI-0014")
    tube = samples.resource(BY_INFO_TYPE["IntubationProblem"], nin, who, "2025-01-05")
    tube["category"][0]["coding"][0]["code"] = "5"
    refused(doctor.call("POST", "Condition", nin, json=tube), 400, "KI-0014")


def test_an_entry_that_has_run_out_is_still_there_but_not_active(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    flag = samples.resource(BY_INFO_TYPE["Flag"], nin, who, "2024-01-05")
    flag["period"]["end"] = "2024-02-01"
    assert doctor.call("POST", "Flag", nin, json=flag).status_code == 201
    status = doctor.status(nin).json()
    assert (status["hasCriticalInformation"], status["hasActiveCriticalInformation"]) == (True, False)


def test_a_refuted_entry_does_not_count_any_more(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    first = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population)).json()
    changed = samples.updated(first, who, "2025-02-01")
    changed["clinicalStatus"]["coding"][0] = {
        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
        "code": "inactive",
    }
    changed["verificationStatus"]["coding"][0] = {
        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
        "code": "refuted",
    }
    assert doctor.call("PUT", f"AllergyIntolerance/{first['id']}", nin, json=changed).status_code == 200
    assert doctor.status(nin).json()["hasCriticalInformation"] is False
    assert len(doctor.read("AllergyIntolerance", nin).json()["entry"]) == 1


# --- row 23: DPoP at the API ----------------------------------------------------------------------------------------


def test_a_proof_is_good_once(mock: Mock, doctor: Ehr, doctor_token: Any, patients: Patients) -> None:
    nin = patients.fresh()
    prepared = doctor.session.prepare_request(requests.Request("GET", f"{mock.api}/Flag", headers=doctor.headers(nin)))
    prepared.hooks["response"] = []
    assert requests.Session().send(prepared, timeout=10).status_code == 200
    refused(requests.Session().send(prepared, timeout=10), 401, "AUTH-MOCK-DPOP")


def test_a_bound_token_is_refused_as_bearer(mock: Mock, doctor: Ehr, doctor_token: Any, patients: Patients) -> None:
    headers = doctor.headers(patients.fresh()) | {"Authorization": f"Bearer {doctor_token.access_token}"}
    refused(requests.get(f"{mock.api}/Flag", headers=headers, timeout=10), 401, "AUTH-MOCK-BEARER")
    for value in ("", "Basic abc", "DPoP", "Bearer x.y.z"):
        refused(requests.get(f"{mock.api}/Flag", headers=headers | {"Authorization": value}, timeout=10), 401)


def test_unknown_paths_and_methods_have_the_envelope_too(doctor: Ehr, patients: Patients) -> None:
    nin = patients.fresh()
    for method, path, status in (
        ("GET", "Medication", 404),
        ("GET", "", 404),
        ("PATCH", "Flag", 405),
        ("GET", "status", 405),
        ("PUT", "Flag", 405),
        ("GET", "Flag/1/2", 404),
        ("GET", "Flag/x/_history/0", 404),
        ("GET", "Flag/a%20b", 404),
        ("GET", "Flag/1/_history/1/2", 404),
    ):
        refused(doctor.call(method, path, nin), status)
    refused(doctor.read("Flag?criticalInfoType=Infection", nin), 400)
    refused(doctor.read("Flag?_id=1", nin), 400)
