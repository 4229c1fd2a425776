"""What stands in a token (kj-api.md 5.5, 5.7, 5.11): identity, organisation and attest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from mock_kj.errors import OAuthError
from mock_kj.helseid.clients import Client
from mock_kj.jose import Compact

IDENTITY = "helseid://claims/identity/"
CLIENT = "helseid://claims/client/"
HPR_NUMBER = "helseid://claims/hpr/hpr_number"
PID, SECURITY_LEVEL = f"{IDENTITY}pid", f"{IDENTITY}security_level"
ORGNR_PARENT, ORGNR_CHILD = f"{CLIENT}claims/orgnr_parent", f"{CLIENT}claims/orgnr_child"
ATTEST = "nhn:tillitsrammeverk:parameters"
MULTI_TENANT_SYSTEM, SINGLE_TENANT_SYSTEM = "urn:oid:1.0.6523", "urn:oid:2.16.578.1.12.4.1.4.101"
_MULTI = re.compile(r"NO:ORGNR:(\d{9})(?::(\d{9}))?")
# What RARDRAFT lists as required; department is left out in practice (PJD) and so optional (I).
_ATTEST_REQUIRED = (
    ("practitioner", ("authorization", "legal_entity", "point_of_care")),
    ("care_relationship", ("healthcare_service", "purpose_of_use")),
)


@dataclass(frozen=True, slots=True)
class User:
    """Who logged in at the test identity provider."""

    pid: str
    name: str
    hpr_number: str | None
    security_level: str
    auth_time: int
    sid: str


@dataclass(frozen=True, slots=True)
class Details:
    """What a client asks for beside scopes: organisation numbers and an attest."""

    parent: str | None = None
    child: str | None = None
    attest: dict[str, Any] | None = None


def details_of(token: Compact | None, name: str) -> list[Any]:
    """`assertion_details` or `authorization_details` of an assertion or a request object; one or many."""
    value = token.claims.get(name, []) if token is not None else []
    return value if isinstance(value, list) else [value]


def read_details(items: list[Any]) -> Details:
    """Organisation numbers and attest from the details.

    Raises:
        OAuthError: invalid_request with a HID code for a malformed organisation, or for an attest sent twice.

    """
    parent = child = None
    attest: dict[str, Any] | None = None
    for item in items:
        if not isinstance(item, dict):
            raise OAuthError("invalid_request", "HID-1010: details must be objects")
        if item.get("type") == "helseid_authorization":
            parent, child = _organisation(item)
        elif item.get("type") == ATTEST:
            if attest is not None:
                raise OAuthError("invalid_request", "HID-DOUBLE-STRUCTURE: the attest was sent twice")
            attest = _attest(item)
    return Details(parent, child, attest)


def _organisation(item: dict[str, Any]) -> tuple[str | None, str | None]:
    node: Any = item
    for name in ("practitioner_role", "organization", "identifier"):
        node = node.get(name) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise OAuthError("invalid_request", "HID-1010: helseid_authorization has no organization identifier")
    system, value = node.get("system"), str(node.get("value", ""))
    if system == MULTI_TENANT_SYSTEM:
        match = _MULTI.fullmatch(value)
        if match is None:
            raise OAuthError(
                "invalid_request", "HID-1002: must look like NO:ORGNR:<parent>[:<child>] with nine digits each"
            )
        return match[1], match[2]
    if system == SINGLE_TENANT_SYSTEM:
        if not re.fullmatch(r"\d{9}", value):
            raise OAuthError("invalid_request", "HID-1002: an organisation number has nine digits")
        return None, value
    raise OAuthError("invalid_request", "HID-1010: the identifier system is not known")


def _attest(item: dict[str, Any]) -> dict[str, Any]:
    for part, members in _ATTEST_REQUIRED:
        node = item.get(part)
        for member in members:
            if not isinstance(node, dict) or not isinstance(node.get(member), dict):
                raise OAuthError("invalid_request", f"the attest lacks {part}.{member}")
    return {k: v for k, v in item.items() if k != "type"}


def organisation(client: Client, details: Details) -> tuple[str | None, str | None]:
    """The (parent, child) that the token will name.

    Raises:
        OAuthError: HID-1001 not on the client's white list, HID-1003 not enabled for this client.

    """
    pairs = client.organisations
    if details.parent is None and details.child is None:
        if client.tenancy == "single-tenant" and pairs:
            return pairs[0]
        return None, None
    if client.tenancy == "none":
        raise OAuthError("invalid_request", "HID-1003: organisation numbers are not enabled for this client")
    if details.parent is None:
        for pair in pairs:
            if pair[1] == details.child:
                return pair
    elif details.child is None:
        if any(pair[0] == details.parent for pair in pairs):
            return details.parent, None
    elif (details.parent, details.child) in pairs:
        return details.parent, details.child
    raise OAuthError("invalid_request", "HID-1001: the organisation number is not on the client's white list")


def split_scopes(asked: tuple[str, ...], client: Client) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Scopes granted and rejected; a multi-tenant client gets the rest in `rejected_scope` (5.3).

    Raises:
        OAuthError: invalid_scope for another client, or where nothing is left.

    """
    granted = tuple(s for s in asked if s in client.scopes)
    rejected = tuple(s for s in asked if s not in client.scopes)
    if rejected and (client.tenancy != "multi-tenant" or not granted):
        raise OAuthError("invalid_scope", "a scope is not allowed for this client")
    return granted, rejected


