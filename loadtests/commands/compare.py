"""``kj-load compare``: are new runs slower than the baseline's, beyond what chance makes of it?"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from loadtests.errors import EXIT_NOT_MET, EXIT_OK
from loadtests.language import Text, number

HELP = Text(
    "Sammenlign nye løp med et grunnlag; alarm bare når forskjellen er større enn tilfeldighet gir.",
    "Compare new runs with a baseline; alarm only when the difference exceeds what chance gives.",
)


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    made.add_argument("new", nargs="+", type=Path, help=t("resultatfiler av nye løp", "result files of new runs"))
    made.add_argument(
        "--baseline",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help=t("resultatfiler av grunnlaget (åtte løp er passe)", "result files of the baseline (eight will do)"),
    )
    made.add_argument(
        "--level",
        type=float,
        default=0.01,
        help=t("hyppighet av falsk alarm over alle sammenligninger (0,01)", "rate of false alarms over all (0.01)"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; 1 when something is slower."""
    from loadtests.baseline import compare
    from loadtests.result import read

    changes = compare([read(p) for p in options.new], [read(p) for p in options.baseline], options.level)
    slower = [c for c in changes if c.alarm]
    if options.json:
        print(json.dumps({"level": options.level, "changes": [dataclasses.asdict(c) for c in changes]}, indent=1))
        return EXIT_NOT_MET if slower else EXIT_OK
    nb = options.lang == "nb"
    for c in changes:
        mark = ("TREGERE" if nb else "SLOWER") if c.alarm else ""
        before, after = (number(v, options.lang, 1) for v in (c.before, c.after))
        print(f"  {c.operation:<16} p{c.percentile:<5g} {before:>9} → {after:>9} ms  p = {c.p:.2g}  {mark}")
    rate = number(100 * options.level, options.lang, 1)
    print(
        f"{len(slower)} av {len(changes)} er tregere. Falsk alarm: høyst {rate} % av slike sammenligninger. "
        f"Neste: åpne report.html for det nye løpet"
        if nb
        else f"{len(slower)} of {len(changes)} are slower. False alarm: at most {rate}% of such comparisons. "
        f"Next: open report.html of the new run"
    )
    return EXIT_NOT_MET if slower else EXIT_OK
