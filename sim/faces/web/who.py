"""Who asks: set for each request, so that a page and the line of runs know it without being told."""

from __future__ import annotations

from contextvars import ContextVar

USER: ContextVar[str] = ContextVar("user", default="")  # who is logged in; empty where there is no login
PLACE: ContextVar[str] = ContextVar("place", default="")  # the address that the request came from


def author() -> str:
    """The one whose runs are counted together."""
    return USER.get() or PLACE.get()
