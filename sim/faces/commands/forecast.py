"""``utrulling forecast``: simulate and write the forecast."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.errors import EXIT_INTERRUPTED, EXIT_NOT_MET, EXIT_OK, UserError
from sim.faces.arguments import Translate, positive, scenario, whole
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
        help=t(
            "antall trekk (scenarioets); med --precision: høyst så mange",
            "number of draws (the scenario's); with --precision: at most so many",
        ),
    )
    made.add_argument(
        "--precision",
        metavar=t("BREDDE", "WIDTH"),
        help=t(
            "trekk til 95 %%-intervallet for gjennomsnittet av hvert nøkkeltall (synkroniseringsgrad for nye oppføringer, "
            "straks og ved periodens slutt, i landet og hver region, alle og sykehus) er smalere enn ± dette, "
            "f.eks. 1pp eller 0.01; avslutningskode 1 om det ikke nås",
            "draw until the 95%% interval of the mean of every key figure (sync rate of new entries, at once and at the "
            "period's end, country and each region, all and hospitals) is narrower than ± this, e.g. 1pp or 0.01; exit "
            "code 1 if that is not reached",
        ),
    )
    made.add_argument(
        "--decomposition",
        type=whole,
        metavar="N",
        help=t(
            "del usikkerheten på parametere, tidsplan og tilfeldigheter med N par av trekk, tre ekstra kjøringer per par "
            "(hvert sjuende trekk; 0 lar det være)",
            "divide the uncertainty between parameters, schedule and chance with N pairs of draws, three more runs a pair "
            "(every seventh draw; 0 does without)",
        ),
    )
    made.add_argument(
        "--no-decomposition",
        dest="decomposition",
        action="store_const",
        const=0,
        help=t("det samme som --decomposition 0", "the same as --decomposition 0"),
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
        "--capacity",
        metavar=t("FIL", "FILE"),
        help=t(
            "capacity.json fra «kj-load capacity»: rapporten viser rommet i hver måned, og det en mettet kjernejournal ikke "
            "bærer, stopper ved barrieren teknisk",
            "capacity.json of «kj-load capacity»: the report shows the headroom of every month, and what a saturated "
            "Kjernejournal does not bear stops at the technical gate",
        ),
    )
    made.add_argument(
        "--instances",
        type=positive,
        metavar="N",
        help=t(
            "så mange tjenerprosesser i stedet for den målte oppstillingen med høyest rate; målt, eller etter filens "
            "skaleringslov (USL)",
            "so many server processes instead of the measured configuration with the highest rate; measured, or by the "
            "file's scalability law (USL)",
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
        "--cluster",
        metavar="tcp://HOST:PORT",
        help=t(
            "kjør på en Dask-klynge i stedet for lokale prosesser; samme svar bit for bit",
            "run on a Dask cluster instead of local processes; the same answer bit for bit",
        ),
    )
    made.add_argument(
        "--fresh",
        action="store_true",
        help=t(
            "begynn forfra selv om et likt, avbrutt kall kan fortsettes",
            "start over even if an identical, interrupted call can be resumed",
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
    if options.capacity is None and options.instances is not None:
        raise UserError("--instances krever --capacity", "--instances requires --capacity")
    capacity = None
    if options.capacity is not None:
        from sim.scenario.capacity import read

        capacity = read(Path(options.capacity), options.instances)
    from sim.experiments import forecast, sequential
    from sim.experiments.checkpoint import Checkpoint
    from sim.experiments.headroom import Headroom, ceiling
    from sim.experiments.keyfigures import headline_month
    from sim.experiments.local import Local
    from sim.experiments.observations import published
    from sim.experiments.replicate import most_replications
    from sim.experiments.study import Plan, conduct
    from sim.experiments.summary import Summary
    from sim.experiments.work import Executor, Spec

    wish = None if options.precision is None else sequential.wish(options.precision)
    limit = most_replications(loaded.scenario)
    count = options.replications or (loaded.scenario.replications if wish is None else limit)
    sure = count if wish is None else min(count, sequential.LEAST)  # replications that there will be
    if not 0 <= options.trace_replication < sure:
        raise UserError(
            f"--trace-replication skal ligge mellom 0 og {sure - 1}", f"--trace-replication must be 0 to {sure - 1}"
        )
    for extra in filter(None, (options.trace, options.png)):
        output.refuse_if_folder(Path(extra))
    if count > limit:
        raise UserError(
            f"{count} trekk trenger for mye minne; høyst {limit} for dette scenarioet",
            f"{count} draws need too much memory; at most {limit} for this scenario",
        )
    if (options.decomposition or 0) > count // 2:
        raise UserError(
            f"--decomposition kan høyst være halvparten av trekkene ({count // 2})",
            f"--decomposition can be at most half of the draws ({count // 2})",
        )
    from sim.experiments.posterior import with_posterior

    kept = None
    if not options.prior:
        loaded, kept = with_posterior(loaded)
    bearing = (
        loaded.scenario if capacity is None else loaded.scenario.with_ceiling(ceiling(capacity, loaded.data_folder))
    )
    spec = Spec(bearing, seed, tuple(published(loaded.data_folder)))
    plan = Plan(spec, count, wish, options.decomposition)
    checkpoint = Checkpoint(target.parent / f".{target.name}-checkpoint", spec, fresh=options.fresh)
    if checkpoint.dropped:
        print(
            f"Kjøringene i {checkpoint.folder} hørte til et annet kall (scenario, frø eller versjon) og er forkastet."
            if options.lang == "nb"
            else f"The runs in {checkpoint.folder} belonged to another call (scenario, seed or version) and are dropped.",
            file=sys.stderr,
        )
    labels = ("Simulerer", "Deler usikkerheten") if options.lang == "nb" else ("Simulating", "Dividing uncertainty")
    with contextlib.ExitStack() as stack:
        executor: Executor = Local(options.workers)
        if options.cluster is not None:
            from sim.experiments.cluster import Cluster

            executor = stack.enter_context(Cluster(options.cluster))
        workers = executor.workers
        try:
            study = conduct(plan, executor, checkpoint, labels, _tell(options))
        except KeyboardInterrupt:
            if not checkpoint.saved:
                raise
            print(
                f"\nAvbrutt; {checkpoint.saved} kjøringer er tatt vare på i {checkpoint.folder}. Samme kall fortsetter "
                "der; --fresh begynner forfra."
                if options.lang == "nb"
                else f"\nInterrupted; {checkpoint.saved} runs are kept in {checkpoint.folder}. The same call goes on from "
                "there; --fresh starts over.",
                file=sys.stderr,
            )
            return EXIT_INTERRUPTED
    if checkpoint.restored:
        print(
            f"Fortsatte et avbrutt kall: {checkpoint.restored} kjøringer var gjort."
            if options.lang == "nb"
            else f"Went on from an interrupted call: {checkpoint.restored} runs were done.",
            file=sys.stderr,
        )
    results, reached, divided = study.results, study.reached, study.decomposition
    count = results.replications
    summary = Summary.of(results)
    headroom = None if capacity is None else Headroom.of(results, capacity, loaded.data_folder)
    from sim.experiments.summary import FEW
    from sim.faces.report import page

    with output.folder(target) as folder:
        forecast.write(folder, summary, divided, headroom)
        report = page.render(loaded, summary, seed, options.lang, divided, headroom, kept)
        (folder / "report.html").write_text(report, encoding="utf-8")
        for extra, make in (
            (options.trace, lambda: _trace(results, seed, options.trace_replication)),
            (options.png, lambda: page.fan_png(summary, options.lang)),
        ):
            if extra:
                output.write_aside(output.within(folder, target, Path(extra)), make())
        files = [p.name for p in folder.iterdir()]
        seconds = time.perf_counter() - begun
        content = forecast.manifest(
            loaded,
            results,
            seed,
            workers,
            seconds,
            files,
            kept.summary if kept else None,
            study.pairs,
            reached,
            options.cluster,
            headroom,
        )
        forecast.write_manifest(folder, content)
    checkpoint.done()
    headline = summary.at("sync_rate_new", "national", key := headline_month(results.model.calendar.labels))
    answer(
        options,
        content
        | {
            "folder": str(target),
            "headline": {"measure": "sync_rate_new", "area": "national", "month": key} | headline,
        },
    )
    from sim.language import number, percent

    def interval(statistics: dict[str, float]) -> str:
        low, middle, high = (percent(statistics[k], options.lang) for k in ("p05", "p50", "p95"))
        return f"{middle} ({low}\u2013{high})"

    borne = ""
    if headroom is not None:
        from sim.faces.report.headroom import sentences

        borne = "\n".join(sentences(headroom, options.lang)) + "\n"
    drawn = Text("kalibrert", "calibrated") if kept else Text("fra a priori-fordelingene", "from the priors")
    hospital = interval(summary.at("sync_rate_new", "national", key, "hospital"))
    say(
        options,
        f"{key}: {interval(headline)} av nye oppføringer er synkronisert, i sykehus {hospital} "
        f"(median og 90 %-intervall av {count} trekk, {drawn.nb}).\n{borne}"
        f"Prognosen ligger i {target}. Neste: åpne {target / 'report.html'}, eller utrulling explain {options.scenario}",
        f"{key}: {interval(headline)} of new entries are synced, in hospitals {hospital} "
        f"(median and 90% interval of {count} draws, {drawn.en}).\n{borne}"
        f"The forecast is in {target}. Next: open {target / 'report.html'}, or utrulling explain {options.scenario}",
    )
    if told := page.doubts(kept, options.lang):
        print(told, file=sys.stderr)
    if count < FEW:
        print(
            f"Bare {count} trekk: intervallene er usikre."
            if options.lang == "nb"
            else f"Only {count} draws: the intervals are uncertain.",
            file=sys.stderr,
        )
    if reached is not None:
        width, asked = (number(100 * w, options.lang, 2) for w in (reached.half_width, reached.rule.wish))
        if not reached.held:
            print(
                f"Ønsket presisjon er ikke nådd: ±{width} prosentpoeng etter {count} trekk, som er det meste; ønsket var "
                f"±{asked}. Prognosen er skrevet."
                if options.lang == "nb"
                else f"The wished precision is not reached: ±{width} percentage points after {count} draws, the most that "
                f"are made; the wish was ±{asked}. The forecast is written.",
                file=sys.stderr,
            )
            return EXIT_NOT_MET
        print(
            f"Presisjon: hvert nøkkeltall er kjent innenfor ±{width} prosentpoeng (ønsket ±{asked})."
            if options.lang == "nb"
            else f"Precision: every key figure is known within ±{width} percentage points (wish ±{asked}).",
            file=sys.stderr,
        )
    return EXIT_OK


def _tell(options: argparse.Namespace) -> Callable[[int, float], None] | None:
    """Says after each batch how wide the intervals are; on a terminal only, like the progress bar."""
    if not sys.stderr.isatty():
        return None
    from sim.language import number

    def tell(count: int, width: float) -> None:
        points = number(100 * width, options.lang, 2)
        print(
            f"{count} trekk: videste halvbredde {points} prosentpoeng"
            if options.lang == "nb"
            else f"{count} draws: widest half-width {points} percentage points",
            file=sys.stderr,
        )

    return tell


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
