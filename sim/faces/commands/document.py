"""``utrulling document``: the model and a scenario, described after the STRESS-DES checklist."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, scenario
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Beskriv modellen og scenarioet etter sjekklisten STRESS-DES, fra koden og scenarioet selv.",
    "Describe the model and the scenario after the STRESS-DES checklist, from the code and the scenario themselves.",
)
SUFFIXES = (".html", ".md")


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--prior",
        action="store_true",
        help=t(
            "beskriv en kjøring med spennene, ikke de kalibrerte parameterne",
            "describe a run with the ranges, not the calibrated parameters",
        ),
    )
    made.add_argument(
        "--out",
        metavar=t("FIL", "FILE"),
        help=t(
            "filen som skrives, .html eller .md; ellers Markdown på standard ut",
            "the file to write, .html or .md; else Markdown on standard output",
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.experiments.output import write_aside
    from sim.experiments.posterior import with_posterior
    from sim.faces.report import stress
    from sim.scenario.load import load

    target = Path(options.out) if options.out is not None else None
    if target is not None and target.suffix not in SUFFIXES:
        raise UserError(
            f"--out skal ende på {' eller '.join(SUFFIXES)}, ikke «{options.out}»",
            f"--out must end in {' or '.join(SUFFIXES)}, not «{options.out}»",
        )
    loaded = load(options.scenario)
    if not options.prior:
        loaded, _ = with_posterior(loaded)
    if target is None:
        if options.json:
            answer(options, [_plain(item, options.lang) for item in stress.items(loaded, options.lang)])
        else:
            print(stress.markdown(loaded, options.lang))
        return EXIT_OK
    made = stress.html if target.suffix == ".html" else stress.markdown
    write_aside(target, made(loaded, options.lang))
    answer(options, {"scenario": loaded.name, "scenario_hash": loaded.hash, "file": str(target)})
    say(
        options,
        f"Skrev {target}. Neste: utrulling forecast {options.scenario}",
        f"Wrote {target}. Next: utrulling forecast {options.scenario}",
    )
    return EXIT_OK


def _plain(item: object, lang: str) -> dict[str, object]:
    from sim.faces.report.stress import Item

    assert isinstance(item, Item)
    return {
        "number": item.number,
        "title": item.title,
        "sentences": item.sentences,
        "quotes": [vars(q) for q in item.quotes],
        "tables": [{"caption": t.caption, "heads": t.heads, "rows": t.cells(lang)} for t in item.tables],
    }
