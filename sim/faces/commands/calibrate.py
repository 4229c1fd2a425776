"""``utrulling calibrate``: what the published figures say about the parameters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import EXIT_NOT_MET, EXIT_OK, UserError
from sim.faces.arguments import Translate, positive
from sim.faces.talk import answer, say
from sim.language import Text, number

if TYPE_CHECKING:
    from sim.experiments.bank import Bank
    from sim.scenario.load import Loaded

HELP = Text(
    "Kalibrer parameterne mot de publiserte tallene, og vis hva dataene sier og ikke sier.",
    "Calibrate the parameters to the published figures, and show what the data say and do not say.",
)
AIMS = (
    Text(
        "Hva sier de publiserte tallene om parameterne, og hva sier de ikke?",
        "What do the published figures say about the parameters, and what do they not?",
    ),
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    common(made, t, "calibrate")
    made.add_argument(
        "--write",
        action="store_true",
        help=t(
            "legg fordelingen der scenarioet henter den (posterior:), så forecast bruker den",
            "put the posterior where the scenario takes it from (posterior:), so that forecast uses it",
        ),
    )


def common(made: argparse.ArgumentParser, t: Translate, command: str) -> None:
    """What calibrate and backtest share."""
    made.add_argument(
        "scenario",
        metavar="SCENARIO",
        nargs="?",
        default="helse-vest",
        help=t(
            "en scenariofil eller et ferdig scenario som dekker Helse Vest fra februar 2024 (helse-vest)",
            "a scenario file or a shipped one that covers Helse Vest from February 2024 (helse-vest)",
        ),
    )
    made.add_argument(
        "--out",
        metavar=t("MAPPE", "FOLDER"),
        help=t(f"mappen som skrives (out/{command}-SCENARIO)", f"the folder to write (out/{command}-SCENARIO)"),
    )
    made.add_argument(
        "--draws",
        type=positive,
        metavar="N",
        help=t(
            "trekk i banken (16000); flere gir jevnere svar", "draws in the bank (16000); more give a smoother answer"
        ),
    )
    made.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))
    made.add_argument(
        "--workers",
        type=positive,
        metavar="W",
        help=t(
            "antall prosesser (alle kjerner); påvirker ikke svaret",
            "number of processes (all cores); does not change the answer",
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    from sim.scenario.load import load

    loaded = load(options.scenario)
    from sim.experiments import calibrate, output, posterior, sbc
    from sim.faces.report import calibration

    target = Path(options.out or Path("out") / f"calibrate-{loaded.name}")
    output.refuse_if_foreign(target)
    place = posterior.own_file_of(loaded)
    if options.write and place is None:
        raise UserError(
            f"scenarioet sier ikke hvor fordelingen skal ligge; skriv f.eks. «posterior: posteriors/{loaded.name}.parquet» i det",
            f"the scenario does not say where its posterior belongs; write e.g. «posterior: posteriors/{loaded.name}.parquet» in it",
        )
    bank = bank_of(options, loaded)
    fitted = calibrate.fit(bank)
    ranks = sbc.ranks(bank)
    content = posterior.encode(fitted, loaded.name)
    repeat = f"utrulling calibrate {loaded.given} --draws {bank.size} --seed {bank.seed}"
    with output.folder(target) as folder:
        (folder / "posterior.parquet").write_bytes(content)
        for name, frame in posterior.frames(fitted, ranks).items():
            frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        report = calibration.render(loaded, fitted, ranks, repeat, options.lang)
        (folder / "report.html").write_text(report, encoding="utf-8")
        told = posterior.summary(fitted, ranks, loaded) | {"repeat": repeat}
        told["files"] = sorted([*(p.name for p in folder.iterdir()), output.MANIFEST])
        output.write_json(folder / output.MANIFEST, told)
    if options.write and place is not None:
        output.write_aside(place, content)
    answer(options, told | {"folder": str(target), "posterior": str(place) if options.write else None})
    effective, informed, all_ = (number(told[k], options.lang) for k in ("effective", "informed", "parameters"))
    say(
        options,
        f"{effective} effektive trekk av {number(bank.size, 'nb')}; dataene sier noe om {informed} av {all_} parametere. "
        f"{calibration.trust(fitted, ranks, 'nb')}\n"
        + (f"Fordelingen ligger i {place}, og forecast bruker den. " if options.write else "")
        + f"Rapporten ligger i {target}. Neste: utrulling backtest {options.scenario}"
        + ("" if options.write or place is None else ", eller samme kall med --write for å ta den i bruk"),
        f"{effective} effective draws of {number(bank.size, 'en')}; the data say something about {informed} of {all_} parameters. "
        f"{calibration.trust(fitted, ranks, 'en')}\n"
        + (f"The posterior is in {place}, and forecast uses it. " if options.write else "")
        + f"The report is in {target}. Next: utrulling backtest {options.scenario}"
        + ("" if options.write or place is None else ", or the same call with --write to put it to use"),
    )
    return EXIT_OK if ranks.uniform and not fitted.doubts else EXIT_NOT_MET


def bank_of(options: argparse.Namespace, loaded: Loaded) -> Bank:
    """The bank that the options ask for."""
    from sim.experiments import bank, evidence

    if options.seed is not None and options.seed < 0:
        raise UserError("--seed skal være 0 eller mer", "--seed must be 0 or more")
    size = options.draws or bank.SIZE
    if size < bank.LEAST:
        raise UserError(
            f"--draws skal være {bank.LEAST} eller mer: færre trekk sier ingenting",
            f"--draws must be {bank.LEAST} or more: fewer draws tell nothing",
        )
    label = "Simulerer" if options.lang == "nb" else "Simulating"
    known = evidence.read(loaded.data_folder)
    return bank.simulate(loaded.scenario, known, size, options.seed, options.workers, label)
