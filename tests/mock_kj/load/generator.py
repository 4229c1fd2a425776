"""A small load generator on raw sockets: requests are bytes made beforehand, latency is taken per request.

`closed` keeps a number of connections busy (a rate at saturation); `opened` sends at Poisson times, and takes the
latency from the time a request was due, so that a stall is not hidden.
"""

from __future__ import annotations

import asyncio
import gc
import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
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


class Busy:
    """One blocking-free connection of `closed`: the bytes of the answer that is under way, and when it was asked for."""

    __slots__ = ("began", "buffer", "socket")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer, self.began = b"", 0.0


def whole(data: bytes) -> bool:
    """Whether an answer has come to its end."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = data.find(b"ontent-length: ", 0, end)
    return len(data) >= end + 4 + (int(data[at + 15 : data.find(b"\r", at)]) if at >= 0 else 0)


def closed(host: str, port: int, requests: Sequence[bytes], connections: int, *, spin: bool = False) -> Result:
    """Send every request once over so many connections, as fast as the server answers.

    Straight on epoll, so that a request costs a fifth of what the event loop's would. With `spin` it never sleeps: to
    wake a sleeping client costs the server that answers it more than its own work on a virtual machine, and the slower
    of two servers would pay it more often. That takes a core; without it the generator takes what it needs.
    """
    result, queue, poll = Result(), deque(requests), select.epoll()
    by_fd = {c.socket.fileno(): c for c in (Busy(host, port) for _ in range(connections))}
    now, latencies, statuses, open_ = time.perf_counter, result.latencies, result.statuses, 0
    began = now()
    for fd, connection in by_fd.items():
        if queue:
            poll.register(fd, select.EPOLLIN)
            connection.began = now()
            connection.socket.sendall(queue.popleft())
            open_ += 1
    timeout = 0 if spin else -1
    while open_:
        for fd, _ in poll.poll(timeout):
            connection = by_fd[fd]
            came = connection.socket.recv(262_144)
            data = connection.buffer + came if connection.buffer else came
            if came and not whole(data):
                connection.buffer = data
                continue
            status = int(data[9:12]) if came else 0
            statuses[status] = statuses.get(status, 0) + 1
            at = now()
            latencies.append(at - connection.began)
            connection.buffer, connection.began = b"", at
            if queue and came:
                connection.socket.sendall(queue.popleft())
            else:
                poll.unregister(fd)
                open_ -= 1
    result.seconds = now() - began
    for connection in by_fd.values():
        connection.socket.close()
    poll.close()
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
