"""``kj-load check``: is a load scenario in order, and how many calls would it make?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from loadtests.errors import EXIT_OK
from loadtests.language import Text, number

HELP = Text(
    "Kontroller et lastscenario og tell kallene, uten å sende noe.",
    "Check a load scenario and count its calls, without sending any.",
)


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    from loadtests.commands.common import scenario_arguments

    scenario_arguments(made, t)


def run(options: argparse.Namespace) -> int:
    """Carry the command out."""
    from loadtests.arrivals import draw
    from loadtests.commands.common import scenario_of
    from loadtests.shapes import course

    path, scenario, demand = scenario_of(options)
    played = course(demand, scenario.shape)
    due = draw(played, scenario.seed, scenario.limits.requests).due()
    if options.json:
        print(json.dumps({"scenario": str(path), "seconds": played.seconds, "due": due}, indent=1))
        return EXIT_OK
    shown = ", ".join(f"{name} {number(count, options.lang)}" for name, count in due.items())
    print(
        f"{path}: i orden; {played.seconds:g} s, {shown}\nNeste: kj-load run {options.scenario}"
        if options.lang == "nb"
        else f"{path}: ok; {played.seconds:g} s, {shown}\nNext: kj-load run {options.scenario}"
    )
    return EXIT_OK
