"""Refusals of the views that are not FHIR: the citizen's, the operator's, and of any when the database is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_kj.api.service import Service
from mock_kj.errors import Refusal, StoreError

Handler = Callable[[Request, Exception], Awaitable[Response]]


async def unavailable(request: Request, error: Exception) -> Response:
    """The answer while the database cannot be used."""
    return JSONResponse({"error": "temporarily_unavailable"}, 503)


def plain_refusals(service: Service) -> Mapping[Any, Handler]:
    """Handlers that answer a refusal with its case, its text and the status that the service gives the case."""

    async def refused(request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        case = service.cases[refusal.case]
        return JSONResponse({"error": refusal.case, "message": refusal.detail or case.text}, case.status)

    return {Refusal: refused, StoreError: unavailable}
