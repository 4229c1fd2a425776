"""Who calls: access token and DPoP proof at the API (kj-api.md 3.4, 5.6, 5.7; RFC 9449 section 7).

A token that was verified is remembered until it runs out (its signature cannot change); a proof never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mock_kj import dpop, jose
from mock_kj.clock import Clock
from mock_kj.errors import Refusal, TokenError
from mock_kj.helseid import claims as names
from mock_kj.helseid.keys import SigningKeys
from mock_kj.settings import Settings

TYPES = ("at+jwt", "JWT", "application/at+jwt")


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """What a verified token says of its bearer. Each token has one, so it is told from others by identity."""

    claims: dict[str, Any]
    fingerprint: str
    expires: float
    not_before: float
    jkt: str | None
    audience: object
    scopes: frozenset[str]
    pid: str | None
    hpr_number: str | None
    security_level: int
    orgnr_parent: str | None
    orgnr_child: str | None

    @property
    def is_user(self) -> bool:
        """Whether a person logged in; an m2m token has no identity claims."""
        return self.pid is not None


class TokenCheck:
    """Verifies tokens of one issuer, and proofs for any address of this API."""

    def __init__(
        self, issuer: str, keys: SigningKeys, settings: Settings, clock: Clock, seen: dpop.Seen, limit: int = 20_000
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._limit = limit
        self._callers: dict[bytes, tuple[Caller, bool]] = {}
        self._generation = keys.generation
        self._proof_keys = dpop.KeyCache()
        self._proofs = seen

    def caller(self, authorization: bytes | None, proof: bytes | None, method: str, uris: tuple[str, ...]) -> Caller:
        """The caller of one request.

        Raises:
            Refusal: token-missing, token-invalid, proof-invalid or bearer-refused.

        """
        if authorization is None:
            raise Refusal("token-missing")
        if self._generation != self._keys.generation:  # a withdrawn key takes its tokens with it
            self._callers.clear()
            self._generation = self._keys.generation
        now, skew = self._clock.now(), self._settings.clock_skew_seconds
        known = self._callers.get(authorization)
        if known is None:
            known = self._open(authorization)
        caller, as_bearer = known
        if caller.expires <= now - skew:
            self._callers.pop(authorization, None)
            raise Refusal("token-invalid", "the access token has expired")
        if caller.not_before > now + skew:
            raise Refusal("token-invalid", "the access token is not valid yet")
        if as_bearer:
            self._bearer(caller, proof)
            return caller
        if proof is None:
            raise Refusal("proof-invalid", "the DPoP header is missing")
        if caller.jkt is None:
            raise Refusal("proof-invalid", "the access token is not bound to a key")
        expected = dpop.Expected(method, uris, self._settings.dpop_proof_seconds, skew, caller.fingerprint)
        try:
            shown = dpop.check(proof, expected, self._proof_keys, self._proofs, now)
        except TokenError as error:
            raise Refusal("proof-invalid", str(error)) from error
        if shown.thumbprint != caller.jkt:
            raise Refusal("proof-invalid", "the proof is made with another key than the token is bound to")
        return caller

    def _open(self, authorization: bytes) -> tuple[Caller, bool]:
        """A header that was not seen before: scheme and token, which is verified and remembered."""
        scheme, _, token = authorization.partition(b" ")
        kind, token = scheme.lower(), token.strip()
        if kind not in (b"dpop", b"bearer") or not token:
            raise Refusal("token-missing", "Authorization must be DPoP or Bearer with a token")
        known = self._verify(token), kind == b"bearer"
        if len(self._callers) >= self._limit:
            del self._callers[next(iter(self._callers))]
        self._callers[authorization] = known
        return known

    def _bearer(self, caller: Caller, proof: bytes | None) -> None:
        """A bound token may not be shown as Bearer (RFC 9449 section 7.2); plain ones are being phased out (B-AUTH)."""
        if caller.jkt is not None or proof is not None:
            raise Refusal("bearer-refused", "a DPoP-bound token must be presented with the DPoP scheme")
        if not self._settings.accept_bearer:
            raise Refusal("bearer-refused")

    def _verify(self, raw: bytes) -> Caller:
        try:
            token = jose.parse(raw)
            if token.header.get("typ") not in TYPES:
                raise TokenError("typ must be at+jwt")
            key = self._keys.find(token.header.get("kid"))
            if key is None or token.header.get("alg") != self._keys.alg:
                raise TokenError("the signing key is not one of the issuer's")
            jose.verify(token, key)
            return self._read(token.claims, dpop.token_hash(raw))
        except TokenError as error:
            raise Refusal("token-invalid", str(error)) from error

    def _read(self, told: dict[str, Any], fingerprint: str) -> Caller:
        if told.get("iss") != self._issuer:
            raise TokenError("iss is another issuer")
        expires, begins = told.get("exp"), told.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(begins, int | float):
            raise TokenError("exp is missing")
        confirmation = told.get("cnf")
        jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
        level = told.get(names.SECURITY_LEVEL, "0")
        scope = told.get("scope", "")
        return Caller(
            claims=told,
            fingerprint=fingerprint,
            expires=expires,
            not_before=begins,
            jkt=jkt if isinstance(jkt, str) else None,
            audience=told.get("aud"),
            scopes=frozenset(scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else ()),
            pid=told.get(names.PID),
            hpr_number=told.get(names.HPR_NUMBER),
            security_level=int(level) if str(level) in ("2", "3", "4") else 0,
            orgnr_parent=told.get(names.ORGNR_PARENT),
            orgnr_child=told.get(names.ORGNR_CHILD),
        )