def audiences(scopes: tuple[str, ...], resource: tuple[str, ...]) -> tuple[str, ...]:
    """The APIs that the scopes belong to (`nhn:x/api` belongs to `nhn:x`), narrowed by `resource` (5.3).

    Raises:
        OAuthError: invalid_target (RFC 8707) for a resource that no scope belongs to.

    """
    found = tuple(dict.fromkeys(s.rpartition("/")[0] for s in scopes if "/" in s and "://" not in s))
    if not resource:
        return found
    if any(r not in found for r in resource):
        raise OAuthError("invalid_target", "no requested scope belongs to this resource")
    return resource


def pseudonym(pid: str) -> str:
    """A stable pseudonym of a person; HelseID's own derivation is not public."""
    return hashlib.sha256(f"mock-kj:{pid}".encode()).hexdigest()[:43]


def identity(user: User) -> dict[str, Any]:
    """The identity claims of a logged-in user; an m2m token has none (5.7)."""
    given, _, family = user.name.rpartition(" ")
    claims: dict[str, Any] = {
        "sub": pseudonym(user.pid),
        "sid": user.sid,
        "idp": "testidp-oidc",
        "amr": ["pwd"],
        "auth_time": user.auth_time,
        PID: user.pid,
        f"{IDENTITY}pid_pseudonym": pseudonym(user.pid),
        SECURITY_LEVEL: user.security_level,
        f"{IDENTITY}assurance_level": {"4": "high", "3": "substantial"}.get(user.security_level, "low"),
        f"{IDENTITY}network": "internett",
        "name": user.name,
        "given_name": given or family,
        "family_name": family,
    }
    if user.hpr_number is not None:
        claims[HPR_NUMBER] = user.hpr_number
    return claims


def client_claims(client: Client, parent: str | None, child: str | None) -> dict[str, Any]:
    """What the token says of the client and of the organisation it acts for."""
    claims: dict[str, Any] = {
        "client_id": client.client_id,
        f"{CLIENT}client_name": client.name,
        f"{CLIENT}amr": "private_key_jwt",
        "client_amr": "private_key_jwt",
        f"{CLIENT}claims/client_tenancy": client.tenancy,
        f"{CLIENT}client_tenancy": client.tenancy,
    }
    if parent is not None:
        claims[ORGNR_PARENT] = parent
    if child is not None:
        claims[ORGNR_CHILD] = child
    return claims
