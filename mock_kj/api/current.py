"""The current generation: /api/critical-information/v1 (kj-api.md chapter 3).

Every endpoint is a list of small steps (steps.py) and one action.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from mock_kj import outcome, profiles
from mock_kj.access import Operation
from mock_kj.api.call import Action, Api, Call, Endpoint, Step
from mock_kj.api.http import FHIR_JSON, JSON, Reply, read_body
from mock_kj.api.service import Service, event_id
from mock_kj.api.steps import READ_STEPS, STATUS_STEPS, USER_STEPS, WRITE_STEPS, check_access, check_event_id
from mock_kj.cases import CASES
from mock_kj.categories import BY_INFO_TYPE, RESOURCE_TYPES, info_types
from mock_kj.errors import Conflict, Refusal
from mock_kj.jose import ASYMMETRIC
from mock_kj.samples import iso
from mock_kj.store.model import EntryRow

PREFIX = "/api/critical-information/v1"
_FHIR_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
# The path is plural in one example and singular in another (3.6): both are accepted for every type.
TYPE_PATHS = {path: name for name in RESOURCE_TYPES for path in (name, f"{name}s")}
_CHALLENGE = f'DPoP error="invalid_token", algs="{" ".join(ASYMMETRIC)}"'.encode()
_BUNDLE = b'{"resourceType":"Bundle","type":"searchset"'


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
        call.admit(None)
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
    """The newest version of every entry of a type, as a searchset Bundle (3.6).

    The access rule is applied in the transaction that reads and logs.
    """
    log = call.log("read", call.target)
    served = await call.service.store.read(call.nin, call.info_types, log, call.origin, call.admit)
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
    body = await call.service.store.version(call.nin, row.id, version, log, call.origin)
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


def new_id() -> str:
    """A random UUID (RFC 9562 section 5.4), made without an object of its own."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"


async def create(call: Call) -> Reply:
    """A new entry: 201 with Location and the resource (3.7: inferred; status and header unknown).

    The access rule is applied in the transaction that writes. A body that is refused before that is refused only to
    those who might have written a good one.
    """
    service = call.service
    try:
        body = await read_body(call.receive, service.settings.max_body_bytes)
        resource = profiles.parse(body, call.resource_type)
        checked = profiles.check(resource, subject(call, None))
    except Refusal:
        await check_access(call)
        raise
    identifier, at, kind = new_id(), service.clock.milliseconds(), checked.category
    if service.settings.create_without_updater == "add":
        resource = profiles.with_updater(resource, iso(at), checked.extensions)
    data = profiles.stamp(resource, identifier, 1, iso(at), kind.canonical)
    row = EntryRow(identifier, call.nin, kind.info_type, 1, checked.state, checked.valid_until, at, data, at)
    await service.store.create(row, call.log("create", kind.info_type), call.origin, call.admit)
    location = f"{service.public_url}{call.api.base}/{call.resource_type}/{identifier}"
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
        await service.store.replace(new, call.log("update", row.info_type), call.origin)
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
        await service.store.replace(new, call.log("delete", row.info_type), call.origin)
    except Conflict as error:
        raise Refusal("version-conflict") from error
    return Reply(204)


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


class CurrentApi(Api):
    """The ASGI application of the current generation."""

    metrics_name = "current"
    log_name = "critical-information v1"
    base = PREFIX

    def __init__(self, service: Service, capability: bytes) -> None:
        super().__init__(service)
        self._capability = capability
        self._collections: dict[tuple[str, str], tuple[str, tuple[str, ...] | None, Operation, Endpoint]] = {
            (method, f"{PREFIX}/{path}"): (kind, info_types(kind), operation, Endpoint(operation.value, steps, action))
            for (method, parts), (operation, steps, action) in ENDPOINTS.items()
            for path, kind in TYPE_PATHS.items()
            if parts == 0
        }
        self._collections["POST", f"{PREFIX}/status"] = ("", None, Operation.STATUS, _STATUS)

    def event(self) -> str:
        """The mock's own id, for a request without `nhn-event-id`."""
        return event_id()

    def route(self, call: Call) -> Endpoint:
        """Which endpoint a path and method mean.

        Raises:
            Refusal: path-unknown or method-not-allowed.

        """
        usual = self._collections.get((call.method, call.scope["path"]))
        if usual is not None:
            call.resource_type, call.info_types, call.operation, endpoint = usual
            return endpoint
        parts = call.scope["path"][len(PREFIX) + 1 :].split("/")
        kind = TYPE_PATHS.get(parts[0])
        if kind is None:
            return self._besides(call, parts)
        if (len(parts) == 4 and parts[2] != "_history") or len(parts) not in (1, 2, 4):
            raise Refusal("path-unknown")
        found = ENDPOINTS.get((call.method, len(parts) - 1))
        if found is None or len(parts) == 1:
            raise Refusal("method-not-allowed")
        call.resource_type, call.identifier = kind, parts[1]
        if not _FHIR_ID.fullmatch(parts[1]):
            raise Refusal("not-found")
        if len(parts) == 4:
            if not re.fullmatch(r"[1-9]\d{0,8}", parts[3]):
                raise Refusal("not-found")
            call.version = int(parts[3])
        call.operation, steps, action = found
        return Endpoint(call.operation.value, steps, action)

    def _besides(self, call: Call, parts: list[str]) -> Endpoint:
        """The two paths that are no resource type."""
        if parts == ["status"]:
            raise Refusal("method-not-allowed")
        if parts == ["metadata"]:
            if call.method != "GET":
                raise Refusal("method-not-allowed")
            return Endpoint("metadata", (), self._metadata)
        raise Refusal("path-unknown")

    async def _metadata(self, call: Call) -> Reply:
        return Reply(200, self._capability)

    def refuse(self, call: Call, refusal: Refusal, operation: str) -> Reply:
        """The documented error envelope with its header (3.10)."""
        case, service = self.service.cases[refusal.case], self.service
        name = self._outcome_id(call)
        headers = [(b"nhn-error-code", case.current.encode())]
        if case.status == 401:
            headers.append((b"www-authenticate", _CHALLENGE))
        if operation == "status" and service.settings.status_error_body == "plain":
            return Reply(case.status, outcome.plain(case, refusal.detail, name, service.name), JSON, tuple(headers))
        body = outcome.current(case, refusal.detail, refusal.location, name, service.name)
        return Reply(case.status, body, FHIR_JSON, tuple(headers))

    def injected(self, call: Call, status: int) -> Reply:
        """A system error with the asked-for status and the request's event id; 429 has no body (CS-ERR)."""
        with suppress(Refusal):
            check_event_id(call)
        if status == 429:
            return Reply(429)
        case = CASES["system"]
        body = outcome.current(case, "injected by the fault plan", (), self._outcome_id(call), self.service.name)
        return Reply(status, body, FHIR_JSON, ((b"nhn-error-code", case.current.encode()),))

    def _outcome_id(self, call: Call) -> str:
        """The event id (B-ERR); one that is no R4 id is replaced where `outcome_id: fhir` asks for that."""
        if self.service.settings.outcome_id == "event" or _FHIR_ID.fullmatch(call.event):
            return call.event
        return event_id()

    def finish(self, call: Call, reply: Reply) -> None:
        """The event id, byte for byte as it came, or as it was made."""
        reply.headers += ((b"nhn-event-id", call.event_sent or call.event.encode()),)


_STATUS = Endpoint("status", STATUS_STEPS, status)
