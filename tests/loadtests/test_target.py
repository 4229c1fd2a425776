"""Load goes to this machine or to a named host with a reason; never to the real services, and nothing is looked up."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from loadtests.errors import UserError
from loadtests.target import allowed

REAL = (
    "https://api.kjernejournal.no",
    "https://test1.critical-information.hit.nhn.no/api/critical-information/v1",
    "https://API.ST1.Kjernejournal-Test.no:8000",
    "https://helseid-sts.test.nhn.no",
    "https://nhn.no.",
    "http://kjernejournal.example.org",
    "http://x.helsenett.no",
)


@pytest.fixture(autouse=True)
def _no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "gethostbyname", refuse)


@pytest.mark.parametrize("address", REAL)
def test_the_real_services_are_refused_even_when_allowed(address: str, tmp_path: Path) -> None:
    host = address.split("//")[1].split("/")[0].split(":")[0].lower()
    listed = tmp_path / "allow.yaml"
    listed.write_text(f"hosts:\n  {host}: agreed in writing with everybody concerned\n")
    with pytest.raises(UserError, match="never load-tested"):
        allowed(address, listed)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8480", "http://[::1]:1", "http://localhost:80/x", "http://127.9.9.9"]
)
def test_loopback_is_allowed(address: str) -> None:
    assert allowed(address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1.example.org", "http://10.0.0.1", "http://0.0.0.0:1", "http://example.org"]
)
def test_others_need_an_allow_list(address: str) -> None:
    with pytest.raises(UserError, match="not this machine"):
        allowed(address)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "ftp://127.0.0.1", "http://", "http://a:b@127.0.0.1", "http://x:99999", "http://æ.no"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="no address"):
        allowed(address)


def test_an_allow_list_needs_a_reason(tmp_path: Path) -> None:
    listed = tmp_path / "allow.yaml"
    listed.write_text("hosts: {staging.example.org: ok}\n")
    with pytest.raises(UserError, match="reason is missing or too short"):
        allowed("http://staging.example.org", listed)
    listed.write_text("hosts: {staging.example.org: our own staging server as agreed with operations}\n")
    assert allowed("http://staging.example.org", listed) == "staging.example.org"
