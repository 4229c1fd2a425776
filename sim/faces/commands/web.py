"""``utrulling web``: turn levers in a browser and see the forecast move."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Åpne en lokal side der tiltak kan prøves ut og prognosen flytter seg.",
    "Serve a local page where interventions can be tried and the forecast moves.",
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "scenario",
        metavar="SCENARIO",
        nargs="?",
        default="national",
        help=t(
            "scenariet som tiltakene prøves på: en fil eller et navn (national)",
            "the scenario that interventions are tried on: a file or a name (national)",
        ),
    )
    made.add_argument(
        "--null",
        metavar="SCENARIO",
        help=t(
            "det alt sammenlignes med (national når det lar seg sammenligne, ellers SCENARIO)",
            "what all is compared with (national where it can be compared, else SCENARIO)",
        ),
    )
    made.add_argument(
        "--port",
        type=_port,
        default=8642,
        metavar="P",
        help=t("porten (8642); 0 er en ledig", "the port (8642); 0 is a free one"),
    )
    made.add_argument("--open", action="store_true", help=t("åpne siden i nettleseren", "open the page in the browser"))
    made.add_argument(
        "--folder",
        default="out/web",
        metavar=t("MAPPE", "FOLDER"),
        help=t(
            "der beregninger og lagrede scenarioer blir liggende (out/web)",
            "where runs and saved scenarios are kept (out/web)",
        ),
    )
    made.add_argument(
        "--capacity",
        action="append",
        default=[],
        metavar=t("FIL|MAPPE", "FILE|FOLDER"),
        help=t(
            "lasttestens filer som vises på siden Kapasitet (result.json, capacity.json, etterspørsel); kan gjentas",
            "files of the load test to show on the page Capacity (result.json, capacity.json, demand); may be repeated",
        ),
    )
    made.add_argument(
        "--workers",
        type=int,
        metavar="W",
        help=t("antall prosesser som regner (alle kjerner)", "number of processes that compute (all cores)"),
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65536:
        raise ValueError
    return value


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import socket
    import sys
    import webbrowser

    import uvicorn

    from sim.experiments.replicate import cores
    from sim.faces.web.app import create

    if options.workers is not None and options.workers < 1:
        raise UserError("--workers skal være 1 eller mer", "--workers must be 1 or more")
    app = create(
        options.scenario,
        options.null,
        options.workers or cores(),
        folder=Path(options.folder).resolve(),
        measured=tuple(Path(place) for place in options.capacity),
    )
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", options.port))
        listener.listen()  # whoever reads the address can ask at once
    except OSError:
        raise UserError(
            f"porten {options.port} er opptatt; velg en annen med --port, eller --port 0",
            f"port {options.port} is taken; choose another with --port, or --port 0",
        ) from None
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/" + ("?lang=en" if options.lang == "en" else "")
    answer(options, {"address": address, "scenario": options.scenario})
    say(
        options,
        f"{address}\nSiden er bare for denne maskinen. Avslutt med Ctrl-C.",
        f"{address}\nThe page is for this machine only. End with Ctrl-C.",
    )
    sys.stdout.flush()
    if options.open:
        webbrowser.open(address)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=1))
    server.run(sockets=[listener])
    return EXIT_OK
