"""How a server is shared: the names that it answers to, the path that it stands under, whose word it takes, who may log in."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sim.errors import UserError, why

LOOPBACK = ("127.0.0.1", "localhost")
_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ROOT = re.compile(r"(/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True)
class Provider:
    """Who tells who people are (an OpenID Connect issuer), and what this server is called there."""

    issuer: str
    client: str
    secret: str


@dataclass(frozen=True)
class Sharing:
    """``host`` is bound to; ``hosts`` are the names answered to; ``root`` the path («/utrulling», or nothing); ``proxy`` the address
    of the reverse proxy whose forwarded headers count, if any."""

    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = LOOPBACK
    root: str = ""
    proxy: str | None = None
    login: Provider | None = None

    @property
    def shared(self) -> bool:
        """Whether others than this machine's user are meant to use it."""
        return self.hosts != LOOPBACK

    @property
    def open(self) -> bool:
        """Whether anybody who reaches it can use it."""
        return self.shared and self.login is None


def sharing(host: str, allowed: Sequence[str], root: str, proxy: str | None, login: Provider | None) -> Sharing:
    """The settings, checked.

    Raises:
        UserError: they are wrong, or do not go together.
    """
    names = [name.lower() for name in allowed]
    for name in names:
        if not _NAME.fullmatch(name) or name == "*":
            raise UserError(
                f"--allowed-host «{name}» er ikke et navn (skriv det som utrulling.example.no)",
                f"--allowed-host «{name}» is not a name (write it as utrulling.example.no)",
            )
    if not names and not _loopback(host):
        raise UserError(
            f"--host {host} kan nås utenfra; skriv hvilke navn siden skal svare på, med --allowed-host NAVN",
            f"--host {host} can be reached from outside; say which names the page answers to, with --allowed-host NAME",
        )
    root = root.rstrip("/")
    if root and not _ROOT.fullmatch(root):
        raise UserError("--root-path skal være som /utrulling", "--root-path must be like /utrulling")
    if proxy is not None:
        try:
            ipaddress.ip_address(proxy)
        except ValueError:
            raise UserError(
                "--proxy skal være adressen til proxyen, som 10.0.0.5",
                "--proxy must be the proxy's address, such as 10.0.0.5",
            ) from None
    return Sharing(host, (*LOOPBACK, *names), root, proxy, login)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def provider(file: str, environment: Mapping[str, str] = os.environ) -> Provider:
    """The issuer and our credentials, from a file (JSON: issuer, client_id, client_secret), or without one from the environment.

    Raises:
        UserError: something is missing, the file can be read by others, or the issuer would be asked in the clear.
    """
    if file:
        path = Path(file)
        try:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise UserError(
                    f"{path} kan leses av andre; kjør chmod 600 {path}",
                    f"{path} can be read by others; run chmod 600 {path}",
                )
            said = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = why(error)
            raise UserError(f"{path} kan ikke leses: {reason.nb}", f"{path} cannot be read: {reason.en}") from error
        except ValueError:
            said = None
        found = [said.get(k) if isinstance(said, dict) else None for k in ("issuer", "client_id", "client_secret")]
        names = "issuer, client_id, client_secret"
    else:
        keys = [f"UTRULLING_OIDC_{k}" for k in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")]
        found = [environment.get(k) for k in keys]
        names, path = ", ".join(keys), Path("environment")
    if not all(isinstance(value, str) and value for value in found):
        raise UserError(f"--oidc: {path} skal ha {names}", f"--oidc: {path} must have {names}")
    issuer = str(found[0]).rstrip("/")
    there = urlsplit(issuer)
    if not there.hostname or (there.scheme != "https" and not (there.scheme == "http" and _loopback(there.hostname))):
        raise UserError("--oidc: utstederen skal ha en https-adresse", "--oidc: the issuer must have an https address")
    return Provider(issuer, str(found[1]), str(found[2]))
