"""The page as people start it: ``utrulling web`` in a process of its own, asked over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

from sim.scenario.data import shipped

SMALL = "extends: helse-vest\ntitle: {title}\nperiod: {{start: 2024-02, end: 2027-12}}\n"


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: HTTPMessage
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Server:
    """A running ``utrulling web``."""

    address: str
    process: subprocess.Popen[str]
    null: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(urllib.request.Request(self.address + path, headers=headers))

    def follow(self, path: str) -> Answer:
        """What a browser ends at: redirects are followed."""
        with urllib.request.urlopen(self.address + path, timeout=120) as response:
            return Answer(response.status, response.headers, response.read())

    def post(self, path: str, fields: dict[str, str] | bytes, **headers: str) -> Answer:
        """A form of this server's own, unless ``headers`` say otherwise; a redirect is not followed."""
        content = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
        own = {"sec-fetch-site": "same-origin"} | {k.replace("_", "-"): v for k, v in headers.items()}
        own = {k: v for k, v in own.items() if v}
        return self._ask(urllib.request.Request(self.address + path, content, own, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Answer:
        try:
            with _OPENER.open(request, timeout=120) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers: who asks sees them."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


@contextlib.contextmanager
def serving(cwd: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """The command with ``arguments`` and ``environment`` on a free port; ended with Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.faces.cli", "web", *arguments, "--port", "0", "--json"],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(shipped().parent)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    while not (lines and lines[-1] == "}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        lines.append(line)
    try:
        yield Server(json.loads("".join(lines))["address"].rstrip("?"), process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
