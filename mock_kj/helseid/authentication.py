"""Who is calling the issuer: the steps that PAR and the token endpoint share."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from mock_kj import dpop, jose
from mock_kj.errors import OAuthError, UsageError
from mock_kj.helseid import assertions
from mock_kj.helseid.clients import Client
from mock_kj.helseid.issuer import Issuer

MAX_FORM_BYTES = 65536


@dataclass
class Call:
    """One request to the issuer as the steps fill it in."""

    issuer: Issuer
    path: str
    form: dict[str, str] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    proof_header: bytes | None = None
    client: Client | None = None
    assertion: jose.Compact | None = None
    assertion_id: tuple[str, int] = ("", 0)
    proof: dpop.Proof | None = None

    @property
    def known_client(self) -> Client:
        """The client, once `authenticate_client` has run."""
        assert self.client is not None
        return self.client


async def read_form(call: Call, request: Request) -> None:
    """The form of a POST; a parameter may stand once, but for `resource` (RFC 6749 3.2, RFC 8707).

    Raises:
        OAuthError: invalid_request.

    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body must be application/x-www-form-urlencoded")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise OAuthError("invalid_request", "the form is too large")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as error:
        raise OAuthError("invalid_request", "the form cannot be read") from error
    resources = []
    for name, value in pairs:
        if name == "resource":
            resources.append(value)
        elif name in call.form:
            raise OAuthError("invalid_request", f"{name} is given more than once")
        else:
            call.form[name] = value
    call.resources = tuple(resources)
    proofs = request.headers.getlist("dpop")
    if len(proofs) > 1:
        raise OAuthError("invalid_dpop_proof", "more than one DPoP header")
    call.proof_header = proofs[0].encode("latin-1") if proofs else None


async def authenticate_client(call: Call) -> None:
    """private_key_jwt, and nothing else (5.2, 5.4).

    Raises:
        OAuthError: invalid_client.

    """
    issuer = call.issuer
    token, client_id = assertions.open_assertion(call.form)
    try:
        client = issuer.clients.find(client_id)
    except UsageError as error:
        raise OAuthError("invalid_client", "the client file of the mock is broken", status=401) from error
    if client is None:
        raise OAuthError("invalid_client", "the client is not known", status=401)
    assertions.verify_signature(token, client)
    audiences = (issuer.url, f"{issuer.url}/connect/token", issuer.url + call.path)
    call.assertion_id = assertions.check_claims(
        token,
        audiences,
        issuer.clock.now(),
        longest=issuer.settings.assertion_max_seconds,
        skew=issuer.settings.clock_skew_seconds,
    )
    call.assertion, call.client = token, client


async def spend_assertion(call: Call) -> None:
    """An assertion is good once (5.4). It is spent after the nonce challenge, which a client may answer with the same.

    Raises:
        OAuthError: invalid_client for a replay.

    """
    jti, expires = call.assertion_id
    if not await call.issuer.store.spend(f"jti:{call.known_client.client_id}:{jti}", expires * 1000):
        raise OAuthError("invalid_client", "client_assertion: jti was used before", status=401)
