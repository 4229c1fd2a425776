"""``kj-load headroom``: in which month does the forecast outgrow the capacity?"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from loadtests.errors import EXIT_NOT_MET, EXIT_OK
from loadtests.language import Text, number

HELP = Text(
    "Hold kapasiteten opp mot prognosen, måned for måned.", "Hold the capacity against the forecast, month by month."
)


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    made.add_argument(
        "forecast", type=Path, help=t("mappen fra «utrulling forecast»", "folder of «utrulling forecast»")
    )
    made.add_argument("capacity", type=Path, help=t("capacity.json", "capacity.json"))
    made.add_argument(
        "--demand",
        type=Path,
        help=t("etterspørselsfil som gir ukas timer", "demand file that gives the hours of the week"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; 1 when a month is not covered."""
    from loadtests import demand as demands
    from loadtests.headroom import months, read_capacity, read_forecast
    from loadtests.scenario import shipped

    capacity = read_capacity(options.capacity)
    demand = demands.read(options.demand or shipped() / "demand-2027-11.json")
    table = months(read_forecast(options.forecast), demand, capacity)
    short = next((m for m in table if not m.holds), None)
    if options.json:
        rows = [dataclasses.asdict(m) | {"headroom": None if m.peak == 0 else m.headroom} for m in table]
        print(json.dumps({"first_month_short": short.month if short else None, "months": rows}, indent=1))
        return EXIT_NOT_MET if short else EXIT_OK
    nb = options.lang == "nb"
    beyond = f">{max(p.processes for p in capacity.points)}"  # nothing was measured there
    lang = options.lang
    print(
        "  måned    median/s   p95/s   topp/s  rom (×)  prosesser"
        if nb
        else "  month    median/s   p95/s   peak/s  room (×)  processes"
    )
    for m in table:
        room = "\u2013" if m.peak == 0 else number(m.headroom, lang, 1)
        values = [number(v, lang, 1) for v in (m.p50, m.p95, m.peak)]
        print(f"  {m.month}  {values[0]:>8} {values[1]:>7} {values[2]:>8} {room:>8} {m.processes or beyond:>6}")
    best = number(capacity.best.rate.median, lang, 0)
    if short:
        print(
            f"Fra {short.month} er toppen over kapasiteten på {best} åpninger per sekund."
            if nb
            else f"From {short.month} the peak exceeds the capacity of {best} openings per second."
        )
    else:
        print(
            f"Kapasiteten på {best} åpninger per sekund dekker toppen i alle månedene."
            if nb
            else f"The capacity of {best} openings per second covers the peak in every month."
        )
    return EXIT_NOT_MET if short else EXIT_OK
