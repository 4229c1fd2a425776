"""``utrulling check``: are scenarios in order?"""

from __future__ import annotations

import argparse
import sys

from sim.errors import EXIT_OK, EXIT_USER
from sim.faces.arguments import Translate
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Kontroller scenarioer; feil vises som fil:linje:kolonne.", "Check scenarios; faults are shown as file:line:column."
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "scenarios", metavar="SCENARIO", nargs="+", help=t("scenariofiler eller navn", "scenario files or names")
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.errors import ScenarioError
    from sim.scenario.load import load
    from sim.scenario.schema import milestones, parameters

    good, problems = [], []
    for name in options.scenarios:
        try:
            loaded = load(name)
            good.append(
                {
                    "scenario": str(loaded.path),
                    "hash": loaded.hash,
                    "parameters": sum(1 for _ in parameters(loaded.scenario)),
                    "dates": len(milestones(loaded.scenario)),
                }
            )
        except ScenarioError as error:
            problems += error.problems
    answer(options, {"valid": good, "problems": [p.as_dict(options.lang) for p in problems]})
    for entry in good:
        say(
            options,
            f"{entry['scenario']}: i orden, {entry['parameters']} parametere og {entry['dates']} datoer",
            f"{entry['scenario']}: ok, {entry['parameters']} parameters and {entry['dates']} dates",
        )
    for problem in problems:
        print(problem.render(options.lang), file=sys.stderr)
    if problems:
        return EXIT_USER
    say(
        options, f"Neste: utrulling forecast {options.scenarios[0]}", f"Next: utrulling forecast {options.scenarios[0]}"
    )
    return EXIT_OK
