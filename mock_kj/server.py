"""Running the mock: sockets, processes, ready file (issue: `mock-kj serve`)."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import uvicorn

from mock_kj import app, faults, logs, organisations, siblings
from mock_kj.api.current import PREFIX
from mock_kj.cases import with_overrides
from mock_kj.codes import CodeRegister
from mock_kj.errors import StoreError, UsageError
from mock_kj.helseid.clients import Clients
from mock_kj.helseid.keys import SigningKeys
from mock_kj.population import Population, Rates
from mock_kj.protocol import limited
from mock_kj.settings import Settings, read_yaml
from mock_kj.siblings import Siblings
from mock_kj.store.model import Store

BANNER = "mock-kj: a MOCK of Kjernejournal and HelseID. Not the real services; synthetic persons only."
# What listens on every address is told to clients as the loopback; --public-url names the address of other hosts.
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
MOCK_HEADER = ("x-mock", "mock-kj; not Kjernejournal, not HelseID; synthetic persons only")
PERSONS, PROFESSIONALS, SEED = 10_000, 500, 1


@dataclass(frozen=True)
class Options:
    """What `serve` was asked for. Sizes that are None come from the database, or the defaults for a new one."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8480
    database: str | None = None
    public_url: str | None = None
    ready_file: Path | None = None
    processes: int = 1
    persons: int | None = None
    professionals: int | None = None
    seed: int | None = None
    rates: dict[str, float] = field(default_factory=dict)
    organisations: Path | None = None
    codes: Path | None = None
    faults: Path | None = None
    log_level: str = "warning"
    settings: Settings = field(default_factory=Settings)

    @property
    def database_url(self) -> str:
        """Where the store is."""
        return self.database or str(self.data / "mock-kj.sqlite")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        UsageError: the address is taken, not allowed or not of this machine.

    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.set_inheritable(True)
    except OSError as error:
        raise UsageError("--host/--port", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listener


def claim(data: Path) -> int:
    """Take a data folder for this server alone, until the returned handle is closed or the process ends.

    Raises:
        UsageError: another server runs with it, or it cannot be made.

    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = os.open(data / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UsageError(f"--data {data}", f"cannot be used: {error.strerror}") from error
    if sys.platform == "win32":
        return handle
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise UsageError(f"--data {data}", "another server runs with this folder; take another one") from error
    return handle


def plan_of(path: Path | None) -> faults.Faults:
    """The fault plan of a file. Raises UsageError."""
    return faults.Faults(faults.parse(read_yaml(path), str(path)) if path is not None else None)


async def settle_population(store: Store, options: Options) -> Population:
    """The population of a database: the one it was made with, or a new one that is remembered in it.

    Raises:
        UsageError: the options ask for another population than the database holds.

    """
    kept = await store.get_meta("population")
    asked = {"persons": options.persons, "professionals": options.professionals, "seed": options.seed, **options.rates}
    asked = {name: value for name, value in asked.items() if value is not None}
    if kept is None:
        values: dict[str, Any] = {
            "persons": PERSONS,
            "professionals": PROFESSIONALS,
            "seed": SEED,
            **asdict(Rates()),
            **asked,
        }
    else:
        values = json.loads(kept)
        for name in options.rates.keys() - asdict(Rates()).keys():
            raise UsageError(f"--rate {name}", f"there is no such rate; there are {', '.join(asdict(Rates()))}")
        values = {**asdict(Rates()), **values}  # a database of before a rate existed
        for name, value in asked.items():
            if values.get(name) != value:
                raise UsageError(
                    f"--rate {name}" if name in options.rates else f"--{name}",
                    f"the database was made with {values.get(name)}, not {value}; take another --data or --db",
                )
    population = population_from(values, options.organisations)
    if kept is None:
        await store.set_meta("population", json.dumps(values))
    return population


def population_from(values: dict[str, Any], places: Path | None) -> Population:
    """A population from its parameters.

    Raises:
        UsageError: a parameter is unknown or out of range.

    """
    rest = dict(values)
    sizes = {name: rest.pop(name) for name in ("persons", "professionals", "seed")}
    try:
        rates = Rates(**rest)
    except TypeError as error:
        raise UsageError("--rate", f"there is no such rate; there are {', '.join(asdict(Rates()))}") from error
    return Population(organisations.from_file(places), rates=rates, **sizes)


async def prepare(options: Options) -> dict[str, Any]:
    """Make what the server needs and check what it was given, once, before any process starts.

    Returns the population's parameters. Raises UsageError or StoreError.
    """
    options.data.mkdir(parents=True, exist_ok=True)
    SigningKeys.load(options.data / "keys.json", options.settings.signing_alg)
    Clients(options.data / "clients.json")
    CodeRegister.from_file(options.codes)
    with_overrides(options.settings.cases)
    plan_of(options.faults)
    store = app.make_store(options.database_url, options.settings)
    await store.open()
    try:
        population = await settle_population(store, options)
    finally:
        await store.close()
    return {
        "persons": population.persons,
        "professionals": population.professionals,
        "seed": population.seed,
        **asdict(population.rates),
    }


def build(options: Options, public_url: str, population: dict[str, Any], among: Siblings | None = None) -> app.MockKj:
    """The application for one process. Raises UsageError."""
    plan = plan_of(options.faults)
    return app.build(
        public_url=public_url,
        settings=options.settings,
        store=app.make_store(options.database_url, options.settings, plan),
        population=population_from(population, options.organisations),
        keys=SigningKeys.load(options.data / "keys.json", options.settings.signing_alg),
        clients=Clients(options.data / "clients.json"),
        register=CodeRegister.from_file(options.codes, options.settings),
        plan=plan,
        siblings=among,
    )


class Server(uvicorn.Server):
    """uvicorn that says when it can answer, and that leaves long-lived objects to no garbage collector."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 50, 50)  # a full collection over many objects is what makes the tail
            self._ready()


def configuration(application: Any, max_header_bytes: int) -> uvicorn.Config:
    """How an application is served; the benchmark's floor is served in the same way."""
    return uvicorn.Config(
        application,
        http=limited(max_header_bytes),
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        headers=[MOCK_HEADER],  # the server's own answers to broken HTTP have it too
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        backlog=2048,
    )


def run_process(
    options: Options,
    public_url: str,
    population: dict[str, Any],
    listener: socket.socket,
    ready: Callable[[], None],
    among: Siblings | None = None,
) -> None:
    """Serve on a socket until told to stop."""
    logs.configure(options.log_level)
    config = configuration(build(options, public_url, population, among), options.settings.max_header_bytes)
    for name in (signal.SIGINT, signal.SIGTERM):  # uvicorn hands a signal back to these once it has stopped
        signal.signal(name, _leave)
    Server(config, ready).run(sockets=[listener])


def _leave(number: int, frame: object) -> NoReturn:
    """A wish to stop is no failure."""
    sys.exit(0)


def _child(
    options: Options,
    public_url: str,
    population: dict[str, Any],
    listener: socket.socket,
    ready: Any,
    among: Siblings,
) -> None:
    os.setpgrp()  # Ctrl-C reaches the parent only, which stops the children in order
    run_process(options, public_url, population, listener, ready.release, among)


def addresses(public_url: str, population: dict[str, Any]) -> dict[str, Any]:
    """What the ready file says."""
    return {
        "mock": True,
        "base": public_url,
        "issuer": public_url + app.ISSUER_PREFIX,
        "api": public_url + PREFIX,
        "legacy": f"{public_url}/v1",
        "citizen": public_url + "/citizen/v1",
        "docs": f"{public_url}/docs",
        "population": population,
        "pid": os.getpid(),
    }


def write_whole(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file in one step, so that a reader sees all or nothing. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise UsageError(str(path), f"cannot be written: {error.strerror}") from error


def serve(options: Options) -> int:
    """Run until Ctrl-C or SIGTERM; gives the exit code.

    Raises:
        UsageError: something given cannot be used.
        StoreError: the database cannot be used.

    """
    if options.processes > 1 and options.settings.signing_alg and not options.database_url.startswith("postgres"):
        logging.getLogger("mock_kj").warning("several processes on SQLite take turns to write")
    lock = claim(options.data)
    try:
        return _serve(options)
    finally:
        os.close(lock)


def _serve(options: Options) -> int:
    """Run with the folder taken."""
    if options.ready_file is not None:  # whoever waits for it shall not read the address of an earlier run
        options.ready_file.unlink(missing_ok=True)
    listener = listen(options.host, options.port)
    name = ANY_ADDRESS.get(options.host, options.host)
    host = f"[{name}]" if ":" in name else name
    public_url = options.public_url or f"http://{host}:{listener.getsockname()[1]}"
    population = asyncio.run(prepare(options))
    told = addresses(public_url, population)

    def ready() -> None:
        write_whole(options.data / "ready.json", told)
        if options.ready_file is not None:
            write_whole(options.ready_file, told)
        print(BANNER, file=sys.stderr)
        print(
            f"issuer  {told['issuer']}\napi     {told['api']}\nlegacy  {told['legacy']}\ndocs    {told['docs']}",
            file=sys.stderr,
        )
        if options.host in ANY_ADDRESS and options.public_url is None:
            print(
                "note    for clients on other hosts, give their address of this one with --public-url", file=sys.stderr
            )
        print(f"next    mock-kj client --data {options.data} --out client.json", file=sys.stderr, flush=True)

    if options.processes == 1:
        run_process(options, public_url, population, listener, ready)
        return 0
    return _many(options, public_url, population, listener, ready)


def _many(
    options: Options, public_url: str, population: dict[str, Any], listener: socket.socket, ready: Callable[[], None]
) -> int:
    """Several processes on one socket; one that dies takes the rest with it, so that nothing runs half."""
    context = multiprocessing.get_context("spawn")
    started = context.Semaphore(0)
    single = replace(options, ready_file=None)
    folder, lock = siblings.prepare(options.data), context.Lock()
    children = [
        context.Process(
            target=_child,
            args=(
                single,
                public_url,
                population,
                listener,
                started,
                Siblings(number, options.processes, folder, lock),
            ),
        )
        for number in range(options.processes)
    ]
    stopping: list[int] = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, frame: stopping.append(number))
    for child in children:
        child.start()
    waiting = options.processes
    code = 0
    while not stopping and code == 0:
        if waiting and started.acquire(timeout=0.1):
            waiting -= 1
            if waiting == 0:
                ready()
            continue
        code = next((1 for child in children if not child.is_alive()), 0)
        if not waiting:
            children[0].join(0.2)
    for child in children:
        if child.is_alive():
            child.terminate()
    for child in children:
        child.join(15)
        if child.is_alive():
            child.kill()
    return code


__all__ = ["Options", "StoreError", "addresses", "prepare", "serve"]
