"""Refusals of the views that are not FHIR: the citizen's and the operator's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_kj.api.service import Service
from mock_kj.errors import Refusal


def plain_refusals(service: Service) -> Callable[[Request, Exception], Awaitable[Response]]:
    """A handler that answers a refusal with its case, its text and the status that the service gives the case."""

    async def refused(request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        case = service.cases[refusal.case]
        return JSONResponse({"error": refusal.case, "message": refusal.detail or case.text}, case.status)

    return refused
