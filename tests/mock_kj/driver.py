"""A running mock and clients for it: the command itself over real sockets, an OAuth client from the registry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests_oauth2client import AuthorizationRequest, DPoPKey, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.dpop import MissingDPoPNonce

ROLE = "%7B%22system%22%3A%22urn%3Aoid%3A2.16.578.1.12.4.1.1.9060%22%2C%22code%22%3A%22{}%22%7D"
RATES = ("reserved=0.02", "restricted_all=0.02", "restricted_critical=0.02", "blocks=0.02", "prevalence=0.3")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


class Mock:
    """`mock-kj serve` in a process of its own."""

    def __init__(self, data: Path, *options: str, rates: tuple[str, ...] = RATES) -> None:
        self.data = data
        self.ready = data / "told.json"
        self.ready.unlink(missing_ok=True)
        chosen = [part for rate in rates for part in ("--rate", rate)]
        command = [
            sys.executable,
            "-m",
            "mock_kj.cli",
            "serve",
            "--port",
            "0",
            "--data",
            str(data),
            "--ready-file",
            str(self.ready),
        ]
        data.mkdir(parents=True, exist_ok=True)
        self.errors = (data / "stderr.txt").open("ab")
        self.process = subprocess.Popen([*command, *chosen, *options], stderr=self.errors, env=environment())
        deadline = time.monotonic() + 60
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((data / "stderr.txt").read_text()[-2000:])
            time.sleep(0.02)
        self.told: dict[str, Any] = json.loads(self.ready.read_text())

    @property
    def base(self) -> str:
        return str(self.told["base"])

    @property
    def api(self) -> str:
        return str(self.told["api"])

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(20)
        self.errors.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        self.errors.close()

    def client(self, *options: str) -> dict[str, Any]:
        out = self.data / f"client-{uuid.uuid4().hex}.json"
        command = [sys.executable, "-m", "mock_kj.cli", "client", "--data", str(self.data), "--out", str(out), *options]
        subprocess.run(command, check=True, capture_output=True, env=environment())
        content: dict[str, Any] = json.loads(out.read_text())
        return content


def oauth(told: dict[str, Any], **more: Any) -> OAuth2Client:
    """The registry's OAuth client, set up from the discovery document and a client file."""
    document = requests.get(told["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
    return OAuth2Client(
        token_endpoint=document["token_endpoint"],
        pushed_authorization_request_endpoint=document["pushed_authorization_request_endpoint"],
        authorization_endpoint=document["authorization_endpoint"],
        redirect_uri=told["redirect_uri"],
        issuer=document["issuer"],
        authorization_response_iss_parameter_supported=True,
        auth=PrivateKeyJwt(told["client_id"], told["private_jwk"], aud=document["issuer"], lifetime=30),
        dpop_bound_access_tokens=more.pop("dpop", True),
        testing=True,
        **more,
    )


def login(
    told: dict[str, Any],
    *,
    scope: str | None = None,
    session: requests.Session | None = None,
    client: OAuth2Client | None = None,
    **test: str,
) -> Any:
    """PAR, authorize at the test identity provider without a page, code, token: a DPoP token of a user."""
    client = client or oauth(told)
    scope = (
        scope
        or f"openid profile offline_access {told['scopes'][0]} helseid://scopes/hpr/hpr_number helseid://scopes/identity/pid"
    )
    request: AuthorizationRequest = client.authorization_request(
        scope=scope, dpop=client.dpop_bound_access_tokens, **test
    )
    pushed = client.pushed_authorization_request(request)
    answer = (session or requests).get(str(pushed.uri), allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    code = request.validate_callback(answer.headers["location"])
    return client.authorization_code(code, validate=False)


def query_of(address: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}


class Ehr:
    """What an EHR sends: the documented headers around a session of the registry's client."""

    def __init__(self, mock: Mock, token: Any, *, role: str = "LE", family: str = "nhn") -> None:
        self.api = mock.api
        self.session = requests.Session()
        self.session.auth = token
        self.role, self.family = role, family

    def headers(self, nin: str | None, basis: str | None = "SAMTYKKE") -> dict[str, str]:
        f = self.family
        patient = "nhn-patient-nin" if f == "nhn" else "hit-patient-pid"
        content = {f"{f}-source-system": "Test EHR 1.0", f"{f}-user-role": ROLE.format(self.role)}
        if basis is not None:
            content[f"{f}-access-basis"] = basis
        if nin is not None:
            content[patient] = nin
        return content

    def call(
        self, method: str, path: str, nin: str | None, basis: str | None = "SAMTYKKE", **more: Any
    ) -> requests.Response:
        headers = {**self.headers(nin, basis), **more.pop("headers", {})}
        headers = {k: v for k, v in headers.items() if v is not None}
        if "json" in more:
            more["data"] = json.dumps(more.pop("json"))
            headers.setdefault("Content-Type", "application/fhir+json; charset=UTF-8")
        try:
            return self.session.request(method, f"{self.api}/{path}", headers=headers, timeout=20, **more)
        except MissingDPoPNonce as refused:  # the client takes every 401 with a DPoP challenge for a nonce challenge
            return refused.response

    def status(self, nin: str) -> requests.Response:
        return self.call("POST", "status", nin, json={"nin": nin}, headers={"Content-Type": "application/json"})

    def read(self, path: str, nin: str, basis: str = "SAMTYKKE") -> requests.Response:
        return self.call("GET", path, nin, basis)


def dpop_key() -> DPoPKey:
    return DPoPKey.generate()
