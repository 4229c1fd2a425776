"""Requests and responses of the API path, straight on ASGI: one small object each way, nothing hidden."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from mock_kj.errors import Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FHIR_JSON = b"application/fhir+json; charset=utf-8"
JSON = b"application/json; charset=utf-8"


class Headers:
    """Request headers by lower-case name; a name that stands twice is remembered as such."""

    __slots__ = ("_all", "_first", "_single")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._all = raw
        self._first = dict(raw)
        self._single = len(self._first) == len(raw)

    def __contains__(self, name: bytes) -> bool:
        return name in self._first

    def get(self, name: bytes) -> bytes | None:
        """The value, or None.

        Raises:
            Refusal: header-invalid if the header stands twice or holds control characters.

        """
        value = self._first.get(name)
        if value is not None and not self._single and sum(1 for n, _ in self._all if n == name) > 1:
            raise Refusal("header-invalid", f"{name.decode('latin-1')} is given more than once")
        return value

    def every(self, name: bytes) -> list[bytes]:
        """All values of a name."""
        return [v for n, v in self._all if n == name]

    def text(self, name: bytes, older: bytes | None = None) -> str | None:
        """The value of a header, or of its older name (`hit-*` for `nhn-*`); None if neither is there.

        Raises:
            Refusal: header-invalid; given twice, under both names with two values, or not printable.

        """
        value = self._first.get(name)
        if older is None or older not in self._first:
            if value is None:
                return None
            if self._single and (usual := printable(value)) is not None:
                return usual
        return self._unusual(name, older)

    def _unusual(self, name: bytes, older: bytes | None) -> str | None:
        """The same with all questions asked."""
        names = (name,) if older is None else (name, older)
        found = [value for n in names if (value := self.get(n)) is not None]
        if not found:
            return None
        label = name.decode()
        if len(set(found)) > 1:
            raise Refusal("header-invalid", f"{label} and its older name disagree")
        try:
            text = found[0].decode("utf-8")
        except UnicodeDecodeError:
            text = found[0].decode("latin-1")
        if not text.isprintable():
            raise Refusal("header-invalid", f"{label} holds characters that cannot be printed")
        return text


@lru_cache(maxsize=65_536)
def printable(value: bytes) -> str | None:
    """A header value of printable ASCII as text, else None; most values come again and again."""
    return text if value.isascii() and (text := value.decode("ascii")).isprintable() else None


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body.

    Raises:
        Refusal: too-large.

    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and len(body) <= limit:
        return body
    chunks, size = [body], len(body)
    while message.get("more_body") and message["type"] == "http.request":
        if size > limit:
            raise Refusal("too-large", f"at most {limit} bytes are allowed")
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > limit:
        raise Refusal("too-large", f"at most {limit} bytes are allowed")
    return b"".join(chunks)


class Reply:
    """A response: status, body, content type and a few headers."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        content_type: bytes = FHIR_JSON,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers

    async def send(self, send: Send) -> None:
        """Write the response."""
        body = self.body
        headers = [(b"content-length", b"%d" % len(body)), *self.headers]
        if body:
            headers.append((b"content-type", self.content_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
