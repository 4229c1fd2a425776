"""The DPoP proof, at the issuer and at the API (kj-api.md 5.6; RFC 9449 section 4.3).

`check` is the whole validation from top to bottom. A proof is single-use, so only the key of its header is kept
between requests, never the outcome.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

from mock_kj import jose
from mock_kj.errors import TokenError

TYPE = "dpop+jwt"


class ReplayCache:
    """Values seen within a window, in two generations, so that forgetting costs nothing."""

    def __init__(self, window: float, limit: int = 2_000_000) -> None:
        self._window = window
        self._limit = limit
        self._since = 0.0
        self._new: set[str] = set()
        self._old: set[str] = set()

    def first_time(self, value: str, now: float) -> bool:
        """Remember a value; False if it was seen within the window."""
        if now - self._since > self._window or len(self._new) >= self._limit:
            self._old = self._new if now - self._since <= 2 * self._window else set()
            self._new, self._since = set(), now
        if value in self._new or value in self._old:
            return False
        self._new.add(value)
        return True


class KeyCache:
    """Keys of proof headers by the header's own bytes; bounded, oldest out first."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._keys: dict[bytes, tuple[jose.PublicKey, str]] = {}
        self.headers: dict[bytes, dict[str, Any]] = {}

    def key(self, proof: jose.Compact) -> tuple[jose.PublicKey, str]:
        """The public key of a proof and its thumbprint (RFC 7638).

        Raises:
            TokenError: the header holds no usable public key.

        """
        found = self._keys.get(proof.header_part)
        if found is None:
            key = jose.public_key(proof.header.get("jwk"))
            found = (key, key.thumbprint())
            if len(self._keys) >= self._limit:
                oldest = next(iter(self._keys))
                del self._keys[oldest], self.headers[oldest]
            self._keys[proof.header_part], self.headers[proof.header_part] = found, proof.header
        return found


class Expected(NamedTuple):
    """What a proof must say: method, address without query, token hash, how old it may be."""

    method: str
    uris: tuple[str, ...]
    lifetime: float
    skew: float
    token_hash: str | None = None


class Proof(NamedTuple):
    """A proof that passed: the thumbprint of its key, its id, and the nonce that it names."""

    thumbprint: str
    jti: str
    nonce: str | None


def token_hash(token: bytes) -> str:
    """The `ath` of an access token: base64url of its SHA-256 (RFC 9449 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token).digest()).rstrip(b"=").decode()


def check(raw: bytes, expected: Expected, keys: KeyCache, seen: ReplayCache, now: float) -> Proof:
    """Validate one proof.

    Raises:
        TokenError: says which check failed.

    """
    proof = jose.parse(raw, keys.headers)
    header, claims = proof.header, proof.claims
    if header.get("typ") != TYPE:
        raise TokenError("typ must be dpop+jwt")
    if header.get("alg") not in jose.ASYMMETRIC:
        raise TokenError("alg must be an asymmetric algorithm")
    key, thumbprint = keys.key(proof)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise TokenError("jti is missing")
    if claims.get("htm") != expected.method:
        raise TokenError("htm is not the method of the request")
    if claims.get("htu") not in expected.uris:
        raise TokenError("htu is not the address of the request")
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise TokenError("iat is missing")
    if issued > now + expected.skew:
        raise TokenError("iat lies in the future")
    if issued < now - expected.lifetime - expected.skew:
        raise TokenError("the proof is too old")
    if expected.token_hash is not None and claims.get("ath") != expected.token_hash:
        raise TokenError("ath is not the hash of the access token")
    jose.verify(proof, key)
    if not seen.first_time(f"{thumbprint}{jti}", now):
        raise TokenError("the proof was used before")
    nonce = claims.get("nonce")
    return Proof(thumbprint, jti, nonce if isinstance(nonce, str) else None)
