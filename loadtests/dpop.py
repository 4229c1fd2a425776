"""A DPoP key and its proofs (RFC 9449): a fresh ES256 proof for every call, bound to method, address and token."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_ALGORITHM = ec.ECDSA(hashes.SHA256())


def base64url(raw: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def token_hash(token: str) -> str:
    """The ``ath`` of an access token (RFC 9449 section 4.2)."""
    return base64url(hashlib.sha256(token.encode("ascii")).digest())


class Key:
    """An EC P-256 key of a client, made in memory and never kept."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        point = self._private.public_key().public_numbers()
        jwk: dict[str, Any] = {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url(point.x.to_bytes(32)),
            "y": base64url(point.y.to_bytes(32)),
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        self._header = base64url(json.dumps(header, separators=(",", ":")).encode()) + "."
        self._run, self._serial = secrets.token_urlsafe(9), 0

    def proof(self, method: str, address: str, *, ath: str | None = None, nonce: str | None = None) -> str:
        """A proof for one call; ``address`` is without its query (section 4.2), ``ath`` the hash of the token."""
        self._serial += 1
        claims = f'{{"jti":"{self._run}{self._serial}","htm":"{method}","htu":"{address}","iat":{int(time.time())}'
        if ath is not None:
            claims += f',"ath":"{ath}"'
        if nonce is not None:
            claims += f',"nonce":{json.dumps(nonce)}'
        message = self._header + base64url(f"{claims}}}".encode())
        r, s = decode_dss_signature(self._private.sign(message.encode("ascii"), _ALGORITHM))
        return f"{message}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"
