"""One HTTP/1.1 exchange on a kept connection of geventhttpclient's pool, and nothing else.

Why not ``HTTPClient.request`` (or Locust's ``FastHttpSession`` above it): it silently sends an idempotent request
again when the connection breaks, so a reset would never be seen, and a DPoP proof would be sent twice. The pool, the
parser and the sockets are the library's.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from gevent.socket import error as socket_error
from gevent.socket import timeout as socket_timeout
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPParseError, HTTPSocketPoolResponse


class Unanswered(Exception):  # noqa: N818 - it is an outcome that is counted, not a fault of ours
    """No answer came; ``kind`` says why: refused, reset, timeout, broken."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sent: float | None = None  # when the request was sent, once somebody knows
        super().__init__(kind)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Origin:
    """A scheme, host and port, with kept connections to it."""

    def __init__(self, base: str, *, timeout: float, connections: int) -> None:
        """``base`` such as http://127.0.0.1:8480; ``timeout`` in seconds for connecting and for each wait."""
        parts = urlsplit(base)
        self.base = f"{parts.scheme}://{parts.netloc}"
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        kind = SSLConnectionPool if secure else ConnectionPool
        self._pool = kind(host, port, host, port, size=connections, connection_timeout=timeout, network_timeout=timeout)
        self._host = parts.netloc

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Send a request and read its answer.

        Raises:
            Unanswered: none came.
        """
        lines = [f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}\r\n")
        lines.append("\r\n")
        try:
            connection = self._pool.get_socket()
        except socket_timeout as error:
            raise Unanswered("timeout") from error
        except (socket_error, OSError) as error:
            raise Unanswered("refused") from error
        try:
            connection.sendall("".join(lines).encode("latin-1") + body)
        except socket_timeout as error:
            self._pool.release_socket(connection)
            raise Unanswered("timeout") from error
        except BaseException as error:
            self._pool.release_socket(connection)
            if isinstance(error, OSError):
                raise Unanswered("reset") from error
            raise
        try:
            answer = HTTPSocketPoolResponse(connection, self._pool, method=method)  # gives the socket back itself
            content = answer.read()
        except socket_timeout as error:
            raise Unanswered("timeout") from error
        except (socket_error, OSError, HTTPParseError) as error:
            raise Unanswered("reset") from error
        return Answer(answer.get_code(), {name.lower(): value for name, value in answer.items()}, bytes(content))

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()
