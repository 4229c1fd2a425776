"""``kj-load worker``: play stripes for a master on another machine."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from loadtests.errors import EXIT_OK, UserError
from loadtests.language import Text

HELP = Text("Vær arbeider for et løp på en annen maskin.", "Be a worker of a run on another machine.")


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    made.add_argument("--master", required=True, metavar="HOST", help=t("maskinen med løpet", "the run's machine"))
    made.add_argument(
        "--port", type=int, default=5557, help=t("hovedprosessens port (5557)", "the master's port (5557)")
    )
    made.add_argument("--stripes", type=int, default=4, help=t("scenarioets stripes (4)", "the scenario's stripes (4)"))
    made.add_argument("--allow", type=Path, metavar="FILE", help=t("verter som kan lastes", "hosts that may be loaded"))


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns when the run is over."""
    if not 0 < options.port < 65536 or options.stripes < 1:
        raise UserError("--port eller --stripes er umulig", "--port or --stripes is impossible")
    from loadtests.worker import Worker

    Worker(options.master, options.port, options.stripes, options.allow).runner.greenlet.join()
    return EXIT_OK
