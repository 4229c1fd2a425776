"""The steps of the current generation: each looks at one thing of a request and raises one `Refusal` (chapter 3)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson

from mock_kj import content
from mock_kj.access import parse_basis
from mock_kj.api.call import Call, Step
from mock_kj.categories import info_types
from mock_kj.codes import ROLE_SYSTEM, ROLES
from mock_kj.errors import Refusal
from mock_kj.helseid.claims import ATTEST
from mock_kj.helseid.clients import CURRENT_AUDIENCE, CURRENT_SCOPE


def check_event_id(call: Call) -> None:
    """`nhn-event-id` has at most 128 characters (3.2); without one the mock makes its own."""
    given = call.headers.text(b"nhn-event-id", b"hit-event-id")
    if given is None:
        return
    if not 1 <= len(given) <= 128:
        raise Refusal("header-invalid", "nhn-event-id must have 1 to 128 characters")
    call.event = given
    call.event_sent = call.headers.get(b"nhn-event-id") or call.headers.get(b"hit-event-id")


def check_token(call: Call) -> None:
    """Signature, life, proof; then audience and scope of this API (3.4)."""
    headers, scope, service = call.headers, call.scope, call.service
    uris = addresses(
        scope["scheme"], headers.get(b"host") or b"", scope["path"], scope.get("raw_path"), service.public_url
    )
    caller = service.tokens.caller(headers.get(b"authorization"), headers.get(b"dpop"), call.method, uris)
    if caller.audience not in (CURRENT_AUDIENCE, [CURRENT_AUDIENCE]):
        raise Refusal("audience-wrong")
    if CURRENT_SCOPE not in caller.scopes:
        raise Refusal("scope-missing")
    call.caller = caller


@lru_cache(maxsize=4096)
def addresses(scheme: str, host: bytes, path: str, raw_path: bytes | None, public_url: str) -> tuple[str, ...]:
    """What a proof's `htu` may say: the address as the client wrote it, or as the mock calls itself (RFC 9449 4.3)."""
    base = f"{scheme}://{host.decode('latin-1')}"
    written = path if raw_path is None else raw_path.decode("latin-1")
    return tuple(dict.fromkeys((base + path, public_url + path, base + written)))


def check_source_system(call: Call) -> None:
    """`nhn-source-system` has 3 to 512 characters (3.2)."""
    value = call.headers.text(b"nhn-source-system", b"hit-source-system")
    if value is None or not 3 <= len(value.strip()) <= 512:
        raise Refusal("header-invalid", "nhn-source-system must have 3 to 512 characters")
    if not call.service.settings.allow_real_numbers and names_somebody(value):
        raise Refusal("nin-real", "nhn-source-system holds a number that could belong to a real person")
    call.source_system = value
    call.service.metrics.family("nhn" if b"nhn-source-system" in call.headers else "hit")


@lru_cache(maxsize=4096)
def names_somebody(value: str) -> bool:
    """Whether a header holds a number of a real person, which the usage log would keep."""
    return content.holds_real_number(value.encode())


def check_role(call: Call) -> None:
    """`nhn-user-role`: URL-encoded JSON with the system of HPR roles and a code (3.2)."""
    value = call.headers.text(b"nhn-user-role", b"hit-user-role")
    if value is None:
        raise Refusal("header-invalid", "nhn-user-role is missing")
    if value.lstrip().startswith("{") and call.service.settings.plain_user_role == "refuse":
        raise Refusal("header-invalid", "nhn-user-role must be URL-encoded")
    call.role = parse_role(value)


def check_role_of_user(call: Call) -> None:
    """/status asks for the role of a user only; an m2m token has none (3.5)."""
    if call.known_caller().is_user:
        check_role(call)


@lru_cache(maxsize=256)
def parse_role(value: str) -> str:
    """The role code of a header.

    Raises:
        Refusal: header-invalid.

    """
    try:
        data = orjson.loads(unquote_to_bytes(value))
    except ValueError as error:
        raise Refusal("header-invalid", "nhn-user-role is not URL-encoded JSON") from error
    if not isinstance(data, dict) or data.get("system") != ROLE_SYSTEM:
        raise Refusal("header-invalid", f"nhn-user-role must have the system {ROLE_SYSTEM}")
    code = data.get("code")
    if code not in ROLES:
        raise Refusal("header-invalid", "nhn-user-role has a code that is no HPR role")
    return str(code)


def check_basis(call: Call) -> None:
    """`nhn-access-basis` is one of the known values (3.3)."""
    value = call.headers.text(b"nhn-access-basis", b"hit-access-basis")
    try:
        call.basis = parse_basis(value, ignore_case=call.service.settings.access_basis_case == "ignore")
    except ValueError as error:
        raise Refusal("basis-invalid") from error


def check_basis_of_user(call: Call) -> None:
    """/status asks for the basis of a user only, and does not weigh it (3.5: UNNTAK may always be used)."""
    if call.known_caller().is_user:
        check_basis(call)
        if call.basis is None:
            raise Refusal("basis-missing")


def check_patient(call: Call) -> None:
    """`nhn-patient-nin` is a valid, synthetic number (3.2)."""
    value = call.headers.text(b"nhn-patient-nin", b"hit-patient-pid")
    if value is None:
        raise Refusal("header-invalid", "nhn-patient-nin is missing")
    call.service.check_nin(value)
    call.nin = value


def check_query(call: Call) -> None:
    """`criticalInfoType` is one of the resource type's values (3.6)."""
    raw = call.scope["query_string"]
    call.target = call.resource_type
    if not raw:
        return
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError as error:
        raise Refusal("parameter-invalid", "the query cannot be read") from error
    for name, value in pairs:
        if name != "criticalInfoType":
            raise Refusal("parameter-invalid", "only criticalInfoType is known")
        if value not in info_types(call.resource_type):
            raise Refusal(
                "parameter-invalid",
                f"criticalInfoType of {call.resource_type} is one of {', '.join(info_types(call.resource_type))}",
            )
        call.info_types, call.target = (value,), value


def check_content_type(call: Call) -> None:
    """POST and PUT send application/fhir+json (3.2); application/json is let through."""
    kind = (call.headers.text(b"content-type") or "").partition(";")[0].strip().lower()
    if kind not in ("application/fhir+json", "application/json"):
        raise Refusal("content-type")


def check_attest(call: Call) -> None:
    """The Tillitsrammeverk attest, where the setting asks for it (5.11: need unknown)."""
    if call.service.settings.attest_required and ATTEST not in call.known_caller().claims:
        raise Refusal("attest-missing")


async def check_access(call: Call) -> None:
    """The access rule, ahead of the store's own transaction (access.py)."""
    call.admit(await call.service.privacy(call.nin))


USER_STEPS: tuple[Step, ...] = (
    check_event_id,
    check_token,
    check_source_system,
    check_role,
    check_basis,
    check_patient,
    check_attest,
)
READ_STEPS: tuple[Step, ...] = (*USER_STEPS, check_query)
WRITE_STEPS: tuple[Step, ...] = (*USER_STEPS, check_content_type)
STATUS_STEPS: tuple[Step, ...] = (
    check_event_id,
    check_token,
    check_source_system,
    check_role_of_user,
    check_basis_of_user,
)
