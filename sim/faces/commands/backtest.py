"""``utrulling backtest``: would the model have foreseen what was published later?"""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK
from sim.faces.arguments import Translate
from sim.faces.commands.calibrate import bank_of, common
from sim.faces.talk import answer, say
from sim.language import Text, number

HELP = Text(
    "Etterprøv: tilpass det som var kjent, forutsi resten, og sammenlign med enkle framskrivninger.",
    "Hindcast: fit what was known, predict the rest, and compare with naive forecasts.",
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    common(made, t, "backtest")


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.scenario.load import load

    loaded = load(options.scenario)
    from sim.experiments import backtest, output
    from sim.faces.report import hindcast

    target = Path(options.out or Path("out") / f"backtest-{loaded.name}")
    output.refuse_if_foreign(target)
    bank = bank_of(options, loaded)
    records = backtest.backtest(bank, backtest.entries_per_month(loaded.data_folder))
    verdicts = backtest.verdicts(records)
    told = backtest.summary(records, bank) | {
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "repeat": f"utrulling backtest {loaded.given} --draws {bank.size} --seed {bank.seed}",
    }
    with output.folder(target) as folder:
        backtest.frame(records).to_csv(folder / "backtest.csv", index=False, lineterminator="\n")
        report = hindcast.render(loaded, bank, records, str(told["repeat"]), options.lang)
        (folder / "report.html").write_text(report, encoding="utf-8")
        files = sorted([*(p.name for p in folder.iterdir()), output.MANIFEST])
        output.write_json(folder / output.MANIFEST, told | {"files": files})
    answer(options, told | {"folder": str(target)})
    for verdict in verdicts:
        nb, en = hindcast.tell(verdict, "nb"), hindcast.tell(verdict, "en")
        say(options, nb, en)
    whole = verdicts[-1]
    score = number(100 * whole.means[backtest.MODEL], options.lang, 1)
    goal = backtest.goal_met(verdicts)
    strict, plain = (number(r, options.lang, 2) for r in (whole.ratio, whole.ratio_to_points))
    say(
        options,
        f"Modellens gjennomsnittlige CRPS er {score} prosentpoeng: {plain} av den beste enkle framskrivningens uten spredning, {strict} når "
        f"den får en. Målet (aldri dårligere, høyst {number(backtest.GOAL, 'nb', 1)}, begge deler mot den beste av alle) er {'nådd' if goal else 'ikke nådd'}.\n"
        f"Rapporten ligger i {target}. Neste: åpne {target / 'report.html'}, eller utrulling calibrate {options.scenario}",
        f"The model's mean CRPS is {score} percentage points: {plain} of the best naive forecast's without a spread, {strict} when "
        f"it has one. The goal (never worse, at most {number(backtest.GOAL, 'en', 1)}, both against the best of all) is {'met' if goal else 'not met'}.\n"
        f"The report is in {target}. Next: open {target / 'report.html'}, or utrulling calibrate {options.scenario}",
    )
    return EXIT_OK
