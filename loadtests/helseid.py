"""The life of a token at HelseID: got once, kept until it runs out, refreshed, bound to a key (kj-api.md chapter 5).

A session is one user's login, or the system's own. The first call of the token endpoint is answered with a nonce, and
is repeated with it; the nonce is kept for the next. Whoever needs the token while it is being fetched waits for the
same fetch. Every exchange with the issuer is told to ``observe``, so that it is counted as a request of its own.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gevent.lock import BoundedSemaphore
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from loadtests import dpop
from loadtests.errors import UserError
from loadtests.transport import Answer, Origin, Unanswered

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
USER_SCOPES = "openid profile offline_access helseid://scopes/hpr/hpr_number helseid://scopes/identity/pid"
EARLY = 15.0  # seconds before it runs out that a token is renewed
Clock = Callable[[], float]
# (operation, due, sent, done, error): one exchange with the issuer, in seconds of the run's clock
Observe = Callable[[str, float, float, float, str | None], None]


class Refused(Exception):  # noqa: N818 - an outcome that is counted
    """The issuer gave no token; ``kind`` names the reason for the error counts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(frozen=True)
class Client:
    """A registered client: what `mock-kj client` (or an operator) writes."""

    issuer: str
    api: str
    client_id: str
    private_jwk: dict[str, Any]
    scope: str
    redirect_uri: str
    professionals: tuple[dict[str, str], ...]
    dpop: bool

    @classmethod
    def of(cls, told: dict[str, Any], place: str) -> Client:
        """A client from its file.

        Raises:
            UserError: a member is missing, the key cannot be used or has expired.
        """
        try:
            client = cls(
                issuer=told["issuer"],
                api=told["api"],
                client_id=told["client_id"],
                private_jwk=told["private_jwk"],
                scope=told["scopes"][0],
                redirect_uri=told["redirect_uri"],
                professionals=tuple(told["professionals"]),
                dpop=told["audience"] != "nhn:kjernejournal",
            )
            expires = client.private_jwk.get("exp")
            client.key()
        except (KeyError, IndexError, TypeError, AttributeError, ValueError, JoseError) as error:
            raise UserError(
                f"klientfilen {place} kan ikke brukes: {error!r}", f"the client file {place} cannot be used: {error!r}"
            ) from error
        if isinstance(expires, int | float) and expires <= time.time():
            raise UserError(
                f"nøkkelen i klientfilen {place} er utløpt; registrer en ny",
                f"the key in the client file {place} has expired; register a new one",
            )
        return client

    def key(self) -> Key:
        """The private key."""
        kinds: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
        made: Key = kinds[self.private_jwk["kty"]].import_key(self.private_jwk)
        return made


class Issuer:
    """A HelseID as one client sees it: endpoints, client assertions, and the nonce in use."""

    def __init__(self, client: Client, origin: Origin, clock: Clock, observe: Observe) -> None:
        self.client, self.origin, self.clock, self.observe = client, origin, clock, observe
        self._path = urlsplit(client.issuer).path
        self._key = client.key()
        self._algorithm = client.private_jwk.get("alg", "ES256")
        self._nonce: str | None = None

    def assertion(self) -> str:
        """A client assertion, good once and for half a minute (RFC 7523; kj-api.md 5.4)."""
        now = int(time.time())
        me = self.client.client_id
        claims = {
            "iss": me,
            "sub": me,
            "aud": self.client.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 30,
        }
        header = {"alg": self._algorithm, "typ": "client-authentication+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=[self._algorithm])

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        form: dict[str, str] | None,
        key: dpop.Key | None,
        due: float | None = None,
        nonce: str | None = None,
        good: tuple[int, ...] = (200, 201, 302),
    ) -> Answer:
        """One exchange with the issuer, counted.

        Raises:
            Refused: no answer came, or one with an unexpected status.
        """
        headers = {"Accept": "application/json"}
        body = b""
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(
                {**form, "client_assertion_type": ASSERTION, "client_assertion": self.assertion()}
            ).encode()
        if key is not None:
            headers["DPoP"] = key.proof(method, self.origin.base + self._path + path, nonce=nonce)
        sent = self.clock()
        due = sent if due is None else due
        try:
            answer = self.origin.exchange(method, self._path + path, headers, body)
        except Unanswered as error:
            self.observe(operation, due, sent, self.clock(), error.kind)
            raise Refused(error.kind) from error
        done = self.clock()
        if answer.status not in good and not _wants_nonce(answer):
            kind = f"http-{answer.status}"
            self.observe(operation, due, sent, done, kind)
            raise Refused(kind)
        self.observe(operation, due, sent, done, None)
        return answer

    def token(self, operation: str, form: dict[str, str], key: dpop.Key | None) -> dict[str, Any]:
        """The token endpoint, with the nonce that it demands.

        Raises:
            Refused: it gave no token.
        """
        for _ in range(3):
            answer = self.send(operation, "POST", "/connect/token", form, key, nonce=self._nonce)
            if fresh := answer.headers.get("dpop-nonce"):
                self._nonce = fresh
            if answer.status == 200:
                told = json.loads(answer.body)
                if not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
                    raise Refused("no-token")
                if (told.get("token_type") == "DPoP") != (key is not None):
                    raise Refused("token-type")
                return told
        raise Refused("nonce-loop")


