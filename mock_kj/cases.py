"""Every way in which the API refuses: HTTP status, codes, certainty (kj-api.md sections 2.7, 3.10, 3.11).

Codes that no public page gives are placeholders with the word MOCK in them, so that nobody takes them for real.
Each row can be changed in the settings file (`cases: {version-conflict: {status: 412}}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mock_kj.errors import UsageError

Certainty = Literal["documented", "inferred", "unknown"]


@dataclass(frozen=True, slots=True)
class Case:
    """One refusal. `issue` is the FHIR issue type, `current` and `legacy` the error codes of the two generations."""

    name: str
    status: int
    issue: str
    current: str
    legacy: str
    text: str
    certainty: Certainty
    source: str
    severity: str = "error"


def _case(
    name: str,
    status: int,
    issue: str,
    current: str,
    legacy: str,
    certainty: Certainty,
    source: str,
    text: str,
    severity: str = "error",
) -> Case:
    return Case(name, status, issue, current, legacy, text, certainty, source, severity)


_ROWS = (
    _case("token-missing", 401, "login", "AUTH-MOCK-TOKEN", "KJF-000123", "inferred", "3.11; RFC 6750, RFC 9449", "Access token is missing."),
    _case("token-invalid", 401, "login", "AUTH-MOCK-TOKEN", "KJF-000123", "inferred", "3.11, A-ERR", "Access token is malformed, expired or not signed by the issuer."),
    _case("proof-invalid", 401, "login", "AUTH-MOCK-DPOP", "KJF-000123", "inferred", "5.6; RFC 9449 section 7.1", "DPoP proof was refused."),
    _case("bearer-refused", 401, "login", "AUTH-MOCK-BEARER", "KJF-000123", "inferred", "B-AUTH, 5.6", "The token must be presented with a DPoP proof."),
    _case("audience-wrong", 401, "login", "AUTH-MOCK-AUDIENCE", "KJF-000123", "inferred", "B-AUTH (3.4)", "The token is not meant for this API alone."),
    _case("scope-missing", 403, "forbidden", "AUTH-MOCK-SCOPE", "KJF-MOCK-SCOPE", "inferred", "B-AUTH (3.4)", "The token lacks the scope of this API."),
    _case("organisation-missing", 403, "forbidden", "AUTH-MOCK-ORGANISATION", "KJF-000013", "inferred", "B-AUTH (3.4); KJF-000013 in A-CODES", "The token must hold both orgnr_parent and orgnr_child."),
    _case("organisation-unknown", 403, "forbidden", "AUTH-MOCK-ORGANISATION", "KJF-000013", "inferred", "A-AUTHZ; KJF-000013 in A-CODES", "The organisation is not known as a health business."),
    _case("level-too-low", 403, "forbidden", "AUTH-MOCK-LEVEL", "KJF-MOCK-LEVEL", "unknown", "3.11, A-AUTHZ", "The security level of the login is too low."),
    _case("not-a-professional", 403, "forbidden", "AUTH-MOCK-ROLE", "KJF-000014", "inferred", "A-AUTHZ; KJF-000014 in A-CODES", "The user has no HPR number, or is not registered as a health professional."),
    _case("role-not-active", 403, "forbidden", "AUTH-MOCK-ROLE", "KJF-MOCK-ROLE", "unknown", "B-AUTH (3.2): rejected, code unknown", "The role is not active in HPR for this user."),
    _case("header-invalid", 400, "invalid", "AUTH-0003", "KJF-MOCK-HEADER", "inferred", "CS-ERR (sister API)", "A request header is missing or invalid."),
    _case("attest-missing", 403, "forbidden", "AUTH-0010", "KJF-MOCK-ATTEST", "unknown", "5.11", "The token carries no attest of the Tillitsrammeverk."),
    _case("nin-invalid", 400, "value", "KI-MOCK-NIN", "KJF-000016", "unknown", "3.11; KJF-000016 in A-CODES", "The identity number is not valid."),
    _case("nin-real", 400, "value", "KI-MOCK-REAL-NIN", "KJF-MOCK-REAL-NIN", "inferred", "7 (SYNT); a rule of the mock", "The number could belong to a real person; this mock accepts synthetic numbers only."),
    _case("patient-unknown", 404, "not-found", "KI-MOCK-PATIENT", "KJF-000017", "unknown", "3.11; KJF-000017 in A-CODES", "The patient has no kjernejournal."),
    _case("reserved", 403, "forbidden", "KI-MOCK-RESERVED", "KJF-000017", "unknown", "B-STATUS, 3.11", "The patient has opted out of kjernejournal."),
    _case("blocked", 403, "forbidden", "KI-MOCK-BLOCKED", "KJF-MOCK-BLOCKED", "documented", "B-STATUS: refused, cannot be overruled; code unknown", "The patient has blocked this practitioner."),
    _case("somebody-blocked", 403, "forbidden", "KI-MOCK-BLOCKED", "KJF-MOCK-SOMEBODY-BLOCKED", "documented", "A-HI: nothing is shared if the patient has blocked anybody; legacy API only; code and status unknown", "The patient has blocked a practitioner, so nothing is shared through this API."),
    _case("basis-missing", 400, "required", "AUTH-0003", "KJF-MOCK-CONSENT", "inferred", "B-AUTH (3.2), CS-ERR", "The access basis is missing."),
    _case("basis-invalid", 400, "code-invalid", "AUTH-0003", "KJF-MOCK-CONSENT", "inferred", "B-AUTH (3.2), CS-ERR", "The access basis is not one of the allowed values."),
    _case("not-exempt", 403, "forbidden", "KI-MOCK-CONSENT", "KJF-MOCK-CONSENT", "unknown", "3.3: who is exempt is unknown", "This role is not exempt from the patient's consent."),
    _case("restricted", 403, "suppressed", "KI-MOCK-RESTRICTED", "KJF-MOCK-RESTRICTED", "documented", "B-STATUS: extra consent must be given; code unknown", "The patient has restricted this information; an extra consent or an emergency is needed."),
    _case("nothing-restricted", 403, "business-rule", "KI-MOCK-UNRESTRICTED", "KJF-MOCK-UNRESTRICTED", "inferred", "PPS-AUTH, A-HEAD", "A consent to restricted information was given, but nothing is restricted."),
    _case("json-invalid", 400, "structure", "KI-MOCK-JSON", "KJF-000018", "unknown", "3.11", "The body is not valid JSON."),
    _case("content-type", 415, "not-supported", "KI-MOCK-TYPE", "KJF-MOCK-TYPE", "unknown", "3.2", "Content-Type must be application/fhir+json."),
    _case("too-large", 413, "too-long", "KI-MOCK-SIZE", "KJF-MOCK-SIZE", "unknown", "7: payload limits unknown", "The body is larger than the limit."),
    _case("content-invalid", 400, "invariant", "KI-0014", "KJF-000018", "documented", "B-ERR; status unknown", "The content of an element is invalid.", "fatal"),
    _case("code-unknown", 400, "code-invalid", "KI-0014", "KJF-000018", "documented", "B-CODES; status unknown", "The code does not exist in its code system.", "fatal"),
    _case("frozen", 400, "business-rule", "KI-0014", "KJF-000018", "documented", "B-UPDATE, A-VALID; status unknown", "Category and code cannot be changed by an update.", "fatal"),
    _case("malicious", 400, "security", "KI-MOCK-MALICIOUS", "KJF-MOCK-MALICIOUS", "documented", "B-README: request rejected; code and status unknown", "Malicious content was found.", "fatal"),
    _case("version-conflict", 409, "conflict", "KI-MOCK-CONFLICT", "KJF-000065", "inferred", "PLAN-CHG (409), A-CODES (KJF-000065)", "The resource exists with a higher version number."),
    _case("version-missing", 422, "required", "KI-MOCK-VERSION", "KJF-000065", "inferred", "PLAN-CHG (422)", "meta.versionId is missing or not a number."),
    _case("not-found", 404, "not-found", "KI-MOCK-NOT-FOUND", "KJF-MOCK-NOT-FOUND", "unknown", "3.11", "The patient has no such record."),
    _case("gone", 410, "deleted", "KI-MOCK-GONE", "KJF-MOCK-GONE", "documented", "B-ERR (newest text); code unknown", "The record is deleted."),
    _case("path-unknown", 404, "not-supported", "KI-MOCK-PATH", "KJF-MOCK-PATH", "unknown", "-", "The API has no such path."),
    _case("method-not-allowed", 405, "not-supported", "KI-MOCK-METHOD", "KJF-MOCK-METHOD", "unknown", "-", "The method is not allowed here."),
    _case("parameter-invalid", 400, "value", "KI-MOCK-PARAMETER", "KJF-MOCK-PARAMETER", "unknown", "3.6", "A query parameter has a value that does not exist."),
    _case("ticket-invalid", 401, "login", "KI-MOCK-TICKET", "KJF-000011", "documented", "A-CODES; status unknown", "The ticket is invalid."),
    _case("ticket-expired", 401, "expired", "KI-MOCK-TICKET", "KJF-000015", "documented", "A-CODES; status unknown", "The ticket has expired; open the patient again."),
    _case("start-up", 503, "transient", "KI-0001", "KJS-MOCK-START", "documented", "B-ERR: KI-0001 = failure during start-up", "The service is starting or its database cannot be reached."),
    _case("system", 500, "exception", "KI-MOCK-SYSTEM", "KJS-MOCK-SYSTEM", "inferred", "A-CODES (KJS-*)", "System error in the service.", "fatal"),
)  # fmt: skip

CASES: dict[str, Case] = {row.name: row for row in _ROWS}


def with_overrides(overrides: Mapping[str, Mapping[str, object]]) -> dict[str, Case]:
    """The table with the changes that a settings file asks for.

    Raises:
        UsageError: a case or a column does not exist, or a status is no HTTP error status.

    """
    table = dict(CASES)
    for name, changes in overrides.items():
        place = f"cases.{name}"
        if name not in table:
            raise UsageError(place, f"no such case; there are {', '.join(sorted(table))}")
        for column, value in changes.items():
            if column not in ("status", "current", "legacy", "text", "issue"):
                raise UsageError(f"{place}.{column}", "only status, current, legacy, text and issue can be changed")
            if column == "status" and (not isinstance(value, int) or not 400 <= value <= 599):
                raise UsageError(f"{place}.status", "must be a whole number from 400 to 599")
            if column != "status" and not isinstance(value, str):
                raise UsageError(f"{place}.{column}", "must be text")
        table[name] = replace(table[name], **dict(changes))  # type: ignore[arg-type]
    return table
