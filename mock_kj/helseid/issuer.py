"""What every endpoint of the issuer works with, and the tokens it signs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from mock_kj import dpop, jose
from mock_kj.clock import Clock
from mock_kj.errors import OAuthError, TokenError
from mock_kj.helseid import nonce
from mock_kj.helseid.clients import Clients
from mock_kj.helseid.keys import SigningKeys
from mock_kj.population import Population
from mock_kj.settings import Settings
from mock_kj.store.model import Store


@dataclass
class Issuer:
    """The issuer's parts. `url` is its name in tokens; clients find the endpoints below it."""

    url: str
    settings: Settings
    keys: SigningKeys
    clients: Clients
    store: Store
    population: Population
    clock: Clock
    proofs: dpop.Seen
    proof_keys: dpop.KeyCache = field(default_factory=dpop.KeyCache)

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        """A token of this issuer, signed with the current key."""
        key = self.keys.current
        return jose.sign({"alg": self.keys.alg, "kid": key.kid, "typ": typ}, claims, key)

    def access_token(self, claims: dict[str, Any], *, jkt: str | None, lifetime: int | None = None) -> str:
        """An access token (5.7): the given claims, the issuer's own, and `cnf` when it is bound to a key."""
        now = int(self.clock.now())
        seconds = self.settings.access_token_seconds if lifetime is None else lifetime
        full = {
            "iss": self.url,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": secrets.token_urlsafe(16),
            **claims,
        }
        if jkt is not None:
            full["cnf"] = {"jkt": jkt}
        return self.sign(full, "at+jwt")

    def check_proof(self, raw: bytes | None, path: str, *, demand_nonce: bool) -> dpop.Proof | None:
        """The DPoP proof of a request to the issuer; None without one.

        Raises:
            OAuthError: use_dpop_nonce with a fresh nonce (5.6), or invalid_dpop_proof.

        """
        if raw is None:
            return None
        now = self.clock.now()
        # A proof toward the issuer may be as old as its nonce, which bounds its age more sharply than iat.
        expected = dpop.Expected(
            "POST", (self.url + path,), self.settings.nonce_seconds, self.settings.clock_skew_seconds
        )
        try:
            proof = dpop.check(raw, expected, self.proof_keys, self.proofs, now)
        except TokenError as error:
            raise OAuthError("invalid_dpop_proof", str(error)) from error
        if demand_nonce and not nonce.is_good(proof.nonce, self.keys.nonce_key, now):
            fresh = nonce.issue(self.keys.nonce_key, now, self.settings.nonce_seconds)
            raise OAuthError(
                "use_dpop_nonce", "Authorization server requires nonce in DPoP proof", headers={"DPoP-Nonce": fresh}
            )
        return proof