def _wants_nonce(answer: Answer) -> bool:
    return answer.status == 400 and b"use_dpop_nonce" in answer.body


class Session:
    """A token and how to renew it: of a user (``pid``) or of the system (None)."""

    def __init__(self, issuer: Issuer, pid: str | None = None, *, scope: str | None = None) -> None:
        self.issuer, self.pid = issuer, pid
        self.key = dpop.Key() if issuer.client.dpop else None
        self._scope = scope or issuer.client.scope
        self._token, self._hash, self._until = "", "", 0.0
        self._refresh: str | None = None
        self._busy = BoundedSemaphore(1)

    def authorize(self, method: str, address: str) -> dict[str, str]:
        """The headers that authorise one call; fetches or renews the token where it must.

        Raises:
            Refused: no token was to be had.
        """
        if time.monotonic() >= self._until:
            with self._busy:
                if time.monotonic() >= self._until:
                    self._renew()
        if self.key is None:
            return {"Authorization": f"Bearer {self._token}"}
        return {
            "Authorization": f"DPoP {self._token}",
            "DPoP": self.key.proof(method, address, ath=self._hash),
        }

    def login(self, due: float | None = None) -> None:
        """Log the user in: pushed request, authorize, code for token (kj-api.md 5.10).

        Raises:
            Refused: a step failed.
        """
        verifier = secrets.token_urlsafe(48)
        form = {
            "response_type": "code",
            "client_id": self.issuer.client.client_id,
            "redirect_uri": self.issuer.client.redirect_uri,
            "scope": f"{USER_SCOPES} {self._scope}",
            "state": secrets.token_urlsafe(9),
            "code_challenge": dpop.base64url(sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "test_pid": self.pid or "",
            "test_security_level": "4",
        }
        try:
            pushed = json.loads(self.issuer.send("par", "POST", "/connect/par", form, self.key, due).body)
            query = urlencode({"client_id": form["client_id"], "request_uri": pushed["request_uri"]})
            answer = self.issuer.send("authorize", "GET", f"/connect/authorize?{query}", None, None, good=(302, 303))
            told = parse_qs(urlsplit(answer.headers.get("location", "")).query)
            if told.get("state") != [form["state"]] or "code" not in told:
                raise Refused("no-code")
        except (ValueError, KeyError) as error:
            raise Refused("no-code") from error
        self._keep(
            self.issuer.token(
                "login",
                {
                    "grant_type": "authorization_code",
                    "code": told["code"][0],
                    "redirect_uri": form["redirect_uri"],
                    "code_verifier": verifier,
                },
                self.key,
            )
        )

    def _renew(self) -> None:
        if self.pid is None:
            form = {"grant_type": "client_credentials", "scope": self._scope}
            self._keep(self.issuer.token("token", form, self.key))
        elif self._refresh is not None:
            form = {"grant_type": "refresh_token", "refresh_token": self._refresh}
            try:
                self._keep(self.issuer.token("token", form, self.key))
            except Refused as error:
                if error.kind == "http-400":  # it has run out, or was used by an answer that was lost
                    self._refresh = None
                raise
        else:
            self.login()

    def _keep(self, told: dict[str, Any]) -> None:
        self._token = told["access_token"]
        self._hash = dpop.token_hash(self._token)
        life = float(told.get("expires_in", 60))
        self._until = time.monotonic() + max(life - EARLY, life / 2)
        self._refresh = told.get("refresh_token", self._refresh)
