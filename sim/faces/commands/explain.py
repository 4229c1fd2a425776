"""``utrulling explain``: one unit's timeline in one draw."""

from __future__ import annotations

import argparse

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, scenario
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text("Fortell ett foretaks tidslinje i ett trekk.", "Tell one unit's timeline in one draw.")
AIMS = (
    Text(
        "Hva skjer ved ett sykehus, og hvorfor?",
        "What happens at one hospital, and why?",
    ),
)


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--unit",
        "--trust",
        dest="unit",
        metavar=t("NAVN", "NAME"),
        help=t("foretaket (det første)", "the trust (the first)"),
    )
    made.add_argument("--replication", type=int, default=0, metavar="R", help=t("hvilket trekk (0)", "which draw (0)"))
    made.add_argument("--seed", type=int, metavar="S", help=t("frø (scenarioets)", "seed (the scenario's)"))


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import difflib

    from sim.experiments.posterior import with_posterior
    from sim.faces.explain import timeline
    from sim.model.draws import table
    from sim.model.rollout import Model, Rollout
    from sim.model.trace import COLUMNS, Trace
    from sim.scenario.load import load

    loaded, _ = with_posterior(load(options.scenario))
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
        answer(options, {"unit": unit, "replication": options.replication, "seed": seed, "events": rows})
        return EXIT_OK
    print(timeline(model, record, trace, unit, options.lang))
    say(
        options,
        f"\nEtt trekk av mange (nr. {options.replication}). Neste: utrulling forecast {options.scenario} --trace out/hendelser.csv",
        f"\nOne draw of many (no. {options.replication}). Next: utrulling forecast {options.scenario} --trace out/events.csv",
    )
    return EXIT_OK
