"""`mock-kj client`: a registered client with its private key, and persons for every privacy case."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from mock_kj import listing
from mock_kj.errors import UsageError
from mock_kj.helseid import keys
from mock_kj.helseid.clients import (
    CITIZEN_AUDIENCE,
    CITIZEN_SCOPE,
    CURRENT_AUDIENCE,
    CURRENT_SCOPE,
    IDENTITY_SCOPES,
    LEGACY_AUDIENCE,
    LEGACY_SCOPE,
    Client,
    Clients,
)
from mock_kj.jose import ASYMMETRIC
from mock_kj.server import population_from

REDIRECT_URI = "http://127.0.0.1/callback"


def create(
    data: Path,
    out: Path,
    *,
    client_id: str | None = None,
    alg: str = "ES256",
    tenancy: str = "single-tenant",
    legacy: bool = False,
    places: Path | None = None,
) -> dict[str, Any]:
    """Register a client with the server of a data folder, running or not, and write the client's own file.

    Raises:
        UsageError: no server has run with that folder, or an argument cannot be used.

    """
    if alg not in ASYMMETRIC:
        raise UsageError("--alg", f"must be one of {', '.join(ASYMMETRIC)}")
    try:
        told = json.loads((data / "ready.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"--data {data}", "no server has run here yet; start `mock-kj serve` first") from error
    population = population_from(told["population"], places)
    key = keys.generate(alg)
    name = client_id or f"test-{secrets.token_hex(6)}"
    scope, audience = (LEGACY_SCOPE, LEGACY_AUDIENCE) if legacy else (CURRENT_SCOPE, CURRENT_AUDIENCE)
    scopes = (scope, *IDENTITY_SCOPES)
    pairs = tuple((o.parent, o.child) for o in population.organisations)
    public = {**key.as_dict(private=False), "alg": alg, "use": "sig"}
    client = Client(
        name,
        {"keys": [public]},
        scopes=(*scopes, CITIZEN_SCOPE),
        redirect_uris=(REDIRECT_URI,),
        tenancy=tenancy,
        organisations=pairs,
        require_dpop=not legacy,
    )
    content = {
        "issuer": told["issuer"],
        "api": told["legacy"] if legacy else told["api"],
        "client_id": name,
        "private_jwk": {**key.as_dict(private=True), "alg": alg},
        "scopes": list(scopes),
        "audience": audience,
        "citizen": {"api": told["citizen"], "scope": CITIZEN_SCOPE, "audience": CITIZEN_AUDIENCE},
        "redirect_uri": REDIRECT_URI,
        "organisations": [{"name": o.name, "parent": o.parent, "child": o.child} for o in population.organisations],
        "professionals": [
            {"test_pid": p.nin, "hpr_number": p.hpr_number, "role": p.role, "name": p.name}
            for p in map(population.professional_at, range(min(5, population.professionals)))
        ],
        "patients": listing.examples(population),
        "blocks": {
            case: sorted(population.privacy(index).blocked)
            for case, index in population.examples.items()
            if population.privacy(index).blocked
        },
    }
    draft = out.with_name(f"{out.name}.{os.getpid()}.new")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, ensure_ascii=False)
            file.write("\n")
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"--out {out}", f"cannot be written: {error.strerror}") from error
    Clients(data / "clients.json").add(client)  # last, so that nobody is registered whose key was lost
    return content
