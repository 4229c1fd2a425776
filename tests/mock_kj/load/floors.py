"""What a checked request cannot avoid, as a server: echo, one raw signature check, and the bare store's own work.

The floor is measured as one server under the same generator on the same core as the mock itself, because a cost that
is measured alone and added up is smaller than the same cost beside a busy neighbour (issue 4, item 8; load.md).
"""

from __future__ import annotations

import os
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

from mock_kj.access import Privacy
from mock_kj.server import Server, configuration
from mock_kj.settings import Settings
from mock_kj.store.model import EntryRow, LogRow, PatientRow
from mock_kj.store.sqlite import SqliteStore

PATIENTS = 1000


def line(nin: str) -> LogRow:
    organisation = ("310000000", "310000008", "Helse Bergen HF")
    return LogRow(
        1,
        nin,
        "read",
        "AllergyIntolerance",
        "990000000",
        "N N",
        "LE",
        *organisation,
        "SAMTYKKE",
        "Bench 1.0",
        "e" * 32,
        "v1",
    )


def serve(core: int, folder: Path) -> None:
    """Answer on the mock's own server, its garbage collector frozen alike, doing only what cannot be avoided."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    os.sched_setaffinity(0, {core})
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    message = b"x" * 600
    signature, public = key.sign(message, algorithm), key.public_key()
    store = SqliteStore(folder / "floor.sqlite")
    nins = [f"{i:011d}" for i in range(PATIENTS)]
    body, small, turn = b"x" * 1700, b'{"status":"ok","text":"' + b"x" * 380 + b'"}', iter(range(10**9))

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await store.open()
            rows = [EntryRow(str(uuid.uuid4()), n, "DrugReaction", 1, "live", None, 1, body, 1) for n in nins]
            await store.load([PatientRow(n, Privacy()) for n in nins], rows)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await store.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        path, nin, answer = scope["path"], nins[next(turn) % PATIENTS], small
        if scope["method"] == "POST":
            came = (await receive())["body"]
            answer = came if len(came) > len(small) else small  # /status answers more than it was asked
        if path != "/echo":
            public.verify(signature, message, algorithm)
        if path == "/status":
            await store.patient(nin)
            await store.summaries(nin)
        elif path == "/read":
            answer = (await store.read(nin, None, line(nin), lambda: None, None))[0].body
        elif path == "/create":
            row = EntryRow(str(uuid.uuid4()), nin, "DrugReaction", 1, "live", None, 1, answer, 1)
            await store.create(row, line(nin), lambda: None, None)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    (folder / "port").write_text(str(listener.getsockname()[1]))
    listener.listen(2048)
    Server(configuration(application, Settings().max_header_bytes), lambda: None).run(sockets=[listener])


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
