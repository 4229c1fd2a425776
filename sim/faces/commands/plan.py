"""``utrulling plan``: the cheapest set and order of interventions that reaches a target inside a yearly budget."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sim.errors import EXIT_OK, UserError
from sim.faces.arguments import Translate, draws, positive
from sim.faces.talk import answer, say
from sim.language import Text

HELP = Text(
    "Finn den billigste pakken av tiltak, og når de må begynne, som når et mål innenfor en årlig ramme.",
    "Find the cheapest set of interventions, and when they must begin, that reaches a target inside a yearly budget.",
)
AIMS = (
    Text(
        "Hva skal til for å nå et mål til en gitt måned innenfor den årlige rammen?",
        "What does it take to reach a target by a month inside the yearly budget?",
    ),
)
DRAWS, EVALUATIONS, VERIFY = 32, 120, 100


def arguments(made: argparse.ArgumentParser, t: Translate) -> None:
    """What can be given."""
    made.add_argument(
        "scenario",
        metavar="SCENARIO",
        nargs="?",
        default="national",
        help=t("scenarioet (national)", "the scenario (national)"),
    )
    made.add_argument(
        "--target",
        type=float,
        required=True,
        metavar="X",
        help=t("målet som andel, 0.80", "the target as a share, 0.80"),
    )
    made.add_argument(
        "--by",
        required=True,
        metavar=t("MÅNED", "MONTH"),
        help=t("måneden målet skal nås, 2027-12", "the month to reach it by, 2027-12"),
    )
    made.add_argument(
        "--probability", type=float, default=0.8, metavar="P", help=t("hvor sikkert, 0.8", "how surely, 0.8")
    )
    made.add_argument(
        "--budget",
        default="budget-mandate",
        metavar=t("FIL", "FILE"),
        help=t("rammen (budget-mandate)", "the budget (budget-mandate)"),
    )
    made.add_argument(
        "--from",
        dest="first",
        metavar=t("DATO", "DATE"),
        help=t("første plan som kan brukes (budsjettets)", "first plan that can be used (the budget's)"),
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
        "--measure",
        default="sync_rate_new",
        metavar=t("MÅL", "MEASURE"),
        help=t(
            "sync_rate_new, sync_rate_live (der løsningen er i bruk) eller sync_rate_cumulative",
            "sync_rate_new, sync_rate_live (where in use) or sync_rate_cumulative",
        ),
    )
    made.add_argument(
        "--with",
        dest="names",
        action="append",
        metavar=t("TILTAK", "INTERVENTION"),
        help=t("velg bare blant disse (alle)", "choose among these alone (all)"),
    )
    made.add_argument(
        "--draws",
        type=positive,
        default=DRAWS,
        metavar="M",
        help=t(f"trekk i søket ({DRAWS})", f"draws in the search ({DRAWS})"),
    )
    made.add_argument(
        "--evaluations",
        type=positive,
        default=EVALUATIONS,
        metavar="E",
        help=t(
            f"pakker som prøves, høyst, utover hvert tiltak for seg, alle, og alle uten ett ({EVALUATIONS})",
            f"plans tried at most, beyond each intervention alone, all, and all but one ({EVALUATIONS})",
        ),
    )
    made.add_argument(
        "--verify",
        type=positive,
        default=VERIFY,
        metavar="N",
        help=t(f"nye trekk i kontrollen ({VERIFY})", f"fresh draws in the check ({VERIFY})"),
    )
    draws(made, t)
    made.add_argument(
        "--out", metavar=t("MAPPE", "FOLDER"), help=t("mappen som skrives (out/plan)", "the folder to write (out/plan)")
    )


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import datetime as dt

    import numpy as np

    from sim.experiments import output
    from sim.experiments.evaluate import Asked, Variants, Workers
    from sim.experiments.plan import Task
    from sim.experiments.plan_options import options as choices
    from sim.experiments.plan_search import search
    from sim.experiments.posterior import with_posterior
    from sim.faces.report import analysis, planning
    from sim.model.rollout import Model
    from sim.scenario import budget as budgets
    from sim.scenario import intervention
    from sim.scenario.load import load

    for name, value, closed in (("--target", options.target, True), ("--probability", options.probability, True)):
        if not (0 < value <= 1 if closed else 0 < value < 1):
            raise UserError(
                f"{name} skal ligge mellom 0 og 1, som 0.8 (ikke {value:g})",
                f"{name} must lie between 0 and 1, such as 0.8 (not {value:g})",
            )
    target = Path(options.out or Path("out") / "plan")
    output.refuse_if_foreign(target)
    budget = budgets.read(options.budget)
    loaded = load(options.scenario)
    if not options.prior:
        loaded = with_posterior(loaded)[0]
    seed = loaded.scenario.seed if options.seed is None else options.seed
    asked = Asked(options.measure, options.area, options.sector, options.by)
    if options.measure == "synced":
        raise UserError("--measure skal være en synkroniseringsgrad", "--measure must be a sync rate")
    asked.check(Model(loaded.scenario))
    try:
        first = budget.first_plan if options.first is None else dt.date.fromisoformat(options.first)
    except ValueError:
        raise UserError(
            f"--from «{options.first}» er ikke en dato som 2027-02-01",
            f"--from «{options.first}» is no date such as 2027-02-01",
        ) from None
    starts = budgets.starts(budget, first, options.by)
    years = tuple(sorted(budget.years))
    if not starts:
        raise UserError(
            f"ingen plan etter {first} kan sette i gang noe før {options.by}; velg en senere --by eller en tidligere --from",
            f"no plan after {first} can start anything before {options.by}; choose a later --by or an earlier --from",
        )
    late = next((y for y in range(int(starts[0].month[:4]), int(options.by[:4]) + 1) if y not in budget.years), None)
    if late is not None:
        raise UserError(
            f"{options.budget} har ingen ramme for {late}; budsjettet må dekke alle år fra første start til --by",
            f"{options.budget} has no money for {late}; the budget must cover every year from the first start to --by",
        )
    named = options.names or intervention.shipped()
    chosen = choices(loaded, named, starts, options.by)
    limits = np.array([budget.years[y].value or 0.0 for y in years])
    task = Task(chosen.items, limits, options.target, options.probability)
    job = Variants(loaded, chosen.interventions, asked, years, seed, options.draws).with_cards()
    label = "Prøver pakker" if options.lang == "nb" else "Trying plans"
    with Workers(job, options.workers, label) as workers:
        found = search(task, workers.plans, options.evaluations)
    repeat = _repeat(options, seed)
    answered = planning.Answered(loaded, budget, asked, chosen, starts, found, None, seed, repeat)
    verified = _verify(answered, options, seed)
    answered = planning.Answered(loaded, budget, asked, chosen, starts, found, verified, seed, repeat)
    made = planning.analysis(answered, options.lang)
    tables = {
        "plan": planning.plan_table(answered, options.lang),
        "budget": planning.money(answered, options.lang),
        "interventions": planning.singles(answered, options.lang),
    }
    manifest = {
        "scenario": loaded.name,
        "seed": seed,
        "target": options.target,
        "by": options.by,
        "probability": options.probability,
        "found": found.plan is not None,
        "verified": answered.confirmed,
    }
    files = analysis.write(target, made, tables, manifest, options.lang)
    answer(options, _content(answered, options) | {"folder": str(target), "files": files})
    for sentence in filter(None, [*made.answer, made.warning]):
        say(options, sentence, sentence)
    say(
        options,
        f"Planen ligger i {target}. Neste: åpne {target / 'report.html'}",
        f"The plan is in {target}. Next: open {target / 'report.html'}",
    )
    return EXIT_OK


def _verify(answered: Any, options: argparse.Namespace, seed: int) -> Any:
    """The plan once more, with the whole random model and draws that the search has not seen."""
    import numpy as np
    from scipy import stats

    from sim.experiments.measures import INDEX
    from sim.experiments.replicate import replicate
    from sim.faces.report.planning import Verified
    from sim.scenario.load import load

    loaded, asked, task = answered.loaded, answered.asked, answered.found.task
    one = [answered.options.interventions[c.key].at(c.start) for c in sorted(answered.plan)]
    scenario = load(loaded.given, one).scenario.with_posterior(loaded.scenario.fitted)
    label = "Kontrollerer" if options.lang == "nb" else "Checking"
    results = replicate(scenario, options.verify, seed + 1, options.workers, progress=label)
    month = results.model.calendar.labels.index(asked.month)
    values = results.series[:, INDEX[asked.measure], results.areas.find(asked.area, asked.sector), month].astype(
        np.float64
    )
    reached = int(np.sum(values >= task.target))
    interval = stats.binomtest(reached, len(values)).proportion_ci(method="exact")
    level = float(
        np.sort(np.where(np.isnan(values), -np.inf, values))[::-1][
            max(int(np.ceil(task.probability * len(values) - 1e-9)), 1) - 1
        ]
    )
    return Verified(reached, len(values), float(interval.low), float(interval.high), level)


def _repeat(options: argparse.Namespace, seed: int) -> str:
    import shlex

    words = ["utrulling", "plan", options.scenario, "--target", f"{options.target:g}", "--by", options.by]
    words += [
        "--probability",
        f"{options.probability:g}",
        "--budget",
        options.budget,
        "--seed",
        str(seed),
        "--draws",
        str(options.draws),
    ]
    words += ["--evaluations", str(options.evaluations), "--verify", str(options.verify)]
    for name, value, usual in (
        ("--area", options.area, "national"),
        ("--sector", options.sector, "all"),
        ("--measure", options.measure, "sync_rate_new"),
    ):
        words += [name, value] if value != usual else []
    words += ["--from", options.first] if options.first else []
    words += [word for name in options.names or [] for word in ("--with", name)]
    words += ["--prior"] if options.prior else []
    return " ".join(map(shlex.quote, words))


def _content(answered: Any, options: argparse.Namespace) -> dict[str, Any]:
    """The answer for --json."""
    import math

    import numpy as np

    from sim.faces.report import planning

    found, got = answered.found, answered.evaluation
    probability = found.task.probability

    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    v = answered.verified
    return {
        "scenario": answered.loaded.name,
        "target": found.task.target,
        "by": answered.asked.month,
        "probability": probability,
        "measure": answered.asked.measure,
        "area": answered.asked.area,
        "sector": answered.asked.sector,
        "seed": answered.seed,
        "found": found.plan is not None,
        "verified": answered.confirmed,
        "reached": found.plan is not None and answered.confirmed,
        "plan": [
            {
                "intervention": c.key,
                "start": c.start,
                "money_from": answered.options.paid[c].month,
                "decided": answered.options.paid[c].plan.isoformat(),
            }
            for c in sorted(answered.plan, key=lambda c: (c.start, c.key))
        ],
        "level": finite(got.level(probability)),
        "probability_reached": got.reached(found.task.target),
        "null_level": finite(found.none.level(probability)),
        "unlimited_level": finite(found.unlimited),
        "cost_mnok": got.total,
        "cost_per_year_mnok": {
            str(y): float(c) for y, c in zip(sorted(answered.budget.years), got.yearly, strict=True)
        },
        "cost_interval_mnok": {
            str(y): [float(low), float(high)]
            for y, low, high in zip(
                sorted(answered.budget.years), *np.quantile(got.cost, planning.SPAN, axis=0), strict=True
            )
        },
        "budget_per_year_mnok": {
            str(y): float(b) for y, b in zip(sorted(answered.budget.years), found.task.budget, strict=True)
        },
        "optimality_gap": finite(found.gap),
        "cost_lower_bound_mnok": finite(found.lower_bound),
        "level_upper_bound": finite(found.upper_bound) if found.plan is None else None,
        "evaluations": found.evaluations,
        "bounds": {k: x for k, x in vars(found.bounds).items() if k != "gains"},
        "check": None if v is None else vars(v),
        "refused": [
            {"intervention": c.key, "start": c.start, "reason": text.to(options.lang)}
            for c, text in answered.options.refused.items()
        ],
        "said": {lang: planning.said(answered, lang) for lang in ("nb", "en")},
    }
