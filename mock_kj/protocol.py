"""HTTP/1.1 with a limit on the head of a request: uvicorn's protocol, which has none, and 431 (RFC 6585 section 5)."""

from __future__ import annotations

from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LINGER_SECONDS = 2.0


class LimitedProtocol(HttpToolsProtocol):
    """Refuses a request whose target and headers have more than `limit` bytes, before any application sees it.

    A head that comes to no end is refused once `limit` bytes of it have come beyond its first packet.
    """

    limit: ClassVar[int] = 65_536
    _chunk = _later = 0
    _refused = False

    def data_received(self, data: bytes) -> None:
        """Parse what came; after a refusal it is let go, so that the client can read the refusal before a reset."""
        if self._refused:
            return
        self._chunk = len(data)
        self._later += self._chunk
        super().data_received(data)
        if self._later > self.limit and self.scope is not None and "method" not in self.scope and not self._refused:
            self._refuse()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._later = 0

    def on_headers_complete(self) -> None:
        """A head is whole; it is only measured where what came could be too much."""
        if self._chunk + self._later > self.limit and self._size() > self.limit:
            self._refuse()
            raise ValueError("the head is too large")  # ends the parser's work; `send_400_response` adds nothing
        super().on_headers_complete()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse(self) -> None:
        self._refused = True
        told = f"The head of a request may have {self.limit} bytes.".encode()
        lines = [b"HTTP/1.1 431 Request Header Fields Too Large"]
        lines += [name + b": " + value for name, value in self.server_state.default_headers]
        lines += [b"content-type: text/plain; charset=utf-8", b"content-length: %d" % len(told), b"connection: close"]
        self.transport.write(b"\r\n".join([*lines, b"", told]))
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """The answer to broken HTTP, unless it was answered."""
        if not self._refused:
            super().send_400_response(msg)


def limited(limit: int) -> type[LimitedProtocol]:
    """The protocol with this limit."""
    return type("LimitedProtocol", (LimitedProtocol,), {"limit": limit})
