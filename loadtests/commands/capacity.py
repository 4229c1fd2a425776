"""``kj-load capacity``: the highest rate that holds the objectives, for one or more numbers of server processes."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadtests.errors import EXIT_OK, UserError
from loadtests.language import Text, number

if TYPE_CHECKING:
    from loadtests.capacity import Point, Step
    from loadtests.demand import Demand
    from loadtests.scenario import Scenario

HELP = Text(
    "Finn kneet: høyeste rate som holder målene, med trapp, halvering og gjentakelse.",
    "Find the knee: the highest rate that holds the objectives, by staircase, bisection and repetition.",
)


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    made.add_argument(
        "scenario", help=t("scenariofil eller navn: blanding, mål, mock", "scenario: mix, objectives, mock")
    )
    made.add_argument("--demand", metavar=t("FIL", "FILE"), help=t("en annen etterspørsel", "another demand"))
    made.add_argument(
        "--hour", default="mon 08", help=t("timen som gir blandingen (mon 08)", "hour of the mix (mon 08)")
    )
    made.add_argument(
        "--start", type=float, default=50, help=t("første rate, åpninger per sekund (50)", "first rate (50)")
    )
    made.add_argument("--factor", type=float, default=1.6, help=t("trappens trinn (1,6)", "the staircase's step (1.6)"))
    made.add_argument("--most", type=float, default=3000, help=t("høyeste rate (3000)", "highest rate (3000)"))
    made.add_argument(
        "--tolerance", type=float, default=0.05, help=t("halveringens nøyaktighet (0,05)", "of the bisection")
    )
    made.add_argument(
        "--seconds", type=float, default=10, help=t("varighet av hvert løp (10)", "length of each run (10)")
    )
    made.add_argument("--repeat", type=int, default=3, help=t("hele søket så mange ganger (3)", "the whole search (3)"))
    made.add_argument(
        "--processes",
        type=int,
        nargs="+",
        default=[1],
        metavar="N",
        help=t(
            "antall tjenerprosesser som måles (1); tre eller flere gir USL",
            "server processes; three or more give the USL",
        ),
    )
    made.add_argument("--workers", type=int, default=0, metavar="N", help=t("arbeiderprosesser", "worker processes"))
    made.add_argument("--out", type=Path, default=Path("capacity.json"), metavar=t("FIL", "FILE"))


def run(options: argparse.Namespace) -> int:
    """Carry the command out."""
    import locust  # noqa: F401 - before anything else: it patches the standard library for gevent

    from loadtests import capacity, result
    from loadtests.commands.common import demand_of
    from loadtests.demand import INDEX, hour_of_week
    from loadtests.report import page
    from loadtests.scenario import find, load
    from loadtests.usl import DOUBTS

    good = options.start > 0 and options.factor > 1 and 0 < options.tolerance < 1 and options.repeat >= 1
    if not good or options.seconds < 2 or options.most < options.start or min(options.processes) < 1:
        raise UserError("en av tallverdiene er umulig; se --help", "one of the numbers is impossible; see --help")
    path = find(options.scenario)
    scenario = load(path)
    demand = demand_of(path, scenario, options.demand)
    try:
        one = float(demand.national[INDEX["status"], hour_of_week(options.hour)])
    except ValueError as error:
        raise UserError(f"--hour: {error}", f"--hour: {error}") from error
    if one <= 0:
        raise UserError(f"ingen åpninger i {options.hour}", f"no openings in {options.hour}")
    steps: list[capacity.Step] = []
    before = round(os.getloadavg()[0], 2)
    points = [_measure(options, scenario, demand, one, processes, steps) for processes in options.processes]
    machine = result.machine() | {"load_before": before}
    law = capacity.scalability(points, machine["cores"], options.workers)
    content = capacity.Capacity(
        scenario=options.scenario,
        hour=options.hour,
        objectives={k: v.model_dump(exclude_defaults=True) for k, v in scenario.objectives.items()},
        points=points,
        scalability=law,
        steps=steps,
        machine=machine,
        made=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )
    text = content.model_dump_json(indent=1)
    result.write(options.out, text.encode() + b"\n")
    result.write(options.out.with_suffix(".html"), page.render_capacity(content, options.lang).encode())
    if options.json:
        print(text)
        return EXIT_OK
    nb = options.lang == "nb"
    for p in points:
        low, middle, high = (number(x, options.lang, 1) for x in (p.rate.low, p.rate.median, p.rate.high))
        by = ("generatoren" if p.limited_by == "generator" else "tjenesten") if nb else p.limited_by
        print(
            f"  {p.processes} {'prosess(er)' if nb else 'process(es)'}: {middle}/s ({low}\u2013{high}); {'grensen er' if nb else 'limit:'} {by}"
        )
    if law is not None:
        names = {"rate_of_one": "λ", "contention": "σ", "coherency": "κ"}
        parts = []
        for name, sign in names.items():
            decimals = 1 if sign == "λ" else 3
            shown = f"{sign} = {number(getattr(law, name), options.lang, decimals)}"
            if name in law.ranges:
                shown += " ({}\u2013{})".format(*(number(x, options.lang, decimals) for x in law.ranges[name]))
            parts.append(shown)
        print(f"  USL: {'; '.join(parts)}; {'målt til' if nb else 'measured to'} {law.measured_to}")
        for doubt in law.doubts:
            print(f"       {DOUBTS[doubt].to(options.lang)}")
    print(
        f"Kapasiteten ligger i {options.out} (og .html). Neste: kj-load headroom out/national {options.out} --demand demand.json"
        if nb
        else f"The capacity is in {options.out} (and .html). Next: kj-load headroom out/national {options.out} --demand demand.json"
    )
    return EXIT_OK


def _measure(
    options: argparse.Namespace, scenario: Scenario, demand: Demand, one: float, processes: int, steps: list[Step]
) -> Point:
    """Search with so many server processes; ``one`` is the demand's own rate in the hour. Adds to ``steps``."""
    from loadtests import capacity, result
    from loadtests import run as running
    from loadtests.commands.common import progress
    from loadtests.conduct import Scale
    from loadtests.shapes import Stage

    own = scenario.model_copy(update={"mock": scenario.mock.model_copy(update={"processes": processes})})
    broke: dict[float, list[str]] = {}
    with running.stage(own) as ready:

        def trial(rate: float, repetition: int) -> capacity.Answer:
            shape = [Stage(seconds=options.seconds, at=options.hour, factor=rate / one)]
            once = own.model_copy(update={"shape": shape, "seed": own.seed + len(steps)})
            outcome = running.execute(once, demand, ready, scale=Scale(options.workers))
            if outcome.interrupted:
                raise KeyboardInterrupt
            steps.append(_step(processes, repetition, rate, result.content(outcome, "")))
            if outcome.verdict.value != "pass":
                broke[rate] = [f"{f.operation} {f.what}" for f in outcome.findings if not f.holds]
            shown = number(rate, options.lang, 1)
            progress(f"{processes} × {repetition + 1}: {shown}/s {outcome.verdict.value}", last=True)
            return outcome.verdict.value

        searched = [
            capacity.search(
                trial,
                options.start,
                factor=options.factor,
                tolerance=options.tolerance,
                most=options.most,
                repetition=repetition,
            )
            for repetition in range(options.repeat)
        ]
    limit = "service" if all(f.limited_by == "service" and f.failed for f in searched) else "generator"
    return capacity.Point(
        processes=processes,
        rate=capacity.over_repetitions([f.passed for f in searched]),
        limited_by=limit,
        broke=broke[min(broke)] if broke else [],
    )


def _step(processes: int, repetition: int, rate: float, told: dict[str, Any]) -> Step:
    from loadtests.capacity import Step

    status = told["operations"].get("status", {})
    times = status.get("response_ms", {})
    opened = next(row for row in told["demand"] if row["operation"] == "status")
    return Step(
        processes=processes,
        repetition=repetition,
        rate=round(rate, 3),
        verdict=told["verdict"],
        achieved=opened["achieved_per_second"],
        p50_ms=times.get("p50"),
        p99_ms=times.get("p99"),
        cpu=told["server"]["cpu_mean"],
    )
