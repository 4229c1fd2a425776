"""The legacy generation: /v1/helseindikator and /v1/fhir (kj-api.md chapter 2)."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import orjson
from cryptography.fernet import Fernet, InvalidToken
from joserfc.jwk import OctKey

from mock_kj import outcome
from mock_kj.access import LEGACY_BASIS, Operation, legacy_basis
from mock_kj.api import current
from mock_kj.api.call import Action, Api, Call, Endpoint, Step
from mock_kj.api.current import bundle
from mock_kj.api.http import FHIR_JSON, JSON, Reply, read_body
from mock_kj.api.service import Service, classify
from mock_kj.api.steps import check_content_type
from mock_kj.categories import BY_INFO_TYPE, RESOURCE_TYPES
from mock_kj.errors import Refusal
from mock_kj.fhir_xml import to_xml
from mock_kj.helseid.clients import LEGACY_AUDIENCE, LEGACY_SCOPE
from mock_kj.population import Besides
from mock_kj.samples import iso
from mock_kj.store.model import Summary

INDICATOR_PATHS = ("/v1/helseindikator", "/v1/helseindikator/status")
FHIR_PREFIX = "/v1/fhir/"
FHIR_XML = b"application/fhir+xml; charset=utf-8"
_TAKES_JSON = re.compile(rb"json|\*/\*|application/\*")
_NO_CACHE = ((b"cache-control", b"no-cache, must-revalidate, private, s-maxage=0"), (b"pragma", b"no-cache"))
RETURN_TEXTS = {
    2: "Kjernejournal finnes",
    3: "Pasienten har registrert egne helseopplysninger i kjernejournal",
    4: "Kritisk informasjon finnes i kjernejournal",
}


class Tickets:
    """Opaque tickets: organisation, patient and consent, encrypted, with a fixed life (2.2; length of life unknown).

    They are written in plain base64, as the documents' examples are, so that clients meet `+`, `/` and `=`.
    """

    def __init__(self, key: OctKey, seconds: int) -> None:
        self._cipher = Fernet(urlsafe_b64encode(sha256(b"ticket" + key.raw_value).digest()))
        self._seconds = seconds

    def issue(self, nin: str, orgnr: str | None, consent: str | None, now: float) -> str:
        """A ticket for one patient and organisation."""
        content = {"nin": nin, "org": orgnr, "consent": consent, "exp": int(now) + self._seconds}
        return b64encode(urlsafe_b64decode(self._cipher.encrypt(orjson.dumps(content)))).decode()

    def open(self, ticket: str, orgnr: str | None, now: float) -> tuple[str, str | None]:
        """Patient and consent of a ticket; a URL-encoded one is as good (2.2).

        Raises:
            Refusal: ticket-invalid (also for another organisation) or ticket-expired.

        """
        try:
            raw = b64decode(unquote(ticket), validate=True)
            content = orjson.loads(self._cipher.decrypt(urlsafe_b64encode(raw)))
        except (InvalidToken, ValueError) as error:
            raise Refusal("ticket-invalid") from error
        if content["org"] != orgnr:
            raise Refusal("ticket-invalid", "the ticket belongs to another organisation")
        if content["exp"] <= now:
            raise Refusal("ticket-expired")
        return content["nin"], content["consent"]


# --- steps ----------------------------------------------------------------------------------------------------------


def check_token(call: Call) -> None:
    """A token for kjernejournal, usually Bearer (chapter 1)."""
    headers, scope = call.headers, call.scope
    host = (headers.get(b"host") or b"").decode("latin-1")
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    uris = tuple(f"{scope['scheme']}://{host}{path}" for path in {scope["path"], raw})
    caller = call.service.legacy_tokens.caller(headers.get(b"authorization"), headers.get(b"dpop"), call.method, uris)
    if caller.audience not in (LEGACY_AUDIENCE, [LEGACY_AUDIENCE]):
        raise Refusal("audience-wrong")
    if LEGACY_SCOPE not in caller.scopes:
        raise Refusal("scope-missing")
    if caller.orgnr_child is None:
        raise Refusal("organisation-missing")
    call.caller = caller


def check_system(call: Call) -> None:
    """`X-EPJ-System` is required (2.1, 2.4)."""
    call.source_system = call.headers.text(b"x-epj-system")
    if not call.source_system:
        raise Refusal("header-invalid", "X-EPJ-System is missing")


def check_accept(call: Call) -> None:
    """The indicator is JSON (2.1)."""
    if not takes_json(call):
        raise Refusal("content-type", "the indicator is JSON only")


def check_accept_fhir(call: Call) -> None:
    """FHIR resources are JSON or XML (2.4)."""
    if not takes_json(call) and not wants_xml(call):
        raise Refusal("content-type", "Accept must allow JSON or XML")


def takes_json(call: Call) -> bool:
    """Whether `Accept` allows JSON; a client that says nothing takes it."""
    return _TAKES_JSON.search(b",".join(call.headers.every(b"accept")) or b"*/*") is not None


def wants_xml(call: Call) -> bool:
    """Whether `Accept` names XML and does not allow JSON, which comes first."""
    return not takes_json(call) and b"xml" in b",".join(call.headers.every(b"accept"))


INDICATOR_STEPS: tuple[Step, ...] = (check_token, check_system, check_accept)
STEPS: tuple[Step, ...] = (check_token, check_system, check_accept_fhir)
WRITE_STEPS: tuple[Step, ...] = (*STEPS, check_content_type)


class LegacyApi(Api):
    """The ASGI application of the legacy generation."""

    metrics_name = "legacy"
    log_name = "kjernejournal FHIR v1"
    base = FHIR_PREFIX[:-1]

    def __init__(self, service: Service, ticket_key: OctKey) -> None:
        super().__init__(service)
        writes = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)
        closed = (Operation.READ, *(writes if service.settings.somebody_blocked_writes == "refuse" else ()))
        self.rules = replace(service.rules, closed_by_any_block=frozenset(closed))
        self._tickets = Tickets(ticket_key, service.settings.ticket_seconds)

    def event(self) -> str:
        """`Id-` and hexadecimal digits (2.2)."""
        return f"Id-{secrets.token_hex(12)}"

    def injected(self, call: Call, status: int) -> Reply:
        """The bare status."""
        return Reply(status)

    def finish(self, call: Call, reply: Reply) -> None:
        """Every answer has X-EVENT-ID and may not be cached (2.2); a resource is XML for who takes nothing else."""
        reply.headers += ((b"x-event-id", call.event.encode()), *_NO_CACHE)
        if reply.content_type is FHIR_JSON and reply.body and wants_xml(call):
            reply.body, reply.content_type = to_xml(orjson.loads(reply.body)), FHIR_XML

    def route(self, call: Call) -> Endpoint:
        """Which endpoint a path and method mean.

        Raises:
            Refusal: path-unknown or method-not-allowed.

        """
        path, method = call.scope["path"], call.method
        if path in INDICATOR_PATHS:
            if method != "POST":
                raise Refusal("method-not-allowed")
            return Endpoint("helseindikator", INDICATOR_STEPS, self._indicator)
        if path == f"{FHIR_PREFIX}Patient/$everything":
            if method != "GET":
                raise Refusal("method-not-allowed")
            return Endpoint("read", STEPS, self._everything)
        parts = path[len(FHIR_PREFIX) :].split("/") if path.startswith(FHIR_PREFIX) else [""]
        if parts[0] not in RESOURCE_TYPES or len(parts) not in (1, 2, 4):
            raise Refusal("path-unknown")
        call.resource_type = parts[0]
        wanted = {1: "POST", 2: "PUT", 4: "DELETE"}[len(parts)]
        if method != wanted:
            raise Refusal("method-not-allowed")
        if len(parts) > 1:
            call.identifier = parts[1]
        if len(parts) == 4:
            if parts[2] != "_history" or not re.fullmatch(r"[1-9]\d{0,8}", parts[3]):
                raise Refusal("path-unknown")
            call.version = int(parts[3])
            call.operation = Operation.DELETE
            return Endpoint("delete", STEPS, self._with_ticket(current.delete))
        call.operation = Operation.CREATE if method == "POST" else Operation.UPDATE
        action = current.create if method == "POST" else current.update
        return Endpoint(call.operation.value, WRITE_STEPS, self._with_ticket(action))

    # --- the indicator --------------------------------------------------------------------------------------------

    async def _indicator(self, call: Call) -> Reply:
        """Status 0 to 4, and a ticket from 2 up (2.2)."""
        service = self.service
        body = await read_body(call.receive, service.settings.max_body_bytes)
        nin, consent = indicator_request(body)
        kind = classify(nin, service.settings.rule_2032)
        if kind == "real" and not service.settings.allow_real_numbers:
            raise Refusal("nin-real")
        answer: dict[str, Any] = {}
        privacy, rows = await service.state(nin) if kind != "invalid" else (None, [])
        if kind == "invalid":
            answer["status"] = 0
        elif privacy is None or privacy.reserved:
            answer["status"] = 1
        else:
            answer |= self._existing(call, nin, consent, bool(privacy.blocked), rows)
        if service.settings.nonsense_field:
            answer[f"tull{secrets.token_hex(2)}"] = secrets.token_hex(4)
        return Reply(200, orjson.dumps(answer), JSON)

    def _existing(self, call: Call, nin: str, consent: str | None, blocks: bool, rows: list[Summary]) -> dict[str, Any]:
        """The answer for somebody who has a kjernejournal; a blocking of anybody hides what is in it (2.2)."""
        service, besides = self.service, self.service.besides(nin)
        if blocks and service.settings.somebody_blocked_indicator == "hide":
            rows, besides = [], Besides()
        live = any(r.state == "live" for r in rows)
        status = 4 if live else 3 if besides.own_information else 2
        answer: dict[str, Any] = {
            "status": status,
            "returTekst": RETURN_TEXTS[status],
            "ticket": self._tickets.issue(nin, call.known_caller().orgnr_child, consent, service.clock.now()),
            "sperringDetaljer": [],
            "eksistererBlokkertHelsepersonell": blocks,
            "harLasteResepter": besides.locked_prescriptions,
            "harLegemidler": besides.medicines,
        }
        if live:
            changed: dict[str, int] = {}
            for row in rows:
                name = BY_INFO_TYPE[row.info_type].legacy_code
                changed[name] = max(changed.get(name, 0), row.updated)
            answer["sistEndretKritiskInfoDato"] = instant(max(changed.values()))
            answer["sistEndretKritiskInfo"] = [
                {"kategori": name, "sistEndret": instant(at)} for name, at in changed.items()
            ]
        return answer

    # --- FHIR -----------------------------------------------------------------------------------------------------

    def _with_ticket(self, action: Action) -> Action:
        async def run(call: Call) -> Reply:
            self._open_ticket(call)
            return await action(call)

        return run

    def _open_ticket(self, call: Call) -> None:
        """Patient and consent from the ticket and the consent headers (2.4).

        Raises:
            Refusal: ticket-invalid, ticket-expired or basis-invalid.

        """
        ticket = call.headers.text(b"x-kj-ticket")
        if ticket is None:
            raise Refusal("ticket-invalid", "X-kj-ticket is missing")
        call.nin, consent = self._tickets.open(ticket, call.known_caller().orgnr_child, self.service.clock.now())
        headers = call.headers
        try:
            call.basis = legacy_basis(
                consent,
                [v.decode("latin-1") for v in headers.every(b"kj-samtykke-bruk")],
                [v.decode("latin-1") for v in headers.every(b"kj-samtykke-sperret-kritiskinfo")],
                alone=self.service.settings.restricted_consent_alone == "allow",
            )
        except ValueError as error:
            raise Refusal("basis-invalid", str(error)) from error
        found = self.service.professional(call.known_caller())
        call.role = found.role if found else None

    async def _everything(self, call: Call) -> Reply:
        """All critical information of the patient in one Bundle (2.3)."""
        self._open_ticket(call)
        call.operation = Operation.READ
        log = call.log("read", "Patient/$everything")
        served = await self.service.store.read(call.nin, None, log, call.origin, call.admit)
        return Reply(200, bundle([s.body for s in served if s.state != "deleted"]))

    def refuse(self, call: Call, refusal: Refusal, operation: str) -> Reply:
        """Two issues, the code and the text (2.7)."""
        case = self.service.cases[refusal.case]
        headers = [(b"x-kj-feilkode", case.legacy.encode())]
        if case.status == 401:
            headers.append((b"www-authenticate", b'Bearer error="invalid_token"'))
        return Reply(case.status, outcome.legacy(case, refusal.detail), FHIR_JSON, tuple(headers))


def indicator_request(body: bytes) -> tuple[str, str | None]:
    """Number and consent of a /helseindikator body.

    Raises:
        Refusal: json-invalid or basis-invalid.

    """
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise Refusal("json-invalid") from error
    if not isinstance(data, dict) or not isinstance(data.get("fnr"), str):
        raise Refusal("json-invalid", "the body must hold fnr")
    consent = data.get("samtykke")
    if consent is not None and consent not in LEGACY_BASIS:
        raise Refusal("basis-invalid", f"samtykke must be one of {', '.join(LEGACY_BASIS)}")
    return data["fnr"], consent


def instant(milliseconds: int) -> str:
    """An ISO instant with milliseconds and Z, such as 2022-05-18T11:01:55.000Z (2.2)."""
    return iso(milliseconds).replace("+00:00", "Z")
