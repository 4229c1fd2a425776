"""Signed tokens: the joserfc library behind four small functions (RFC 7515, 7517, 7519, 7638).

`parse` takes a compact token apart without trusting it, `verify` checks its signature. They are apart so that a
caller can look at the header, fetch the key, and verify once; all mathematics is joserfc's and cryptography's.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping
from types import MappingProxyType
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
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ELLIPTIC = {name: ECDSA(algorithm()) for name, algorithm in (("ES256", SHA256), ("ES384", SHA384), ("ES512", SHA512))}
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MAX_TOKEN_BYTES = 32768
PublicKey = ECKey | RSAKey


class Compact(NamedTuple):
    """A token in its parts. Nothing in it is trusted before `verify`."""

    header: dict[str, Any]
    claims: dict[str, Any]
    header_part: bytes
    signing_input: bytes
    signature: bytes


def _decode(part: bytes) -> bytes:
    """base64url without padding (RFC 7515 appendix C); the alphabet was checked before."""
    return a2b_base64(part.translate(_URL_SAFE) + b"==")


def parse(token: bytes, known: Mapping[bytes, dict[str, Any]] = MappingProxyType({})) -> Compact:
    """Take a compact JWS apart (RFC 7515 section 7.1).

    `known` holds headers that were decoded before, by their encoded form; a client repeats its header with every proof.

    Raises:
        TokenError: it is too long, has not three parts, or a part is no JSON object.

    """
    if len(token) > MAX_TOKEN_BYTES or token.translate(None, _ALPHABET) != b"..":
        raise TokenError("not a compact signed token")
    signing_input, _, signature = token.rpartition(b".")
    header_part, _, payload = signing_input.partition(b".")
    try:
        header = known.get(header_part)
        if header is None:
            header = orjson.loads(_decode(header_part))
        claims = orjson.loads(_decode(payload))
        raw = _decode(signature)
    except ValueError as error:
        raise TokenError("a part of the token is not base64url of JSON") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenError("a part of the token is not a JSON object")
    return Compact(header, claims, header_part, signing_input, raw)


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
    alg = token.header.get("alg")
    if alg not in ASYMMETRIC:
        raise TokenError("the algorithm is not an allowed asymmetric one")
    if "crit" in token.header:
        raise TokenError("the token names critical header members that are not known")
    if isinstance(key, ECKey):
        _verify_elliptic(token, key, alg)
        return
    algorithm = JWSRegistry.algorithms[alg]
    if algorithm.key_type != key.key_type:
        raise TokenError("the key does not fit the algorithm")
    try:
        good = algorithm.verify(token.signing_input, token.signature, key)
    except (JoseError, ValueError) as error:
        raise TokenError("the signature cannot be checked") from error
    if not good:
        raise TokenError("the signature is wrong")


def _verify_elliptic(token: Compact, key: ECKey, alg: str) -> None:
    """ECDSA through `cryptography` itself: joserfc's own path costs a tenth more, and this one runs on every request.

    Raises:
        TokenError: key of another curve, or signature wrong.

    """
    public = key.public_key
    if _CURVES.get(alg) != _CURVE_NAMES.get(public.curve.name):
        raise TokenError("the key does not fit the algorithm")
    half = (public.key_size + 7) // 8
    if len(token.signature) != 2 * half:
        raise TokenError("the signature is wrong")
    r, s = int.from_bytes(token.signature[:half], "big"), int.from_bytes(token.signature[half:], "big")
    try:
        public.verify(encode_dss_signature(r, s), token.signing_input, _ELLIPTIC[alg])
    except InvalidSignature as error:
        raise TokenError("the signature is wrong") from error


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: PublicKey) -> str:
    """A compact JWS over the claims; the header names the algorithm."""
    return jwt.encode(dict(header), dict(claims), key, algorithms=[header["alg"]])
