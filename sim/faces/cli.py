"""The command ``utrulling``. Reads arguments, calls the experiments, prints; heavy imports wait until they are needed.

Results go to standard output, progress and errors to standard error. Exit codes: see ``sim.errors``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_NOT_MET, EXIT_OK, EXIT_USER, UserError
from sim.faces.arguments import language, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    lang = language(given)
    options = parser(lang).parse_args(given)
    try:
        return _run(options)
    except UserError as error:
        if getattr(options, "debug", False):
            raise
        if getattr(options, "json", False):
            print(json.dumps(error.as_dict(options.lang), ensure_ascii=False, indent=1))
        print(error.render(options.lang), file=sys.stderr)
        return EXIT_USER
    except KeyboardInterrupt:
        print(
            "\nAvbrutt; ingenting ble skrevet." if lang == "nb" else "\nInterrupted; nothing was written.",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:
        if getattr(options, "debug", False):
            raise
        print(
            f"Intern feil: {error!r}. Kjør igjen med --debug for sporing."
            if lang == "nb"
            else f"Internal fault: {error!r}. Run again with --debug for a traceback.",
            file=sys.stderr,
        )
        return EXIT_INTERNAL


def _run(options: argparse.Namespace) -> int:
    if options.version:
        from importlib.metadata import version

        print(f"utrulling {version('utrulling')}")
        return EXIT_OK
    if options.command is None:
        parser(options.lang).print_help()
        return EXIT_USER
    return int(globals()[f"_{options.command}"](options))


def _say(options: argparse.Namespace, nb: str, en: str) -> None:
    """A line for people; with --json it goes to standard error, so that standard output is JSON alone."""
    print(nb if options.lang == "nb" else en, file=sys.stderr if options.json else sys.stdout)


def _answer(options: argparse.Namespace, content: Any) -> None:
    if options.json:
        print(json.dumps(content, ensure_ascii=False, indent=1))


def _init(options: argparse.Namespace) -> int:
    from sim.experiments.output import write_aside
    from sim.faces.starter import starter
    from sim.scenario.jsonschema import NAME, json_schema

    target = Path(options.file)
    if target.exists():
        raise UserError(
            f"{target} finnes allerede; velg et annet navn", f"{target} exists already; choose another name"
        )
    write_aside(target.parent / NAME, json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n")
    write_aside(target, starter(target, options.lang))
    _answer(options, {"scenario": str(target), "schema": str(target.parent / NAME)})
    _say(
        options,
        f"Skrev {target} og {target.parent / NAME}. Neste: utrulling forecast {target}",
        f"Wrote {target} and {target.parent / NAME}. Next: utrulling forecast {target}",
    )
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from sim.errors import ScenarioError
    from sim.scenario.load import load
    from sim.scenario.schema import parameters

    good, problems = [], []
    for name in options.scenarios:
        try:
            loaded = load(name)
            good.append(
                {
                    "scenario": str(loaded.path),
                    "hash": loaded.hash,
                    "parameters": sum(1 for _ in parameters(loaded.scenario)),
                }
            )
        except ScenarioError as error:
            problems += error.problems
    _answer(options, {"valid": good, "problems": [p.as_dict(options.lang) for p in problems]})
    for entry in good:
        _say(
            options,
            f"{entry['scenario']}: i orden, {entry['parameters']} parametere",
            f"{entry['scenario']}: ok, {entry['parameters']} parameters",
        )
    for problem in problems:
        print(problem.render(options.lang), file=sys.stderr)
    if problems:
        return EXIT_USER
    _say(
        options, f"Neste: utrulling forecast {options.scenarios[0]}", f"Next: utrulling forecast {options.scenarios[0]}"
    )
    return EXIT_OK


def _forecast(options: argparse.Namespace) -> int:
    from sim.scenario.load import load

    begun = time.perf_counter()
    loaded = load(options.scenario)
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
    label = "Simulerer" if options.lang == "nb" else "Simulating"
    results = replicate(loaded.scenario, count, seed, workers, label, published(loaded.data_folder))
    summary = Summary.of(results)
    from sim.faces.report import page

    with output.folder(target) as folder:
        forecast.write(folder, summary)
        (folder / "report.html").write_text(page.render(loaded, summary, seed, options.lang), encoding="utf-8")
        if options.trace:
            output.write_aside(Path(options.trace), _trace(results, seed, options.trace_replication))
        if options.png:
            output.write_aside(Path(options.png), page.fan_png(summary, options.lang))
        files = [p.name for p in folder.iterdir()]
        content = forecast.manifest(loaded, results, seed, workers, time.perf_counter() - begun, files)
        forecast.write_manifest(folder, content)
    headline = summary.at("sync_rate_new", "national", key := _headline_month(results.model.calendar.labels))
    _answer(
        options,
        content
        | {
            "folder": str(target),
            "headline": {"measure": "sync_rate_new", "area": "national", "month": key} | headline,
        },
    )
    from sim.language import percent

    low, middle, high = (percent(headline[k], options.lang) for k in ("p05", "p50", "p95"))
    _say(
        options,
        f"{key}: {middle} av nye oppføringer er synkronisert (90 %-intervall {low} til {high}; {count} trekk, stilt for hånd).\n"
        f"Prognosen ligger i {target}. Neste: åpne {target / 'report.html'}, eller utrulling explain {options.scenario}",
        f"{key}: {middle} of new entries are synced (90 % interval {low} to {high}; {count} draws, tuned by hand).\n"
        f"The forecast is in {target}. Next: open {target / 'report.html'}, or utrulling explain {options.scenario}",
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


def _explain(options: argparse.Namespace) -> int:
    import difflib

    from sim.faces.explain import timeline
    from sim.model.draws import table
    from sim.model.rollout import Model, Rollout
    from sim.model.trace import COLUMNS, Trace
    from sim.scenario.load import load

    loaded = load(options.scenario)
    if options.replication < 0:
        raise UserError("--replication skal være 0 eller mer", "--replication must be 0 or more")
    model = Model(loaded.scenario)
    names = [u.name for u in model.structure.units]
    unit = options.unit or names[0]
    if unit not in names:
        near = difflib.get_close_matches(unit, names, n=1, cutoff=0.5)
        raise UserError(
            f"«{unit}» finnes ikke i scenarioet."
            + (f" Mente du «{near[0]}»?" if near else f" Velg blant: {', '.join(names)}"),
            f"«{unit}» is not in the scenario."
            + (f" Did you mean «{near[0]}»?" if near else f" Choose from: {', '.join(names)}"),
        )
    seed = loaded.scenario.seed if options.seed is None else options.seed
    trace = Trace(on=True)
    row = table(model.columns, seed, options.replication + 1)[options.replication]
    record = Rollout(model, row, seed, options.replication, trace).run()
    if options.json:
        place = next(u for u in model.structure.units if u.name == unit)
        rows = [
            dict(zip(COLUMNS, (model.calendar.date(r[0]).isoformat(), *r[1:]), strict=True))
            for r in trace.ordered()
            if r[2] in (unit, place.region) or r[2].startswith(f"{unit}/") or r[1] in ("consent", "technical")
        ]
        _answer(options, {"unit": unit, "replication": options.replication, "seed": seed, "events": rows})
        return EXIT_OK
    print(timeline(model, record, trace, unit, options.lang))
    _say(
        options,
        f"\nEtt trekk av mange (nr. {options.replication}). Neste: utrulling forecast {options.scenario} --trace out/hendelser.csv",
        f"\nOne draw of many (no. {options.replication}). Next: utrulling forecast {options.scenario} --trace out/events.csv",
    )
    return EXIT_OK


def _schema(options: argparse.Namespace) -> int:
    from sim.experiments.output import write_aside
    from sim.scenario.jsonschema import json_schema

    text = json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"
    if not options.out:
        print(text, end="")
        return EXIT_OK
    write_aside(Path(options.out), text)
    _answer(options, {"schema": options.out})
    _say(
        options,
        f"Skrev {options.out}. Sett «# $schema: ./{Path(options.out).name}» øverst i scenarioet.",
        f"Wrote {options.out}. Put «# $schema: ./{Path(options.out).name}» at the top of the scenario.",
    )
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from sim.faces.doctor import checks

    found = checks()
    _answer(options, [{"check": c.what.to(options.lang), "holds": c.holds, "found": c.found} for c in found])
    for check in found:
        mark = "✓" if check.holds else "✗"
        _say(options, f"{mark} {check.what.nb}: {check.found}", f"{mark} {check.what.en}: {check.found}")
    if all(c.holds for c in found):
        _say(
            options, "Alt i orden. Neste: utrulling forecast national", "All is well. Next: utrulling forecast national"
        )
        return EXIT_OK
    return EXIT_NOT_MET


if __name__ == "__main__":
    sys.exit(main())
