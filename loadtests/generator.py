"""The generator: starts every arrival at its own time, whatever the server does, and plays its journey.

One greenlet per stripe waits for the next arrival and spawns a greenlet for it; that greenlet plays the journey, sends
its requests and takes their times. The first request of a journey is due at the arrival; a further one is due when the
answer before it (and the pause) allows it. How late the journey's greenlet itself was woken is the generator's own
lateness.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import gevent
from gevent.event import Event
from gevent.pool import Pool as Greenlets

from loadtests.alarm import Alarm
from loadtests.api.call import Call, Failed, Pause, Wrong
from loadtests.api.current import Current
from loadtests.api.legacy import Legacy
from loadtests.arrivals import Arrivals
from loadtests.helseid import Client, Issuer, Refused, Session
from loadtests.journeys import ROLES, role_of
from loadtests.journeys.visit import Visit
from loadtests.patients import Patient, Pool
from loadtests.recorder import Recorder
from loadtests.scenario import Scenario
from loadtests.setup import Users
from loadtests.transport import Answer, Origin, Unanswered

CITIZEN_SCOPE = "mock-kj:citizen/api"
UNAVAILABLE = frozenset(("refused", "reset", "timeout", "http-429", "http-502", "http-503", "http-504"))
Heard = Callable[[str, float, int, str | None], None]  # operation, response in ms, bytes, what went wrong


@dataclass(frozen=True)
class Plan:
    """All that a process needs to play its stripes."""

    scenario: Scenario
    base: str
    users: Users
    places: tuple[tuple[str, str], ...]
    patients: list[Patient]
    arrivals: Arrivals
    known: bool = True  # whether the patients are as they were registered


class _Stripe:
    """One stripe's patients and logged-in users."""

    def __init__(self, number: int, pool: Pool) -> None:
        self.number, self.pool = number, pool
        self.sessions: dict[str, list[Session]] = {"LE": [], "SP": []}
        self.legacy: dict[str, Session] = {}
        self.citizens: list[Session] = []


