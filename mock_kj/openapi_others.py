"""The second OpenAPI document: the legacy generation, the issuer, the citizen's and the operator's side."""

from __future__ import annotations

from typing import Any

from mock_kj.access import LEGACY_BASIS, LEGACY_RESTRICTED
from mock_kj.categories import RESOURCE_TYPES
from mock_kj.faults import DISTRIBUTIONS, OPERATIONS
from mock_kj.helseid.clients import GRANTS
from mock_kj.helseid.negative import PROOF_FAULTS, TOKEN_FAULTS

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NIN: Schema = {"type": "string", "pattern": r"^\d{11}$"}
_ORGANISATIONS: Schema = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}


def _object(required: tuple[str, ...] = (), **members: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": members}


_CHOICES: dict[str, Schema] = {
    "reserved": _FLAG,
    "restricted_all": _FLAG,
    "restricted_critical": _FLAG,
    "blocked": {"type": "array", "items": {"type": "string", "pattern": r"^\d{9}$"}},
}
_INDICATOR = _object(
    ("status",),
    status={
        "type": "integer",
        "minimum": 0,
        "maximum": 4,
        "description": "0 no valid number, 1 no kjernejournal, 2 available, 3 own health information, 4 critical information",
    },
    ticket={**_TEXT, "description": "opaque, base64, from status 2 up; URL-encode it where you must"},
    returTekst=_TEXT,
    sistEndretKritiskInfoDato={**_TEXT, "format": "date-time", "description": "with status 4 only"},
    sistEndretKritiskInfo={"type": "array", "items": _object(kategori=_TEXT, sistEndret=_TEXT)},
    sperringDetaljer={"type": "array"},
    eksistererBlokkertHelsepersonell=_FLAG,
    harLasteResepter=_FLAG,
    harLegemidler=_FLAG,
)
_TOKEN = _object(
    ("access_token", "token_type", "expires_in"),
    access_token=_TEXT,
    token_type={"enum": ["DPoP", "Bearer"]},
    expires_in={"type": "integer"},
    scope=_TEXT,
    rejected_scope=_TEXT,
    refresh_token=_TEXT,
    rt_expires_in={"type": "integer"},
    id_token=_TEXT,
)
_FAULT_RULE = _object(
    ("operation",),
    operation={"enum": list(OPERATIONS)},
    latency=_object(("distribution",), distribution={"enum": list(DISTRIBUTIONS)}),
    error_rate={"type": "number"},
    error_status={"type": "integer"},
    reset_rate={"type": "number"},
    hang=_FLAG,
    start={"type": "number"},
    stop={"type": "number"},
    ramp={"type": "number"},
)
_FAULTS = _object(
    seed={"type": "integer"},
    rules={"type": "array", "items": _FAULT_RULE},
    stall=_object(every={"type": "number"}, ms={"type": "number"}),
    rotate_keys_every={"type": "number"},
    clock_skew_seconds={"type": "number"},
)
_TEST_TOKEN = _object(
    fault={"enum": list(TOKEN_FAULTS)},
    audience=_TEXT,
    scope=_TEXT,
    test_pid=_NIN,
    test_hpr_number=_TEXT,
    test_security_level={"enum": ["2", "3", "4"]},
    orgnr_parent=_TEXT,
    orgnr_child=_TEXT,
    attest={"type": "object"},
    expires_in={"type": "integer", "minimum": 1, "maximum": 86400},
    private_jwk={"type": "object"},
    dpop=_object(("htm", "htu"), htm=_TEXT, htu=_TEXT, fault={"enum": list(PROOF_FAULTS)}),
)


def _header(name: str, text: str, schema: Schema = _TEXT, *, required: bool = False) -> Schema:
    return {"name": name, "in": "header", "required": required, "description": text, "schema": schema}


_SYSTEM = _header("X-EPJ-System", "System name and version", required=True)
_LEGACY = [
    _SYSTEM,
    _header("X-kj-ticket", "From /v1/helseindikator", required=True),
    _header("KJ-SAMTYKKE-BRUK", "Overrides the consent in the ticket", {"enum": list(LEGACY_BASIS)}),
    _header(
        "KJ-SAMTYKKE-SPERRET-KRITISKINFO",
        "On top of the consent, only where critical information is restricted",
        {"enum": list(LEGACY_RESTRICTED)},
    ),
]


def _path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(
    tag: str,
    summary: str,
    good: str = "200",
    answer: Schema | None = None,
    *,
    kind: str = "application/json",
    body: Schema | None = None,
    sent: str = "application/json",
    parameters: list[Schema] | None = None,
) -> Schema:
    """One operation; what it refuses is told in the same way by all of one side."""
    told: Schema = {"tags": [tag], "summary": summary, "parameters": parameters or []}
    told["responses"] = {
        good: {"description": "Good", **({"content": {kind: {"schema": answer}}} if answer is not None else {})},
        "default": {"description": _REFUSED[tag]},
    }
    if body is not None:
        told["requestBody"] = {"required": True, "content": {sent: {"schema": body}}}
    return told


_REFUSED = {
    "legacy": "OperationOutcome of two issues (code, text); the code is also in X-KJ-Feilkode",
    "issuer": "JSON with error and error_description (RFC 6749 section 5.2)",
    "citizen": "JSON with the error's code and text",
    "operator": "JSON with the error's code and text",
}


def _legacy() -> dict[str, Any]:
    fhir: Schema = {"type": "object", "required": ["resourceType"], "description": "as in /openapi.json"}
    ask = _operation(
        "legacy",
        "Whether there is critical information, and a ticket for it",
        answer=_INDICATOR,
        body=_object(("fnr",), fnr=_NIN, samtykke={"enum": list(LEGACY_BASIS)}, legemiddelFraDato=_TEXT),
        parameters=[_SYSTEM],
    )
    kind = "application/fhir+json"
    one: dict[str, Any] = {"parameters": _LEGACY, "kind": kind}
    paths: dict[str, Any] = {
        "/v1/helseindikator": {"post": ask},
        "/v1/helseindikator/status": {"post": ask},
        "/v1/fhir/Patient/$everything": {
            "get": _operation("legacy", "All critical information; a Bundle, in XML on wish", answer=fhir, **one)
        },
    }
    place, version = _path("id", _TEXT), _path("version", {"type": "integer", "minimum": 1})
    for name in RESOURCE_TYPES:
        paths[f"/v1/fhir/{name}"] = {
            "post": _operation("legacy", f"A new {name}", "201", fhir, body=fhir, sent=kind, **one)
        }
        paths[f"/v1/fhir/{name}/{{id}}"] = {
            "put": _operation(
                "legacy", f"A further version of a {name}; meta.versionId must be the newest", "200", fhir,
                body=fhir, sent=kind, kind=kind, parameters=[*_LEGACY, place],
            )
        }  # fmt: skip
        paths[f"/v1/fhir/{name}/{{id}}/_history/{{version}}"] = {
            "delete": _operation(
                "legacy", "Mark the newest version as a mistake", "204", parameters=[*_LEGACY, place, version]
            )
        }
    return paths


def _issuer() -> dict[str, Any]:
    form, assertion = "application/x-www-form-urlencoded", {"client_id": _TEXT, "client_assertion": _TEXT}
    typed = assertion | {"client_assertion_type": _TEXT}
    token = _object(
        ("grant_type", *typed),
        **typed,
        grant_type={"enum": list(GRANTS)},
        scope=_TEXT,
        resource=_TEXT,
        code=_TEXT,
        redirect_uri=_TEXT,
        code_verifier=_TEXT,
        refresh_token=_TEXT,
        subject_token=_TEXT,
        subject_token_type=_TEXT,
    )
    pushed = _object(
        tuple(typed),
        **typed,
        response_type={"const": "code"},
        scope=_TEXT,
        redirect_uri=_TEXT,
        state=_TEXT,
        nonce=_TEXT,
        code_challenge=_TEXT,
        code_challenge_method={"const": "S256"},
        request={**_TEXT, "description": "signed request object"},
        test_pid={**_NIN, "description": "skips the page of the test identity provider"},
        test_security_level={"enum": ["2", "3", "4"]},
    )
    query = [{"name": name, "in": "query", "required": True, "schema": _TEXT} for name in ("client_id", "request_uri")]
    proof = [_header("DPoP", "Proof with the issuer's nonce; without one the answer is 400 use_dpop_nonce")]
    return {
        "/helseid/.well-known/openid-configuration": {
            "get": _operation("issuer", "Discovery document", answer=_object())
        },
        "/helseid/.well-known/openid-configuration/jwks": {
            "get": _operation("issuer", "Signing keys", answer=_object(("keys",), keys={"type": "array"}))
        },
        "/helseid/connect/par": {
            "post": _operation(
                "issuer", "Push a login (RFC 9126)", "201", body=pushed, sent=form, parameters=proof,
                answer=_object(("request_uri", "expires_in"), request_uri=_TEXT, expires_in={"type": "integer"}),
            )
        },
        "/helseid/connect/authorize": {
            "get": _operation("issuer", "Log in: a page to pick somebody, or a redirect", "302", parameters=query)
        },
        "/helseid/connect/token": {
            "post": _operation("issuer", "A token", answer=_TOKEN, body=token, sent=form, parameters=proof)
        },
        "/helseid/v2/create-test-token-with-key": {
            "post": _operation(
                "issuer", "A token, its key and a proof, with one chosen fault each (loopback only)", body=_TEST_TOKEN,
                answer=_object(("access_token", "jwk"), access_token=_TEXT, jwk={"type": "object"}, dpop_proof=_TEXT),
            )
        },
    }  # fmt: skip


def _views() -> dict[str, Any]:
    choices = {"type": "object", "properties": _CHOICES}
    days = {"type": "integer", "minimum": 1, "maximum": 3660}
    period = [{"name": "days", "in": "query", "required": False, "schema": days}]
    plan = _object(active=_FLAG, rules={"type": "integer"})
    limit = [{"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1}}]
    return {
        "/citizen/v1/critical-information": {
            "get": _operation("citizen", "What is registered of me", answer=_object(), kind="application/fhir+json")
        },
        "/citizen/v1/access-log": {
            "get": _operation(
                "citizen", "Who has looked; newest first", parameters=limit,
                answer=_object(("log", "more"), log={"type": "array"}, more=_FLAG),
            )
        },
        "/citizen/v1/choices": {
            "get": _operation("citizen", "What I have chosen", answer=choices),
            "put": _operation("citizen", "Choose; what is not named stays", answer=choices, body=choices),
        },
        "/health": {"get": _operation("operator", "The process runs", answer=_object())},
        "/ready": {"get": _operation("operator", "The database answers", answer=_object())},
        "/metrics": {"get": _operation("operator", "Prometheus", answer=_TEXT, kind="text/plain")},
        "/statistics": {"get": _operation("operator", "Counts", answer=_object(), parameters=period)},
        "/statistics.csv": {
            "get": _operation("operator", "Counts for a spreadsheet", answer=_TEXT, kind="text/csv", parameters=period)
        },
        "/admin/patient": {
            "put": _operation(
                "operator", "Set what a patient has chosen (loopback only)",
                body={"type": "object", "required": ["nin"], "properties": {"nin": _NIN, **_CHOICES}}, answer=_object(known_before=_FLAG),
            )
        },
        "/admin/faults": {
            "get": _operation("operator", "The fault plan in force (loopback only)", answer=plan),
            "put": _operation("operator", "Put a fault plan in force", answer=plan, body=_FAULTS),
            "delete": _operation("operator", "End all faults", answer=plan),
        },
        "/admin/rotate-keys": {"post": _operation("operator", "A new signing key", answer=_object(rotated=_FLAG))},
        "/admin/local-entries": {
            "put": _operation(
                "operator", "Numbers of entries in the organisations' own records",
                body=_ORGANISATIONS, answer=_ORGANISATIONS,
            )
        },
    }  # fmt: skip


def document(base: str) -> dict[str, Any]:
    """The document for a server at `base`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock of HelseID, of the legacy Kjernejournal API, and the mock's own views",
            "version": "v1",
            "description": "A mock. It is not Kjernejournal or HelseID and holds synthetic persons only.",
        },
        "servers": [{"url": base}],
        "paths": {**_legacy(), **_issuer(), **_views()},
    }
