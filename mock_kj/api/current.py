"""The current generation: /api/critical-information/v1 (kj-api.md chapter 3).

Every endpoint is a list of small steps and one action; a step raises one `Refusal`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes
from uuid import uuid4

import orjson

from mock_kj import outcome, profiles
from mock_kj.access import Basis, Operation, Privacy, Who, parse_basis
from mock_kj.api.http import FHIR_JSON, JSON, Headers, Receive, Reply, Scope, Send, read_body
from mock_kj.api.service import Service, event_id
from mock_kj.api.tokens import Caller
from mock_kj.cases import CASES
from mock_kj.categories import BY_INFO_TYPE, RESOURCE_TYPES, info_types
from mock_kj.codes import ROLE_SYSTEM, ROLES
from mock_kj.errors import Conflict, Refusal, StoreError
from mock_kj.faults import Reset
from mock_kj.helseid.claims import ATTEST
from mock_kj.helseid.clients import CURRENT_AUDIENCE, CURRENT_SCOPE
from mock_kj.samples import iso
from mock_kj.store.model import EntryRow, LogRow

PREFIX = "/api/critical-information/v1"
log = logging.getLogger("mock_kj.api")
API_NAME = "critical-information v1"
_FHIR_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
# The path is plural in one example and singular in another (3.6): both are accepted for every type.
TYPE_PATHS = {path: name for name in RESOURCE_TYPES for path in (name, f"{name}s")}
_BUNDLE = b'{"resourceType":"Bundle","type":"searchset"'


@dataclass(slots=True)
class Call:
    """One request as the steps fill it in."""

    service: Service
    scope: Scope
    receive: Receive
    headers: Headers
    method: str
    started: float
    event: str
    base: str = PREFIX
    operation: Operation = Operation.STATUS
    resource_type: str = ""
    identifier: str = ""
    version: int | None = None
    caller: Caller | None = None
    role: str | None = None
    source_system: str | None = None
    basis: Basis | None = None
    nin: str = ""
    info_types: tuple[str, ...] | None = None
    target: str = ""
    privacy: Privacy | None = None
    who: Who | None = None
    body: bytes = b""

    def known_caller(self) -> Caller:
        """The caller, once `check_token` has run."""
        assert self.caller is not None
        return self.caller

    def log(self, operation: str, target: str) -> LogRow:
        """The line of the usage log for this call (A-LOG)."""
        caller = self.known_caller()
        who = self.service.professional(caller)
        place = self.service.organisations.get(caller.orgnr_child or "")
        return LogRow(
            self.service.clock.milliseconds(),
            self.nin,
            operation,
            target,
            caller.hpr_number,
            who.name if who else None,
            self.role,
            caller.orgnr_parent,
            caller.orgnr_child,
            place.name if place else None,
            self.basis.value if self.basis else None,
            self.source_system,
            self.event,
            API_NAME,
        )


# --- steps ----------------------------------------------------------------------------------------------------------


def check_event_id(call: Call) -> None:
    """`nhn-event-id` has at most 128 characters (3.2); without one the mock makes its own."""
    given = call.headers.text(b"nhn-event-id", b"hit-event-id")
    if given is None:
        return
    if not 1 <= len(given) <= 128:
        raise Refusal("header-invalid", "nhn-event-id must have 1 to 128 characters")
    call.event = given


def check_token(call: Call) -> None:
    """Signature, life, proof; then audience and scope of this API (3.4)."""
    headers, scope = call.headers, call.scope
    host = headers.get(b"host") or b""
    path = scope["path"]
    uris = [f"{scope['scheme']}://{host.decode('latin-1')}{path}", call.service.public_url + path]
    raw = scope.get("raw_path")
    if raw is not None and raw.decode("latin-1") != path:
        uris.append(f"{scope['scheme']}://{host.decode('latin-1')}{raw.decode('latin-1')}")
    caller = call.service.tokens.caller(headers.get(b"authorization"), headers.get(b"dpop"), call.method, tuple(uris))
    if caller.audience not in (CURRENT_AUDIENCE, [CURRENT_AUDIENCE]):
        raise Refusal("audience-wrong")
    if CURRENT_SCOPE not in caller.scopes:
        raise Refusal("scope-missing")
    call.caller = caller


def check_source_system(call: Call) -> None:
    """`nhn-source-system` has 3 to 512 characters (3.2)."""
    value = call.headers.text(b"nhn-source-system", b"hit-source-system")
    if value is None or not 3 <= len(value.strip()) <= 512:
        raise Refusal("header-invalid", "nhn-source-system must have 3 to 512 characters")
    call.source_system = value
    call.service.metrics.family("nhn" if call.headers.get(b"nhn-source-system") is not None else "hit")


def check_role(call: Call) -> None:
    """`nhn-user-role`: URL-encoded JSON with the system of HPR roles and a code (3.2)."""
    value = call.headers.text(b"nhn-user-role", b"hit-user-role")
    if value is None:
        raise Refusal("header-invalid", "nhn-user-role is missing")
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
    call.info_types = info_types(call.resource_type)
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
    """The access rule (access.py)."""
    call.who = call.service.who(call.known_caller(), call.role)
    call.privacy = await call.service.privacy(call.nin)
    call.service.admit(call.who, call.operation, call.privacy, call.basis)


Step = Callable[[Call], None]
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


# --- actions --------------------------------------------------------------------------------------------------------


async def status(call: Call) -> Reply:
    """What there is, what changed when, and what the patient has chosen; no usage log (3.5)."""
    service, caller, settings = call.service, call.known_caller(), call.service.settings
    body = await read_body(call.receive, settings.max_body_bytes)
    call.nin = status_nin(body)
    named = call.headers.text(b"nhn-patient-nin", b"hit-patient-pid")
    if named is not None and named != call.nin:
        raise Refusal("header-invalid", "nhn-patient-nin and the body name different patients")
    service.check_nin(call.nin)
    if caller.is_user:
        call.who = service.who(caller, call.role)
        service.admit(call.who, Operation.STATUS, None, call.basis)
    elif caller.orgnr_parent is None or caller.orgnr_child is None:
        raise Refusal("organisation-missing")
    privacy, rows = await service.state(call.nin)
    if privacy is None:
        raise Refusal("patient-unknown")
    if privacy.reserved:
        rows = []  # a reservation means that no critical information exists
    now = service.clock.milliseconds()
    live = [r for r in rows if r.state == "live"]
    changed: dict[str, int] = {}
    for info_type, _, _, at in rows:
        name = BY_INFO_TYPE[info_type].date_field
        changed[name] = max(changed.get(name, 0), at)
    answer: dict[str, Any] = {
        "patientNIN": call.nin,
        "hasCriticalInformation": bool(live),
        "hasActiveCriticalInformation": any(still_valid(r.valid_until, now) for r in live),
        "lastChangedDateTime": iso(max(changed.values())) if changed else None,
        "dateChanged": {name: iso(at) for name, at in changed.items()},
        settings.status_field_reserved: privacy.reserved,
        settings.status_field_restricted_all: privacy.restricted_all,
        settings.status_field_restricted: privacy.restricted,
    }
    if caller.is_user:
        answer[settings.status_field_blocked] = caller.hpr_number in privacy.blocked
    service.tally.status(now, caller.orgnr_child)
    return Reply(200, orjson.dumps(answer), JSON)


def still_valid(until: str | None, now: int) -> bool:
    """Whether a FHIR date (of any precision) has not passed; an entry without one does not run out."""
    return until is None or until >= iso(now)[: len(until)]


def status_nin(body: bytes) -> str:
    """The number in a /status body `{"nin": "<11 digits>"}`.

    Raises:
        Refusal: json-invalid, or nin-invalid where it is missing.

    """
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise Refusal("json-invalid") from error
    nin = data.get("nin") if isinstance(data, dict) else None
    if not isinstance(nin, str):
        raise Refusal("nin-invalid", 'the body must be {"nin": "<11 digits>"}')
    return nin


async def read(call: Call) -> Reply:
    """The newest version of every entry of a type, as a searchset Bundle (3.6)."""
    await check_access(call)
    nin, service = call.nin, call.service
    log = call.log("read", call.target)
    served = await service.store.read(nin, call.info_types, log, lambda: service.origin(nin))
    return Reply(200, bundle([s.body for s in served if s.state != "deleted"]))


def bundle(bodies: list[bytes]) -> bytes:
    """A searchset of resources that are bytes already; R4 allows no empty `entry`."""
    if not bodies:
        return _BUNDLE + b"}"
    return _BUNDLE + b',"entry":[{"resource":' + b'},{"resource":'.join(bodies) + b"}]}"


async def read_one(call: Call) -> Reply:
    """One entry, or one of its versions (paths unknown, chapter 10; switches read_by_id and read_history)."""
    settings = call.service.settings
    if not (settings.read_by_id if call.version is None else settings.read_history):
        raise Refusal("path-unknown")
    await check_access(call)
    row = await find(call)
    if row.state == "deleted" and settings.deleted_read == "gone":
        raise Refusal("gone")
    log = call.log("read", f"{call.resource_type}/{row.id}")
    version = row.version if call.version is None else call.version
    body = await call.service.store.version(call.nin, row.id, version, log, lambda: call.service.origin(call.nin))
    if body is None:
        raise Refusal("not-found")
    if row.state == "deleted":
        body = orjson.dumps(profiles.filtered(orjson.loads(body)))
    return Reply(200, body)


async def find(call: Call) -> EntryRow:
    """The entry that the path names.

    Raises:
        Refusal: not-found, also for an entry of another type or patient.

    """
    row = await call.service.entry(call.nin, call.identifier)
    if row is None or BY_INFO_TYPE[row.info_type].resource_type != call.resource_type:
        raise Refusal("not-found")
    return row


def subject(call: Call, previous: dict[str, Any] | None) -> profiles.Subject:
    """What the profile checks know beside the resource."""
    service = call.service
    return profiles.Subject(
        call.nin, datetime.fromtimestamp(service.clock.now(), UTC), service.settings, service.register, previous
    )


async def create(call: Call) -> Reply:
    """A new entry: 201 with Location and the resource (3.7: inferred; status and header unknown)."""
    await check_access(call)
    service = call.service
    body = await read_body(call.receive, service.settings.max_body_bytes)
    resource = profiles.parse(body, call.resource_type)
    checked = profiles.check(resource, subject(call, None))
    identifier, at = str(uuid4()), service.clock.milliseconds()
    data = profiles.stamp(resource, identifier, 1, iso(at), checked.category.canonical)
    row = EntryRow(
        identifier, call.nin, checked.category.info_type, 1, checked.state, checked.valid_until, at, data, at
    )
    await service.store.create(row, call.log("create", checked.category.info_type), lambda: service.origin(call.nin))
    location = f"{service.public_url}{call.base}/{call.resource_type}/{identifier}"
    return Reply(201, data, headers=((b"location", location.encode()),))


async def update(call: Call) -> Reply:
    """A further version; `meta.versionId` in the body must be the newest (3.8)."""
    await check_access(call)
    service = call.service
    body = await read_body(call.receive, service.settings.max_body_bytes)
    resource = profiles.parse(body, call.resource_type)
    if resource.get("id", call.identifier) != call.identifier:
        raise Refusal(
            "content-invalid", f"{call.resource_type}.id: is not the one of the path", (f"{call.resource_type}.id",)
        )
    version = resource.get("meta", {}).get("versionId")
    if version is None or not re.fullmatch(r"[1-9]\d{0,8}", version):
        raise Refusal("version-missing")
    row = await find(call)
    if row.state == "deleted":
        raise Refusal("gone")
    if int(version) != row.version:
        raise Refusal("version-conflict")
    checked = profiles.check(resource, subject(call, orjson.loads(row.body)))
    if checked.category.info_type != row.info_type:
        raise Refusal("frozen", f"{call.resource_type}.meta.profile: cannot be changed by an update")
    at = max(service.clock.milliseconds(), row.updated + 1)
    data = profiles.stamp(resource, row.id, row.version + 1, iso(at), checked.category.canonical)
    new = row._replace(
        version=row.version + 1, state=checked.state, valid_until=checked.valid_until, updated=at, body=data
    )
    try:
        await service.store.replace(new, call.log("update", row.info_type), lambda: service.origin(call.nin))
    except Conflict as error:
        raise Refusal("version-conflict") from error
    return Reply(200, data)


async def delete(call: Call) -> Reply:
    """Mark the newest version as a mistake: 204 (3.9; the status is documented for the legacy API)."""
    await check_access(call)
    service = call.service
    row = await find(call)
    if row.state == "deleted":
        raise Refusal("gone")
    if call.version is not None and call.version != row.version:
        raise Refusal("version-conflict", "only the newest version can be deleted")
    at = max(service.clock.milliseconds(), row.updated + 1)
    resource = profiles.mark_deleted(orjson.loads(row.body))
    data = profiles.stamp(resource, row.id, row.version + 1, iso(at), BY_INFO_TYPE[row.info_type].canonical)
    new = row._replace(version=row.version + 1, state="deleted", updated=at, body=data)
    try:
        await service.store.replace(new, call.log("delete", row.info_type), lambda: service.origin(call.nin))
    except Conflict as error:
        raise Refusal("version-conflict") from error
    return Reply(204)


Action = Callable[[Call], Awaitable[Reply]]
# (method, number of path parts after the type) -> operation, steps, action.
ENDPOINTS: dict[tuple[str, int], tuple[Operation, tuple[Step, ...], Action]] = {
    ("GET", 0): (Operation.READ, READ_STEPS, read),
    ("POST", 0): (Operation.CREATE, WRITE_STEPS, create),
    ("GET", 1): (Operation.READ, USER_STEPS, read_one),
    ("PUT", 1): (Operation.UPDATE, WRITE_STEPS, update),
    ("DELETE", 1): (Operation.DELETE, USER_STEPS, delete),
    ("GET", 3): (Operation.READ, USER_STEPS, read_one),
    ("DELETE", 3): (Operation.DELETE, USER_STEPS, delete),
}


class CurrentApi:
    """The ASGI application of the current generation."""

    def __init__(self, service: Service, capability: bytes) -> None:
        self._service = service
        self._capability = capability

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is."""
        service, started = self._service, time.perf_counter()
        call = Call(service, scope, receive, Headers(scope["headers"]), scope["method"], started, event_id())
        operation, result = "unknown", "ok"
        service.in_flight += 1
        try:
            operation, steps, action = self._route(call)
            if service.settings.overload_concurrency and service.in_flight > service.settings.overload_concurrency:
                result, reply = "overload", Reply(429)
            elif service.faults.active and (injected := await service.faults.suffer(operation)) is not None:
                result, reply = "fault", Reply(429) if injected == 429 else self._injected(call, injected)
            else:
                for step in steps:
                    step(call)
                reply = await action(call)
        except Refusal as refusal:
            result, reply = refusal.case, self._refuse(call, refusal, operation)
        except StoreError:
            result, reply = "start-up", self._refuse(call, Refusal("start-up"), operation)
        except Reset:
            raise
        except Exception:
            log.exception("system error", extra={"operation": operation})
            result, reply = "system", self._refuse(call, Refusal("system"), operation)
        finally:
            service.in_flight -= 1
        service.metrics.done("current", operation, result, time.perf_counter() - started)
        reply.headers = (*reply.headers, (b"nhn-event-id", call.event.encode("utf-8")))
        await reply.send(send)

    def _route(self, call: Call) -> tuple[str, tuple[Step, ...], Action]:
        """Which endpoint a path and method mean.

        Raises:
            Refusal: path-unknown or method-not-allowed.

        """
        parts = call.scope["path"][len(PREFIX) + 1 :].split("/")
        if parts == ["status"]:
            if call.method != "POST":
                raise Refusal("method-not-allowed")
            return "status", STATUS_STEPS, status
        if parts == ["metadata"]:
            if call.method != "GET":
                raise Refusal("method-not-allowed")
            return "metadata", (), self._metadata
        kind = TYPE_PATHS.get(parts[0])
        if kind is None or (len(parts) == 4 and parts[2] != "_history") or len(parts) not in (1, 2, 4):
            raise Refusal("path-unknown")
        endpoint = ENDPOINTS.get((call.method, len(parts) - 1))
        if endpoint is None:
            raise Refusal("method-not-allowed")
        call.resource_type = kind
        if len(parts) > 1:
            call.identifier = parts[1]
            if not _FHIR_ID.fullmatch(parts[1]):
                raise Refusal("not-found")
        if len(parts) == 4:
            if not re.fullmatch(r"[1-9]\d{0,8}", parts[3]):
                raise Refusal("not-found")
            call.version = int(parts[3])
        call.operation = endpoint[0]
        return endpoint[0].value, endpoint[1], endpoint[2]

    async def _metadata(self, call: Call) -> Reply:
        return Reply(200, self._capability)

    def _refuse(self, call: Call, refusal: Refusal, operation: str) -> Reply:
        """The documented error envelope with its header (3.10)."""
        case, service = self._service.cases[refusal.case], self._service
        name = call.event if _FHIR_ID.fullmatch(call.event) else event_id()
        headers = [(b"nhn-error-code", case.current.encode())]
        if case.status == 401:
            headers.append((b"www-authenticate", b'DPoP error="invalid_token", algs="RS256 PS256 ES256 ES384 ES512"'))
        if operation == "status" and service.settings.status_error_body == "plain":
            return Reply(case.status, outcome.plain(case, refusal.detail, name, service.name), JSON, tuple(headers))
        body = outcome.current(case, refusal.detail, refusal.location, name, service.name)
        return Reply(case.status, body, FHIR_JSON, tuple(headers))

    def _injected(self, call: Call, status: int) -> Reply:
        """The answer of an injected error: a system error with the asked-for status."""
        case = CASES["system"]
        body = outcome.current(case, "injected by the fault plan", (), event_id(), self._service.name)
        return Reply(status, body, FHIR_JSON, ((b"nhn-error-code", case.current.encode()),))
