"""Signed tokens: the joserfc library behind a few small functions (RFC 7515, 7517, 7519, 7638).

`parse` takes a compact token apart without trusting it, `verify` checks its signature. They are apart so that a
caller can look at the header, fetch the key, and verify once; all mathematics is joserfc's and cryptography's.
`split` and `verifier` are their halves for a sender who repeats his header with every message: what a header and a
key decide is decided once, the signature every time.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from mock_kj.errors import TokenError

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
# base64url to base64; what only base64 has becomes a sign that the strict decoder refuses.
_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"===", b"==", b"=")
_ELLIPTIC = {name: ECDSA(algorithm()) for name, algorithm in (("ES256", SHA256), ("ES384", SHA384), ("ES512", SHA512))}
MAX_TOKEN_BYTES = 32768
PublicKey = ECKey | RSAKey
Verifier = Callable[[bytes, bytes], None]


class Compact(NamedTuple):
    """A token in its parts. Nothing in it is trusted before `verify`."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes


def _decode(part: bytes) -> bytes:
    """base64url without padding (RFC 7515 appendix C). Raises ValueError."""
    return a2b_base64(part.translate(_URL_SAFE) + _PADDING[len(part) % 4], strict_mode=True)


def split(token: bytes) -> tuple[bytes, dict[str, Any], bytes, bytes]:
    """Header as it stands, claims, signing input and signature of a compact JWS (RFC 7515 section 7.1).

    Raises:
        TokenError: it is too long, has not three parts, or the claims are no JSON object.

    """
    parts = token.split(b".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_BYTES:
        raise TokenError("not a compact signed token")
    header, payload, last = parts
    try:
        claims = orjson.loads(_decode(payload))
        signature = _decode(last)
    except ValueError as error:
        raise TokenError("a part of the token is not base64url of JSON") from error
    if type(claims) is not dict:
        raise TokenError("a part of the token is not a JSON object")
    return header, claims, token[: len(header) + len(payload) + 1], signature


def header_of(part: bytes) -> dict[str, Any]:
    """The decoded header of a compact JWS.

    Raises:
        TokenError: it is no base64url of a JSON object.

    """
    try:
        header = orjson.loads(_decode(part))
    except ValueError as error:
        raise TokenError("a part of the token is not base64url of JSON") from error
    if type(header) is not dict:
        raise TokenError("a part of the token is not a JSON object")
    return header


def parse(token: bytes) -> Compact:
    """Take a compact JWS apart. Raises TokenError as `split` and `header_of` do."""
    header, claims, signing_input, signature = split(token)
    return Compact(header_of(header), claims, signing_input, signature)


def public_key(jwk: object) -> PublicKey:
    """A public RSA or EC key from its JWK (RFC 7517).

    Raises:
        TokenError: it is no such key, too small, or holds private parts.

    """
    if not isinstance(jwk, dict):
        raise TokenError("the key is not a JSON object")
    if _PRIVATE & jwk.keys():
        raise TokenError("the key holds a private part")
    if jwk.get("kty") not in ("RSA", "EC"):
        raise TokenError("the key is neither RSA nor EC")
    try:
        key = import_key(jwk)
        if not isinstance(key, ECKey | RSAKey):
            raise TokenError("the key is neither RSA nor EC")
        size = key.public_key.key_size
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenError("the key cannot be read") from error
    if isinstance(key, RSAKey) and not 2048 <= size <= 8192:
        raise TokenError("the RSA key must have 2048 to 8192 bits")
    return key


def verify(token: Compact, key: PublicKey) -> None:
    """Check the signature with the algorithm of the header, asymmetric ones only.

    Raises:
        TokenError: algorithm not allowed, key of another kind, critical header unknown, or signature wrong.

    """
    verifier(token.header, key)(token.signing_input, token.signature)


def verifier(header: Mapping[str, Any], key: PublicKey) -> Verifier:
    """A check of signatures that a sender makes with this header and key; it raises TokenError for a wrong one.

    Raises:
        TokenError: algorithm not allowed, key of another kind, or critical header unknown.

    """
    alg = header.get("alg")
    if alg not in ASYMMETRIC:
        raise TokenError("the algorithm is not an allowed asymmetric one")
    if "crit" in header:
        raise TokenError("the token names critical header members that are not known")
    return _elliptic(key, alg) if isinstance(key, ECKey) else _other(key, alg)


def _other(key: PublicKey, alg: str) -> Verifier:
    algorithm = JWSRegistry.algorithms[alg]
    if algorithm.key_type != key.key_type:
        raise TokenError("the key does not fit the algorithm")

    def check(message: bytes, signature: bytes) -> None:
        try:
            good = algorithm.verify(message, signature, key)
        except (JoseError, ValueError) as error:
            raise TokenError("the signature cannot be checked") from error
        if not good:
            raise TokenError("the signature is wrong")

    return check


def _elliptic(key: ECKey, alg: str) -> Verifier:
    """ECDSA through `cryptography` itself: joserfc's own path costs a tenth more, and this one runs on every request."""
    public = key.public_key
    if _CURVES.get(alg) != _CURVE_NAMES.get(public.curve.name):
        raise TokenError("the key does not fit the algorithm")
    algorithm, half, verify_der = _ELLIPTIC[alg], (public.key_size + 7) // 8, public.verify
    whole = 2 * half

    def check(message: bytes, signature: bytes) -> None:
        if len(signature) != whole:
            raise TokenError("the signature is wrong")
        der = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
        try:
            verify_der(der, message, algorithm)
        except InvalidSignature as error:
            raise TokenError("the signature is wrong") from error

    return check


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: PublicKey) -> str:
    """A compact JWS over the claims; the header names the algorithm."""
    return jwt.encode(dict(header), dict(claims), key, algorithms=[header["alg"]])
