"""``utrulling forecast``: simulate and write the forecast."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, positive, scenario
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Simuler innføringen og skriv prognosen: rapport, tabeller, manifest.",
    "Simulate the rollout and write the forecast: report, tables, manifest.",
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--out",
        metavar=t("MAPPE", "FOLDER"),
        help=t("mappen som skrives (out/SCENARIO)", "the folder to write (out/SCENARIO)"),
    )
    made.add_argument(
        "--replications",
        type=positive,
        metavar="N",
        help=t("antall trekk (scenarioets)", "number of draws (the scenario's)"),
    )
    made.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help=t(
            "frø (scenarioets); samme frø gir bit for bit samme tall",
            "seed (the scenario's); the same seed gives the same bits",
        ),
    )
    made.add_argument(
        "--prior",
        action="store_true",
        help=t(
            "trekk fra fordelingene i scenariofilen i stedet for den kalibrerte fordelingen",
            "draw from the distributions in the scenario file instead of the calibrated ones",
        ),
    )
    made.add_argument(
        "--workers",
        type=positive,
        metavar="W",
        help=t(
            "antall prosesser (alle kjerner); påvirker ikke svaret",
            "number of processes (all cores); does not change the answer",
        ),
    )
    made.add_argument(
        "--trace",
        metavar=t("FIL", "FILE"),
        help=t("skriv hendelsesloggen for ett trekk som CSV", "write the event log of one draw as CSV"),
    )
    made.add_argument(
        "--trace-replication",
        type=int,
        default=0,
        metavar="R",
        help=t("hvilket trekk som logges (0)", "which draw is logged (0)"),
    )
    made.add_argument(
        "--png",
        metavar=t("FIL", "FILE"),
        help=t("skriv den nasjonale viften som PNG også", "write the national fan as PNG too"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.scenario.load import load

    begun = time.perf_counter()
    loaded = load(options.scenario)
    if options.out == "":
        raise UserError("--out er tom; oppgi en mappe", "--out is empty; name a folder")
    target = Path(options.out or Path("out") / loaded.name)
    from sim.experiments import output

    output.refuse_if_foreign(target)
    seed = loaded.scenario.seed if options.seed is None else options.seed
    if seed < 0:
        raise UserError("--seed skal være 0 eller mer", "--seed must be 0 or more")
    count = options.replications or loaded.scenario.replications
    if not 0 <= options.trace_replication < count:
        raise UserError(
            f"--trace-replication skal ligge mellom 0 og {count - 1}", f"--trace-replication must be 0 to {count - 1}"
        )
    from sim.experiments import forecast
    from sim.experiments.observations import published
    from sim.experiments.replicate import cores, most_replications, replicate
    from sim.experiments.summary import Summary

    for extra in filter(None, (options.trace, options.png)):
        output.refuse_if_folder(Path(extra))
    limit = most_replications(loaded.scenario)
    if count > limit:
        raise UserError(
            f"{count} trekk trenger for mye minne; høyst {limit} for dette scenarioet",
            f"{count} draws need too much memory; at most {limit} for this scenario",
        )
    workers = options.workers or cores()
    from sim.experiments.posterior import with_posterior

    kept = None
    if not options.prior:
        loaded, kept = with_posterior(loaded)
    label = "Simulerer" if options.lang == "nb" else "Simulating"
    results = replicate(loaded.scenario, count, seed, workers, label, published(loaded.data_folder))
    summary = Summary.of(results)
    from sim.faces.report import page

    with output.folder(target) as folder:
        forecast.write(folder, summary)
        (folder / "report.html").write_text(page.render(loaded, summary, seed, options.lang), encoding="utf-8")
        for extra, make in (
            (options.trace, lambda: _trace(results, seed, options.trace_replication)),
            (options.png, lambda: page.fan_png(summary, options.lang)),
        ):
            if extra:
                output.write_aside(output.within(folder, target, Path(extra)), make())
        files = [p.name for p in folder.iterdir()]
        content = forecast.manifest(
            loaded, results, seed, workers, time.perf_counter() - begun, files, kept and kept.summary
        )
        forecast.write_manifest(folder, content)
    headline = summary.at("sync_rate_new", "national", key := _headline_month(results.model.calendar.labels))
    answer(
        options,
        content
        | {
            "folder": str(target),
            "headline": {"measure": "sync_rate_new", "area": "national", "month": key} | headline,
        },
    )
    from sim.language import percent

    def interval(statistics: dict[str, float]) -> str:
        low, middle, high = (percent(statistics[k], options.lang) for k in ("p05", "p50", "p95"))
        return f"{middle} ({low}\u2013{high})"

    drawn = Text("kalibrert", "calibrated") if kept else Text("fra a priori-fordelingene", "from the priors")
    hospital = interval(summary.at("sync_rate_new", "national", key, "hospital"))
    say(
        options,
        f"{key}: {interval(headline)} av nye oppføringer er synkronisert, i sykehus {hospital} "
        f"(median og 90 %-intervall av {count} trekk, {drawn.nb}).\n"
        f"Prognosen ligger i {target}. Neste: åpne {target / 'report.html'}, eller utrulling explain {options.scenario}",
        f"{key}: {interval(headline)} of new entries are synced, in hospitals {hospital} "
        f"(median and 90% interval of {count} draws, {drawn.en}).\n"
        f"The forecast is in {target}. Next: open {target / 'report.html'}, or utrulling explain {options.scenario}",
    )
    if count < page.FEW:
        print(
            f"Bare {count} trekk: intervallene er usikre."
            if options.lang == "nb"
            else f"Only {count} draws: the intervals are uncertain.",
            file=sys.stderr,
        )
    return EXIT_OK


def _headline_month(labels: list[str]) -> str:
    return "2027-12" if "2027-12" in labels else labels[-1]


def _trace(results: Any, seed: int, replication: int) -> str:
    """The event log of one replication as CSV."""
    import csv
    import datetime as dt
    import io

    from sim.model.rollout import Rollout
    from sim.model.trace import COLUMNS, Trace

    trace = Trace(on=True)
    Rollout(results.model, results.draws[replication], seed, replication, trace).run()
    start = dt.datetime.combine(results.model.calendar.date_of_month(0), dt.time())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for time_, *rest in trace.ordered():
        moment = start + dt.timedelta(days=time_)
        writer.writerow([moment.isoformat(timespec="minutes"), *rest])
    return text.getvalue()
