"""What the load generator costs and how late it is: `python -m tests.bench.load` runs this. Writes out/bench/load.json.

Everything runs against a server of a few lines in a process of its own, so that the generator is measured and not the
mock. Costs are processor time of the generator, in alternating rounds, and the least and the median of the rounds count;
lateness is wall-clock time and wants a quiet machine. Where k6 is found it is measured beside (``beside_k6``).
"""

from __future__ import annotations

import locust  # isort: skip # noqa: F401 - before anything else: it patches the standard library for gevent

import asyncio
import json
import multiprocessing
import sys
import time
from itertools import islice
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gevent
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from loadtests import identity
from loadtests.arrivals import draw
from loadtests.conduct import Local
from loadtests.generator import Generator, Plan
from loadtests.journeys import ROLES
from loadtests.journeys.visit import Visit
from loadtests.patients import Patient
from loadtests.scenario import Mix, Population, Scenario, Title
from loadtests.setup import Users
from loadtests.shapes import Stage, course
from tests.bench.common import Result, above, below, report
from tests.loadtests import beside_k6, small

ROUNDS, REQUESTS, TOGETHER = 9, 1500, 8


# --- a server of a few lines -------------------------------------------------------------------------------------------


class _Answering(asyncio.Protocol):
    """Answers status, and whatever a login asks for; no checks, no state."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            path = self.buffer.split(b" ", 2)[1]
            self.transport.write(_answer(path, self.buffer[end + 4 : end + 4 + length]))
            self.buffer = self.buffer[end + 4 + length :]


def _answer(path: bytes, body: bytes) -> bytes:
    status, extra = b"200 OK", b""
    if path.endswith(b"/status"):
        told = b'{"patientNIN":"%s","hasCriticalInformation":false,"hasActiveCriticalInformation":false,' % body[9:20]
        content = told + b'"lastChangedDateTime":null,"dateChanged":{},"hasReservation":false}'
    elif path.endswith(b"/par"):
        state = parse_qs(body.decode())["state"][0]
        status, content = b"201 Created", json.dumps({"request_uri": f"urn:{state}"}).encode()
    elif b"/authorize" in path:
        state = parse_qs(urlsplit(path.decode()).query)["request_uri"][0].removeprefix("urn:")
        status, extra, content = b"302 Found", f"location: http://x/?code=c&state={state}\r\n".encode(), b""
    elif path.endswith(b"/token"):
        content = json.dumps({"access_token": "t" * 900, "token_type": "DPoP", "expires_in": 7200}).encode()
    else:
        status, content = b"404 Not Found", b""
    return b"HTTP/1.1 %s\r\n%scontent-length: %d\r\n\r\n%s" % (status, extra, len(content), content)


def _serve(port: Any) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(forever())


# --- plans -------------------------------------------------------------------------------------------------------------


def plan(base: str, rate: float, seconds: float) -> Plan:
    """Openings at a rate, all of them a hospital's, asked for on the system's token."""
    key = ECKey.generate_key("P-256").as_dict(private=True)
    client = {
        "issuer": f"{base}/helseid",
        "api": f"{base}/api/v1",
        "client_id": "bench",
        "private_jwk": {**key, "alg": "ES256"},
        "scopes": ["nhn:critical-information/api"],
        "audience": "nhn:critical-information",
        "redirect_uri": "http://127.0.0.1/callback",
        "organisations": [{"name": "x", "parent": "1", "child": "2"}],
        "professionals": [
            {"test_pid": "1", "hpr_number": str(990_000_000 + i), "role": r} for i, r in enumerate(("LE", "SP"))
        ],
    }
    scenario = Scenario(
        title=Title(nb="-", en="-"),
        demand="-",
        shape=[Stage(seconds=seconds)],
        mix=Mix(legacy=0, background=0, citizen=0),
        population=Population(patients=200, sessions=1),
        stripes=1,
    )
    demand = small.demand(rate)
    played = course(demand, scenario.shape)
    patients = [Patient(nin, "plain", 0) for nin in islice(identity.synthetic(), 200)]
    return Plan(scenario, base, Users(client, client), demand.places, patients, draw(played, 1))


def played(base: str, rate: float, seconds: float) -> tuple[Local, float]:
    """A run at a rate, and the share of a core that the generator used during it."""
    conductor = Local(plan(base, rate, seconds))
    cpu: list[float] = []

    def begin() -> None:
        cpu.append(time.process_time())

    conductor.run(seconds, begin, lambda *_: None)
    return conductor, (time.process_time() - cpu[0]) / seconds


# --- what a request costs ------------------------------------------------------------------------------------------------


def _together(one: Any) -> float:
    """Processor time of a call in µs, with some greenlets at it."""
    began = time.process_time()
    workers = [gevent.spawn(lambda: [one() for _ in range(REQUESTS // TOGETHER)]) for _ in range(TOGETHER)]
    gevent.joinall(workers, raise_error=True)
    return 1e6 * (time.process_time() - began) / (REQUESTS // TOGETHER * TOGETHER)


def costs(base: str) -> list[Result]:
    """The harness against a bare FastHttpUser on the same bytes and one raw signature."""
    generator = Generator(plan(base, 10, 10))
    generator.prepare(0)
    stripe = generator._stripes[0]
    role, api = ROLES["hospital_doctor"], generator._apis[0]
    call = api.status(stripe.pool.readers[0].nin, "LE", "UNNTAK", "machine")
    session = generator._machine
    headers = {**call.headers, **session.authorize(call.method, base + call.path)}

    class Bare(FastHttpUser):
        abstract = True
        host = base

    bare = Bare(Environment()).client
    private = ec.generate_private_key(ec.SECP256R1())
    message = b"x" * 450

    def harness() -> None:
        visit = Visit(role, stripe.pool.any(0.5), api, "990000000", "2", "990000000")
        error = generator._play(stripe, visit, generator.now(), None)  # type: ignore[arg-type]
        assert error is None, error

    def floor() -> None:
        answer = bare.request(call.method, call.path, data=call.body, headers=headers)
        assert answer.status_code == 200
        assert answer.content

    def signature() -> None:
        private.sign(message, ec.ECDSA(hashes.SHA256()))

    rounds: dict[str, list[float]] = {"harness": [], "floor": [], "signature": []}
    for _ in range(ROUNDS):
        for name, one in (("harness", harness), ("floor", floor), ("signature", signature)):
            rounds[name].append(_together(one))
    ratio = [h / (f + s) for h, f, s in zip(rounds["harness"], rounds["floor"], rounds["signature"], strict=True)]
    return [
        Result("bare FastHttpUser, same bytes", min(rounds["floor"]), "µs"),
        Result("raw ES256 signature", min(rounds["signature"]), "µs"),
        Result("harness, fresh proof and body check", min(rounds["harness"]), "µs"),
        below("harness / (bare + signature), median of the rounds", median(ratio), "times", 1.5),
    ]


def the_call(base: str) -> dict[str, Any]:
    """The status call as the harness sends it, with what another generator needs to sign its own proof."""
    generator = Generator(plan(base, 10, 10))
    generator.prepare(0)
    nin = generator._stripes[0].pool.readers[0].nin
    call = generator._apis[0].status(nin, "LE", "UNNTAK", "machine")
    headers = {**call.headers, **generator._machine.authorize(call.method, base + call.path)}
    key = ECKey.generate_key("P-256")
    return {
        "method": call.method,
        "url": base + call.path,
        "headers": headers,
        "body": call.body.decode(),
        "nin": nin,
        "key": key.as_dict(private=True),
        "proof_header": headers["DPoP"].partition(".")[0],
        "ath": "a" * 43,
    }


def main() -> None:
    """Measure and report."""
    port = multiprocessing.get_context("spawn").Value("i", 0)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.02)
    base = f"http://127.0.0.1:{port.value}"
    try:
        results = costs(base)
        quick, _ = played(base, 1000, 10)
        sent = quick.recorder.operations["status"]
        results += [
            Result("openings sent at 1000/s, of those drawn", sent.good / len(quick.plan.arrivals), "share"),
            Result("own lateness at 1000/s, p50", (quick.recorder.lateness.at(50) or 0) / 1000, "ms"),
            below("own lateness at 1000/s, p99", (quick.recorder.lateness.at(99) or 0) / 1000, "ms", 3),
            Result("own lateness at 1000/s, largest", (quick.recorder.lateness.maximum() or 0) / 1000, "ms"),
        ]
        counts = np.bincount(quick.plan.arrivals.times.astype(int), minlength=10)
        results.append(Result("dispersion of the arrivals (1 is Poisson)", float(counts.var() / counts.mean()), ""))
        _, used = played(base, 120, 15)
        results.append(above("core left idle at 120/s, set-up of the journeys included", 1 - used, "share", 2 / 3))
        results += beside_k6.compare(base, the_call(base))
    finally:
        server.terminate()
    report("load", results)


if __name__ == "__main__":
    if len(sys.argv) > 1:  # BASE RATE SECONDS: play against a server that runs, measured from outside
        conductor, _ = played(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
        sys.exit(conductor.recorder.operations["status"].good < 0.99 * len(conductor.plan.arrivals))
    main()
