"""``utrulling prioritise``: rank measures by the prioritisation model of 2021, fed by the simulation."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK
from sim.faces.arguments import Translate, draws, positive
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Ranger tiltak etter prioriteringsmodellen fra 2021, med poeng fra simuleringen.",
    "Rank measures by the prioritisation model of 2021, with points from the simulation.",
)
AIMS = (
    Text(
        "Hvilke tiltak kommer først etter prioriteringsmodellen fra 2021, og hva henger rekkefølgen på?",
        "Which measures come first by the prioritisation model of 2021, and what does the order hang on?",
    ),
)
REPLICATIONS = 40


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "sheet",
        metavar=t("ARK", "SHEET"),
        nargs="?",
        default="prioritisation-2021",
        help=t("prioriteringsarket, en YAML-fil (prioritisation-2021)", "the sheet, a YAML file (prioritisation-2021)"),
    )
    made.add_argument(
        "--scenario",
        metavar="SCENARIO",
        default="national",
        help=t(
            "scenarioet som gir poeng (national); «none» bruker bare arkets egne",
            "the scenario that gives points (national); «none» uses the sheet's own alone",
        ),
    )
    made.add_argument(
        "--out", metavar=t("MAPPE", "FOLDER"), help=t("mappen som skrives (out/ARK)", "the folder to write (out/SHEET)")
    )
    made.add_argument(
        "--replications",
        type=positive,
        default=REPLICATIONS,
        metavar="N",
        help=t(f"antall simulerte trekk ({REPLICATIONS})", f"number of simulated draws ({REPLICATIONS})"),
    )
    draws(made, t)


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import shlex
    import sys

    from sim.experiments import output
    from sim.experiments.posterior import with_posterior
    from sim.experiments.prioritise import agreement, feed, rank, score
    from sim.faces.report import analysis, page, priorities
    from sim.scenario import prioritisation
    from sim.scenario.load import load

    sheet = prioritisation.read(options.sheet)
    simulating = options.scenario != "none"
    loaded = load(options.scenario if simulating else "national")
    target = Path(options.out or Path("out") / Path(options.sheet).stem)
    output.refuse_if_foreign(target)
    seed = loaded.scenario.seed if options.seed is None else options.seed
    fed = kept = None
    if simulating:
        if not options.prior:
            loaded, kept = with_posterior(loaded)
        label = "Simulerer" if options.lang == "nb" else "Simulating"
        fed = feed(sheet, loaded.scenario, options.replications, seed, options.workers, label)
    ranking, read = rank(sheet, score(sheet, fed, seed), seed), rank(sheet, score(sheet, None, seed), seed)
    repeat = (
        f"utrulling prioritise {shlex.quote(options.sheet)} --scenario {shlex.quote(options.scenario)} --seed {seed}"
    )
    if simulating:
        repeat += f" --replications {options.replications}" + (" --prior" if options.prior else "")
    made = priorities.analysis(sheet, ranking, read, fed, loaded, kept, seed, repeat, options.lang)
    made.warning = page.doubts(kept, options.lang) or ""
    table = priorities.table(sheet, ranking, read, options.lang)
    posterior = None if kept is None else kept.summary
    manifest = {
        "sheet": options.sheet,
        "scenario": loaded.name if simulating else None,
        "seed": seed,
        "replications": options.replications if simulating else None,
        "posterior": posterior,
    }
    files = analysis.write(
        target,
        made,
        {"ranking": table, "weights": priorities.weights(sheet, ranking, options.lang)},
        manifest,
        options.lang,
    )
    found = agreement(sheet, ranking)
    answer(
        options,
        {
            "sheet": options.sheet,
            "scenario": loaded.name if simulating else None,
            "seed": seed,
            "posterior": posterior,
            "ranking": [
                {
                    "measure": key,
                    "place": int(ranking.order[i]),
                    "published_place": sheet.measures[key].published_rank,
                    "place_without_simulation": int(read.order[read.measures.index(key)]),
                    "total": float(ranking.total[i]),
                    "points": dict(zip(sheet.criteria, map(float, ranking.points[:, i].mean(axis=0)), strict=True)),
                    "first_share_of_weights": float(ranking.first[i]),
                }
                for i, key in sorted(enumerate(ranking.measures), key=lambda pair: ranking.order[pair[0]])
            ],
            "not_admitted": [k for k in sheet.measures if not sheet.admitted(k)],
            "kendall_tau_with_published": None if found is None else found[0],
            "folder": str(target),
            "files": files,
        },
    )
    for sentence in made.answer:
        say(options, sentence, sentence)
    if made.warning:
        print(made.warning, file=sys.stderr)
    say(
        options,
        f"Rangeringen ligger i {target}. Neste: åpne {target / 'report.html'}, eller endre vektene i en kopi av arket",
        f"The ranking is in {target}. Next: open {target / 'report.html'}, or change the weights in a copy of the sheet",
    )
    return EXIT_OK
