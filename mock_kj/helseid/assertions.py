"""Client authentication by private_key_jwt (kj-api.md 5.4; RFC 7523 section 3)."""

from __future__ import annotations

from typing import Any

from mock_kj import jose
from mock_kj.errors import OAuthError, TokenError
from mock_kj.helseid.clients import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TYPES = ("client-authentication+jwt", "JWT", "jwt", None)


def _no(description: str) -> OAuthError:
    return OAuthError("invalid_client", description, status=401)


def open_assertion(form: dict[str, str]) -> tuple[jose.Compact, str]:
    """The assertion of a request, unverified, and the client id that it claims.

    Raises:
        OAuthError: invalid_client; there is none, it is of another type, or its parts disagree on the client.

    """
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise _no("client authentication must be private_key_jwt")
    try:
        token = jose.parse(form["client_assertion"].encode())
    except (TokenError, UnicodeEncodeError) as error:
        raise _no(f"client_assertion: {error}") from error
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str) or token.claims.get("sub") != issuer:
        raise _no("client_assertion: iss and sub must both be the client_id")
    if form.get("client_id", issuer) != issuer:
        raise _no("client_id is not the one of the client_assertion")
    return token, issuer


def verify_signature(token: jose.Compact, client: Client) -> None:
    """The assertion is signed with one of the client's keys; `kid` picks it if given.

    Raises:
        OAuthError: invalid_client.

    """
    kid = token.header.get("kid")
    keys = client.keys()
    chosen = [k for k in keys if kid is None or k.kid is None or k.kid == kid]
    for key in chosen:
        try:
            jose.verify(token, key)
        except TokenError:
            continue
        return
    raise _no("client_assertion: the signature does not fit a key of the client")


def check_claims(
    token: jose.Compact, audiences: tuple[str, ...], now: float, *, longest: int, skew: int
) -> tuple[str, int]:
    """The assertion is meant for this issuer and for now; gives its `jti` and when it runs out.

    Raises:
        OAuthError: invalid_client, naming the claim.

    """
    claims = token.claims
    if token.header.get("typ") not in TYPES:
        raise _no("client_assertion: typ must be client-authentication+jwt")
    aud = claims.get("aud")
    if not any(a in audiences for a in (aud if isinstance(aud, list) else [aud])):
        raise _no("client_assertion: aud must be the issuer")
    times: dict[str, float] = {}
    for name in ("exp", "iat", "nbf"):
        value: Any = claims.get(name)
        if value is None and name != "exp":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _no(f"client_assertion: {name} is missing or no number")
        times[name] = value
    if times["exp"] <= now - skew:
        raise _no("client_assertion: has expired")
    if times["exp"] > now + longest + skew:
        raise _no(f"client_assertion: exp may be at most {longest} seconds ahead")
    if max(times.get("iat", now), times.get("nbf", now)) > now + skew:
        raise _no("client_assertion: is not valid yet")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise _no("client_assertion: jti is missing")
    return jti, int(times["exp"]) + skew
