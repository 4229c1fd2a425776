"""A small load generator on raw sockets: requests are bytes made beforehand, latency is taken per request.

`closed` keeps a number of connections busy (a rate at saturation); `opened` sends at Poisson times, and takes the
latency from the time a request was due, so that a stall is not hidden.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Result:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    lateness: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self.buffer = b""
        self.waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.buffer = self.buffer[end + 4 + length :]
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(0)

    async def send(self, request: bytes) -> int:
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiting


async def connect(host: str, port: int) -> Connection:
    _, protocol = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return protocol


async def closed(host: str, port: int, requests: list[bytes], connections: int) -> Result:
    """Send every request once over so many connections, as fast as the server answers."""
    result, queue = Result(), deque(requests)
    opened_connections = [await connect(host, port) for _ in range(connections)]

    async def work(connection: Connection) -> None:
        while queue:
            request = queue.popleft()
            began = time.perf_counter()
            status = await connection.send(request)
            result.latencies.append(time.perf_counter() - began)
            result.statuses[status] = result.statuses.get(status, 0) + 1

    began = time.perf_counter()
    await asyncio.gather(*(work(c) for c in opened_connections))
    result.seconds = time.perf_counter() - began
    for connection in opened_connections:
        connection.transport.close()
    return result


async def opened(
    host: str, port: int, requests: Iterable[Callable[[], bytes]], rate: float, connections: int, seed: int
) -> Result:
    """Make and send the requests at Poisson times of this rate; latency counts from the due time."""
    result, stream = Result(), random.Random(seed)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    every = [await connect(host, port) for _ in range(connections)]
    for connection in every:
        free.put_nowait(connection)
    loop = asyncio.get_running_loop()

    async def one(make: Callable[[], bytes], due: float) -> None:
        request = make()
        connection = await free.get()
        result.lateness.append(loop.time() - due)  # the generator's own, unless all connections are taken
        status = await connection.send(request)
        result.latencies.append(loop.time() - due)
        result.statuses[status] = result.statuses.get(status, 0) + 1
        free.put_nowait(connection)

    gc.collect()
    gc.disable()  # a collection here would be taken for a slow server
    tasks: set[asyncio.Task[None]] = set()
    due = loop.time() + 0.05
    began = due
    for make in requests:
        due += stream.expovariate(rate)
        pause = due - loop.time()
        if pause > 0:
            await asyncio.sleep(pause)
        task = asyncio.ensure_future(one(make, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    result.seconds = loop.time() - began
    gc.enable()
    for connection in every:
        connection.transport.close()
    return result
