"""Whether a request comes from this machine; admin endpoints answer to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any


def is_loopback(scope: Mapping[str, Any]) -> bool:
    """True for a peer on the loopback interface. A forwarded request carries a header that says so, and is refused."""
    client = scope.get("client")
    forwarded = any(name in (b"forwarded", b"x-forwarded-for", b"via") for name, _ in scope.get("headers", ()))
    if client is None or forwarded:
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False