class Generator:
    """Plays stripes of a plan in this process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.recorder = Recorder()
        self.heard: Heard | None = None  # who else is told of every request
        self._zero = time.perf_counter()
        self._ended = False
        self.begun, self.over = Event(), Event()
        scenario = plan.scenario
        self._origin = Origin(
            plan.base,
            timeout=scenario.limits.timeout_seconds,
            connections=scenario.limits.in_flight + 64,
        )
        self._journeys: Greenlets = Greenlets()
        current, legacy = Client.of(plan.users.current, "client"), Client.of(plan.users.legacy, "legacy client")
        self._issuer = Issuer(current, self._origin, self.now, self._observe)
        self._legacy_issuer = Issuer(legacy, self._origin, self.now, self._observe)
        self._machine, self._legacy_machine = Session(self._issuer), Session(self._legacy_issuer)
        self._apis = (Current(current.api), Legacy(legacy.api))
        self._doctor = plan.users.professional("LE")
        self._people = {"LE": self._doctor, "SP": plan.users.professional("SP")}
        self._stripes: dict[int, _Stripe] = {}

    # --- the clock ----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the start of the run; negative before it."""
        return time.perf_counter() - self._zero

    def start_at(self, wall: float) -> None:
        """The run starts when the wall clock (``time.time``) says so, on every machine alike."""
        gc.collect()
        gc.freeze()  # what is here now stays; a collection in the middle of the run would be lateness
        gc.set_threshold(50_000, 50, 50)
        self._zero = time.perf_counter() + (wall - time.time())
        self.recorder = Recorder()  # what was recorded so far belongs to no run
        self.begun.set()

    # --- stripes ------------------------------------------------------------------------------------------------------

    def prepare(self, number: int, known: bool = True) -> None:
        """Make a stripe ready: its patients, its users logged in, tokens fetched.

        ``known`` says whether the patients are as they were registered; a stripe taken over from a worker that was lost
        learns anew what they have.

        Raises:
            Refused: no token is to be had.
        """
        stripes = self.plan.scenario.stripes
        mine = [
            Patient(**p.plain_data() | {"entries": dict(p.entries), "known": known and self.plan.known})
            for p in self.plan.patients[number::stripes]
        ]
        stripe = _Stripe(number, Pool(mine, self.plan.scenario.population.writers))
        self._machine.authorize("GET", "-")
        if self.plan.scenario.mix.legacy:
            self._legacy_machine.authorize("GET", "-")
        for profession, person in self._people.items():
            for _ in range(self.plan.scenario.population.sessions):
                session = Session(self._issuer, person["test_pid"])
                session.authorize("GET", "-")
                stripe.sessions[profession].append(session)
            if self.plan.scenario.mix.legacy:
                stripe.legacy[profession] = Session(self._legacy_issuer, person["test_pid"])
                stripe.legacy[profession].authorize("GET", "-")
        if self.plan.scenario.mix.citizen:
            citizen = Session(self._issuer, self._doctor["test_pid"], scope=CITIZEN_SCOPE)
            try:
                citizen.authorize("GET", "-")
            except Refused as error:  # the scope is the mock's
                raise Refused(f"{error.kind} ({CITIZEN_SCOPE}; mix.citizen: 0 does without)") from error
            stripe.citizens.append(citizen)
        self._stripes[number] = stripe

    def play(self, number: int) -> None:
        """Start every arrival of a stripe at its time; returns after the last one has started.

        A stripe that begins late begins at the next arrival that is due: those before it are missed.
        """
        stripe, arrivals = self._stripes[number], self.plan.arrivals
        limit = self.plan.scenario.limits.in_flight
        times = arrivals.times[number :: self.plan.scenario.stripes]
        first = int(times.searchsorted(self.now())) if self.now() > 0 else 0
        alarm = Alarm()
        for own in range(first, len(times)):
            due = float(times[own])
            alarm.wait(self._zero + due)
            self.recorder.play(number, own)
            if len(self._journeys) >= limit:
                self.recorder.missed["in-flight"] += 1
                continue
            self._journeys.spawn(self._arrive, stripe, own * self.plan.scenario.stripes + number, due)

    def finish(self, seconds: float) -> None:
        """Wait for the journeys under way, at most so long; those still open count as unanswered by then."""
        self._ended = True  # nobody begins a retry any more
        self._journeys.join(seconds)
        unfinished = len(self._journeys)
        self._journeys.kill()
        self.over.set()
        if unfinished:
            self.recorder.missed["unfinished"] += unfinished

    def close(self) -> None:
        """Close the connections, and let the garbage collector see everything again."""
        gc.unfreeze()
        self._origin.close()

    # --- one arrival --------------------------------------------------------------------------------------------------

    def _arrive(self, stripe: _Stripe, index: int, due: float) -> None:
        self.recorder.late(due, self.now() - due)
        arrivals, mix = self.plan.arrivals, self.plan.scenario.mix
        u = arrivals.choice[index]
        sector = self.plan.places[arrivals.place[index]][1]
        if arrivals.login[index]:
            self._login(stripe, role_of(sector, u[0]).profession, due)
            return
        reads, creates, updates, deletes = map(int, arrivals.follow[index])  # in the order of FOLLOWING
        writing = creates + updates + deletes
        quiet = not (writing or reads)
        role = role_of(sector, u[0])
        if quiet and u[1] < mix.background:
            role = ROLES["background"]
        elif quiet and u[1] > 1 - mix.citizen and stripe.citizens:
            role = ROLES["citizen"]
        if writing:
            patient = stripe.pool.take()
            if patient is None:
                self.recorder.missed["no free patient"] += 1
                return
        elif reads:
            patient = stripe.pool.somebody_informed(u[3])
        else:
            patient = stripe.pool.any(u[3])
        legacy = bool(u[2] < mix.legacy)
        person = self._people[role.profession]
        visit = Visit(
            role,
            patient,
            self._apis[legacy],
            person["hpr_number"],
            self.plan.users.organisation,
            self._doctor["hpr_number"],
            reads,
            creates,
            updates,
            deletes,
            mix.think_seconds,
        )
        try:
            self._visit(stripe, visit, due, Random(index))
        finally:
            if writing:
                stripe.pool.give_back(patient)

    def _visit(self, stripe: _Stripe, visit: Visit, due: float, stream: Random) -> None:
        """Play a journey, and again while nobody answers and the clients' patience lasts."""
        begun, retry = due, self.plan.scenario.retry
        for attempt in range(retry.times + 1):
            error = self._play(stripe, visit, due, stream)
            if error is None:
                self.recorder.finished(visit.role.name, self.now() - begun)
            if error not in UNAVAILABLE:
                return
            if attempt < retry.times and not self._ended:
                wait = min(retry.wait_seconds * retry.backoff**attempt, retry.longest_seconds)
                gevent.sleep(stream.random() * wait if retry.jitter == "full" else wait)
                if self._ended:
                    return
                self.recorder.retries += 1
                due = self.now()

    def _play(self, stripe: _Stripe, visit: Visit, due: float, stream: Random) -> str | None:
        """One attempt; gives the error that ended it, or None."""
        journey: Any = visit.role.play(visit)
        step: Call | Pause = next(journey)
        while True:
            if isinstance(step, Pause):
                gevent.sleep(step.seconds)
                due = self.now()
                step = journey.send(None)
                continue
            call = step
            try:
                sent, answer = self._send(stripe, visit, call, stream)
            except Unanswered as failure:
                self._answered(call.operation, due, failure.sent or due, error=failure.kind)
                visit.patient.known = visit.patient.known and not visit.creates + visit.updates + visit.deletes
                return failure.kind
            except Refused as failure:  # counted where it was asked for; this call was never sent
                self._answered(call.operation, due, self.now(), error="no-token")
                return failure.kind
            done = self.now()
            try:
                following = journey.send(answer)
            except StopIteration:
                self._answered(call.operation, due, sent, done, size=len(answer.body))
                return None
            except Wrong as wrong:
                self._answered(call.operation, due, sent, done, wrong=str(wrong))
                visit.patient.known = False
                return "wrong"
            except Failed as failure:
                self._answered(call.operation, due, sent, done, error=failure.kind)
                return failure.kind
            self._answered(call.operation, due, sent, done, size=len(answer.body))
            step, due = following, done

    def _send(self, stripe: _Stripe, visit: Visit, call: Call, stream: Random) -> tuple[float, Answer]:
        session = self._session(stripe, visit.role.profession, call, stream)
        headers = {**call.headers, **session.authorize(call.method, self._origin.base + call.path.partition("?")[0])}
        sent = self.now()
        try:
            return sent, self._origin.exchange(call.method, call.path, headers, call.body)
        except Unanswered as error:
            error.sent = sent
            raise

    def _session(self, stripe: _Stripe, profession: str, call: Call, stream: Random) -> Session:
        if call.who == "machine":
            return self._legacy_machine if call.legacy else self._machine
        if call.who == "citizen":
            return stripe.citizens[0]
        return stripe.legacy[profession] if call.legacy else stream.choice(stripe.sessions[profession])

    def _login(self, stripe: _Stripe, profession: str, due: float) -> None:
        """A user logs in, and takes the place of the one who has been logged in longest."""
        session = Session(self._issuer, self._people[profession]["test_pid"])
        try:
            session.login(due)
        except Refused:
            return  # counted by the exchange that failed
        sessions = stripe.sessions[profession]
        sessions.append(session)
        if len(sessions) > self.plan.scenario.population.sessions:
            sessions.pop(0)
        self.recorder.finished("login", self.now() - due)

    # --- counting -----------------------------------------------------------------------------------------------------

    def _answered(
        self,
        operation: str,
        due: float,
        sent: float,
        done: float | None = None,
        *,
        error: str | None = None,
        wrong: str | None = None,
        size: int = 0,
    ) -> None:
        done = self.now() if done is None else done
        self.recorder.answered(operation, due, sent, done, error, wrong)
        if self.heard is not None:
            self.heard(operation, (done - due) * 1000, size, error or wrong)

    def _observe(self, operation: str, due: float, sent: float, done: float, error: str | None) -> None:
        self.recorder.answered(operation, due, sent, done, error)
        if self.heard is not None:
            self.heard(operation, (done - due) * 1000, 0, error)
