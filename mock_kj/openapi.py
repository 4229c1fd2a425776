"""The OpenAPI 3.1 document of the current generation and the issuer, and a page that shows it without scripts."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

import orjson

from mock_kj import openapi_others
from mock_kj.access import Basis
from mock_kj.api.current import PREFIX
from mock_kj.api.http import Receive, Reply, Scope, Send
from mock_kj.cases import CASES
from mock_kj.categories import CATEGORIES, RESOURCE_TYPES, info_types
from mock_kj.fhir_schema import DEFINITIONS, SCHEMAS
from mock_kj.samples import Resource
from mock_kj.settings import Settings

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f3}code{padding:0 .2em;overflow-wrap:anywhere}"
    "pre{padding:1rem;overflow:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}"
)

ROLE_EXAMPLE = "%7B%22system%22%3A%22urn%3Aoid%3A2.16.578.1.12.4.1.1.9060%22%2C%22code%22%3A%22LE%22%7D"


def _header(name: str, description: str, schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


_SOURCE = _header(
    "nhn-source-system",
    "System name and version (older name: hit-source-system)",
    {"type": "string", "minLength": 3, "maxLength": 512},
)
_EVENT = _header(
    "nhn-event-id",
    "Unique per request (older name: hit-event-id)",
    {"type": "string", "minLength": 1, "maxLength": 128},
    required=False,
)
_ROLE = _header(
    "nhn-user-role",
    "URL-encoded JSON with system and code (older name: hit-user-role)",
    {"type": "string", "examples": [ROLE_EXAMPLE]},
)
_BASIS = _header(
    "nhn-access-basis",
    "Why the journal may be opened (older name: hit-access-basis)",
    {"enum": [b.value for b in Basis]},
)
_NIN = _header(
    "nhn-patient-nin",
    "Synthetic identity number (older name: hit-patient-pid)",
    {"type": "string", "pattern": r"^\d{11}$"},
)
_DPOP = _header("DPoP", "Proof (RFC 9449), required with a DPoP token", {"type": "string"}, required=False)
_USER = [_SOURCE, _EVENT, _ROLE, _BASIS, _NIN, _DPOP]
_STATUS_HEADERS = [_SOURCE, _EVENT, _DPOP]
_ERRORS = ("400", "401", "403", "404", "409", "410", "413", "415", "422", "429", "500", "503")


def _fhir(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/fhir+json": {"schema": schema}}


def _answers(**good: dict[str, Any]) -> dict[str, Any]:
    error = {"description": "Refused", "content": _fhir({"$ref": "#/components/schemas/OperationOutcome"})}
    empty = {"description": "Overload; the body is empty"}
    answers: dict[str, Any] = {code[1:]: answer for code, answer in good.items()}
    return answers | {code: empty if code == "429" else error for code in _ERRORS} | {"405": error}


def _placed(schema: Any) -> Any:
    """A schema with its references moved to where OpenAPI keeps definitions."""
    if isinstance(schema, dict):
        return {
            k: v.replace("#/definitions/", "#/components/schemas/")
            if k == "$ref" and isinstance(v, str)
            else _placed(v)
            for k, v in schema.items()
            if k != "definitions"
        }
    return [_placed(item) for item in schema] if isinstance(schema, list) else schema


def _status(settings: Settings) -> dict[str, Any]:
    """What /status answers (3.5); names that the documents do not give are settings, or the mock's own."""
    instant, flag = {"type": "string", "format": "date-time"}, {"type": "boolean"}
    dates = dict.fromkeys((c.date_field for c in CATEGORIES), instant)
    names = (settings.status_field_reserved, settings.status_field_restricted_all, settings.status_field_restricted)
    members: dict[str, Any] = {
        "patientNIN": {"type": "string", "pattern": r"^\d{11}$"},
        "hasCriticalInformation": flag,
        "hasActiveCriticalInformation": flag,
        "lastChangedDateTime": {"type": ["string", "null"], "format": "date-time"},
        "dateChanged": {"type": "object", "properties": dates, "additionalProperties": False},
        **dict.fromkeys(names, flag),
    }
    required = list(members)
    blocked = {settings.status_field_blocked: {**flag, "description": "with a user token only"}}
    return {"type": "object", "required": required, "properties": members | blocked, "additionalProperties": False}


def document(base: str, settings: Settings) -> dict[str, Any]:
    """The document for a server at `base`."""
    paths: dict[str, Any] = {
        "/status": {
            "post": {
                "operationId": "status",
                "summary": "What there is, and what the patient has chosen; not logged",
                "parameters": _STATUS_HEADERS,
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["nin"],
                                "properties": {"nin": {"type": "string", "pattern": r"^\d{11}$"}},
                            }
                        }
                    },
                },
                "responses": _answers(
                    _200={"description": "Status", "content": {"application/json": {"schema": _status(settings)}}}
                ),
            }
        },
        "/metadata": {
            "get": {
                "operationId": "metadata",
                "security": [],
                "responses": _answers(
                    _200={"description": "CapabilityStatement", "content": _fhir({"type": "object"})}
                ),
            }
        },
    }
    for name in RESOURCE_TYPES:
        paths |= _type_paths(name)
    # The documents write this path in the plural (3.6); every type may be.
    paths["/Conditions"] = {"get": {**paths["/Condition"]["get"], "operationId": "readConditions"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock of Pasientens kritiske informasjon",
            "version": "v1",
            "description": "A mock. It is not Kjernejournal and holds synthetic persons only.",
        },
        "servers": [{"url": base + PREFIX}],
        "security": [{"helseid": ["nhn:critical-information/api"]}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "helseid": {
                    "type": "openIdConnect",
                    "openIdConnectUrl": f"{base}/helseid/.well-known/openid-configuration",
                }
            },
            "schemas": {
                **{name: _placed(schema) for name, schema in DEFINITIONS.items()},
                **{name: _placed(schema) for name, schema in SCHEMAS.items()},
                "OperationOutcome": {
                    "type": "object",
                    "required": ["resourceType", "issue"],
                    "properties": {
                        "resourceType": {"const": "OperationOutcome"},
                        "id": {"type": "string"},
                        "issue": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "object", "required": ["severity", "code"]},
                        },
                    },
                },
                "Bundle": {
                    "type": "object",
                    "required": ["resourceType", "type"],
                    "properties": {
                        "resourceType": {"const": "Bundle"},
                        "type": {"const": "searchset"},
                        "entry": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "object", "required": ["resource"]},
                        },
                    },
                },
            },
        },
    }


