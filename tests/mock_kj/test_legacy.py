"""The legacy generation, rows 1 to 4 of chapter 9."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import requests

from mock_kj import samples
from mock_kj.access import Privacy
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Mock, login, oauth
from tests.mock_kj.test_fhir_xml import from_json, from_xml

KNOWN = {
    "status",
    "returTekst",
    "ticket",
    "sperringDetaljer",
    "eksistererBlokkertHelsepersonell",
    "harLasteResepter",
    "harLegemidler",
    "sistEndretKritiskInfoDato",
    "sistEndretKritiskInfo",
}


class Legacy:
    """An EHR of the older generation: Bearer tokens, tickets, legacy headers."""

    def __init__(self, mock: Mock) -> None:
        self.base = mock.base + "/v1"
        self.told = mock.client("--legacy")
        client = oauth(self.told, dpop=False)
        self.machine = client.client_credentials(scope="nhn:kjernejournal/api")
        scope = "openid nhn:kjernejournal/api helseid://scopes/hpr/hpr_number"
        self.user = login(self.told, client=client, scope=scope, test_pid=self.told["professionals"][0]["test_pid"])

    def call(self, method: str, path: str, token: Any, headers: dict[str, str], body: Any = None) -> requests.Response:
        everything = {
            "Authorization": f"Bearer {token.access_token}",
            "X-EPJ-System": "ACME EHR system versjon 42.01",
            **headers,
        }
        return requests.request(
            method, self.base + path, headers=everything, data=None if body is None else json.dumps(body), timeout=10
        )

    def indicator(
        self, nin: str, consent: str | None = "HPMOTTATTSAMTYKKE", path: str = "/helseindikator"
    ) -> requests.Response:
        body = {"fnr": nin} | ({"samtykke": consent} if consent else {})
        return self.call("POST", path, self.machine, {"Content-Type": "application/json"}, body)

    def fhir(self, method: str, path: str, ticket: str, body: Any = None, **headers: str) -> requests.Response:
        content = {"Content-Type": "application/fhir+json; charset=UTF-8"} if body is not None else {}
        extra = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.call(method, "/fhir/" + path, self.user, {"X-kj-ticket": ticket, **content, **extra}, body)


@pytest.fixture(scope="module")
def legacy(mock: Mock) -> Legacy:
    return Legacy(mock)


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    issues = answer.json()["issue"]
    assert [i["severity"] for i in issues] == ["error", "error"]
    assert (issues[0]["code"], issues[0]["diagnostics"]) == ("processing", code)
    assert answer.headers["x-kj-feilkode"] == code


@pytest.mark.parametrize("path", ["/helseindikator", "/helseindikator/status"])
def test_the_indicator_answers_each_status(legacy: Legacy, patients: Patients, path: str) -> None:
    cases = {
        0: "10086055555",
        1: legacy.told["patients"]["reserved"],
        2: patients.fresh(),
        3: legacy.told["patients"]["own_information"],
        4: patients.fresh(entries=True),
    }
    for status, nin in cases.items():
        answer = legacy.indicator(nin, path=path)
        assert answer.status_code == 200
        content = answer.json()
        assert content["status"] == status
        assert ("ticket" in content) == (status >= 2)
        assert ("sistEndretKritiskInfoDato" in content) == (status == 4)
        assert re.fullmatch(r"Id-[0-9a-f]+", answer.headers["x-event-id"])
        assert answer.headers["cache-control"] == "no-cache, must-revalidate, private, s-maxage=0"
        assert answer.headers["pragma"] == "no-cache"
        assert len(content.keys() - KNOWN) == 1  # the field that clients must ignore
    content = legacy.indicator(cases[4]).json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", content["sistEndretKritiskInfoDato"])
    assert max(c["sistEndret"] for c in content["sistEndretKritiskInfo"]) == content["sistEndretKritiskInfoDato"]
    assert legacy.indicator("45920040881").json()["status"] == 1


def test_both_generations_show_the_same_entries(
    legacy: Legacy, doctor: Any, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    ticket = legacy.indicator(nin).json()["ticket"]
    made = legacy.fhir(
        "POST", "AllergyIntolerance", ticket, samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")
    )
    assert made.status_code == 201, made.text
    assert "/v1/fhir/AllergyIntolerance/" in made.headers["location"]
    flag = doctor.call("POST", "Flag", nin, json=samples.resource(BY_INFO_TYPE["Flag"], nin, who, "2025-01-05")).json()
    everything = legacy.fhir("GET", "Patient/$everything", ticket)
    assert [e["resource"] for e in everything.json()["entry"]] == [made.json(), flag]
    assert doctor.read("AllergyIntolerance", nin).json()["entry"] == [{"resource": made.json()}]
    assert legacy.indicator(nin).json()["status"] == 4

    path = f"AllergyIntolerance/{made.json()['id']}"
    changed = samples.updated(made.json(), who, "2025-02-01")
    assert legacy.fhir("PUT", path, ticket, changed).status_code == 200
    refused(legacy.fhir("PUT", path, ticket, changed), 409, "KJF-000065")
    refused(legacy.fhir("DELETE", f"{path}/_history/1", ticket), 409, "KJF-000065")
    assert legacy.fhir("DELETE", f"{path}/_history/2", ticket).status_code == 204


def test_a_url_encoded_ticket_is_as_good_and_a_forged_one_is_not(legacy: Legacy, patients: Patients) -> None:
    ticket = legacy.indicator(patients.fresh()).json()["ticket"]
    assert legacy.fhir("GET", "Patient/$everything", quote(ticket, safe="")).status_code == 200
    for forged in (ticket[:-4] + "AAAA", "x", "", ticket + "A"):
        refused(legacy.fhir("GET", "Patient/$everything", forged), 401, "KJF-000011")


def test_a_ticket_looks_like_base64_and_tells_nothing(legacy: Legacy, patients: Patients) -> None:
    """Of eight tickets of some 250 signs none without + or / has a chance of about 1e-27."""
    nins = [patients.fresh() for _ in range(8)]
    tickets = [legacy.indicator(nin).json()["ticket"] for nin in nins]
    assert any("+" in t for t in tickets)
    assert any("/" in t for t in tickets)
    for nin, ticket in zip(nins, tickets, strict=True):
        raw = b64decode(ticket, validate=True)
        assert nin.encode() not in raw
        assert all(nin.encode() not in b64decode(part + "===") for part in ticket.split("."))
        assert legacy.fhir("GET", "Patient/$everything", quote(ticket, safe="")).status_code == 200


def test_a_patient_who_has_blocked_anybody_shares_nothing(
    mock: Mock, legacy: Legacy, patients: Patients, population: Population
) -> None:
    """Section 2.2: not the one who is blocked alone, but everybody gets no clinical information through this API."""
    nin = patients.fresh(entries=True)
    assert legacy.indicator(nin).json()["status"] == 4
    choice = {"nin": nin, "blocked": ["990000099"]}
    requests.put(mock.base + "/admin/patient", json=choice, timeout=10).raise_for_status()
    told = legacy.indicator(nin).json()
    assert told["eksistererBlokkertHelsepersonell"] is True
    assert told["status"] == 2
    assert not {"sistEndretKritiskInfo", "sistEndretKritiskInfoDato"} & told.keys()
    for consent in ("HPMOTTATTSAMTYKKE", "HPAKUTT", "HPUNNTAK"):
        answer = legacy.fhir("GET", "Patient/$everything", told["ticket"], KJ_SAMTYKKE_BRUK=consent)
        refused(answer, 403, "KJF-MOCK-SOMEBODY-BLOCKED")
    body = samples.resource(BY_INFO_TYPE["DrugReaction"], nin, population.professional_at(0), "2025-01-05")
    refused(legacy.fhir("POST", "AllergyIntolerance", told["ticket"], body), 403, "KJF-MOCK-SOMEBODY-BLOCKED")


def test_the_indicator_tells_of_medicines_and_locked_prescriptions(legacy: Legacy, population: Population) -> None:
    wanted = {"medicines": "harLegemidler", "locked_prescriptions": "harLasteResepter"}
    for name, field in wanted.items():
        for expected in (True, False):
            index = next(
                i
                for i in range(population.persons)
                if getattr(population.besides(i), name) is expected and population.privacy(i) == Privacy()
            )
            assert legacy.indicator(population.nin(index)).json()[field] is expected


def test_the_restricted_header_needs_an_ordinary_consent_beside_it(legacy: Legacy) -> None:
    """Chapter 1: `samtykke` or KJ-SAMTYKKE-BRUK, plus KJ-SAMTYKKE-SPERRET-KRITISKINFO."""
    nin = legacy.told["patients"]["restricted_critical"]
    without = legacy.indicator(nin, consent=None).json()["ticket"]

    def read(**headers: str) -> requests.Response:
        return legacy.fhir("GET", "Patient/$everything", without, **headers)

    refused(read(KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPAKUTT"), 400, "KJF-MOCK-CONSENT")
    refused(read(KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPAKUTT", KJ_SAMTYKKE_BRUK="FOO"), 400, "KJF-MOCK-CONSENT")
    opened = read(KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPAKUTT", KJ_SAMTYKKE_BRUK="HPAKUTT")
    assert opened.json()["entry"]


def test_a_ticket_runs_out(tmp_path: Any) -> None:
    short = Mock(tmp_path, "--set", "ticket_seconds=0")
    try:
        other = Legacy(short)
        nin = other.told["patients"]["with_entries"]
        refused(other.fhir("GET", "Patient/$everything", other.indicator(nin).json()["ticket"]), 401, "KJF-000015")
    finally:
        short.stop()


def test_the_restricted_header_opens_what_is_restricted_and_nothing_else(legacy: Legacy, patients: Patients) -> None:
    closed = legacy.indicator(legacy.told["patients"]["restricted_critical"]).json()["ticket"]
    refused(legacy.fhir("GET", "Patient/$everything", closed), 403, "KJF-MOCK-RESTRICTED")
    for value in ("HPMOTTATTSAMTYKKE", "HPAKUTT"):
        assert (
            legacy.fhir("GET", "Patient/$everything", closed, KJ_SAMTYKKE_SPERRET_KRITISKINFO=value).status_code == 200
        )
    refused(
        legacy.fhir("GET", "Patient/$everything", closed, KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPUNNTAK"),
        400,
        "KJF-MOCK-CONSENT",
    )
    free = legacy.indicator(patients.fresh()).json()["ticket"]
    refused(
        legacy.fhir("GET", "Patient/$everything", free, KJ_SAMTYKKE_SPERRET_KRITISKINFO="HPAKUTT"),
        403,
        "KJF-MOCK-UNRESTRICTED",
    )


def test_consent_comes_with_the_ticket_or_the_header(legacy: Legacy, patients: Patients) -> None:
    without = legacy.indicator(patients.fresh(), consent=None).json()["ticket"]
    refused(legacy.fhir("GET", "Patient/$everything", without), 400, "KJF-MOCK-CONSENT")
    for value in ("HPMOTTATTSAMTYKKE", "HPAKUTT", "HPUNNTAK"):
        assert legacy.fhir("GET", "Patient/$everything", without, KJ_SAMTYKKE_BRUK=value).status_code == 200
    refused(legacy.fhir("GET", "Patient/$everything", without, KJ_SAMTYKKE_BRUK="SAMTYKKE"), 400, "KJF-MOCK-CONSENT")


def test_what_is_missing_is_refused(legacy: Legacy, patients: Patients) -> None:
    nin = patients.fresh()
    refused(
        legacy.call("POST", "/helseindikator", legacy.machine, {"X-EPJ-System": ""}, {"fnr": nin}),
        400,
        "KJF-MOCK-HEADER",
    )
    refused(
        legacy.call("POST", "/helseindikator", legacy.machine, {"Authorization": "Bearer x.y.z"}, {"fnr": nin}),
        401,
        "KJF-000123",
    )
    refused(legacy.indicator(nin, consent="JA"), 400, "KJF-MOCK-CONSENT")
    refused(legacy.call("POST", "/helseindikator", legacy.machine, {}, {}), 400, "KJF-000018")
    refused(legacy.call("GET", "/fhir/Patient/1", legacy.user, {}), 404, "KJF-MOCK-PATH")
    refused(
        legacy.call("GET", "/fhir/Patient/$everything", legacy.user, {"Accept": "text/html", "X-kj-ticket": "x"}),
        415,
        "KJF-MOCK-TYPE",
    )
    refused(
        legacy.call(
            "GET", "/fhir/Patient/$everything", legacy.machine, {"X-kj-ticket": legacy.indicator(nin).json()["ticket"]}
        ),
        403,
        "KJF-MOCK-LEVEL",
    )


def test_who_takes_xml_only_gets_xml(legacy: Legacy, patients: Patients) -> None:
    ticket = legacy.indicator(patients.fresh(entries=True)).json()["ticket"]
    in_json = legacy.fhir("GET", "Patient/$everything", ticket)
    for accept in ("application/xml", "application/fhir+xml, text/html;q=0.1"):
        in_xml = legacy.fhir("GET", "Patient/$everything", ticket, Accept=accept)
        assert in_xml.status_code == 200
        assert in_xml.headers["Content-Type"].startswith("application/fhir+xml")
        assert Counter(from_xml(ElementTree.fromstring(in_xml.content))) == Counter(from_json(in_json.json()))
    both = legacy.fhir("GET", "Patient/$everything", ticket, Accept="application/xml, application/json")
    assert both.json() == in_json.json()
    wrong = legacy.fhir("GET", "Patient/$everything", "x", Accept="application/xml")
    assert wrong.status_code == 401
    assert b'<diagnostics value="KJF-000011" />' in wrong.content
    answer = legacy.call("POST", "/helseindikator", legacy.machine, {"Accept": "application/xml"}, {"fnr": "1"})
    assert answer.status_code == 415


def test_a_legacy_token_does_not_open_the_current_api_nor_the_other_way(
    mock: Mock, legacy: Legacy, doctor: Any, patients: Patients
) -> None:
    headers = doctor.headers(patients.fresh()) | {"Authorization": f"Bearer {legacy.user.access_token}"}
    assert (
        requests.get(f"{mock.api}/Flag", headers=headers, timeout=10).headers["nhn-error-code"] == "AUTH-MOCK-AUDIENCE"
    )
