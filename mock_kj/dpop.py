"""The DPoP proof, at the issuer and at the API (kj-api.md 5.6; RFC 9449 section 4.3).

`check` is the whole validation from top to bottom. A proof is single-use: what is kept between requests is the key
that a header holds, never the outcome.
"""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple, Protocol

from mock_kj import jose
from mock_kj.errors import TokenError

TYPE = "dpop+jwt"


class Seen(Protocol):
    """What remembers the proofs of a window (replay.py)."""

    def first_time(self, value: str, now: float) -> bool:
        """Remember a value; False if it was seen within the window."""


class ProofKey(NamedTuple):
    """The key that a proof's header holds: its thumbprint (RFC 7638) and the check of its signatures."""

    thumbprint: str
    verify: jose.Verifier


class KeyCache:
    """Keys of proof headers by the header's own bytes; bounded, oldest out first."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._keys: dict[bytes, ProofKey] = {}

    def find(self, header_part: bytes) -> ProofKey:
        """The key of a proof's header; everything that the header must say is checked here.

        Raises:
            TokenError: it is no header of a proof, or holds no usable public key.

        """
        found = self._keys.get(header_part)
        if found is None:
            found = _key_of(header_part)
            if len(self._keys) >= self._limit:
                del self._keys[next(iter(self._keys))]
            self._keys[header_part] = found
        return found


def _key_of(header_part: bytes) -> ProofKey:
    header = jose.header_of(header_part)
    if header.get("typ") != TYPE:
        raise TokenError("typ must be dpop+jwt")
    if header.get("alg") not in jose.ASYMMETRIC:
        raise TokenError("alg must be an asymmetric algorithm")
    key = jose.public_key(header.get("jwk"))
    return ProofKey(key.thumbprint(), jose.verifier(header, key))


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


def check(raw: bytes, expected: Expected, keys: KeyCache, seen: Seen, now: float) -> Proof:
    """Validate one proof.

    Raises:
        TokenError: says which check failed.

    """
    header_part, claims, signing_input, signature = jose.split(raw)
    thumbprint, verify = keys.find(header_part)
    method, uris, lifetime, skew, fingerprint = expected
    told = claims.get
    jti = told("jti")
    if type(jti) is not str or not 1 <= len(jti) <= 256:
        raise TokenError("jti is missing")
    if told("htm") != method:
        raise TokenError("htm is not the method of the request")
    if told("htu") not in uris:
        raise TokenError("htu is not the address of the request")
    issued = told("iat")
    if type(issued) is not int and type(issued) is not float:
        raise TokenError("iat is missing")
    if issued > now + skew:
        raise TokenError("iat lies in the future")
    if issued < now - lifetime - skew:
        raise TokenError("the proof is too old")
    if fingerprint is not None and told("ath") != fingerprint:
        raise TokenError("ath is not the hash of the access token")
    verify(signing_input, signature)
    if not seen.first_time(f"{thumbprint}{jti}", now):
        raise TokenError("the proof was used before")
    nonce = told("nonce")
    return Proof(thumbprint, jti, nonce if type(nonce) is str else None)
