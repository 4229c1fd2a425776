"""The citizen's own side, as on Helsenorge: what is registered, and who has looked (kj-api.md chapter 6).

The citizen logs in at the same issuer (`test_pid`, scope mock-kj:citizen/api). Children under 16 have no digital
access of their own (chapter 6, Age).
"""

from __future__ import annotations

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_kj import identity
from mock_kj.access import Privacy
from mock_kj.api.current import bundle
from mock_kj.api.http import read_body
from mock_kj.api.refusals import plain_refusals
from mock_kj.api.service import Service, event_id
from mock_kj.api.tokens import Caller, TokenCheck
from mock_kj.errors import Refusal
from mock_kj.helseid.clients import CITIZEN_AUDIENCE, CITIZEN_SCOPE
from mock_kj.samples import iso
from mock_kj.store.model import LogRow, PatientRow

OWN_ACCESS_AGE = 16
MAX_LOG_LINES = 100_000
PREFIX = "/citizen/v1"
_CHOICES = ("reserved", "restricted_all", "restricted_critical", "blocked")


def build(service: Service, tokens: TokenCheck) -> Starlette:
    """Routes of the citizen's side, relative to its prefix."""

    def citizen(request: Request) -> Caller:
        """Who is logged in. Raises Refusal."""
        headers = request.headers
        address = str(request.url.replace(query="", fragment=""))
        raw, proof = headers.get("authorization"), headers.get("dpop")
        caller = tokens.caller(
            raw.encode("latin-1") if raw else None,
            proof.encode("latin-1") if proof else None,
            request.method,
            (address, service.public_url + request.url.path),
        )
        if caller.audience not in (CITIZEN_AUDIENCE, [CITIZEN_AUDIENCE]) or CITIZEN_SCOPE not in caller.scopes:
            raise Refusal("audience-wrong", f"the citizen's side wants a token with the scope {CITIZEN_SCOPE}")
        if caller.pid is None:
            raise Refusal("level-too-low", "nobody is logged in")
        if caller.security_level < 4:
            raise Refusal("level-too-low")
        born = identity.birth_date(caller.pid)
        today = iso(service.clock.milliseconds())[:10]
        if born is None or f"{born.year + OWN_ACCESS_AGE:04d}-{born:%m-%d}" > today:
            raise Refusal("level-too-low", f"own digital access begins at {OWN_ACCESS_AGE}")
        return caller

    async def own_information(request: Request) -> Response:
        caller = citizen(request)
        nin = str(caller.pid)
        log = LogRow(
            service.clock.milliseconds(),
            nin,
            "own-read",
            "all",
            None,
            None,
            None,
            None,
            None,
            "Innbygger",
            None,
            "citizen side",
            event_id(),
            "citizen v1",
        )
        served = await service.store.read(nin, None, log, lambda: service.origin(nin), somebody)
        return Response(bundle([s.body for s in served if s.state != "deleted"]), media_type="application/fhir+json")

    async def access_log(request: Request) -> Response:
        caller = citizen(request)
        asked = request.query_params.get("limit", "1000")
        if not (asked.isascii() and asked.isdigit()) or not 1 <= int(asked) <= MAX_LOG_LINES:
            raise Refusal("parameter-invalid", f"limit must be a whole number from 1 to {MAX_LOG_LINES}")
        rows = await service.store.log_of(str(caller.pid), int(asked) + 1)
        more, rows = len(rows) > int(asked), rows[: int(asked)]
        lines = [
            {
                "time": iso(r.at),
                "operation": r.operation,
                "information": r.target,
                "practitioner": r.practitioner,
                "hprNumber": r.hpr_number,
                "role": r.role,
                "organisation": r.organisation,
                "organisationNumber": r.orgnr_child,
                "basis": r.basis,
                "system": r.source_system,
                "api": r.api,
            }
            for r in rows
        ]
        return JSONResponse({"log": lines, "more": more})

    async def choices(request: Request) -> Response:
        caller = citizen(request)
        nin = str(caller.pid)
        privacy = await service.privacy(nin)
        if privacy is None:
            raise Refusal("patient-unknown")
        if request.method == "PUT":
            privacy = parse_choices(await read_body(request.receive, service.settings.max_body_bytes), privacy)
            await service.store.put_patient(PatientRow(nin, privacy), lambda: service.origin(nin))
        return JSONResponse(
            {
                "reserved": privacy.reserved,
                "restricted_all": privacy.restricted_all,
                "restricted_critical": privacy.restricted_critical,
                "blocked": sorted(privacy.blocked),
            }
        )

    return Starlette(
        routes=[
            Route("/critical-information", own_information),
            Route("/access-log", access_log),
            Route("/choices", choices, methods=["GET", "PUT"]),
        ],
        exception_handlers=plain_refusals(service),
    )


def somebody(privacy: Privacy | None) -> None:
    """Everybody who has a kjernejournal may see what it holds. Raises Refusal."""
    if privacy is None:
        raise Refusal("patient-unknown")


def parse_choices(body: bytes, before: Privacy) -> Privacy:
    """The choices of a request body; what it does not name stays.

    Raises:
        Refusal: json-invalid or parameter-invalid.

    """
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise Refusal("json-invalid") from error
    if not isinstance(data, dict) or not set(data) <= set(_CHOICES):
        raise Refusal("parameter-invalid", f"the body may hold {', '.join(_CHOICES)}")
    blocked = data.get("blocked", sorted(before.blocked))
    flags = [data.get(name, getattr(before, name)) for name in _CHOICES[:3]]
    good = isinstance(blocked, list) and all(
        isinstance(b, str) and b.isascii() and b.isdigit() and len(b) == 9 for b in blocked
    )
    if not good or not all(isinstance(f, bool) for f in flags) or len(blocked) > 1000:
        raise Refusal("parameter-invalid", "flags are true or false, blocked is a list of nine-digit HPR numbers")
    return Privacy(flags[0], flags[1], flags[2], frozenset(blocked))
