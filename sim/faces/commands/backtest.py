"""``utrulling backtest``: would the model have foreseen what was published later?"""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import EXIT_OK
from sim.faces.arguments import Translate
from sim.faces.commands.calibrate import bank_of, common
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Etterprøv: tilpass det som var kjent, forutsi resten, og sammenlign med enkle framskrivninger.",
    "Hindcast: fit what was known, predict the rest, and compare with naive forecasts.",
)
AIMS = (
    Text(
        "Hvor godt ville modellen ha truffet tall som kom etterpå?",
        "How well would the model have met figures that came later?",
    ),
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
    verdicts = backtest.verdicts(records, backtest.monte_carlo_errors(bank, records))
    told = backtest.summary(records, verdicts, bank) | {
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "repeat": f"utrulling backtest {loaded.given} --draws {bank.size} --seed {bank.seed}",
    }
    with output.folder(target) as folder:
        backtest.frame(records).to_csv(folder / "backtest.csv", index=False, lineterminator="\n")
        report = hindcast.render(loaded, bank, records, verdicts, str(told["repeat"]), options.lang)
        (folder / "report.html").write_text(report, encoding="utf-8")
        files = sorted([*(p.name for p in folder.iterdir()), output.MANIFEST])
        output.write_json(folder / output.MANIFEST, told | {"files": files})
    answer(options, told | {"folder": str(target)})
    for verdict in verdicts:
        nb, en = hindcast.tell(verdict, "nb"), hindcast.tell(verdict, "en")
        say(options, nb, en)
    for nb, en in zip(hindcast.goals(verdicts, "nb"), hindcast.goals(verdicts, "en"), strict=True):
        say(options, nb, en)
    say(
        options,
        f"Rapporten ligger i {target}. Neste: åpne {target / 'report.html'}, eller utrulling calibrate {options.scenario}",
        f"The report is in {target}. Next: open {target / 'report.html'}, or utrulling calibrate {options.scenario}",
    )
    return EXIT_OK
