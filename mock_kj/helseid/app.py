"""The issuer's addresses as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_kj.api.refusals import unavailable
from mock_kj.errors import OAuthError, StoreError
from mock_kj.helseid import negative
from mock_kj.helseid.authorize import authorize
from mock_kj.helseid.discovery import NOT_SERVED, PATHS, document
from mock_kj.helseid.issuer import Issuer
from mock_kj.helseid.par import par
from mock_kj.helseid.token import token
from mock_kj.loopback import is_loopback

log = logging.getLogger("mock_kj.helseid")
Endpoint = Callable[[Request], Awaitable[Response]]
MAX_TEST_TOKEN_BYTES = 65536


def build(issuer: Issuer) -> Starlette:
    """All routes of the issuer, relative to its address."""

    def guarded(handler: Callable[[Issuer, Request], Awaitable[Response]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(issuer, request)
            except OAuthError as error:
                log.info("refused", extra={"path": request.url.path, "error": error.error, "why": error.description})
                body = {"error": error.error, "error_description": error.description}
                return JSONResponse(body, error.status, {"Cache-Control": "no-store", **error.headers})

        return endpoint

    async def discovery(request: Request) -> Response:
        return JSONResponse(document(issuer.url, issuer.keys.alg))

    async def jwks(request: Request) -> Response:
        return JSONResponse(issuer.keys.jwks())

    async def expired_jwks(request: Request) -> Response:
        return JSONResponse({"keys": []})

    async def available_idps(request: Request) -> Response:
        return JSONResponse([{"name": "testidp-oidc", "display_name": "Test identity provider (mock)"}])

    async def not_served(request: Request) -> Response:
        body = {"error": "not_implemented", "error_description": "this endpoint of HelseID is not part of the mock"}
        return JSONResponse(body, 501)

    async def test_token(issuer: Issuer, request: Request) -> Response:
        if not is_loopback(request.scope):
            return JSONResponse({"error": "access_denied", "error_description": "only from the loopback"}, 403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_TEST_TOKEN_BYTES:
                raise OAuthError("invalid_request", "the body is too large")
        return JSONResponse(negative.create(issuer, body), headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/connect/token", guarded(token), methods=["POST"]),
            Route("/connect/par", guarded(par), methods=["POST"]),
            Route("/connect/authorize", guarded(authorize)),
            Route("/.well-known/openid-configuration", discovery),
            Route("/.well-known/openid-configuration/jwks", jwks),
            Route("/connect/expiredjwks", expired_jwks),
            Route("/connect/availableidps", available_idps),
            Route("/v2/create-test-token-with-key", guarded(test_token), methods=["POST"]),
            *(Route(PATHS[name], not_served, methods=["GET", "POST"]) for name in NOT_SERVED),
        ],
        exception_handlers={StoreError: unavailable},
    )
