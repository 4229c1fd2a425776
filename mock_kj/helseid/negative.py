"""The test-token service: a token and proof at once, good or with one chosen fault (kj-api.md 5.12).

Only for tests of what an API or a client does with a bad token. It answers to the loopback only.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import orjson
from joserfc.jwk import ECKey, OctKey

from mock_kj import dpop, jose
from mock_kj.errors import OAuthError, TokenError
from mock_kj.helseid import claims, keys
from mock_kj.helseid.authorize import find_user
from mock_kj.helseid.clients import CURRENT_AUDIENCE, CURRENT_SCOPE
from mock_kj.helseid.issuer import Issuer

TOKEN_FAULTS = (
    "invalid_issuer",
    "invalid_audience",
    "wrong_signing_key",
    "expired",
    "not_yet_valid",
    "odd_typ",
    "alg_none",
    "no_scope",
)
PROOF_FAULTS = (
    "no_htu",
    "no_htm",
    "iat_in_the_past",
    "iat_in_the_future",
    "no_ath",
    "no_alg",
    "no_jwk",
    "no_jti",
    "symmetric_alg",
    "private_key_in_jwk",
    "wrong_typ",
    "invalid_signature",
    "wrong_htu",
    "wrong_htm",
    "other_key",
    "unbound_key",
)
_MEMBERS = {
    "audience",
    "scope",
    "test_pid",
    "test_hpr_number",
    "test_security_level",
    "orgnr_parent",
    "orgnr_child",
    "attest",
    "fault",
    "expires_in",
    "dpop",
    "private_jwk",
}


def create(issuer: Issuer, body: bytes) -> dict[str, Any]:
    """An access token, its key, and (with `dpop`) a proof for one request.

    Raises:
        OAuthError: invalid_request that names the member at fault.

    """
    try:
        wish = orjson.loads(body or b"{}")
    except ValueError as error:
        raise OAuthError("invalid_request", "the body is not JSON") from error
    if not isinstance(wish, dict) or not set(wish) <= _MEMBERS:
        raise OAuthError("invalid_request", f"the body may hold {', '.join(sorted(_MEMBERS))}")
    fault = wish.get("fault")
    if fault is not None and fault not in TOKEN_FAULTS:
        raise OAuthError("invalid_request", f"fault must be one of {', '.join(TOKEN_FAULTS)}")
    key = _key(wish.get("private_jwk"))
    token = _access_token(issuer, wish, fault, key)
    answer = {"access_token": token, "jwk": key.as_dict(private=True)}
    if "dpop" in wish:
        answer["dpop_proof"] = proof(key, token, wish["dpop"], issuer.clock.now())
    return answer


def _key(given: object) -> ECKey:
    if given is None:
        return ECKey.generate_key("P-256")
    try:
        return ECKey.import_key(given)  # type: ignore[arg-type]
    except Exception as error:  # the library raises many kinds for a broken key
        raise OAuthError("invalid_request", "private_jwk must be a private EC key") from error


def _access_token(issuer: Issuer, wish: dict[str, Any], fault: str | None, key: ECKey) -> str:
    place = issuer.population.organisations[0]
    told: dict[str, Any] = {
        "aud": wish.get("audience", CURRENT_AUDIENCE),
        "scope": wish.get("scope", CURRENT_SCOPE),
        "client_id": "test-token-service",
        "sub": "test-token-service",
        claims.ORGNR_PARENT: wish.get("orgnr_parent", place.parent),
        claims.ORGNR_CHILD: wish.get("orgnr_child", place.child),
    }
    told = {k: v for k, v in told.items() if v is not None}
    user, why = find_user(issuer, {k: str(v) for k, v in wish.items() if k.startswith("test_")})
    if why is not None:
        raise OAuthError("invalid_request", why)
    if user is not None:
        told |= claims.identity(user)
    if "attest" in wish:
        told[claims.ATTEST] = wish["attest"]
    now = int(issuer.clock.now())
    lifetime = wish.get("expires_in", issuer.settings.access_token_seconds)
    if not isinstance(lifetime, int) or not 1 <= lifetime <= 86400:
        raise OAuthError("invalid_request", "expires_in must be a whole number of seconds up to a day")
    told |= {"iss": issuer.url, "iat": now, "nbf": now, "exp": now + lifetime, "jti": secrets.token_urlsafe(16)}
    told["cnf"] = {"jkt": key.thumbprint()}
    changes: dict[str, dict[str, Any]] = {
        "invalid_issuer": {"iss": "https://somebody-else.example"},
        "invalid_audience": {"aud": "nhn:another-api"},
        "expired": {"iat": now - 7200, "nbf": now - 7200, "exp": now - 3600},
        "not_yet_valid": {"iat": now + 3600, "nbf": now + 3600, "exp": now + 7200},
        "no_scope": {"scope": "nhn:another-api/api"},
    }
    told |= changes.get(fault or "", {})
    signer = keys.generate(issuer.keys.alg) if fault == "wrong_signing_key" else issuer.keys.current
    header = {
        "alg": issuer.keys.alg,
        "kid": issuer.keys.current.kid,
        "typ": "odd+jwt" if fault == "odd_typ" else "at+jwt",
    }
    if fault == "alg_none":
        return f"{_part({**header, 'alg': 'none'})}.{_part(told)}."
    return jose.sign(header, told, signer)


def proof(key: ECKey, token: str, wish: object, now: float) -> str:
    """A DPoP proof for one request, with at most one fault.

    Raises:
        OAuthError: invalid_request.

    """
    if not isinstance(wish, dict) or not isinstance(wish.get("htm"), str) or not isinstance(wish.get("htu"), str):
        raise OAuthError("invalid_request", "dpop must hold htm and htu")
    fault = wish.get("fault")
    if fault is not None and fault not in PROOF_FAULTS:
        raise OAuthError("invalid_request", f"dpop.fault must be one of {', '.join(PROOF_FAULTS)}")
    header: dict[str, Any] = {"typ": dpop.TYPE, "alg": "ES256", "jwk": key.as_dict(private=False)}
    told: dict[str, Any] = {
        "jti": secrets.token_urlsafe(16),
        "htm": wish["htm"],
        "htu": wish["htu"],
        "iat": int(now),
        "ath": dpop.token_hash(token.encode()),
    }
    remove: dict[str, Callable[[], object]] = {
        "no_htu": lambda: told.pop("htu"),
        "no_htm": lambda: told.pop("htm"),
        "no_ath": lambda: told.pop("ath"),
        "no_jti": lambda: told.pop("jti"),
        "no_jwk": lambda: header.pop("jwk"),
        "no_alg": lambda: header.pop("alg"),
        "iat_in_the_past": lambda: told.update(iat=int(now) - 86400),
        "iat_in_the_future": lambda: told.update(iat=int(now) + 86400),
        "wrong_htu": lambda: told.update(htu="https://somebody-else.example/"),
        "wrong_htm": lambda: told.update(htm="TRACE"),
        "wrong_typ": lambda: header.update(typ="JWT"),
        "private_key_in_jwk": lambda: header.update(jwk=key.as_dict(private=True)),
        "symmetric_alg": lambda: header.update(alg="HS256"),
        "other_key": lambda: header.update(jwk=ECKey.generate_key("P-256").as_dict(private=False)),
    }
    remove.get(fault or "", lambda: None)()
    if fault == "unbound_key":  # a good proof of a key that the token is not bound to (cnf.jkt)
        key = ECKey.generate_key("P-256")
        header["jwk"] = key.as_dict(private=False)
    return _signed(header, told, key, spoil=fault == "invalid_signature")


def _signed(header: dict[str, Any], told: dict[str, Any], key: ECKey, *, spoil: bool) -> str:
    """Sign with the library where it allows the header; a header that it refuses is set beside a fitting signature."""
    good = jose.sign({"alg": "ES256", "typ": "x"}, told, key)
    if header.get("alg") == "HS256":
        from joserfc import jwt

        return jwt.encode(header, told, OctKey.generate_key(256), algorithms=["HS256"])
    try:
        made = jose.sign(header, told, key)
    except (KeyError, TokenError):
        made = f"{_part(header)}.{_part(told)}.{good.rpartition('.')[2]}"
    if spoil:
        head, _, signature = made.rpartition(".")
        made = f"{head}.{signature[:-8]}{'A' * 8 if not signature.endswith('A' * 8) else 'B' * 8}"
    return made


def _part(content: dict[str, Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()
