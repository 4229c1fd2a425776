"""``utrulling web``: turn levers in a browser and see the forecast move."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK, UserError, why
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
    made.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="H",
        help=t(
            "adressen å lytte på (127.0.0.1: bare denne maskinen); andre krever --allowed-host",
            "the address to listen on (127.0.0.1: this machine only); others need --allowed-host",
        ),
    )
    made.add_argument(
        "--allowed-host",
        action="extend",
        nargs="+",
        default=[],
        metavar=t("NAVN", "NAME"),
        help=t(
            "navn som siden skal svare på, når flere deler den", "names that the page answers to, when several share it"
        ),
    )
    made.add_argument(
        "--root-path",
        default="",
        metavar=t("STI", "PATH"),
        help=t("stien bak en omvendt proxy (/utrulling)", "the path behind a reverse proxy (/utrulling)"),
    )
    made.add_argument(
        "--proxy",
        metavar=t("ADRESSE", "ADDRESS"),
        help=t(
            "proxyen som får fortelle hvem som spør (X-Forwarded-…); ingen uten dette",
            "the proxy that may say who asks (X-Forwarded-…); none without this",
        ),
    )
    made.add_argument(
        "--oidc",
        nargs="?",
        const="",
        metavar=t("FIL", "FILE"),
        help=t(
            "krev innlogging; utsteder og nøkler fra en JSON-fil, eller fra UTRULLING_OIDC_ISSUER, …_CLIENT_ID og …_CLIENT_SECRET",
            "require log-in; issuer and keys from a JSON file, or from UTRULLING_OIDC_ISSUER, …_CLIENT_ID and …_CLIENT_SECRET",
        ),
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65536:
        raise ValueError
    return value


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import errno
    import socket
    import sys
    import webbrowser

    import uvicorn

    from sim.experiments.replicate import cores
    from sim.faces.web.app import create
    from sim.faces.web.sharing import LOOPBACK, provider, sharing

    if options.workers is not None and options.workers < 1:
        raise UserError("--workers skal være 1 eller mer", "--workers must be 1 or more")
    login = None if options.oidc is None else provider(options.oidc)
    how = sharing(options.host, options.allowed_host, options.root_path, options.proxy, login)
    folder = Path(options.folder).resolve()
    app = create(
        options.scenario,
        options.null,
        options.workers or cores(),
        folder,
        how,
        tuple(Path(place) for place in options.capacity),
    )
    listener = socket.socket(socket.AF_INET6 if ":" in how.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((how.host, options.port))
        listener.listen()  # whoever reads the address can ask at once
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            reason = why(error)
            raise UserError(
                f"kan ikke lytte på {how.host}, port {options.port}: {reason.nb}",
                f"cannot listen on {how.host}, port {options.port}: {reason.en}",
            ) from error
        raise UserError(
            f"porten {options.port} er opptatt; velg en annen med --port, eller --port 0",
            f"port {options.port} is taken; choose another with --port, or --port 0",
        ) from None
    at = how.host if how.host in LOOPBACK else "127.0.0.1"
    address = f"http://{at}:{listener.getsockname()[1]}{how.root}/" + ("?lang=en" if options.lang == "en" else "")
    answer(options, {"address": address, "scenario": options.scenario})
    names = ", ".join(how.hosts)
    if how.open:
        say(
            options,
            f"{address}\nADVARSEL: UTEN INNLOGGING. Alle som når {how.host}, kan bruke siden og lagre på den ({names}). "
            "Krev innlogging med --oidc. Avslutt med Ctrl-C.",
            f"{address}\nWARNING: NO LOG-IN. Everybody who reaches {how.host} can use the page and save on it ({names}). "
            "Require log-in with --oidc. End with Ctrl-C.",
        )
    elif how.shared:
        say(
            options,
            f"{address}\nSiden svarer på {names}, med innlogging. Avslutt med Ctrl-C.",
            f"{address}\nThe page answers to {names}, with log-in. End with Ctrl-C.",
        )
    else:
        say(
            options,
            f"{address}\nSiden er bare for denne maskinen. Avslutt med Ctrl-C.",
            f"{address}\nThe page is for this machine only. End with Ctrl-C.",
        )
    sys.stdout.flush()
    if options.open:
        webbrowser.open(address)
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        proxy_headers=how.proxy is not None,
        forwarded_allow_ips=how.proxy or [],
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return EXIT_OK
