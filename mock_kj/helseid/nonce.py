"""The nonce that the token endpoint demands in a DPoP proof (kj-api.md 5.6; RFC 9449 section 8).

A nonce is a small signed token of its own, so any process can check one that another gave out.
"""

from __future__ import annotations

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey


def issue(key: OctKey, now: float, lifetime: int) -> str:
    """A nonce that is good for `lifetime` seconds."""
    return jwt.encode({"alg": "HS256"}, {"exp": int(now) + lifetime}, key, algorithms=["HS256"])


def is_good(nonce: str | None, key: OctKey, now: float) -> bool:
    """Whether this issuer gave the nonce out and it has not run out."""
    if not nonce or len(nonce) > 512:
        return False
    try:
        claims = jwt.decode(nonce, key, algorithms=["HS256"]).claims
    except (JoseError, ValueError):
        return False
    expires = claims.get("exp")
    return isinstance(expires, int) and expires >= now
