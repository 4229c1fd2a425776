"""``utrulling demand``: the calls that a month of the rollout puts on Kjernejournal, for the load test."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, positive, scenario
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Skriv etterspørselen i en måned (kall per sekund) som lasttesten spiller av.",
    "Write the demand of a month (calls per second) that the load test plays.",
)
AIMS = (
    Text(
        "Hvor mange kall per sekund gir innføringen i en gitt måned?",
        "How many calls per second does the rollout make in a given month?",
    ),
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--month", metavar=t("ÅÅÅÅ-MM", "YYYY-MM"), help=t("måneden, som 2027-11", "the month, such as 2027-11")
    )
    made.add_argument(
        "--sizing",
        choices=("low", "base", "high"),
        help=t(
            "i stedet for en prognose: alle er tilkoblet, lavt, midlere eller høyt anslag på kall per kontakt",
            "instead of a forecast: everybody is connected, low, base or high guess of calls per contact",
        ),
    )
    made.add_argument(
        "--percentile",
        choices=("p05", "p50", "p95"),
        default="p50",
        help=t("hvilken prosentil av prognosen (p50)", "which percentile of the forecast (p50)"),
    )
    made.add_argument(
        "--replications",
        type=positive,
        metavar="N",
        help=t("antall trekk (scenarioets)", "number of draws (the scenario's)"),
    )
    made.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))
    made.add_argument(
        "--prior",
        action="store_true",
        help=t("trekk fra forutsetningene, ikke fra kalibreringen", "draw from the assumptions, not the calibration"),
    )
    made.add_argument(
        "--workers",
        type=positive,
        metavar="W",
        help=t("antall prosesser (alle kjerner)", "number of processes (all cores)"),
    )
    made.add_argument(
        "--out",
        default="demand.json",
        metavar=t("FIL", "FILE"),
        help=t("filen som skrives (demand.json)", "the file to write (demand.json)"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if (options.month is None) == (options.sizing is None):
        raise UserError("oppgi enten --month eller --sizing", "give either --month or --sizing")
    if options.month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", options.month):
        raise UserError(
            f"--month {options.month} er ikke en måned; skriv den som 2027-11",
            f"--month {options.month} is not a month; write it like 2027-11",
        )
    from sim.experiments import demand, output
    from sim.scenario.load import load

    output.refuse_if_folder(Path(options.out))
    loaded = load(options.scenario)
    if options.sizing:
        made = demand.of_sizing(options.sizing, loaded.data_folder)
    else:
        from sim.experiments.posterior import with_posterior
        from sim.experiments.replicate import cores, most_replications, replicate
        from sim.model.calendar import Calendar

        labels = Calendar(loaded.scenario.period).labels
        if options.month not in labels:  # said before the long work begins
            raise UserError(
                f"{options.month} er ikke i perioden; velg {labels[0]} til {labels[-1]}",
                f"{options.month} is not in the period; choose {labels[0]} to {labels[-1]}",
            )
        kept = None
        if not options.prior:
            loaded, kept = with_posterior(loaded)
        seed = loaded.scenario.seed if options.seed is None else options.seed
        count = options.replications or loaded.scenario.replications
        limit = most_replications(loaded.scenario)
        if seed < 0 or count > limit:
            raise UserError(
                f"--seed skal være 0 eller mer, og --replications høyst {limit}",
                f"--seed must be 0 or more, and --replications at most {limit}",
            )
        label = "Simulerer" if options.lang == "nb" else "Simulating"
        results = replicate(loaded.scenario, count, seed, options.workers or cores(), label)
        made = demand.of_forecast(
            results,
            options.month,
            options.percentile,
            loaded.data_folder,
            loaded.name,
            loaded.hash,
            seed,
            kept.digest if kept else None,
        )
    output.write_aside(Path(options.out), made.model_dump_json() + "\n")
    from sim.language import number

    peak = {name: float(made.total(name).max()) for name in demand.OPERATIONS}
    answer(options, {"file": options.out, "origin": made.origin.model_dump(), "peak_per_second": peak})
    shown = {name: number(rate, options.lang, 3 if rate < 1 else 1) for name, rate in peak.items()}
    burst = number(peak["status"] * made.burst_factor, options.lang, 1)
    say(
        options,
        f"Travleste time: {shown['status']} indikatorkall per sekund (kortvarig topp {burst}), {shown['read']} nedlastinger, "
        f"{shown['create']} nye, {shown['update']} endringer, {shown['delete']} slettinger, {shown['login']} innlogginger.\n"
        f"Etterspørselen ligger i {options.out}. Neste: kj-load run monday-morning --demand {options.out}",
        f"Busiest hour: {shown['status']} indicator calls per second (short peak {burst}), {shown['read']} downloads, "
        f"{shown['create']} creations, {shown['update']} updates, {shown['delete']} deletions, {shown['login']} logins.\n"
        f"The demand is in {options.out}. Next: kj-load run monday-morning --demand {options.out}",
    )
    return EXIT_OK
