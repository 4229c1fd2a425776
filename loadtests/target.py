"""Where load may be sent: this machine's loopback, or an address that an allow-list names with a written reason.

The judgement looks at the text of the address only; no name is looked up before it has passed.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from loadtests.errors import UserError

# Never, whatever an allow-list says: the real services and their networks.
FORBIDDEN_ENDINGS = ("nhn.no", "helsenett.no", "kjernejournal.no", "kjernejournal-test.no", "helsenorge.no")
FORBIDDEN_WORDS = ("kjernejournal", "helsenett", "nhn")
SHORTEST_REASON = 20


def allowed(address: str, allow_list: Path | None = None) -> str:
    """The host of an address that may be loaded.

    Raises:
        UserError: the address is none, is a real service, or is neither loopback nor on the allow-list.
    """
    host = _host(address)
    labels = host.rstrip(".").split(".")
    forbidden = any(host.rstrip(".") == e or host.rstrip(".").endswith(f".{e}") for e in FORBIDDEN_ENDINGS)
    if forbidden or any(word in label for label in labels for word in FORBIDDEN_WORDS):
        raise UserError(
            f"{host} hører til de virkelige tjenestene; de lasttestes aldri med dette verktøyet",
            f"{host} belongs to the real services; they are never load-tested with this tool",
        )
    if is_loopback(host):
        return host
    reasons = _reasons(allow_list) if allow_list is not None else {}
    if host not in reasons:
        raise UserError(
            f"{host} er ikke denne maskinen; sett den opp i en fil med begrunnelse og gi den med --allow",
            f"{host} is not this machine; name it in a file with a reason and give it with --allow",
        )
    return host


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its text alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
        if parts.username or parts.password or not host.isascii():
            host = ""
    except ValueError:
        host, port = "", None
    if parts_missing(address) or not host or port == 0:
        raise UserError(
            f"«{address}» er ikke en adresse; skriv den som http://127.0.0.1:8480",
            f"«{address}» is no address; write it like http://127.0.0.1:8480",
        )
    return host


def parts_missing(address: str) -> bool:
    """Whether the scheme is missing or another than http and https."""
    return not address.lower().startswith(("http://", "https://"))


def _reasons(path: Path) -> dict[str, str]:
    """The hosts of an allow-list (``hosts: {name: reason}``) with their reasons. Raises UserError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: kan ikke leses ({error})", f"{path}: cannot be read ({error})") from error
    hosts = content.get("hosts") if isinstance(content, dict) else None
    if not isinstance(hosts, dict):
        raise UserError(
            f"{path}: skal ha «hosts: {{vert: begrunnelse}}»", f"{path}: must hold «hosts: {{host: reason}}»"
        )
    for host, reason in hosts.items():
        if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON:
            raise UserError(
                f"{path}: {host}: begrunnelsen mangler eller er for kort (minst {SHORTEST_REASON} tegn)",
                f"{path}: {host}: the reason is missing or too short (at least {SHORTEST_REASON} characters)",
            )
    return {str(host).lower(): reason for host, reason in hosts.items()}
