"""The operator's side: health, readiness, metrics, statistics, and the loopback-only admin endpoints.

The module is `mock_kj.operator`; it has nothing to do with the standard library's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mock_kj import faults, statistics
from mock_kj.access import Privacy
from mock_kj.api.refusals import plain_refusals
from mock_kj.api.service import Service
from mock_kj.citizen import parse_choices
from mock_kj.errors import Refusal, UsageError
from mock_kj.loopback import is_loopback
from mock_kj.store.model import PatientRow

_DAY = 86_400_000
_LOCAL = "local_entries"


def build(
    service: Service,
    share_plan: Callable[[dict[str, Any]], Awaitable[None]],
    rotate: Callable[[], None],
    others: Callable[[], Iterable[bytes]],
) -> Starlette:
    """All routes, relative to the server's root. `others` gives what the server's other processes have counted."""

    async def local_numbers() -> dict[str, int]:
        return dict(orjson.loads(await service.store.get_meta(_LOCAL) or "{}"))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "up", "mock": True})

    async def ready(request: Request) -> Response:
        good = await service.store.ready()
        return JSONResponse({"status": "ready" if good else "database does not answer"}, 200 if good else 503)

    async def metrics(request: Request) -> Response:
        text = service.metrics.text(service.in_flight, others())
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def report(request: Request) -> Response:
        since, until = period(request.query_params.get("days", "30"), service.clock.milliseconds())
        await service.store.tally(service.tally.drain())
        rows = await service.store.counts(since, until)
        if request.url.path.endswith(".csv"):
            text = statistics.to_csv(rows, service.organisations)
            return Response(text.encode(), media_type="text/csv; charset=utf-8")
        return JSONResponse(statistics.summary(rows, service.organisations, await local_numbers()))

    async def local_entries(request: Request) -> Response:
        """Numbers of entries in the organisations' own records, so that the share uploaded can be told (4.3)."""
        data = await _json(request)
        parents = {o.parent for o in service.organisations.values()}
        if not all(
            (o in service.organisations or o in parents) and isinstance(n, int) and n >= 0 for o, n in data.items()
        ):
            raise Refusal("parameter-invalid", "the body maps known organisation numbers to whole numbers")
        local = await local_numbers() | data
        await service.store.set_meta(_LOCAL, orjson.dumps(local).decode())
        return JSONResponse(local)

    async def set_faults(request: Request) -> Response:
        if request.method == "DELETE":
            await share_plan({})
        elif request.method == "PUT":
            try:
                await share_plan(await _json(request))
            except UsageError as error:
                raise Refusal("parameter-invalid", str(error)) from error
        plan = service.faults.plan
        return JSONResponse({"active": plan != faults.Plan(seed=plan.seed), "rules": len(plan.rules)})

    async def rotate_keys(request: Request) -> Response:
        rotate()
        return JSONResponse({"rotated": True})

    async def patient(request: Request) -> Response:
        data = await _json(request)
        nin = data.pop("nin", None)
        if not isinstance(nin, str):
            raise Refusal("nin-invalid")
        service.check_nin(nin)
        before = await service.privacy(nin)
        privacy = parse_choices(orjson.dumps(data), before or Privacy())
        await service.store.put_patient(PatientRow(nin, privacy), lambda: service.origin(nin))
        return JSONResponse({"known_before": before is not None})

    def admin(endpoint: Any) -> Any:
        async def guarded(request: Request) -> Response:
            if not is_loopback(request.scope):
                return JSONResponse({"error": "only from the loopback"}, 403)
            answer: Response = await endpoint(request)
            return answer

        return guarded

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", metrics),
            Route("/statistics", report),
            Route("/statistics.csv", report),
            Route("/admin/local-entries", admin(local_entries), methods=["PUT"]),
            Route("/admin/faults", admin(set_faults), methods=["GET", "PUT", "DELETE"]),
            Route("/admin/rotate-keys", admin(rotate_keys), methods=["POST"]),
            Route("/admin/patient", admin(patient), methods=["PUT"]),
        ],
        exception_handlers=plain_refusals(service),
    )


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 1_000_000:
            raise Refusal("too-large")
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise Refusal("json-invalid") from error
    if not isinstance(data, dict):
        raise Refusal("json-invalid", "the top of the body must be an object")
    return data


def period(days: str, now: int) -> tuple[int, int]:
    """First and last millisecond of the last so many days.

    Raises:
        Refusal: parameter-invalid.

    """
    if not (days.isascii() and days.isdigit()) or not 1 <= int(days) <= 3660:
        raise Refusal("parameter-invalid", "days must be a whole number from 1 to 3660")
    return now - int(days) * _DAY, now + 1
