"""``utrulling compare``: which intervention, or package of them, is worth what."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, positive, scenario
from sim.faces.talk import answer, say
from sim.language import Text

if TYPE_CHECKING:
    from sim.experiments.compare import Comparison
    from sim.experiments.paired import Ratio

HELP = Text(
    "Sammenlign tiltak med nullalternativet: virkning, kostnad, hvor sikkert. Eksempel: utrulling compare national "
    '--with eid-nurses --with elearning+eid-nurses@2026-12 --trust "Helse Fonna". Tiltakene listes med --list.',
    "Compare interventions with the null alternative: effect, cost, certainty. Example: utrulling compare national "
    '--with eid-nurses --with elearning+eid-nurses@2026-12 --trust "Helse Fonna". List them with --list.',
)
AIMS = (
    Text(
        "Hvilket tiltak, eller hvilken pakke av tiltak, gir mest, hvor sikkert, og til hvilken pris?",
        "Which intervention, or package of them, gives most, how surely, and at what price?",
    ),
)
MOST = 200  # draws unless more are asked for: about a minute for a handful of alternatives on two cores


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--with",
        dest="chosen",
        action="append",
        default=[],
        metavar=t("TILTAK", "INTERVENTION"),
        help=t(
            "et tiltak (navn eller fil), en pakke (a+b), flyttet i tid (a@2026-09), eller et lagret scenario (mitt.yaml); kan gjentas",
            "an intervention (name or file), a package (a+b), moved in time (a@2026-09), or a saved scenario (mine.yaml); repeatable",
        ),
    )
    made.add_argument(
        "--matrix",
        metavar=t("FIL", "FILE"),
        help=t(
            "CSV med ett alternativ per rad og ett tiltak per kolonne; x (ja, 1), en måned, eller tom (nei, 0, -) i cellene",
            "CSV with an alternative a row and an intervention a column; x (yes, 1), a month, or empty (no, 0, -) in the cells",
        ),
    )
    made.add_argument(
        "--trust",
        action="append",
        metavar=t("FORETAK", "HOSPITAL"),
        help=t("vis ett sykehus for seg også (bare én gang)", "show one hospital too (only once)"),
    )
    made.add_argument(
        "--by",
        metavar=t("MÅNED", "MONTH"),
        help=t("målmåned, som 2027-12 (periodens siste)", "target month such as 2027-12 (the period's last)"),
    )
    made.add_argument(
        "--willingness-to-pay",
        type=float,
        metavar="KR",
        help=t("hva en ekstra synkronisert oppføring er verdt", "what an extra synced entry is worth"),
    )
    made.add_argument("--out", metavar=t("MAPPE", "FOLDER"), help=t("mappen som skrives", "the folder to write"))
    made.add_argument("--replications", type=positive, metavar="N", help=t("antall trekk", "number of draws"))
    made.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))
    made.add_argument("--workers", type=positive, metavar="W", help=t("antall prosesser", "number of processes"))
    made.add_argument(
        "--prior",
        action="store_true",
        help=t(
            "trekk fra fordelingene i scenariofilen i stedet for den kalibrerte fordelingen",
            "draw from the distributions in the scenario file instead of the calibrated ones",
        ),
    )
    made.add_argument(
        "--no-parts",
        action="store_true",
        help=t(
            "simuler ikke delene av en pakke (raskere; ingen andeler per tiltak)",
            "do not simulate a package's parts (faster; no shares by intervention)",
        ),
    )
    made.add_argument(
        "--list", action="store_true", help=t("list tiltakene og avslutt", "list the interventions and stop")
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    if options.list:
        return _list(options)
    begun = time.perf_counter()
    if len(options.trust or []) > 1:
        raise UserError(
            f"--trust er gitt {len(options.trust)} ganger; ett sykehus om gangen",
            f"--trust is given {len(options.trust)} times; one hospital at a time",
        )
    options.trust = options.trust[0] if options.trust else None
    from sim.experiments import compare, matrix, output

    asked: list[str | tuple[str, str]] = list(options.chosen)
    if options.matrix:
        asked += matrix.read(Path(options.matrix))
    if not asked:
        raise UserError(
            "ingenting å sammenligne; gi minst ett --with TILTAK eller --matrix FIL (se --list)",
            "nothing to compare; give at least one --with INTERVENTION or --matrix FILE (see --list)",
        )
    if options.seed is not None and options.seed < 0:
        raise UserError("--seed skal være 0 eller mer", "--seed must be 0 or more")
    if options.willingness_to_pay is not None and not 0 <= options.willingness_to_pay < 1e12:
        raise UserError("--willingness-to-pay skal være 0 eller mer", "--willingness-to-pay must be 0 or more")
    if options.out == "":
        raise UserError("--out er tom; oppgi en mappe", "--out is empty; name a folder")
    target = Path(options.out or Path("out") / f"compare-{Path(options.scenario).stem}")
    output.refuse_if_foreign(target)
    chosen = compare.alternatives(asked)
    from sim.scenario.load import load

    count = options.replications or min(load(options.scenario).scenario.replications, MOST)
    if count < 2:
        raise UserError("--replications skal være minst 2", "--replications must be at least 2")
    try:
        comparison = compare.run(
            options.scenario,
            chosen,
            by=options.by,
            trust=options.trust,
            replications=count,
            seed=options.seed,
            workers=options.workers,
            prior=options.prior,
            packages=not options.no_parts,
            progress="Simulerer" if options.lang == "nb" else "Simulating",
        )
    except KeyboardInterrupt:
        nb, en = (
            "En avbrutt sammenligning begynner forfra neste gang.",
            "An interrupted comparison starts over next time.",
        )
        print(f"\n{nb if options.lang == 'nb' else en}", file=sys.stderr)
        raise
    content = _write(comparison, target, options, begun)
    answer(options, content | {"folder": str(target)} | _headline(comparison, options))
    _tell(comparison, target, options)
    return EXIT_OK


def _write(comparison: Comparison, target: Path, options: argparse.Namespace, begun: float) -> dict[str, Any]:
    """Write the folder; returns the manifest."""
    from sim.experiments import forecast, output
    from sim.experiments.compare_rows import frame
    from sim.faces.report import compare as report
    from sim.faces.report import drawing
    from sim.faces.report.compare_sheets import workbook

    rows = frame(comparison)
    repeat = _repeat(options, comparison)
    figures = report.figures(comparison, options.lang)
    c = comparison
    about = {
        "title": c.loaded.scenario.title,
        "scenario": c.loaded.name,
        "scenario_hash": c.loaded.hash,
        "alternatives": {one.key: one.title(options.lang) for one in c.alternatives},
        "target_month": c.label,
        "areas": c.areas,
        "seed": c.seed,
        "replications": c.replications,
        "interventions": {
            i.key: {"file": i.path.name, "sha256": _digest(i.path)} for a in c.alternatives for i in a.interventions
        },
        "matrix": {"file": Path(options.matrix).name, "sha256": _digest(Path(options.matrix))}
        if options.matrix
        else None,
        "posterior": None if c.posterior is None else c.posterior.summary,
        "price_level": "2024 NOK",
        "discount_rate": c.discount_rate,
        "base_year": c.base_year,
        "utrulling": forecast.version(),
        "repeat": repeat,
    }
    with output.folder(target) as folder:
        rows.to_csv(folder / "compare.csv", index=False, lineterminator="\n")
        (folder / "compare.xlsx").write_bytes(workbook(c, rows, about, options.lang))
        text = rows.to_json(orient="records", force_ascii=False, double_precision=10)
        (folder / "summary.json").write_text(f'{{"rows": {text}}}\n', encoding="utf-8")
        html = report.render(c, figures, repeat, options.willingness_to_pay, options.lang)
        (folder / "report.html").write_text(html, encoding="utf-8")
        for name, figure in figures.items():
            (folder / f"{name}.png").write_bytes(drawing.png(figure))
        content = about | {
            "wall_time_seconds": round(time.perf_counter() - begun, 3),
            "files": sorted([*(p.name for p in folder.iterdir()), output.MANIFEST]),
        }
        output.write_json(folder / output.MANIFEST, content)
    return content


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _repeat(options: argparse.Namespace, comparison: Comparison) -> str:
    """The command that makes the same comparison again."""
    import shlex

    words = ["utrulling", "compare", options.scenario]
    words += [w for one in options.chosen for w in ("--with", one)]
    for name, value in (("--matrix", options.matrix), ("--trust", options.trust), ("--by", options.by)):
        words += [name, value] if value else []
    words += ["--seed", str(comparison.seed), "--replications", str(comparison.replications)]
    words += [name for name, on in (("--prior", options.prior), ("--no-parts", options.no_parts)) if on]
    return shlex.join(words)


def _headline(comparison: Comparison, options: argparse.Namespace) -> dict[str, Any]:
    """The comparison in short, for ``--json``."""
    from dataclasses import asdict

    import numpy as np

    c = comparison
    found = []
    for area in c.areas:
        best = c.best(area)
        for a, one in enumerate(c.alternatives):
            entry: dict[str, Any] = {"area": area, "alternative": one.key, "best": float(best[a])}
            if a:
                entry |= {
                    "gain": {
                        what: _finite(asdict(c.difference(a, what, area)))
                        for what in ("rate", "synced", "citizens", "hours")
                        if c.has(what, area)
                    },
                    "cost_mnok": float(c.cost(area)[a].mean()),
                    "cost_by_payer_mnok": {p: float(m.mean()) for p, m in c.cost_by_payer(a, area).items()},
                    "older_entries": float(np.median(c.older(a, area))),
                    "cost_per": {
                        what: _price(c.ratio(a, what, area))
                        for what in ("synced", "citizens", "hours")
                        if c.has(what, area)
                    },
                    "gates": c.gates_gain(a, area),
                }
            if options.willingness_to_pay is not None:
                shares = c.acceptability(np.array([options.willingness_to_pay]), area)
                entry["acceptable"] = float(shares[a, 0])
            found.append(entry)
    return {"results": found}


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """``numbers`` with null for what is no number."""
    return {k: None if isinstance(v, float) and v != v else v for k, v in numbers.items()}


def _price(ratio: Ratio) -> dict[str, Any]:
    """A price per gain: its quantiles over the draws, null where infinite and then named; the ratio of the means apart."""
    quantiles = {"p05": ratio.p05, "p50": ratio.p50, "p95": ratio.p95}
    means = {"value": ratio.value, "low": ratio.low, "high": ratio.high}
    return {
        "kind": ratio.kind,
        **{k: v if math.isfinite(v) else None for k, v in quantiles.items()},
        "infinite": [k for k, v in quantiles.items() if math.isinf(v)],
        "positive": _finite({"": ratio.positive})[""],
        "ratio_of_means": _finite(means),
    }


def _tell(comparison: Comparison, target: Path, options: argparse.Namespace) -> None:
    """The answer for people: a table for each area, and where the files are."""
    from sim.experiments.summary import FEW
    from sim.faces.report import compare_tables as tables
    from sim.faces.report import compare_words as report

    c, lang = comparison, options.lang
    legend = "\n".join(tables.name(c, a, lang) for a in range(len(c.alternatives)))
    say(options, f"{legend}\n", f"{legend}\n")
    for area in c.areas:
        table = tables.summary(c, area, lang)
        lines = [["", *table.heads[1:]]]
        lines += [[row[0].split(" ", 1)[0], *row[1:]] for row in table.cells(lang)]  # the letter
        widths = [max(len(line[i]) for line in lines) for i in range(len(table.heads))]
        text = "\n".join(
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )
        head = f"{report.place(c, area, lang)}, {report.when(c, lang)}"
        say(options, f"{head}:\n{text}\n", f"{head}:\n{text}\n")
        worth = report.worth(c, area, options.willingness_to_pay, lang)
        say(options, f"Verd pengene: {worth}\n", f"Worth the money: {worth}\n")
    late = report.late_starters(c)
    if late:
        text = ", ".join(late)
        print(
            f"Begynner etter målmåneden: {text}" if lang == "nb" else f"Begins after the target month: {text}",
            file=sys.stderr,
        )
    for line in (report.past_starters(c, lang), report.narrow_reach(c, lang)):
        if line:
            print(line, file=sys.stderr)
    if c.replications < FEW:
        print(
            f"Bare {c.replications} trekk: intervallene er usikre."
            if lang == "nb"
            else f"Only {c.replications} draws: the intervals are uncertain.",
            file=sys.stderr,
        )
    say(
        options,
        f"Median og 90 %-intervall av {c.replications} parvise trekk, 2024-kroner. "
        f"Alt ligger i {target}. Neste: åpne {target / 'report.html'} eller {target / 'compare.xlsx'}",
        f"Median and 90% interval of {c.replications} paired draws, 2024 kroner. "
        f"Everything is in {target}. Next: open {target / 'report.html'} or {target / 'compare.xlsx'}",
    )


def _list(options: argparse.Namespace) -> int:
    """The shipped interventions: key, title, start, gate, who decides."""
    from sim.scenario import intervention
    from sim.vocabulary import DECIDERS, GATES, words

    known = words(DECIDERS, GATES)
    found = [intervention.find(key) for key in intervention.shipped()]
    answer(
        options,
        [
            {
                "key": i.key,
                "title": i.title(options.lang),
                "start": i.start,
                "gate": i.form.gate,
                "decides": i.form.decides,
            }
            for i in found
        ],
    )
    width = max(len(i.key) for i in found)
    for i in found:
        who = ", ".join(known[d].label(options.lang) for d in i.form.decides)
        line = f"{i.key.ljust(width)}  {i.start}  {i.title(options.lang)} ({known[i.form.gate].label(options.lang)}; {who})"
        say(options, line, line)
    say(
        options,
        f"Neste: utrulling compare {options.scenario} --with {found[0].key}",
        f"Next: utrulling compare {options.scenario} --with {found[0].key}",
    )
    return EXIT_OK
