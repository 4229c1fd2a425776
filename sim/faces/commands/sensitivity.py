"""``utrulling sensitivity``: which unknowns move the answer, and what it is worth to know them first."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, draws, positive, scenario
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Finn hvilke ukjente tall svaret henger på, og hva det er verd å måle dem først.",
    "Find which unknown numbers the answer hangs on, and what it is worth to measure them first.",
)
AIMS = (
    Text(
        "Hvilket ukjent tall er det mest verd å måle først, og hva henger svaret på?",
        "Which unknown number is most worth measuring first, and what does the answer hang on?",
    ),
)
TRAJECTORIES, SIZE, TOP, DRAWS = 8, 64, 8, 200
WILLINGNESS = (
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
)  # kroner: a range to look over, not a valuation


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    scenario(made, t)
    made.add_argument(
        "--by",
        default="2027-12",
        metavar=t("MÅNED", "MONTH"),
        help=t("måneden svaret gjelder (2027-12)", "the month of the answer (2027-12)"),
    )
    made.add_argument(
        "--measure",
        default="sync_rate_new",
        metavar=t("MÅL", "MEASURE"),
        help=t(
            "sync_rate_new, sync_rate_live eller sync_rate_cumulative",
            "sync_rate_new, sync_rate_live or sync_rate_cumulative",
        ),
    )
    made.add_argument(
        "--area",
        default="national",
        metavar=t("OMRÅDE", "AREA"),
        help=t("national, en helseregion eller et foretak", "national, a region or a hospital"),
    )
    made.add_argument(
        "--sector", default="all", metavar=t("GRUPPE", "SECTOR"), help=t("all, hospital, gp …", "all, hospital, gp …")
    )
    made.add_argument(
        "--trajectories",
        type=positive,
        default=TRAJECTORIES,
        metavar="N",
        help=t(f"baner i silingen ({TRAJECTORIES})", f"trajectories of the screening ({TRAJECTORIES})"),
    )
    made.add_argument(
        "--size",
        type=positive,
        default=SIZE,
        metavar="N",
        help=t(
            f"utvalg til variansandelene, en toerpotens ({SIZE})",
            f"sample of the variance shares, a power of two ({SIZE})",
        ),
    )
    made.add_argument(
        "--top",
        type=positive,
        default=TOP,
        metavar="K",
        help=t(f"tall som får variansandeler ({TOP})", f"numbers that get variance shares ({TOP})"),
    )
    made.add_argument(
        "--with",
        dest="names",
        action="append",
        metavar=t("TILTAK", "INTERVENTION"),
        help=t(
            "tiltakene det skal velges mellom (alle som passer)", "the interventions to choose among (all that fit)"
        ),
    )
    made.add_argument(
        "--draws",
        type=int,
        default=DRAWS,
        metavar="R",
        help=t(
            f"trekk til verdien av å vite ({DRAWS}); 0 utelater den",
            f"draws for the value of knowing ({DRAWS}); 0 leaves it out",
        ),
    )
    made.add_argument(
        "--wtp",
        type=float,
        metavar=t("KR", "NOK"),
        help=t(
            "hva en ekstra synkronisert oppføring er verd (der valget er mest åpent)",
            "what an extra synced entry is worth (where the choice is most open)",
        ),
    )
    draws(made, t)
    made.add_argument(
        "--out",
        metavar=t("MAPPE", "FOLDER"),
        help=t("mappen som skrives (out/sensitivity)", "the folder to write (out/sensitivity)"),
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import numpy as np

    from sim.experiments import output
    from sim.experiments.evaluate import Asked, Rows, Workers
    from sim.experiments.factors import Space
    from sim.experiments.posterior import with_posterior
    from sim.experiments.sensitivity import important, screen, shares, tornado
    from sim.faces.report import analysis, sensitivities
    from sim.model.rollout import Model
    from sim.scenario.load import load

    if options.size & (options.size - 1):
        raise UserError(
            f"--size skal være en toerpotens (32, 64, 128 …), ikke {options.size}",
            f"--size must be a power of two (32, 64, 128 …), not {options.size}",
        )
    if options.trajectories < 2:
        raise UserError("--trajectories skal være minst 2", "--trajectories must be at least 2")
    if options.wtp is not None and options.wtp <= 0:
        raise UserError("--wtp skal være over 0", "--wtp must be above 0")
    if options.draws and options.draws < 50:
        raise UserError("--draws skal være minst 50, eller 0", "--draws must be at least 50, or 0")
    target = Path(options.out or Path("out") / "sensitivity")
    output.refuse_if_foreign(target)
    loaded = load(options.scenario)
    kept = None
    if not options.prior:
        loaded, kept = with_posterior(loaded)
    seed = loaded.scenario.seed if options.seed is None else options.seed
    model = Model(loaded.scenario)
    asked = Asked(options.measure, options.area, options.sector, options.by)
    asked.check(model)
    if options.measure == "synced":
        raise UserError("--measure skal være en synkroniseringsgrad", "--measure must be a sync rate")
    space = Space(loaded.scenario, model.columns)
    label = "Flytter tallene" if options.lang == "nb" else "Moving the numbers"
    with Workers(Rows(loaded, asked, seed), options.workers, label) as workers:

        def ask(points: Any) -> Any:
            values = workers.rows(space.rows(points))
            if np.isnan(values).any():
                raise UserError(
                    f"{options.measure} er ikke definert i {options.by} i alle trekk (ingen er i bruk); velg en senere måned",
                    f"{options.measure} is not defined in {options.by} in every draw (nobody is live); choose a later month",
                )
            return values

        middle, swings = tornado(space, ask)
        effects = screen(space.groups, ask, options.trajectories, seed)
        # the widest swing is among them, whatever the few trajectories of the screening say
        chosen = list(dict.fromkeys([swings[0].key, *(e.key for e in effects)]))[: options.top]
        found = shares(important(space.groups, chosen), ask, options.size, seed)
    decision = _decision(loaded, space, options, seed) if options.draws else None
    repeat = _repeat(options, seed)
    answered = sensitivities.Answered(
        loaded,
        space,
        asked,
        middle,
        swings,
        effects,
        found,
        decision,
        options.size,
        options.trajectories,
        seed,
        repeat,
    )
    made = sensitivities.analysis(answered, options.lang)
    data = {
        "first": sensitivities.first(answered, options.lang),
        "tornado": sensitivities.swings(answered, options.lang),
        "screening": sensitivities.screening(answered, options.lang),
    }
    manifest = {"scenario": loaded.name, "seed": seed, "posterior": None if kept is None else kept.summary}
    files = analysis.write(target, made, data, manifest, options.lang)

    tags = {factor.key: factor.tags for factor in space.factors}

    def name(key: str) -> str:
        return sensitivities.title(loaded, space, key, options.lang)

    answer(
        options,
        {
            "scenario": loaded.name,
            "measure": options.measure,
            "area": options.area,
            "sector": options.sector,
            "month": options.by,
            "seed": seed,
            "median_answer": middle,
            "sobol_settled": answered.larger == options.size,
            "sobol": [vars(s) | {"name": name(s.key)} for s in sorted(found, key=lambda s: -s.total)],
            "morris": [vars(e) | {"name": name(e.key)} for e in effects],
            "tornado": [
                {"key": s.key, "name": name(s.key), "p10": s.low, "p90": s.high, "tags": sorted(tags[s.key])}
                for s in swings
            ],
            "information": None
            if decision is None
            else {
                "alternatives": ["none", *(one.key for one in decision.interventions)],
                "evpi_mnok": [
                    {"nok_per_entry": w, "evpi": e} for w, e in zip(decision.willingness, decision.evpi, strict=True)
                ],
                "nok_per_entry": decision.at,
                "evppi_mnok": [
                    vars(decision.worth[k]) | {"key": k, "name": name(k), "tags": sorted(tags[k])}
                    for k in decision.ranked
                ],
            },
            "folder": str(target),
            "files": files,
        },
    )
    for sentence in made.answer:
        say(options, sentence, sentence)
    say(
        options,
        f"Analysen ligger i {target}. Neste: åpne {target / 'report.html'}",
        f"The analysis is in {target}. Next: open {target / 'report.html'}",
    )
    return EXIT_OK


def _decision(loaded: Any, space: Any, options: argparse.Namespace, seed: int) -> Any:
    """Simulate every intervention alone, and value what could be known before choosing one."""
    import numpy as np

    from sim.experiments.evaluate import Asked, Variants, Workers
    from sim.experiments.information import evpi, evppi, openness
    from sim.experiments.plan import Choice
    from sim.faces.report.sensitivities import Decision
    from sim.model.draws import table
    from sim.scenario import intervention
    from sim.scenario.load import load

    found = []
    for one in map(intervention.find, options.names or intervention.shipped()):
        if one.start > options.by:
            continue
        load(loaded.given, [one])  # what does not fit the scenario is told, not left out
        found.append(one)
    if not found:
        raise UserError(
            f"ingen av tiltakene begynner før {options.by}", f"none of the interventions begins before {options.by}"
        )
    first, last = int(loaded.scenario.period.start[:4]), int(options.by[:4])
    asked = Asked("synced", options.area, options.sector, options.by)
    job = Variants(
        loaded, {one.key: one for one in found}, asked, tuple(range(first, last + 1)), seed, options.draws
    ).with_cards()
    label = "Prøver tiltakene" if options.lang == "nb" else "Trying the interventions"
    with Workers(job, options.workers, label) as workers:
        nothing, *each = workers.plans([frozenset(), *(frozenset({Choice(one.key, one.start)}) for one in found)])
    entries = np.stack([e.outcome - nothing.outcome for e in each], axis=1)
    cost = np.stack([e.cost.sum(axis=1) for e in each], axis=1)

    def benefit(willing: float) -> Any:
        return np.hstack([np.zeros((options.draws, 1)), willing * entries / 1e6 - cost])

    grid = sorted({*map(float, WILLINGNESS), *([options.wtp] if options.wtp else [])})
    values = [evpi(benefit(w)) for w in grid]
    at = options.wtp or max(grid, key=lambda w: openness(benefit(w)))
    rows = table(space.columns, seed, options.draws)
    worth = {f.key: evppi(rows[:, list(f.columns)], benefit(at), seed) for f in space.factors}
    best = [int(benefit(w).mean(axis=0).argmax()) for w in grid]
    return Decision(found, grid, values, best, at, worth, options.draws, options.by)


def _repeat(options: argparse.Namespace, seed: int) -> str:
    import shlex

    words = ["utrulling", "sensitivity", options.scenario, "--by", options.by, "--seed", str(seed)]
    for name in ("trajectories", "size", "top", "draws"):
        words += [f"--{name}", str(getattr(options, name))]
    for name, value, usual in (
        ("--area", options.area, "national"),
        ("--sector", options.sector, "all"),
        ("--measure", options.measure, "sync_rate_new"),
    ):
        words += [name, value] if value != usual else []
    words += [word for name in options.names or [] for word in ("--with", name)]
    words += ["--wtp", f"{options.wtp:g}"] if options.wtp else []
    words += ["--prior"] if options.prior else []
    return " ".join(map(shlex.quote, words))
