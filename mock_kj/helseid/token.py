"""The token endpoint: a list of steps, then the grant, then the tokens (kj-api.md 5.3)."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_kj.errors import OAuthError
from mock_kj.helseid import claims
from mock_kj.helseid.authentication import Call, authenticate_client, read_form, spend_assertion
from mock_kj.helseid.claims import ATTEST
from mock_kj.helseid.grants import GRANTS, Grant, refresh_key
from mock_kj.helseid.issuer import Issuer

PATH = "/connect/token"


async def check_grant_type(call: Call) -> None:
    """The grant exists and the client may use it. Raises OAuthError."""
    grant = call.form.get("grant_type")
    if grant not in GRANTS:
        raise OAuthError("unsupported_grant_type", "grant_type is missing or not supported")
    if grant not in call.known_client.grants:
        raise OAuthError("unauthorized_client", "the client may not use this grant")


async def check_proof(call: Call) -> None:
    """A DPoP proof with a nonce, but for a client registered as a legacy Bearer one (5.6). Raises OAuthError."""
    call.proof = call.issuer.check_proof(call.proof_header, PATH, demand_nonce=True)
    if call.proof is None and (call.known_client.require_dpop or not call.issuer.settings.bearer_clients):
        raise OAuthError("invalid_request", "a DPoP proof is required")


STEPS = (authenticate_client, check_grant_type, check_proof, spend_assertion)


async def token(issuer: Issuer, request: Request) -> Response:
    """Answer a token request.

    Raises:
        OAuthError: the first step that fails.

    """
    call = Call(issuer, PATH)
    await read_form(call, request)
    for step in STEPS:
        await step(call)
    grant = await GRANTS[call.form["grant_type"]](call)
    return JSONResponse(await issue(call, grant), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def issue(call: Call, grant: Grant) -> dict[str, Any]:
    """The token response: access token, and where they belong id token, refresh token and rejected scopes.

    Raises:
        OAuthError: invalid_scope or invalid_target.

    """
    issuer, client = call.issuer, call.known_client
    granted, rejected = claims.split_scopes(grant.asked, client)
    targets = claims.audiences(granted, grant.resources)
    jkt = call.proof.thumbprint if call.proof is not None else None
    content: dict[str, Any] = {
        "aud": targets[0] if len(targets) == 1 else list(targets) or issuer.url,
        "scope": " ".join(granted),
        **claims.client_claims(client, grant.parent, grant.child),
        **(claims.identity(grant.user) if grant.user else {"sub": client.client_id}),
    }
    if grant.attest is not None and ATTEST in client.scopes:
        content[ATTEST] = grant.attest
    answer: dict[str, Any] = {
        "access_token": issuer.access_token(content, jkt=jkt),
        "token_type": "DPoP" if jkt else "Bearer",
        "expires_in": issuer.settings.access_token_seconds,
        "scope": " ".join(granted),
    }
    if rejected:
        answer["rejected_scope"] = " ".join(rejected)
    if grant.user is not None and "openid" in granted:
        answer["id_token"] = _id_token(issuer, client.client_id, grant)
    if grant.refreshable:
        answer["refresh_token"], answer["rt_expires_in"] = await _refresh_token(call, grant, granted, jkt)
    return answer


def _id_token(issuer: Issuer, client_id: str, grant: Grant) -> str:
    assert grant.user is not None
    now = int(issuer.clock.now())
    content = {
        "iss": issuer.url,
        "aud": client_id,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        **claims.identity(grant.user),
    }
    if grant.nonce is not None:
        content["nonce"] = grant.nonce
    return issuer.sign(content, "JWT")


async def _refresh_token(call: Call, grant: Grant, scopes: tuple[str, ...], jkt: str | None) -> tuple[str, int]:
    issuer, fresh = call.issuer, secrets.token_urlsafe(32)
    seconds = issuer.settings.refresh_token_seconds
    until = issuer.clock.milliseconds() + seconds * 1000
    body = {
        "client_id": call.known_client.client_id,
        "scopes": scopes,
        "user": grant.user,
        "jkt": jkt,
        "parent": grant.parent,
        "child": grant.child,
        "attest": grant.lasting_attest,
        "until": until,
    }
    await issuer.store.keep(refresh_key(fresh), orjson.dumps(body), until)
    return fresh, seconds
