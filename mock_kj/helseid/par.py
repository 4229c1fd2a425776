"""Pushed authorization requests (kj-api.md 5.10; RFC 9126, RFC 9101)."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_kj import jose
from mock_kj.errors import OAuthError, TokenError
from mock_kj.helseid import assertions, claims
from mock_kj.helseid.authentication import Call, authenticate_client, read_form, spend_assertion
from mock_kj.helseid.issuer import Issuer

PATH = "/connect/par"
PREFIX = "urn:ietf:params:oauth:request_uri:"
_KEPT = (
    "scope",
    "redirect_uri",
    "state",
    "nonce",
    "code_challenge",
    "dpop_jkt",
    "test_pid",
    "test_security_level",
    "test_hpr_number",
    "prompt",
    "acr_values",
    "login_hint",
)


async def check_proof(call: Call) -> None:
    """A proof at PAR binds the code to its key (RFC 9449 section 10.1); no nonce is demanded here."""
    call.proof = call.issuer.check_proof(call.proof_header, PATH, demand_nonce=False)


async def open_request_object(call: Call) -> None:
    """The signed `request` parameter, at most 60 s old; its claims replace the form's (RFC 9101).

    Raises:
        OAuthError: invalid_request_object.

    """
    raw = call.form.get("request")
    if raw is None:
        return
    issuer, settings = call.issuer, call.issuer.settings
    try:
        token = jose.parse(raw.encode())
        assertions.verify_signature(token, call.known_client)
    except (TokenError, OAuthError, UnicodeEncodeError) as error:
        raise OAuthError("invalid_request_object", "the request object is not signed by the client") from error
    now, expires = issuer.clock.now(), token.claims.get("exp")
    if (
        not isinstance(expires, int | float)
        or not now - settings.clock_skew_seconds < expires <= now + 60 + settings.clock_skew_seconds
    ):
        raise OAuthError("invalid_request_object", "the request object must run out within 60 seconds")
    if token.claims.get("iss") != call.known_client.client_id or token.claims.get("aud") not in (
        issuer.url,
        [issuer.url],
    ):
        raise OAuthError("invalid_request_object", "iss must be the client_id and aud the issuer")
    for name, value in token.claims.items():
        if isinstance(value, str):
            call.form[name] = value
        elif name in ("authorization_details", "assertion_details"):
            call.form["authorization_details"] = orjson.dumps(value).decode()


async def check_parameters(call: Call) -> None:
    """Code flow with PKCE S256 to a registered address (5.2).

    Raises:
        OAuthError: invalid_request, unsupported_response_type or invalid_scope.

    """
    form, client = call.form, call.known_client
    if "authorization_code" not in client.grants:
        raise OAuthError("unauthorized_client", "this client may not log users in")
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    if not redirect_allowed(form.get("redirect_uri", ""), client.redirect_uris):
        raise OAuthError("invalid_request", "redirect_uri is not registered for this client")
    if form.get("code_challenge_method") != "S256" or not re.fullmatch(
        r"[A-Za-z0-9_-]{43}", form.get("code_challenge", "")
    ):
        raise OAuthError("invalid_request", "PKCE with S256 is required")
    if not form.get("scope", "").split():
        raise OAuthError("invalid_scope", "scope is missing")
    claims.split_scopes(tuple(form["scope"].split()), client)
    if call.proof is not None and form.get("dpop_jkt", call.proof.thumbprint) != call.proof.thumbprint:
        raise OAuthError("invalid_dpop_proof", "dpop_jkt is not the key of the proof")


def redirect_allowed(uri: str, registered: tuple[str, ...]) -> bool:
    """Exact match; on the loopback the port is free (RFC 8252 section 7.3)."""
    if uri in registered:
        return True
    try:
        asked = urlsplit(uri)
        if (
            asked.scheme != "http"
            or asked.hostname not in ("127.0.0.1", "::1", "localhost")
            or asked.username
            or asked.fragment
        ):
            return False
        return any(
            (asked.hostname, asked.path, asked.query) == (r.hostname, r.path, r.query)
            for r in map(urlsplit, registered)
        )
    except ValueError:
        return False


STEPS = (authenticate_client, check_proof, open_request_object, check_parameters, spend_assertion)


async def par(issuer: Issuer, request: Request) -> Response:
    """Keep a checked authorization request and answer with its one-time name.

    Raises:
        OAuthError: the first step that fails.

    """
    call = Call(issuer, PATH)
    await read_form(call, request)
    for step in STEPS:
        await step(call)
    kept = {name: call.form[name] for name in _KEPT if name in call.form}
    if call.proof is not None:
        kept["dpop_jkt"] = call.proof.thumbprint
    items = [*_form_details(call.form), *claims.details_of(call.assertion, "assertion_details")]
    claims.read_details(items)
    body = {"client_id": call.known_client.client_id, "form": kept, "resources": call.resources, "details": items}
    name, seconds = secrets.token_urlsafe(24), issuer.settings.par_seconds
    await issuer.store.keep(f"par:{name}", orjson.dumps(body), issuer.clock.milliseconds() + seconds * 1000)
    return JSONResponse(
        {"request_uri": PREFIX + name, "expires_in": seconds}, status_code=201, headers={"Cache-Control": "no-store"}
    )


def _form_details(form: dict[str, str]) -> list[object]:
    raw = form.get("authorization_details")
    if raw is None:
        return []
    try:
        value = orjson.loads(raw)
    except ValueError as error:
        raise OAuthError("invalid_request", "authorization_details is not JSON") from error
    return value if isinstance(value, list) else [value]
