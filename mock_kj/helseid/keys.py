"""The issuer's signing keys: made at first start, kept in the data folder, rotated on request (kj-api.md 5.1)."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, OctKey, RSAKey, import_key

from mock_kj.errors import UsageError
from mock_kj.jose import PublicKey

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def generate(alg: str) -> PublicKey:
    """A new key pair that fits the algorithm; RSA keys have 3072 bits as HelseID's."""
    if alg in _CURVES:
        return ECKey.generate_key(_CURVES[alg], auto_kid=True)
    return RSAKey.generate_key(3072, auto_kid=True)


def certificate(key: PublicKey, subject: str) -> bytes:
    """A self-signed certificate (DER) for the JWKS member x5c; it says that it belongs to a mock."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    private: Any = key.private_key
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=825))
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


class SigningKeys:
    """The current key, those retired but still published, and the secret behind nonces."""

    def __init__(self, alg: str, current: PublicKey, retired: tuple[PublicKey, ...], nonce_key: OctKey) -> None:
        self.alg = alg
        self.current = current
        self.retired = retired
        self.nonce_key = nonce_key
        self.generation = 0
        self.path: Path | None = None
        self._written = 0
        self._published: dict[str, Any] | None = None

    @staticmethod
    def create(alg: str) -> SigningKeys:
        """Fresh keys."""
        return SigningKeys(alg, generate(alg), (), OctKey.generate_key(256))

    @staticmethod
    def load(path: Path, alg: str) -> SigningKeys:
        """The keys of a data folder; made on first use, in a file that only its owner can read.

        Raises:
            UsageError: the file is there but holds no keys.

        """
        keys = SigningKeys._read(path, alg) if path.exists() else None
        if keys is None:
            keys = SigningKeys.create(alg)
            keys._save(path)
        return keys

    @staticmethod
    def _read(path: Path, alg: str) -> SigningKeys | None:
        """The keys of a file, or None if they are for another algorithm. Raises UsageError."""
        try:
            written, data = path.stat().st_mtime_ns, orjson.loads(path.read_bytes())
            if data["alg"] != alg:
                return None
            kept = [_private(k) for k in data["keys"]]
            keys = SigningKeys(alg, kept[0], tuple(kept[1:]), OctKey.import_key(data["nonce_key"]))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise UsageError(str(path), "is not a key file of this mock; remove it to have a new one") from error
        keys.path, keys._written = path, written
        return keys

    def refresh(self) -> bool:
        """Take over the keys that another process of this server has rotated; says whether there were any."""
        if self.path is None:
            return False
        try:
            if self.path.stat().st_mtime_ns == self._written:
                return False
            fresh = SigningKeys._read(self.path, self.alg)
        except (OSError, UsageError):  # somebody put another file there; these keys are as good as before
            return False
        if fresh is None:
            return False
        self.current, self.retired, self._written = fresh.current, fresh.retired, fresh._written
        self._changed()
        return True

    def _changed(self) -> None:
        self.generation += 1
        self._published = None

    def _save(self, path: Path) -> None:
        """Write the keys, replacing the file in one step."""
        data = {
            "alg": self.alg,
            "keys": [k.as_dict(private=True) for k in (self.current, *self.retired)],
            "nonce_key": self.nonce_key.as_dict(private=True),
        }
        draft = path.with_suffix(f".{os.getpid()}.new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(data))
        self.path, self._written = path, draft.stat().st_mtime_ns
        draft.replace(path)

    def rotate(self) -> None:
        """Sign with a new key from now on; tokens signed with the last one stay good while it is published."""
        self.refresh()
        self.retired = (self.current, *self.retired)[:2]
        self.current = generate(self.alg)
        self._changed()
        if self.path is not None:
            self._save(self.path)

    def find(self, kid: object) -> PublicKey | None:
        """The published key with this id; one that another process has just made is found, too."""
        found = next((k for k in (self.current, *self.retired) if k.kid == kid), None)
        return self.find(kid) if found is None and self.refresh() else found

    def jwks(self) -> dict[str, Any]:
        """The public keys with `use`, `alg` and one x5c each."""
        self.refresh()
        if self._published is None:
            self._published = {"keys": [self._publish(k) for k in (self.current, *self.retired)]}
        return self._published

    def _publish(self, key: PublicKey) -> dict[str, Any]:
        der = certificate(key, "mock-kj test issuer (not HelseID)")
        return {**key.as_dict(private=False), "use": "sig", "alg": self.alg, "x5c": [base64.b64encode(der).decode()]}


def _private(data: dict[str, Any]) -> PublicKey:
    key = import_key(data)
    if not isinstance(key, ECKey | RSAKey):
        raise TypeError("neither RSA nor EC")
    return key
