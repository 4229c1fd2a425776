"""The whole mock as one ASGI application, put together from its parts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from mock_kj import capability, citizen, faults, openapi, operator, samples
from mock_kj.api.current import PREFIX, CurrentApi
from mock_kj.api.http import Receive, Reply, Scope, Send
from mock_kj.api.legacy import LegacyApi
from mock_kj.api.service import Service
from mock_kj.api.tokens import TokenCheck
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.clock import Clock
from mock_kj.codes import CodeRegister
from mock_kj.errors import StoreError, UsageError
from mock_kj.helseid.app import build as build_issuer
from mock_kj.helseid.clients import Clients
from mock_kj.helseid.issuer import Issuer
from mock_kj.helseid.keys import SigningKeys
from mock_kj.metrics import Metrics
from mock_kj.population import Population
from mock_kj.settings import Settings
from mock_kj.siblings import Siblings
from mock_kj.statistics import Tally
from mock_kj.store.model import Store

ISSUER_PREFIX = "/helseid"
ISSUER_PROOF_SECONDS = 600
_CURRENT = PREFIX + "/"
_PLAN = "fault_plan"
log = logging.getLogger("mock_kj")
_ISSUER_OPERATIONS = {
    "/connect/token": "token",
    "/connect/par": "par",
    "/connect/authorize": "authorize",
    "/.well-known/openid-configuration": "discovery",
    "/.well-known/openid-configuration/jwks": "jwks",
}


def make_store(url: str, settings: Settings, plan: faults.Faults | None = None) -> Store:
    """The store that a --db value names: a file path, or postgresql://…

    Raises:
        UsageError: the address is of another kind.

    """
    stall = plan.stall if plan is not None else None
    if url.startswith(("postgresql://", "postgres://")):
        from mock_kj.store.postgres import PostgresStore

        return PostgresStore(url, stall=stall)
    if "://" in url:
        raise UsageError("--db", "must be a file or postgresql://user@host/database")
    from mock_kj.store.sqlite import SqliteStore

    return SqliteStore(
        Path(url), linger_ms=settings.group_commit_linger_ms, batch=settings.group_commit_max, stall=stall
    )


@dataclass
class Parts:
    """What `build` puts together, so that a test or the server can reach it."""

    service: Service
    issuer: Issuer
    siblings: Siblings


class MockKj:
    """Sends each path to its application; opens and closes the store."""

    def __init__(self, parts: Parts) -> None:
        service, issuer = parts.service, parts.issuer
        self.parts = parts
        statement = capability.statement(service.public_url + PREFIX, service.settings.application_version)
        self._current = CurrentApi(service, orjson.dumps(statement))
        self._legacy = LegacyApi(service, issuer.keys.nonce_key)
        self._issuer = build_issuer(issuer)
        self._citizen = citizen.build(service, service.tokens)
        self._operator = operator.build(service, self.share_plan, issuer.keys.rotate, parts.siblings.others)
        self._documents = openapi.build(service.public_url, service.settings, _example(service.population))
        self._plan_seen: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def _apply_plan(self, plan: faults.Plan) -> None:
        """Put a fault plan in force: rules, skew, rotation."""
        service = self.parts.service
        service.faults.set(plan)
        service.clock.skew = plan.clock_skew_seconds

    async def share_plan(self, data: dict[str, Any]) -> None:
        """Put a fault plan in force here at once, and within a second in every process on this database.

        Raises:
            UsageError: names the member that is wrong.

        """
        self._apply_plan(faults.parse(data, "body"))
        self._plan_seen = orjson.dumps({"id": secrets.token_hex(8), "plan": data}).decode()
        await self.parts.service.store.set_meta(_PLAN, self._plan_seen)

    async def _follow_plan(self) -> None:
        """Take over a plan that another process was told; one that was there before the start counts no more."""
        kept = await self.parts.service.store.get_meta(_PLAN)
        if kept is not None and kept != self._plan_seen:
            self._plan_seen = kept
            self._apply_plan(faults.parse(orjson.loads(kept)["plan"], "shared plan"))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The store open and the background work under way."""
        await self.parts.service.store.open()
        self._plan_seen = await self.parts.service.store.get_meta(_PLAN)
        self._tasks = [asyncio.create_task(self._housekeeping())]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with contextlib.suppress(StoreError):
                await self._flush_tally()
            await self.parts.service.store.close()

    async def _housekeeping(self) -> None:
        """Every second: hand over the tally, hear what other processes were told, rotate keys as the plan says."""
        loop, siblings, service, keys = (
            asyncio.get_running_loop(),
            self.parts.siblings,
            self.parts.service,
            self.parts.issuer.keys,
        )
        rotated = loop.time()
        while True:
            await asyncio.sleep(1)
            try:
                await self._flush_tally()
                await self._follow_plan()
                siblings.publish(service.metrics.snapshot(service.in_flight))
            except (StoreError, OSError, UsageError) as error:  # the next second may be better
                log.warning("housekeeping", extra={"why": str(error)})
            keys.refresh()
            every = service.faults.plan.rotate_keys_every
            if every and siblings.number == 0 and loop.time() - rotated >= every:
                keys.rotate()
                rotated = loop.time()

    async def _flush_tally(self) -> None:
        rows = self.parts.service.tally.drain()
        if not rows:
            return
        try:
            await self.parts.service.store.tally(rows)
        except StoreError:
            self.parts.service.tally.give_back(rows)
            raise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: lifespan and HTTP."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            await (self._current if scope["path"].startswith(_CURRENT) else self._dispatch)(scope, receive, send)
        except faults.Reset:
            cut(send)
            await asyncio.sleep(0.01)  # until the server has seen that the connection is gone
        except Exception:
            log.exception("system error")
            with contextlib.suppress(RuntimeError):  # the answer had begun
                await Reply(500, b'{"error":"system error in the mock"}', b"application/json").send(send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/v1/"):
            await self._legacy(scope, receive, send)
        elif path.startswith(ISSUER_PREFIX + "/"):
            operation = _ISSUER_OPERATIONS.get(path[len(ISSUER_PREFIX) :], "helseid")
            await self._suffer_then(self._issuer, ISSUER_PREFIX, operation, "helseid", scope, receive, send)
        elif path.startswith(citizen.PREFIX + "/"):
            await self._suffer_then(self._citizen, citizen.PREFIX, "citizen", "", scope, receive, send)
        elif path in ("/", "/docs", "/openapi.json", "/openapi-others.json"):
            await self._documents(scope, receive, send)
        else:
            await self._operator(scope, receive, send)

    async def _suffer_then(
        self, app: Any, prefix: str, operation: str, group: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        service, started, result = self.parts.service, time.perf_counter(), "ok"

        async def counted(message: Any) -> None:
            nonlocal result
            if message["type"] == "http.response.start" and message["status"] >= 400:
                result = f"http-{message['status']}"
            await send(message)

        plan = service.faults
        if plan.active and (status := await plan.suffer(operation, group)) is not None:
            result = "fault"
            body = b'{"error":"temporarily_unavailable"}' if status != 429 else b""
            await Reply(status, body, b"application/json").send(send)
        else:
            await app({**scope, "root_path": prefix}, receive, counted)
        took = time.perf_counter() - started
        service.metrics.done(prefix.split("/")[1], operation, result, took)
        if log.isEnabledFor(logging.INFO):
            fields = {"api": prefix.split("/")[1], "operation": operation, "outcome": result}
            log.info("request", extra={**fields, "milliseconds": round(took * 1000, 1)})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def _example(population: Population) -> samples.Resource:
    """A body for the page: somebody of the population, written of by its first doctor."""
    nin, who = population.nin(population.examples["with_entries"]), population.professional_at(0)
    return samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-31")


def cut(send: Send) -> None:
    """Abort the connection, so that the client sees a reset; uvicorn's request cycle owns the transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        raw = transport.get_extra_info("socket")
        if raw is not None:  # a close that does not linger is a reset (RST) and no orderly end (FIN)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def build(
    *,
    public_url: str,
    settings: Settings,
    store: Store,
    population: Population,
    keys: SigningKeys,
    clients: Clients,
    register: CodeRegister | None = None,
    plan: faults.Faults | None = None,
    siblings: Siblings | None = None,
) -> MockKj:
    """Put the mock together.

    Raises:
        UsageError: the settings change a case that does not exist.

    """
    clock = Clock()
    issuer_url = public_url + ISSUER_PREFIX
    siblings = siblings or Siblings()
    issuer = Issuer(
        issuer_url, settings, keys, clients, store, population, clock, siblings.seen("issuer", ISSUER_PROOF_SECONDS)
    )
    active = plan or faults.Faults()
    clock.skew = active.plan.clock_skew_seconds
    proofs = siblings.seen("api", settings.dpop_proof_seconds + 2 * settings.clock_skew_seconds)
    service = Service(
        settings,
        store,
        population,
        TokenCheck(issuer_url, keys, settings, clock, proofs),
        TokenCheck(issuer_url, keys, replace(settings, accept_bearer=True), clock, proofs),
        register or CodeRegister.from_file(None, settings),
        clock,
        active,
        Metrics(),
        Tally(),
        public_url,
    )
    return MockKj(Parts(service, issuer, siblings))
