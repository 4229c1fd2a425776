"""``kj-load run``: play a load scenario and judge it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loadtests.errors import EXIT_INTERRUPTED, EXIT_INVALID, EXIT_NOT_MET, EXIT_OK, UserError
from loadtests.language import Text, milliseconds, number

HELP = Text(
    "Spill et lastscenario og døm: holdt målene, holdt de ikke, eller sier løpet ingenting?",
    "Play a load scenario and judge it: did the objectives hold, or not, or does the run say nothing?",
)


def arguments(made: argparse.ArgumentParser, t: Callable[[str, str], str]) -> None:
    """What can be given."""
    from loadtests.commands.common import scenario_arguments, target_arguments

    scenario_arguments(made, t)
    made.add_argument(
        "--repeat",
        type=int,
        default=1,
        metavar="N",
        help=t(
            "så mange løp, med hvert sitt frø, i result-1.json …",
            "so many runs, each with its seed, as result-1.json …",
        ),
    )
    made.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help=t("arbeiderprosesser under Locusts hovedprosess (0: alt her)", "worker processes (0: all here)"),
    )
    made.add_argument(
        "--remote",
        type=int,
        default=0,
        metavar="N",
        help=t("vent på så mange «kj-load worker» fra andre maskiner", "wait for so many «kj-load worker» elsewhere"),
    )
    made.add_argument(
        "--bind", default="127.0.0.1", metavar="HOST", help=t("hvor hovedprosessen lytter", "where the master listens")
    )
    made.add_argument(
        "--port", type=int, default=0, help=t("hovedprosessens port (0: en ledig)", "the master's port (0: a free one)")
    )
    made.add_argument(
        "--out", type=Path, metavar=t("MAPPE", "FOLDER"), help=t("mappen (out/load/SCENARIO)", "folder to write")
    )
    made.add_argument("--junit", type=Path, metavar=t("FIL", "FILE"), help=t("JUnit XML hit", "JUnit XML here"))
    made.add_argument(
        "--web",
        type=int,
        metavar="PORT",
        help=t("Locusts nettside mens løpet går, og rapporten på /kj-load", "Locust's web UI, the report at /kj-load"),
    )
    made.add_argument(
        "--metrics", type=int, metavar="PORT", help=t("Prometheus-målinger mens løpet går", "Prometheus metrics")
    )
    made.add_argument(
        "--otlp",
        metavar="URL",
        help=t("samme målinger til en OpenTelemetry-samler (OTLP/HTTP)", "the same to an OpenTelemetry collector"),
    )
    target_arguments(made, t)


def run(options: argparse.Namespace) -> int:
    """Carry the command out; 0 pass, 1 fail, 2 invalid."""
    from loadtests import otel
    from loadtests.arrivals import draw
    from loadtests.commands.common import check_target, progress, scenario_of
    from loadtests.shapes import course

    if options.repeat < 1 or options.workers < 0:
        raise UserError(
            "--repeat skal være minst 1 og --workers minst 0", "--repeat is at least 1, --workers at least 0"
        )
    path, scenario, demand = scenario_of(options)
    address = check_target(options, scenario)
    draw(course(demand, scenario.shape), scenario.seed, scenario.limits.requests)  # whatever is wrong is said now

    if options.otlp:
        otel.check(options.otlp, options.allow)

    import locust  # noqa: F401 - before what follows: it patches the standard library for gevent

    from loadtests import export, result, web
    from loadtests import run as running
    from loadtests.conduct import Scale
    from loadtests.report import page

    target = None
    if address is not None:
        target = running.running(
            address, options.client, options.legacy_client, options.allow, scenario, options.patients
        )
    folder = options.out or Path("out") / "load" / path.stem

    def watch(elapsed: float, outcome: running.Outcome) -> None:
        progress(live(elapsed, outcome, options.lang))

    scale = Scale(options.workers, options.remote, options.bind, options.port)
    code = EXIT_OK
    stops: list[Callable[[], object]] = []

    def started(conductor: Any, outcome: running.Outcome) -> None:
        while stops:
            stops.pop()()
        if options.metrics:
            stops.append(export.serve(options.metrics, lambda: conductor.recorder))
        if options.otlp:
            stops.append(otel.push(options.otlp, lambda: conductor.recorder))
        if options.web:
            stops.append(web.serve(options.web, conductor, outcome, options.lang))

    with running.stage(scenario, target) as ready:
        for number in range(options.repeat):
            one = scenario.model_copy(update={"seed": scenario.seed + number})
            outcome = running.execute(one, demand, ready, scale=scale, watch=watch, started=started)
            progress("", last=True)
            told = result.content(outcome, again(options, one.seed))
            name = f"result-{number + 1}.json" if options.repeat > 1 else "result.json"
            result.write(folder / name, result.dumps(told))
            code = max(code, EXIT_INTERRUPTED if outcome.interrupted else CODES[told["verdict"]])
            if outcome.interrupted:
                break
    while stops:
        stops.pop()()
    result.write(folder / "report.html", page.render(outcome, told, options.lang).encode())
    result.write(options.junit or folder / "junit.xml", result.junit(told, path.stem))
    if options.json:
        print(result.dumps(told).decode(), end="")
    else:
        print(words(told, outcome.findings, folder, name, options.lang))
    return code


def again(options: argparse.Namespace, seed: int) -> str:
    """The command that repeats a run, with everything that decides what it does."""
    parts = ["kj-load", "run", options.scenario, "--seed", str(seed)]
    for name in ("demand", "seconds", "target", "client", "legacy_client", "patients", "allow"):
        if (value := getattr(options, name)) is not None:
            parts += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    if options.factor != 1:
        parts += ["--factor", f"{options.factor:g}"]
    for name in ("workers", "remote"):
        if getattr(options, name):
            parts += [f"--{name}", str(getattr(options, name))]
    return shlex.join(parts)


CODES = {"pass": EXIT_OK, "fail": EXIT_NOT_MET, "invalid": EXIT_INVALID}


def live(elapsed: float, outcome: Any, lang: str) -> str:
    """One line while it runs: rate wanted and achieved, p50 and p99 of the openings, errors, the verdict so far."""
    import numpy as np

    from loadtests.objectives import judge

    recorder = outcome.recorder
    second = int(max(elapsed - 1, 0))
    wanted = float(outcome.course.rate(np.array([second + 0.5])).sum())
    seen = recorder.seconds.get(second)
    status = recorder.operations.get("status")
    p50, p99 = (status.response.at(50), status.response.at(99)) if status else (None, None)
    failed = sum(sum(o.errors.values()) + sum(o.wrong.values()) for o in recorder.operations.values())
    due = int(np.searchsorted(outcome.arrivals.times, max(elapsed - 1.5, 0)))
    verdict, _ = judge(recorder, outcome.scenario.objectives, outcome.scenario.validity, max(due, 1))
    names = ("ønsket", "sendt", "feil", "hittil") if lang == "nb" else ("wanted", "sent", "failed", "so far")
    return (
        f"{elapsed:5.0f}/{outcome.seconds:.0f} s  {names[0]} {number(wanted, lang, 1)}/s  "
        f"{names[1]} {seen.calls.total() if seen else 0}/s  p50 {milliseconds(p50, lang)} ms  p99 {milliseconds(p99, lang)} ms  "
        f"{names[2]} {failed}  {names[3]}: {verdict.value}"
    )


VERDICTS = {
    "pass": Text("Målene holdt.", "The objectives held."),
    "fail": Text("Målene holdt ikke.", "The objectives did not hold."),
    "invalid": Text(
        "Løpet er ugyldig: det sier ingenting om tjenesten.", "The run is invalid: it says nothing about the service."
    ),
}


def words(told: dict[str, Any], findings: Any, folder: Path, name: str, lang: str) -> str:
    """What a run says, in a few lines."""
    lines = [VERDICTS[told["verdict"]].to(lang)]
    lines += [f.sentence().to(lang) for f in findings if not f.holds]
    for row in told["demand"]:
        if row["due"]:
            seen = told["operations"].get(row["operation"])
            p99 = milliseconds(seen["response_ms"]["p99"] * 1000, lang) if seen else "\u2013"
            rate = number(row["achieved_per_second"], lang, 2)
            lines.append(
                f"  {row['operation']:<7} {number(row['wanted_per_second'], lang, 2):>9}/s  {rate:>9}/s  p99 {p99} ms"
            )
    for worker in told["lost_workers"]:
        at = number(worker["noticed_at"], lang, 1)
        lines.append(f"Mistet en arbeider etter {at} s." if lang == "nb" else f"Lost a worker after {at} s.")
    report = folder / "report.html"
    lines.append(
        f"Resultatet ligger i {folder}. Neste: åpne {report}, eller kj-load compare {folder / name} GRUNNLAG"
        if lang == "nb"
        else f"The result is in {folder}. Next: open {report}, or kj-load compare {folder / name} BASELINE"
    )
    return "\n".join(lines)
