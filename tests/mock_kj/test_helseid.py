"""The issuer: what a registry client gets, and what it is refused (chapter 5; rows 19-25)."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

import jwskate
import pytest
import requests
from cryptography import x509
from requests_oauth2client import DPoPToken, InvalidScope, UnauthorizedClient
from requests_oauth2client.exceptions import EndpointError, InvalidClient, InvalidGrant, InvalidRequest

from mock_kj.helseid import claims, negative
from mock_kj.helseid.clients import CITIZEN_SCOPE, CURRENT_SCOPE
from tests.mock_kj.driver import ROLE, Ehr, Mock, dpop_key, login, oauth, query_of

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def payload(token: Any) -> dict[str, Any]:
    part = str(token).split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return content


def assertion(told: dict[str, Any], **changes: Any) -> str:
    now = int(time.time())
    content = {
        "iss": told["client_id"],
        "sub": told["client_id"],
        "aud": told["issuer"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + 30,
    }
    content |= changes.pop("claims", {})
    content = {k: v for k, v in content.items() if v is not None}
    typ = changes.pop("typ", "client-authentication+jwt")
    key = changes.pop("key", told["private_jwk"])
    return str(jwskate.Jwt.sign(content, key=jwskate.Jwk(key), alg=key["alg"], typ=typ))


def ask(
    told: dict[str, Any], form: dict[str, Any], *, key: Any = None, path: str = "/connect/token"
) -> requests.Response:
    """A token request by hand, with the nonce dance if a key is given."""
    address = told["issuer"] + path
    headers = {}
    if key is not None:
        headers["DPoP"] = str(key.proof(htm="POST", htu=address, nonce=key.as_nonce))
    answer = requests.post(address, data=form, headers=headers, timeout=10)
    if key is not None and answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce":
        key.as_nonce = answer.headers["DPoP-Nonce"]
        headers["DPoP"] = str(key.proof(htm="POST", htu=address, nonce=key.as_nonce))
        answer = requests.post(address, data=form, headers=headers, timeout=10)
    return answer


def m2m_form(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    form = {
        "grant_type": "client_credentials",
        "client_id": told["client_id"],
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(told),
        "scope": CURRENT_SCOPE,
    }
    return {k: v for k, v in {**form, **changes}.items() if v is not None}


def test_the_discovery_document_has_the_members_of_helseids(mock: Mock, told: dict[str, Any]) -> None:
    answer = requests.get(told["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
    assert answer["issuer"] == told["issuer"]
    assert answer["require_pushed_authorization_requests"] is False
    assert answer["authorization_response_iss_parameter_supported"] is True
    assert answer["id_token_signing_alg_values_supported"] == ["RS256"]
    assert answer["code_challenge_methods_supported"] == ["plain", "S256"]
    assert "urn:ietf:params:oauth:grant-type:token-exchange" in answer["grant_types_supported"]
    assert {"expired_jwks_uri", "available_idps", "pushed_authorization_request_endpoint"} <= answer.keys()
    for name in ("expired_jwks_uri", "available_idps", "jwks_uri"):
        assert requests.get(answer[name], timeout=10).status_code == 200
    assert requests.get(answer["userinfo_endpoint"], timeout=10).status_code == 501


def test_the_published_key_fits_its_certificate_and_the_tokens(told: dict[str, Any], doctor_token: Any) -> None:
    published = requests.get(told["issuer"] + "/.well-known/openid-configuration/jwks", timeout=10).json()["keys"]
    assert [(k["kty"], k["use"], k["alg"], len(k["x5c"])) for k in published] == [("RSA", "sig", "RS256", 1)]
    certificate = x509.load_der_x509_certificate(base64.b64decode(published[0]["x5c"][0]))
    numbers = certificate.public_key().public_numbers()  # type: ignore[union-attr]
    assert numbers.n == int.from_bytes(base64.urlsafe_b64decode(published[0]["n"] + "=="))
    token = jwskate.SignedJwt(str(doctor_token.access_token))
    assert token.verify_signature(jwskate.Jwk({k: v for k, v in published[0].items() if k != "x5c"}), alg="RS256")
    assert token.headers["typ"] == "at+jwt"


def test_a_user_token_has_the_documented_claims(told: dict[str, Any], doctor_token: Any) -> None:
    assert isinstance(doctor_token, DPoPToken)
    content, who = payload(doctor_token.access_token), told["professionals"][0]
    assert content["aud"] == "nhn:critical-information"
    assert CURRENT_SCOPE in content["scope"].split()
    assert content[claims.PID] == who["test_pid"]
    assert content[claims.HPR_NUMBER] == who["hpr_number"]
    assert content[claims.SECURITY_LEVEL] == "4"
    assert content[claims.ORGNR_PARENT] == told["organisations"][0]["parent"]
    assert content[claims.ORGNR_CHILD] == told["organisations"][0]["child"]
    assert content["cnf"] == {"jkt": doctor_token.dpop_key.dpop_jkt}
    assert content["exp"] - content["iat"] == 600
    assert payload(doctor_token.id_token)["aud"] == told["client_id"]


def test_an_m2m_token_has_no_identity(told: dict[str, Any]) -> None:
    content = payload(oauth(told).client_credentials(scope=CURRENT_SCOPE).access_token)
    assert not any(name.startswith(claims.IDENTITY) or "hpr" in name for name in content)


def test_the_first_request_without_a_nonce_is_challenged_and_the_assertion_not_spent(told: dict[str, Any]) -> None:
    key, form = dpop_key(), m2m_form(told)
    address = told["issuer"] + "/connect/token"
    first = requests.post(address, data=form, headers={"DPoP": str(key.proof(htm="POST", htu=address))}, timeout=10)
    assert first.status_code == 400
    assert first.json() == {
        "error": "use_dpop_nonce",
        "error_description": "Authorization server requires nonce in DPoP proof",
    }
    proof = str(key.proof(htm="POST", htu=address, nonce=first.headers["DPoP-Nonce"]))
    second = requests.post(address, data=form, headers={"DPoP": proof}, timeout=10)
    assert second.status_code == 200
    assert (second.json()["token_type"], second.json()["expires_in"]) == ("DPoP", 600)
    again = requests.post(
        address, data=form | {"client_assertion": assertion(told)}, headers={"DPoP": proof}, timeout=10
    )
    assert again.json()["error"] == "invalid_dpop_proof"
    spent = ask(told, form, key=key)
    assert (spent.status_code, spent.json()["error"]) == (401, "invalid_client")
    assert "jti" in spent.json()["error_description"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"claims": {"aud": "https://another.example"}}, "aud"),
        ({"claims": {"exp": 1}}, "expired"),
        ({"claims": {"exp": int(time.time()) + 3600}}, "60 seconds"),
        ({"claims": {"exp": None}}, "exp"),
        ({"claims": {"exp": "soon"}}, "exp"),
        ({"claims": {"nbf": int(time.time()) + 3600}}, "not valid yet"),
        ({"claims": {"jti": None}}, "jti"),
        ({"claims": {"sub": "somebody"}}, "iss and sub"),
        ({"claims": {"iss": "nobody", "sub": "nobody"}}, ""),
        ({"typ": "dpop+jwt"}, "typ"),
    ],
)
def test_a_bad_assertion_is_refused_and_the_fault_named(
    told: dict[str, Any], change: dict[str, Any], word: str
) -> None:
    answer = ask(told, m2m_form(told, client_assertion=assertion(told, **change)), key=dpop_key())
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert word in answer.json()["error_description"]


def test_an_assertion_of_another_key_or_of_no_key_is_refused(told: dict[str, Any]) -> None:
    stranger = jwskate.Jwk.generate(alg="ES256").to_dict() | {"alg": "ES256"}
    head, body, _ = assertion(told).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    shared = {
        "kty": "oct",
        "k": base64.urlsafe_b64encode(json.dumps(told["private_jwk"]["x"]).encode()).decode().rstrip("="),
        "alg": "HS256",
    }
    for forged in (
        assertion(told, key=stranger),
        f"{none}.{body}.AAAA",
        f"{head}.{body}.AAAA",
        assertion(told, key=shared),
        "x",
        "a.b.c",
    ):
        answer = ask(told, m2m_form(told, client_assertion=forged), key=dpop_key())
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "nhn:another/api"}, "invalid_scope"),
        ({"resource": "nhn:another"}, "invalid_target"),
        ({"client_assertion_type": None}, "invalid_client"),
        ({"client_secret": "x", "client_assertion": None}, "invalid_client"),
    ],
)
def test_a_bad_token_request_has_the_oauth_error(told: dict[str, Any], change: dict[str, Any], error: str) -> None:
    assert ask(told, m2m_form(told, **change), key=dpop_key()).json()["error"] == error


def test_a_token_request_without_a_proof_is_refused_but_for_a_legacy_client(mock: Mock, told: dict[str, Any]) -> None:
    assert ask(told, m2m_form(told)).json()["error"] == "invalid_request"
    legacy = mock.client("--legacy")
    answer = ask(legacy, m2m_form(legacy, scope="nhn:kjernejournal/api"))
    assert answer.json()["token_type"] == "Bearer"
    assert "cnf" not in payload(answer.json()["access_token"])


def test_a_login_that_was_not_pushed_is_refused(told: dict[str, Any]) -> None:
    address = str(oauth(told).authorization_request(scope=f"openid {CURRENT_SCOPE}"))
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_login_binds_code_and_token_to_pkce_and_key(told: dict[str, Any]) -> None:
    client = oauth(told)
    pid = told["professionals"][0]["test_pid"]
    request = client.authorization_request(scope=f"openid {CURRENT_SCOPE}", dpop=True, test_pid=pid)
    pushed = client.pushed_authorization_request(request)
    answer = requests.get(str(pushed.uri), allow_redirects=False, timeout=10)
    query = query_of(answer.headers["location"])
    assert query["iss"] == told["issuer"]
    assert (
        requests.get(str(pushed.uri), allow_redirects=False, timeout=10).status_code == 400
    )  # a pushed request is used once
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": told["redirect_uri"],
        "client_assertion_type": ASSERTION,
    }
    wrong = ask(told, form | {"client_assertion": assertion(told), "code_verifier": "a" * 43}, key=request.dpop_key)
    assert wrong.json()["error"] == "invalid_grant"
    right = ask(
        told, form | {"client_assertion": assertion(told), "code_verifier": request.code_verifier}, key=request.dpop_key
    )
    assert right.json()["error"] == "invalid_grant"  # the code was used up by the first try


def test_a_code_of_one_key_is_no_good_with_another(told: dict[str, Any]) -> None:
    client = oauth(told)
    request = client.authorization_request(
        scope=f"openid {CURRENT_SCOPE}", dpop=True, test_pid=told["professionals"][0]["test_pid"]
    )
    pushed = client.pushed_authorization_request(request)
    code = query_of(requests.get(str(pushed.uri), allow_redirects=False, timeout=10).headers["location"])["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": told["redirect_uri"],
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(told),
        "code_verifier": request.code_verifier,
    }
    assert "another key" in ask(told, form, key=dpop_key()).json()["error_description"]


def test_somebody_can_be_picked_on_the_page(told: dict[str, Any]) -> None:
    client = oauth(told)
    pushed = client.pushed_authorization_request(
        client.authorization_request(scope=f"openid {CURRENT_SCOPE}", dpop=True)
    )
    page = requests.get(str(pushed.uri), timeout=10)
    who = told["professionals"][1]
    assert page.status_code == 200
    assert who["name"] in page.text
    assert "mock" in page.text
    chosen = requests.get(str(pushed.uri) + f"&test_pid={who['test_pid']}", allow_redirects=False, timeout=10)
    assert "code" in query_of(chosen.headers["location"])


def test_whoever_is_not_in_the_population_cannot_log_in(told: dict[str, Any]) -> None:
    client = oauth(told)
    for pid in ("17054912345", "12345678901", "48882807579"):
        pushed = client.pushed_authorization_request(
            client.authorization_request(scope="openid", dpop=True, test_pid=pid)
        )
        answer = requests.get(str(pushed.uri), allow_redirects=False, timeout=10)
        assert query_of(answer.headers["location"])["error"] == "access_denied"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "nhn:another/api"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"request": "not.a.jwt"}, "invalid_request_object"),
    ],
)
def test_a_bad_pushed_request_is_refused(told: dict[str, Any], change: dict[str, Any], error: str) -> None:
    form = {
        "client_id": told["client_id"],
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(told),
        "response_type": "code",
        "redirect_uri": told["redirect_uri"],
        "scope": "openid",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    form = {k: v for k, v in (form | change).items() if v is not None}
    assert ask(told, form, path="/connect/par").json()["error"] == error


def test_a_request_object_signed_by_the_client_is_taken(told: dict[str, Any]) -> None:
    now = int(time.time())
    content = {
        "iss": told["client_id"],
        "aud": told["issuer"],
        "exp": now + 60,
        "iat": now,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": told["redirect_uri"],
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        "state": "s",
        "test_pid": told["professionals"][0]["test_pid"],
    }
    signed = str(jwskate.Jwt.sign(content, key=jwskate.Jwk(told["private_jwk"]), alg="ES256"))
    form = {
        "client_id": told["client_id"],
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(told),
        "request": signed,
    }
    answer = ask(told, form, path="/connect/par")
    assert answer.status_code == 201
    target = f"{told['issuer']}/connect/authorize"
    back = requests.get(
        target,
        params={"client_id": told["client_id"], "request_uri": answer.json()["request_uri"]},
        allow_redirects=False,
        timeout=10,
    )
    assert query_of(back.headers["location"])["state"] == "s"
    late = str(jwskate.Jwt.sign(content | {"exp": now + 600}, key=jwskate.Jwk(told["private_jwk"]), alg="ES256"))
    assert (
        ask(told, form | {"client_assertion": assertion(told), "request": late}, path="/connect/par").json()["error"]
        == "invalid_request_object"
    )


def test_authorize_without_a_pushed_request_redirects_nobody(told: dict[str, Any]) -> None:
    params = {"client_id": told["client_id"], "redirect_uri": "https://evil.example/", "response_type": "code"}
    answer = requests.get(f"{told['issuer']}/connect/authorize", params=params, allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_refresh_token_is_rotated_bound_and_says_how_long_it_lasts(told: dict[str, Any]) -> None:
    client = oauth(told)
    token = login(told, client=client, test_pid=told["professionals"][0]["test_pid"])
    assert token.as_dict()["rt_expires_in"] == 28800
    fresh = client.refresh_token(token)
    assert payload(fresh.access_token)[claims.PID] == payload(token.access_token)[claims.PID]
    assert fresh.refresh_token != token.refresh_token
    with pytest.raises(InvalidGrant):
        client.refresh_token(token)
    with pytest.raises(InvalidGrant):
        client.refresh_token(fresh.refresh_token, dpop_key=dpop_key())
    with pytest.raises((InvalidScope, EndpointError)):
        client.refresh_token(fresh, scope=f"{CURRENT_SCOPE} {CITIZEN_SCOPE}")
    assert client.refresh_token(fresh, scope=CURRENT_SCOPE).scope == CURRENT_SCOPE


def test_a_token_of_two_audiences_is_exchanged_for_one_that_the_api_takes(
    mock: Mock, told: dict[str, Any], patients: Any
) -> None:
    client = oauth(told)
    both = login(
        told,
        client=client,
        scope=f"openid {CURRENT_SCOPE} {CITIZEN_SCOPE}",
        test_pid=told["professionals"][0]["test_pid"],
    )
    assert payload(both.access_token)["aud"] == ["nhn:critical-information", "mock-kj:citizen"]
    nin = patients.fresh()
    refused = Ehr(mock, both).read("Flag", nin)
    assert (refused.status_code, refused.headers["nhn-error-code"]) == (401, "AUTH-MOCK-AUDIENCE")
    one = client.token_exchange(
        subject_token=both.access_token,
        subject_token_type="access_token",
        resource="nhn:critical-information",
        dpop=True,
    )
    assert payload(one.access_token)["aud"] == "nhn:critical-information"
    assert Ehr(mock, one).read("Flag", nin).status_code == 200
    with pytest.raises((InvalidGrant, InvalidRequest)):
        client.token_exchange(subject_token="x.y.z", subject_token_type="access_token", dpop=True)


def organisation(value: str, system: str = claims.MULTI_TENANT_SYSTEM) -> dict[str, Any]:
    identifier = {"system": system, "type": "ENH", "value": value}
    return {"type": "helseid_authorization", "practitioner_role": {"organization": {"identifier": identifier}}}


def test_a_multi_tenant_client_names_its_organisation_and_gets_rejected_scopes(mock: Mock) -> None:
    told = mock.client("--tenancy", "multi-tenant")
    place = told["organisations"][3]
    details = organisation(f"NO:ORGNR:{place['parent']}:{place['child']}")
    form = m2m_form(
        told,
        client_assertion=assertion(told, claims={"assertion_details": [details]}),
        scope=f"{CURRENT_SCOPE} nhn:another/api",
    )
    answer = ask(told, form, key=dpop_key()).json()
    assert answer["rejected_scope"] == "nhn:another/api"
    content = payload(answer["access_token"])
    assert (content[claims.ORGNR_PARENT], content[claims.ORGNR_CHILD]) == (place["parent"], place["child"])
    nameless = payload(ask(told, m2m_form(told), key=dpop_key()).json()["access_token"])
    assert claims.ORGNR_CHILD not in nameless


@pytest.mark.parametrize(
    ("details", "word"),
    [
        ([organisation("NO:ORGNR:123456789:123456789")], "HID-1001"),
        ([organisation("12345")], "HID-1002"),
        ([organisation("12345", claims.SINGLE_TENANT_SYSTEM)], "HID-1002"),
        ([organisation("123456789", "urn:oid:1.2.3")], "HID-1010"),
        (["text"], "HID-1010"),
        ([{"type": "helseid_authorization"}], "HID-1010"),
        ([{"type": claims.ATTEST}], "practitioner"),
    ],
)
def test_bad_details_are_refused_with_their_hid_code(told: dict[str, Any], details: list[Any], word: str) -> None:
    form = m2m_form(told, client_assertion=assertion(told, claims={"assertion_details": details}))
    answer = ask(told, form, key=dpop_key())
    assert answer.status_code == 400
    assert word in answer.json()["error_description"]


def attest() -> dict[str, Any]:
    code, name = (
        {"code": "LE", "system": "urn:oid:2.16.578.1.12.4.1.1.9060"},
        {"id": "310000000", "system": "urn:oid:2.16.578.1.12.4.1.4.101"},
    )
    return {
        "type": claims.ATTEST,
        "practitioner": {"authorization": code, "legal_entity": name, "point_of_care": name},
        "care_relationship": {
            "healthcare_service": {"code": "S03", "system": "urn:oid:2.16.578.1.12.4.1.1.8655"},
            "purpose_of_use": {"code": "TREAT", "system": "2.16.840.1.113883.1.11.20448"},
        },
        "patients": [],
    }


def test_the_attest_is_copied_into_the_token_and_may_come_once(told: dict[str, Any]) -> None:
    form = m2m_form(told, client_assertion=assertion(told, claims={"assertion_details": [attest()]}))
    content = payload(ask(told, form, key=dpop_key()).json()["access_token"])
    assert content[claims.ATTEST]["care_relationship"] == attest()["care_relationship"]
    twice = m2m_form(told, client_assertion=assertion(told, claims={"assertion_details": [attest(), attest()]}))
    assert "HID-DOUBLE-STRUCTURE" in ask(told, twice, key=dpop_key()).json()["error_description"]


def test_a_client_can_be_added_while_the_issuer_runs_and_a_stranger_cannot(mock: Mock, told: dict[str, Any]) -> None:
    fresh = mock.client("--alg", "PS256")
    assert oauth(fresh).client_credentials(scope=CURRENT_SCOPE).access_token
    with pytest.raises((InvalidClient, UnauthorizedClient)):
        oauth(told | {"client_id": "stranger"}).client_credentials(scope=CURRENT_SCOPE)


@pytest.mark.parametrize("fault", negative.TOKEN_FAULTS)
def test_a_token_with_a_fault_opens_nothing(mock: Mock, told: dict[str, Any], patients: Any, fault: str) -> None:
    answer = with_test_token(mock, told, patients.fresh(), {"fault": fault})
    expected = 403 if fault == "no_scope" else 401
    assert answer.status_code == expected
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["nhn-error-code"].startswith("AUTH-")


@pytest.mark.parametrize("fault", negative.PROOF_FAULTS)
def test_a_proof_with_a_fault_opens_nothing(mock: Mock, told: dict[str, Any], patients: Any, fault: str) -> None:
    answer = with_test_token(mock, told, patients.fresh(), {}, fault)
    assert (answer.status_code, answer.headers["nhn-error-code"]) == (401, "AUTH-MOCK-DPOP")
    assert answer.headers["www-authenticate"].startswith("DPoP")


def test_a_good_proof_of_another_key_is_told_apart_from_a_bad_signature(
    mock: Mock, told: dict[str, Any], patients: Any
) -> None:
    said = {
        fault: with_test_token(mock, told, patients.fresh(), {}, fault).json()["issue"][0]["diagnostics"]
        for fault in ("unbound_key", "invalid_signature", "other_key")
    }
    assert "bound to" in said["unbound_key"]
    assert "signature" in said["invalid_signature"]
    assert said["unbound_key"] != said["other_key"]


def test_without_a_fault_the_same_request_is_answered(mock: Mock, told: dict[str, Any], patients: Any) -> None:
    assert with_test_token(mock, told, patients.fresh(), {}).status_code == 200


def with_test_token(
    mock: Mock, told: dict[str, Any], nin: str, wish: dict[str, Any], proof_fault: str | None = None
) -> requests.Response:
    address = f"{mock.api}/Flag"
    proof = {"htm": "GET", "htu": address} | ({"fault": proof_fault} if proof_fault else {})
    body = {"test_pid": told["professionals"][0]["test_pid"], "dpop": proof, **wish}
    made = requests.post(told["issuer"] + "/v2/create-test-token-with-key", json=body, timeout=10)
    assert made.status_code == 200, made.text
    headers = {
        "Authorization": f"DPoP {made.json()['access_token']}",
        "DPoP": made.json()["dpop_proof"],
        "nhn-source-system": "Test 1",
        "nhn-user-role": ROLE.format("LE"),
        "nhn-access-basis": "SAMTYKKE",
        "nhn-patient-nin": nin,
    }
    return requests.get(address, headers=headers, timeout=10)


def test_the_test_token_service_names_what_is_wrong(told: dict[str, Any]) -> None:
    address = told["issuer"] + "/v2/create-test-token-with-key"
    for body in (
        "{",
        "[]",
        '{"odd": 1}',
        '{"fault": "odd"}',
        '{"dpop": 1}',
        '{"expires_in": -1}',
        '{"private_jwk": {}}',
        '{"test_pid": "1"}',
    ):
        answer = requests.post(address, data=body, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), body
    forwarded = requests.post(address, data="{}", headers={"X-Forwarded-For": "10.0.0.1"}, timeout=10)
    assert forwarded.status_code == 403
