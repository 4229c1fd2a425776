"""``utrulling doctor``: is the installation fit to work?"""

from __future__ import annotations

import argparse

from sim.errors import EXIT_NOT_MET, EXIT_OK
from sim.faces.arguments import Translate
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text("Kontroller installasjonen.", "Check the installation.")


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.faces.doctor import checks

    found = checks()
    answer(options, [{"check": c.what.to(options.lang), "holds": c.holds, "found": c.found} for c in found])
    for check in found:
        mark = "✓" if check.holds else "✗"
        say(options, f"{mark} {check.what.nb}: {check.found}", f"{mark} {check.what.en}: {check.found}")
    if all(c.holds for c in found):
        say(
            options, "Alt i orden. Neste: utrulling forecast national", "All is well. Next: utrulling forecast national"
        )
        return EXIT_OK
    return EXIT_NOT_MET
