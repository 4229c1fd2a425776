"""The OperationOutcome of both generations (kj-api.md 2.7 and 3.10)."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from mock_kj.cases import Case

CODE_SYSTEM = "http://nhn.no/hit/fhir/error/CodeSystem/"


@dataclass(frozen=True, slots=True)
class ServiceName:
    """What the service says of itself in every error: version, build, environment, name (B-ERR)."""

    api_version: str = "v1"
    application_version: str = "mock"
    environment: str = "mock"
    name: str = "critical-information"


def current(case: Case, detail: str, location: tuple[str, ...], event_id: str, service: ServiceName) -> bytes:
    """The current generation's body: one issue with six codings, `id` = event id (B-ERR)."""
    issue: dict[str, object] = {
        "severity": case.severity,
        "code": case.issue,
        "details": {
            "coding": [
                {"system": f"{CODE_SYSTEM}{kind}", "code": code}
                for kind, code in (
                    ("ErrorCode", case.current),
                    ("ErrorCodeKjLegacy", case.legacy if case.name != "content-invalid" else case.current),
                    ("ApiVersion", service.api_version),
                    ("ApplicationVersion", service.application_version),
                    ("Environment", service.environment),
                    ("ServiceName", service.name),
                )
            ],
            "text": case.text,
        },
        "diagnostics": detail or case.text,
    }
    if location:
        issue["location"] = list(location)
    return orjson.dumps({"resourceType": "OperationOutcome", "id": event_id, "issue": [issue]})


def legacy(case: Case, detail: str) -> bytes:
    """The legacy body: first issue the code, second issue the text (A-ERR)."""
    return orjson.dumps(
        {
            "resourceType": "OperationOutcome",
            "issue": [
                {"severity": "error", "code": "processing", "diagnostics": case.legacy},
                {"severity": "error", "code": "processing", "diagnostics": detail or case.text},
            ],
        }
    )


def plain(case: Case, detail: str, event_id: str, service: ServiceName) -> bytes:
    """The sister API's error body outside FHIR (CS-ERR, inferred), for whoever sets `status_error_body: plain`."""
    return orjson.dumps(
        {
            "errorCode": case.current,
            "errorMessage": detail or case.text,
            "eventId": event_id,
            "applicationVersion": service.application_version,
            "environment": service.environment,
            "serviceName": service.name,
        }
    )
