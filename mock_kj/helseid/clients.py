"""Clients of the issuer: who may ask for what, in which organisation (kj-api.md 5.2, 5.5)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from mock_kj.errors import TokenError, UsageError
from mock_kj.jose import PublicKey, public_key

CURRENT_SCOPE, CURRENT_AUDIENCE = "nhn:critical-information/api", "nhn:critical-information"
LEGACY_SCOPE, LEGACY_AUDIENCE = "nhn:kjernejournal/api", "nhn:kjernejournal"
CITIZEN_SCOPE, CITIZEN_AUDIENCE = "mock-kj:citizen/api", "mock-kj:citizen"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANTS = ("client_credentials", "authorization_code", "refresh_token", TOKEN_EXCHANGE)
IDENTITY_SCOPES = (
    "openid",
    "profile",
    "offline_access",
    "helseid://scopes/identity/pid",
    "helseid://scopes/identity/security_level",
    "helseid://scopes/identity/assurance_level",
    "helseid://scopes/hpr/hpr_number",
    "helseid://scopes/client/info",
    "helseid://scopes/client/client_name",
    "nhn:tillitsrammeverk:parameters",
)
TENANCIES = ("single-tenant", "multi-tenant", "none")


@dataclass(frozen=True)
class Client:
    """One registered client. `organisations` are the (parent, child) pairs that it may act for (the white list).

    A single-tenant client acts for its first pair when it names none; a multi-tenant one must name it.
    """

    client_id: str
    jwks: dict[str, Any]
    name: str = "test client"
    scopes: tuple[str, ...] = (CURRENT_SCOPE, *IDENTITY_SCOPES)
    redirect_uris: tuple[str, ...] = ("http://127.0.0.1/callback",)
    grants: tuple[str, ...] = GRANTS
    tenancy: str = "single-tenant"
    organisations: tuple[tuple[str, str], ...] = ()
    require_dpop: bool = True

    def keys(self) -> list[PublicKey]:
        """The client's public keys.

        Raises:
            TokenError: one cannot be read.

        """
        return [public_key(jwk) for jwk in self.jwks["keys"]]


def client_from(data: object, place: str) -> Client:
    """A client from its JSON.

    Raises:
        UsageError: a member is missing, unknown or of the wrong kind; names it.

    """
    if not isinstance(data, dict):
        raise UsageError(place, "must be an object")
    known = {f.name for f in fields(Client)}
    for name in data:
        if name not in known:
            raise UsageError(f"{place}.{name}", f"is not known; a client has {', '.join(sorted(known))}")
    for name in ("client_id", "jwks"):
        if name not in data:
            raise UsageError(f"{place}.{name}", "is missing")
    clean: dict[str, Any] = dict(data)
    for name in ("scopes", "redirect_uris", "grants"):
        if name in clean:
            if not isinstance(clean[name], list) or not all(isinstance(v, str) for v in clean[name]):
                raise UsageError(f"{place}.{name}", "must be a list of texts")
            clean[name] = tuple(clean[name])
    pairs = clean.get("organisations", [])
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise UsageError(f"{place}.organisations", "must be a list of [parent, child] pairs")
    clean["organisations"] = tuple((str(p[0]), str(p[1])) for p in pairs)
    if clean.get("tenancy", "none") not in TENANCIES:
        raise UsageError(f"{place}.tenancy", f"must be one of {', '.join(TENANCIES)}")
    if not isinstance(clean["jwks"], dict) or not isinstance(clean["jwks"].get("keys"), list):
        raise UsageError(f"{place}.jwks", "must be a JWK set with `keys`")
    client = Client(**clean)
    try:
        client.keys()
    except TokenError as error:
        raise UsageError(f"{place}.jwks", str(error)) from error
    return client


class Clients:
    """The client file of a data folder; read again when it has changed, so that a running issuer knows new ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] = (-1, -1)
        self._clients: dict[str, Client] = {}
        self.reload()

    def reload(self) -> None:
        """Read the file if it is another than before.

        Raises:
            UsageError: it is no client file.

        """
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        if (stat.st_mtime_ns, stat.st_size) == self._seen:
            return
        try:
            data = orjson.loads(self._path.read_bytes())
        except ValueError as error:
            raise UsageError(str(self._path), f"is not JSON: {error}") from error
        if not isinstance(data, list):
            raise UsageError(str(self._path), "must be a list of clients")
        clients = [client_from(item, f"{self._path}[{i}]") for i, item in enumerate(data)]
        self._clients = {c.client_id: c for c in clients}
        self._seen = (stat.st_mtime_ns, stat.st_size)

    def find(self, client_id: str) -> Client | None:
        """The client with this id."""
        if client_id not in self._clients:
            self.reload()
        return self._clients.get(client_id)

    def add(self, client: Client) -> None:
        """Register a client in the file, replacing one of the same id; the file is replaced in one step."""
        self.reload()
        self._clients[client.client_id] = client
        draft = self._path.with_suffix(f".{os.getpid()}.new")
        draft.write_bytes(orjson.dumps([asdict(c) for c in self._clients.values()], option=orjson.OPT_INDENT_2))
        draft.replace(self._path)
