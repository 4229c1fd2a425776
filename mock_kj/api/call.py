"""One request and its way: count, overload, injected fault, steps, action, answer; the same for both generations."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar, NamedTuple

from mock_kj.access import Basis, Operation, Privacy
from mock_kj.api.http import Headers, Receive, Reply, Scope, Send
from mock_kj.api.service import Actor, Service
from mock_kj.api.tokens import Caller
from mock_kj.errors import Refusal, StoreError
from mock_kj.faults import Reset
from mock_kj.store.model import LogRow, Origin

log = logging.getLogger("mock_kj.api")


class Call:
    """One request as the steps fill it in; what no step has learnt yet is as the class says."""

    operation: Operation = Operation.STATUS
    resource_type: str = ""
    info_types: tuple[str, ...] | None = None
    identifier: str = ""
    version: int | None = None
    caller: Caller | None = None
    actor: Actor | None = None
    role: str | None = None
    source_system: str | None = None
    basis: Basis | None = None
    nin: str = ""
    target: str = ""

    def __init__(self, api: Api, scope: Scope, receive: Receive, event: str) -> None:
        self.api = api
        self.service = api.service
        self.scope = scope
        self.receive = receive
        self.headers = Headers(scope["headers"])
        self.method: str = scope["method"]
        self.event = event
        self.event_sent: bytes | None = None

    def known_caller(self) -> Caller:
        """The caller, once his token was checked."""
        assert self.caller is not None
        return self.caller

    def known_actor(self) -> Actor:
        """The caller as access rule and usage log want him."""
        if self.actor is None:
            self.actor = self.service.actor(self.known_caller(), self.role)
        return self.actor

    def admit(self, privacy: Privacy | None) -> None:
        """Apply the access rule to what the patient has chosen (access.py). Raises Refusal."""
        self.service.admit(self.known_actor().who, self.operation, privacy, self.basis, self.api.rules)

    def origin(self) -> Origin | None:
        """What the population says of the patient."""
        return self.service.origin(self.nin)

    def log(self, operation: str, target: str) -> LogRow:
        """The line of the usage log for this call (A-LOG)."""
        return LogRow(
            self.service.clock.milliseconds(),
            self.nin,
            operation,
            target,
            *self.known_actor().logged,
            self.basis,
            self.source_system,
            self.event,
            self.api.log_name,
        )


Step = Callable[[Call], None]
Action = Callable[[Call], Awaitable[Reply]]


class Endpoint(NamedTuple):
    """What a path and method mean: a name for metrics and faults, the steps in their order, and the action."""

    name: str
    steps: tuple[Step, ...]
    action: Action


class Api(ABC):
    """The ASGI application of one generation."""

    metrics_name: ClassVar[str]
    log_name: ClassVar[str]
    base: ClassVar[str]

    def __init__(self, service: Service) -> None:
        self.service = service
        self.rules = service.rules
        self._limit = service.settings.overload_concurrency

    @abstractmethod
    def route(self, call: Call) -> Endpoint:
        """Which endpoint a path and method mean. Raises Refusal: path-unknown or method-not-allowed."""

    @abstractmethod
    def event(self) -> str:
        """An id for a request that brings none."""

    @abstractmethod
    def refuse(self, call: Call, refusal: Refusal, operation: str) -> Reply:
        """A refusal in this generation's envelope."""

    @abstractmethod
    def injected(self, call: Call, status: int) -> Reply:
        """The answer of an error that the fault plan asks for."""

    @abstractmethod
    def finish(self, call: Call, reply: Reply) -> None:
        """Give the answer what every answer has."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is."""
        service, started = self.service, time.perf_counter()
        call = Call(self, scope, receive, self.event())
        operation, result = "unknown", "ok"
        service.in_flight += 1
        try:
            operation, steps, action = self.route(call)
            if self._limit and service.in_flight > self._limit:
                result, reply = "overload", Reply(429)
            elif service.faults.active and (status := await service.faults.suffer(operation)) is not None:
                result, reply = "fault", self.injected(call, status)
            else:
                for step in steps:
                    step(call)
                reply = await action(call)
        except Refusal as refusal:
            result, reply = refusal.case, self.refuse(call, refusal, operation)
        except StoreError:
            result, reply = "start-up", self.refuse(call, Refusal("start-up"), operation)
        except Reset:
            raise
        except Exception:
            log.exception("system error", extra={"operation": operation})
            result, reply = "system", self.refuse(call, Refusal("system"), operation)
        finally:
            service.in_flight -= 1
        took = time.perf_counter() - started
        service.metrics.done(self.metrics_name, operation, result, took)
        self.finish(call, reply)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "request",
                extra={
                    "api": self.metrics_name,
                    "operation": operation,
                    "outcome": result,
                    "status": reply.status,
                    "event_id": call.event,
                    "milliseconds": round(took * 1000, 1),
                },
            )
        await reply.send(send)