def _type_paths(name: str) -> dict[str, Any]:
    resource = {"$ref": f"#/components/schemas/{name}"}
    body = {"required": True, "content": _fhir(resource)}
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    version = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    one = {"description": "The resource", "content": _fhir(resource)}
    kind = {"name": "criticalInfoType", "in": "query", "required": False, "schema": {"enum": list(info_types(name))}}
    gone = {"description": "Deleted"}
    return {
        f"/{name}": {
            "get": {
                "operationId": f"read{name}",
                "parameters": [*_USER, kind],
                "responses": _answers(
                    _200={"description": "Newest versions", "content": _fhir({"$ref": "#/components/schemas/Bundle"})}
                ),
            },
            "post": {
                "operationId": f"create{name}",
                "parameters": _USER,
                "requestBody": body,
                "responses": _answers(_201=one),
            },
        },
        f"/{name}/{{id}}": {
            "get": {
                "operationId": f"readOne{name}",
                "parameters": [*_USER, identifier],
                "responses": _answers(_200=one),
            },
            "put": {
                "operationId": f"update{name}",
                "parameters": [*_USER, identifier],
                "requestBody": body,
                "responses": _answers(_200=one),
            },
            "delete": {
                "operationId": f"delete{name}",
                "parameters": [*_USER, identifier],
                "responses": _answers(_204=gone),
            },
        },
        f"/{name}/{{id}}/_history/{{version}}": {
            "get": {
                "operationId": f"readVersion{name}",
                "parameters": [*_USER, identifier, version],
                "responses": _answers(_200=one),
            },
            "delete": {
                "operationId": f"deleteVersion{name}",
                "parameters": [*_USER, identifier, version],
                "responses": _answers(_204=gone),
            },
        },
    }


def page(content: dict[str, Any], others: dict[str, Any], resource: Resource) -> str:
    """Both documents as a page for people: quick start, an example, the operations, the refusals."""
    both = [(PREFIX + path, methods) for path, methods in content["paths"].items()] + list(others["paths"].items())
    calls = [
        (
            method.upper(),
            path,
            operation.get("summary", operation.get("operationId", "")),
            ", ".join(p["name"] for p in operation.get("parameters", ()) if p.get("required")),
        )
        for path, methods in both
        for method, operation in methods.items()
    ]
    refusals = [(c.name, str(c.status), c.current, c.legacy, c.certainty, c.text) for c in CASES.values()]
    example = json.dumps(resource, ensure_ascii=False, indent=2)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>mock-kj</title><style>{_STYLE}</style>'
        "<h1>mock-kj</h1><p><strong>This is a mock of Kjernejournal and of HelseID.</strong> "
        "Everybody in it is made up.</p>"
        "<ul><li>Issuer: <code>/helseid</code> (<code>/.well-known/openid-configuration</code> below it)"
        f"<li>Current API: <code>{PREFIX}</code>, <a href='/openapi.json'>OpenAPI document</a>"
        "<li>Legacy API <code>/v1</code>, issuer, citizen <code>/citizen/v1</code>, operator: "
        "<a href='/openapi-others.json'>OpenAPI document</a>"
        "<li>Test client and persons: <code>mock-kj client</code>, <code>mock-kj persons</code>; "
        "what is known and what not: <code>mock-kj contract</code></ul>"
        "<h2>A new entry</h2><p>The body of <code>POST " + PREFIX + "/AllergyIntolerance</code>; the header "
        f"<code>nhn-user-role</code> is URL-encoded: <code>{html.escape(ROLE_EXAMPLE)}</code></p>"
        f"<pre>{html.escape(example)}</pre>"
        f"<h2>Calls</h2>{_table(('Method', 'Path', 'What', 'Required headers and parameters'), calls)}"
        "<h2>Refusals</h2><p>As they are without settings; codes with MOCK in them are placeholders.</p>"
        f"{_table(('Case', 'Status', 'nhn-error-code', 'X-KJ-Feilkode', 'Certainty', 'Text'), refusals)}</html>"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{''.join(f'<th>{h}</th>' for h in head)}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def build(base: str, settings: Settings, example: Resource) -> Any:
    """An ASGI application that serves the documents and the page."""
    content, others = document(base, settings), openapi_others.document(base)
    raw, more, text = orjson.dumps(content), orjson.dumps(others), page(content, others, example).encode()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await Reply(405).send(send)
        elif scope["path"] == "/openapi.json":
            await Reply(200, raw, b"application/json").send(send)
        elif scope["path"] == "/openapi-others.json":
            await Reply(200, more, b"application/json").send(send)
        else:
            await Reply(200, text, b"text/html; charset=utf-8").send(send)

    return application
