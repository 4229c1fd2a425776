"""``utrulling schema``: the JSON Schema of scenario files, or of intervention files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sim.errors import EXIT_OK
from sim.faces.arguments import Translate
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Skriv JSON Schema for scenariofiler eller tiltaksfiler.",
    "Write the JSON Schema of scenario or intervention files.",
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "--intervention",
        action="store_true",
        help=t("skjemaet for tiltaksfiler i stedet", "the schema of intervention files instead"),
    )
    made.add_argument(
        "--out", metavar=t("FIL", "FILE"), help=t("fil; ellers standard ut", "file; standard output if not given")
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.experiments.output import write_aside
    from sim.scenario.jsonschema import intervention_schema, json_schema

    content = intervention_schema() if options.intervention else json_schema()
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    if not options.out:
        print(text, end="")
        return EXIT_OK
    write_aside(Path(options.out), text)
    answer(options, {"schema": options.out})
    say(
        options,
        f"Skrev {options.out}. Sett «# $schema: ./{Path(options.out).name}» øverst i scenarioet.",
        f"Wrote {options.out}. Put «# $schema: ./{Path(options.out).name}» at the top of the scenario.",
    )
    return EXIT_OK
