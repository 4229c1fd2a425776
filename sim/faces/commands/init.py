"""``utrulling init``: a commented scenario to start from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text("Skriv et kommentert scenario å begynne med.", "Write a commented scenario to start from.")


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "file",
        metavar=t("FIL", "FILE"),
        nargs="?",
        default="scenario.yaml",
        help=t("filen som skrives (scenario.yaml)", "the file to write (scenario.yaml)"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.experiments.output import write_aside
    from sim.faces.starter import starter
    from sim.scenario.jsonschema import NAME, json_schema

    target = Path(options.file)
    if target.exists():
        raise UserError(
            f"{target} finnes allerede; velg et annet navn", f"{target} exists already; choose another name"
        )
    write_aside(target.parent / NAME, json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n")
    write_aside(target, starter(target, options.lang))
    answer(options, {"scenario": str(target), "schema": str(target.parent / NAME)})
    say(
        options,
        f"Skrev {target} og {target.parent / NAME}. Neste: utrulling forecast {target}",
        f"Wrote {target} and {target.parent / NAME}. Next: utrulling forecast {target}",
    )
    return EXIT_OK
