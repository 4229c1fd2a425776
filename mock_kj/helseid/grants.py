"""The four grants: each turns a checked token request into what the token shall say (kj-api.md 5.3)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from mock_kj import jose
from mock_kj.errors import OAuthError, TokenError
from mock_kj.helseid import claims
from mock_kj.helseid.authentication import Call
from mock_kj.helseid.claims import User
from mock_kj.helseid.clients import TOKEN_EXCHANGE


@dataclass
class Grant:
    """What is granted. `lasting_attest` came in the request object and goes into every token of the login (5.11)."""

    asked: tuple[str, ...]
    user: User | None = None
    jkt: str | None = None
    parent: str | None = None
    child: str | None = None
    attest: dict[str, Any] | None = None
    lasting_attest: dict[str, Any] | None = None
    nonce: str | None = None
    refreshable: bool = False
    resources: tuple[str, ...] = field(default_factory=tuple)


def _asked(call: Call, default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.form.get("scope", "").split())) or default


def _own_details(call: Call) -> claims.Details:
    return claims.read_details(claims.details_of(call.assertion, "assertion_details"))


async def client_credentials(call: Call) -> Grant:
    """A machine-to-machine token: no identity claims (5.7)."""
    client, details = call.known_client, _own_details(call)
    default = tuple(s for s in client.scopes if s.startswith(("nhn:", "mock-kj:")) and s.endswith("/api"))
    parent, child = claims.organisation(client, details)
    asked = tuple(s for s in _asked(call, default) if s not in ("openid", "profile", "offline_access"))
    return Grant(asked, parent=parent, child=child, attest=details.attest, resources=call.resources)


async def authorization_code(call: Call) -> Grant:
    """A user's token for the code of a login, with its PKCE verifier (RFC 7636) and its key (RFC 9449 section 10)."""
    raw = await call.issuer.store.take(f"code:{call.form.get('code', '')}")
    if raw is None:
        raise OAuthError("invalid_grant", "the code is unknown, used or has run out")
    kept = orjson.loads(raw)
    form = kept["form"]
    if kept["client_id"] != call.known_client.client_id:
        raise OAuthError("invalid_grant", "the code was given to another client")
    if call.form.get("redirect_uri") != form["redirect_uri"]:
        raise OAuthError("invalid_grant", "redirect_uri is not the one of the login")
    verifier = call.form.get("code_verifier", "")
    digest = hashlib.sha256(verifier.encode()).digest()
    if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier) or _b64(digest) != form["code_challenge"]:
        raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge")
    bound = form.get("dpop_jkt")
    if bound is not None and (call.proof is None or call.proof.thumbprint != bound):
        raise OAuthError("invalid_grant", "the code is bound to another key")
    pushed, own = claims.read_details(kept["details"]), _own_details(call)
    if pushed.attest is not None and own.attest is not None:
        raise OAuthError("invalid_request", "HID-DOUBLE-STRUCTURE: the attest was sent twice")
    named = own if own.child or own.parent else pushed
    parent, child = claims.organisation(call.known_client, named)
    asked = tuple(form["scope"].split())
    return Grant(
        asked,
        User(**kept["user"]),
        bound,
        parent,
        child,
        own.attest or pushed.attest,
        pushed.attest,
        form.get("nonce"),
        "offline_access" in asked,
        call.resources or tuple(kept["resources"]),
    )


async def refresh_token(call: Call) -> Grant:
    """A further token of the same login; scope may be narrowed, the organisation may change within the white list."""
    token = call.form.get("refresh_token", "")
    key = refresh_key(token)
    raw = await call.issuer.store.take(key)
    if raw is None:
        raise OAuthError("invalid_grant", "the refresh token is unknown, used or has run out")
    kept = orjson.loads(raw)
    until = kept["until"]
    try:
        if kept["client_id"] != call.known_client.client_id:
            raise OAuthError("invalid_grant", "the refresh token was given to another client")
        if kept["jkt"] is not None and (call.proof is None or call.proof.thumbprint != kept["jkt"]):
            raise OAuthError("invalid_grant", "the refresh token is bound to another key")
        before = tuple(kept["scopes"])
        asked = _asked(call, before)
        if not set(asked) <= set(before):
            raise OAuthError("invalid_scope", "a refresh cannot widen the scope")
        own = _own_details(call)
        if own.attest is not None and kept["attest"] is not None:
            raise OAuthError("invalid_request", "HID-DOUBLE-STRUCTURE: the attest was sent twice")
        parent, child = kept["parent"], kept["child"]
        if own.child or own.parent:
            parent, child = claims.organisation(call.known_client, own)
    except OAuthError:
        await call.issuer.store.keep(key, raw, until)  # a failed attempt does not use it up
        raise
    if not call.issuer.settings.rotate_refresh_tokens:
        await call.issuer.store.keep(key, raw, until)
    user = User(**kept["user"]) if kept["user"] else None
    rotate = call.issuer.settings.rotate_refresh_tokens
    return Grant(
        asked,
        user,
        kept["jkt"],
        parent,
        child,
        own.attest or kept["attest"],
        kept["attest"],
        None,
        rotate,
        call.resources,
    )


async def token_exchange(call: Call) -> Grant:
    """A token for another audience on behalf of the same user (RFC 8693; B-AUTH: one audience per token)."""
    form, issuer = call.form, call.issuer
    if form.get("subject_token_type") != "urn:ietf:params:oauth:token-type:access_token":
        raise OAuthError("invalid_request", "subject_token_type must be access_token")
    try:
        subject = jose.parse(form.get("subject_token", "").encode())
        key = issuer.keys.find(subject.header.get("kid"))
        if key is None:
            raise TokenError("the key is not known")
        jose.verify(subject, key)
    except (TokenError, UnicodeEncodeError) as error:
        raise OAuthError("invalid_grant", "subject_token is not a token of this issuer") from error
    told = subject.claims
    if (
        told.get("exp", 0) <= issuer.clock.now()
        or told.get("iss") != issuer.url
        or subject.header.get("typ") != "at+jwt"
    ):
        raise OAuthError("invalid_grant", "subject_token has run out or is no access token")
    user = None
    if claims.PID in told:
        user = User(
            told[claims.PID],
            told["name"],
            told.get(claims.HPR_NUMBER),
            told[claims.SECURITY_LEVEL],
            told["auth_time"],
            told["sid"],
        )
    own = _own_details(call)
    parent, child = told.get(claims.ORGNR_PARENT), told.get(claims.ORGNR_CHILD)
    if own.child or own.parent:
        parent, child = claims.organisation(call.known_client, own)
    attest = own.attest or told.get(claims.ATTEST)
    scopes = _asked(call, tuple(told.get("scope", "").split()))
    return Grant(scopes, user, None, parent, child, attest, None, None, False, call.resources)


GRANTS: dict[str, Callable[[Call], Awaitable[Grant]]] = {
    "client_credentials": client_credentials,
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    TOKEN_EXCHANGE: token_exchange,
}


def refresh_key(token: str) -> str:
    """The name under which a refresh token's grant is held; the token itself is not stored."""
    return f"refresh:{hashlib.sha256(token.encode()).hexdigest()}"


def _b64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
