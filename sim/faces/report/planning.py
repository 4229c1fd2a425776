"""The report of a plan: what to start when, what it costs in each year, how sure it is, and what the search leaves open."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sim.experiments.evaluate import Asked
from sim.experiments.plan import Choice, Evaluation, Found, Plan
from sim.experiments.plan_options import Options
from sim.faces.charts.plan import money_words
from sim.faces.report import drawing
from sim.faces.report.analysis import Analysis, Section
from sim.faces.report.document import Chart
from sim.faces.report.table import Kind, Table, say
from sim.language import month_name, number, percent
from sim.scenario.budget import Budget, Start
from sim.scenario.load import Loaded
from sim.vocabulary import DECIDERS, MEASURES, SECTORS, words

SPAN = (0.1, 0.9)  # of a year's cost: 8 of 10 draws


@dataclass(frozen=True)
class Verified:
    """The plan with the whole random model and fresh draws: how many of how many reached the target, and the 95 % interval."""

    reached: int
    draws: int
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Answered:
    """All that the report is made of."""

    loaded: Loaded
    budget: Budget
    asked: Asked
    options: Options
    starts: list[Start]
    found: Found
    verified: Verified | None
    seed: int
    repeat: str

    @property
    def plan(self) -> Plan:
        """The plan that is shown: the cheapest that reaches the target, else the closest affordable one."""
        found = self.found.plan if self.found.plan is not None else self.found.closest
        return found if found is not None else frozenset()

    @property
    def confirmed(self) -> bool:
        """Whether the check reaches the target as surely as was asked."""
        return self.verified is not None and self.verified.level >= self.found.task.target

    @property
    def evaluation(self) -> Evaluation:
        """What it gives and costs."""
        return self.found.known[self.plan]


def month(label: str, lang: str) -> str:
    """«jan. 2027»."""
    return month_name(int(label[:4]), int(label[5:]), lang)


def where(asked: Asked, lang: str) -> str:
    """What is measured, in words."""
    area = say(lang, "landet", "the country") if asked.area == "national" else asked.area
    sector = "" if asked.sector == "all" else f", {words(SECTORS)[asked.sector].label(lang)}"
    return f"{words(MEASURES)[asked.measure].label(lang)} ({area}{sector}) {month(asked.month, lang)}"


def titles(answered: Answered, lang: str) -> list[str]:
    """The plan's interventions with their starts, in order of start."""
    named = answered.options.interventions
    ordered = sorted(answered.plan, key=lambda c: (c.start, c.key))
    return [f"{named[c.key].title(lang)} ({month(c.start, lang)})" for c in ordered]


def sentences(answered: Answered, lang: str) -> list[str]:
    """The answer."""
    found, task = answered.found, answered.found.task
    target, sure = percent(task.target, lang), percent(task.probability, lang)
    what, cost = where(answered.asked, lang), number(answered.evaluation.total, lang, 1)
    level = percent(max(answered.evaluation.level(task.probability), 0), lang, 1)
    listed = "; ".join(titles(answered, lang)) or say(lang, "ingen tiltak", "no interventions")
    said = []
    v = answered.verified
    checked = "–" if v is None else percent(v.reached / v.draws, lang)
    nothing = percent(max(found.none.level(task.probability), 0), lang, 1)
    if found.plan is not None:
        gives = say(
            lang,
            f"den billigste pakken som er funnet, koster {cost} mill. kr og gir minst {target} i {what}",
            f"the cheapest plan found costs NOK {cost} million and gives at least {target} in {what}",
        )
        said.append(
            say(
                lang,
                f"Målet nås: {gives} med {sure} sannsynlighet.",
                f"The target is reached: {gives} with {sure} probability.",
            )
            if answered.confirmed
            else say(
                lang,
                f"Målet er ikke sikkert nådd: {gives} med {sure} sannsynlighet i søket, men kontrollen på nye trekk gir {checked}.",
                f"It is not sure that the target is reached: {gives} with {sure} probability in the search, but the check on fresh draws gives {checked}.",
            )
        )
        said.append(
            say(
                lang,
                f"Nullalternativet når {nothing} med {sure} sannsynlighet.",
                f"The null alternative reaches {nothing} with {sure} probability.",
            )
        )
        said.append(say(lang, f"Pakken: {listed}.", f"The plan: {listed}."))
        said.append(
            say(
                lang,
                f"En billigere pakke kan koste høyst {percent(found.gap, lang, 1)} mindre (optimalitetsgap).",
                f"A cheaper plan can cost at most {percent(found.gap, lang, 1)} less (optimality gap).",
            )
        )
    else:
        if found.unlimited < task.target:
            said.append(
                say(
                    lang,
                    f"Ingen pakke når målet: selv med alle tiltak fra første mulige start og uten pengegrense når {sure} av trekkene bare "
                    f"{percent(max(found.unlimited, 0), lang, 1)} i {what}. Målet er {target}.",
                    f"No plan reaches the target: even with every intervention at its first possible start and no limit on money, {sure} of the "
                    f"draws reach only {percent(max(found.unlimited, 0), lang, 1)} in {what}. The target is {target}.",
                )
            )
        else:
            proved = math.isinf(found.lower_bound)
            said.append(
                say(
                    lang,
                    f"Ingen pakke innenfor rammen når {target} med {sure} sannsynlighet i {what}."
                    if proved
                    else f"Søket fant ingen pakke innenfor rammen som når {target} med {sure} sannsynlighet i {what}, "
                    f"men det er ikke avgjort: en slik pakke måtte koste minst {number(found.lower_bound, lang, 1)} mill. kr.",
                    f"No plan inside the budget reaches {target} with {sure} probability in {what}."
                    if proved
                    else f"The search found no plan inside the budget that reaches {target} with {sure} probability in {what}, "
                    f"but that is not settled: such a plan would cost at least NOK {number(found.lower_bound, lang, 1)} million.",
                )
            )
        said.append(
            say(
                lang,
                f"Nærmest innenfor rammen: {level} med {sure} sannsynlighet (nullalternativet {nothing}), for {cost} mill. kr. Pakken: {listed}. "
                f"Etter søkets grenser kan ingen annen pakke innenfor rammen gi mer enn {percent(found.upper_bound, lang, 1)}.",
                f"Closest inside the budget: {level} with {sure} probability (null alternative {nothing}), for NOK {cost} million. The plan: {listed}. "
                f"By the bounds of the search no other plan inside the budget gives more than {percent(found.upper_bound, lang, 1)}.",
            )
        )
    if v is not None:
        low, high = (percent(x, lang) for x in (v.low, v.high))
        said.append(
            say(
                lang,
                f"Kontroll med hele den tilfeldige modellen og {v.draws} nye trekk: {checked} når målet (95 %-intervall {low}–{high}); "
                f"{sure} av dem når {percent(max(v.level, 0), lang, 1)}.",
                f"Check with the whole random model and {v.draws} fresh draws: {checked} reach the target (95 % interval {low}–{high}); "
                f"{sure} of them reach {percent(max(v.level, 0), lang, 1)}.",
            )
        )
    return said


def said(answered: Answered, lang: str) -> dict[str, Any]:
    """The answer in words and tables, for who shows it elsewhere."""
    tables = {"plan": plan_table(answered, lang), "budget": money(answered, lang), "alone": singles(answered, lang)}
    return {
        "sentences": sentences(answered, lang),
        "warning": _warning(answered, lang),
        "search": _search(answered, lang),
        "tables": {name: asdict(table) for name, table in tables.items()},
    }


def analysis(answered: Answered, lang: str) -> Analysis:
    """The whole report."""
    found, task = answered.found, answered.found.task
    title = say(lang, "Hva skal til?", "What would it take?")
    return Analysis(
        what=f"{title} {percent(task.target, lang)}: {where(answered.asked, lang)}",
        title=say(lang, "Planen for ", "The plan for ") + percent(task.target, lang),
        answer=sentences(answered, lang),
        sections=[
            Section(say(lang, "Planen", "The plan"), [_cycle(answered, lang)], tables=[plan_table(answered, lang)]),
            Section(
                say(lang, "Pengene år for år", "The money year by year"),
                [
                    say(
                        lang,
                        "Søket holder forventet kostnad innenfor rammen hvert år. Kostnadene er usikre: P85 er det beløpet som 85 % av trekkene "
                        "holder seg under. Alle tiltakenes kostnader er regnet mot rammen, hvem som enn betaler.",
                        "The search keeps the expected cost inside the budget in every year. Costs are uncertain: 85 % of the draws stay below "
                        "P85. All costs of the interventions count against the budget, whoever pays.",
                    )
                ],
                [_chart(answered, lang)],
                [money(answered, lang)],
            ),
            Section(
                say(lang, "Tiltakene hver for seg", "The interventions one by one"),
                [
                    say(
                        lang,
                        f"Hvert tiltak alene fra første mulige start: hva det legger til det nivået som {percent(task.probability, lang)} av trekkene når, og til snittet av trekkene.",
                        f"Each intervention alone from its first possible start: what it adds to the level that {percent(task.probability, lang)} of the draws reach, and to their mean.",
                    )
                ],
                tables=[singles(answered, lang)],
            ),
            Section(
                say(lang, "Hvor sikkert søket er", "How sure the search is"),
                _search(answered, lang),
                tables=trace(found, lang),
            ),
        ],
        repeat=answered.repeat,
        origin=say(
            lang,
            f"Scenario: {answered.loaded.name} · {found.none.outcome.size} trekk · frø {answered.seed} · {answered.budget.title}",
            f"Scenario: {answered.loaded.name} · {found.none.outcome.size} draws · seed {answered.seed} · {answered.budget.title_en}",
        ),
        hash=answered.loaded.hash,
        warning=_warning(answered, lang),
    )


def _warning(answered: Answered, lang: str) -> str:
    """A plan that was chosen on few draws may have been lucky with them; the check with fresh draws tells."""
    if answered.found.plan is None or answered.confirmed:
        return ""
    draws = answered.found.none.outcome.size
    return say(
        lang,
        f"Pakken er valgt på {draws} trekk og kan ha hatt hell med dem. Prøv flere (--draws), eller sett målet litt høyere.",
        f"The plan was chosen on {draws} draws and may have been lucky with them. Try more (--draws), or a slightly higher target.",
    )


def _cycle(answered: Answered, lang: str) -> str:
    starts = "; ".join(f"{month(s.month, lang)} ({_date(s, lang)})" for s in answered.starts)
    return say(
        lang,
        f"Penger kan begynne å gå i disse månedene (fristen for planen som avgjør det, i parentes): {starts}. "
        "Et tiltak som må forberedes, begynner så mange måneder senere som forberedelsene tar; ingenting koster før planen som avgjør det.",
        f"Money can begin to move in these months (deadline of the plan that decides it in brackets): {starts}. "
        "An intervention that must be prepared starts as many months later as that takes; nothing costs before the plan that decides it.",
    )


def _date(start: Start, lang: str) -> str:
    return start.plan.strftime("%d.%m.%Y") if lang == "nb" else start.plan.isoformat()


def plan_table(answered: Answered, lang: str) -> Table:
    """What to start when, by whose decision, and what it costs."""
    deciders, named = words(DECIDERS), answered.options.interventions
    made = Table(
        say(lang, "Plan", "Plan"),
        [
            say(lang, "Avgjøres i planen med frist", "Decided in the plan of"),
            say(lang, "Penger fra", "Money from"),
            say(lang, "Start", "Start"),
            say(lang, "Tiltak", "Intervention"),
            say(lang, "Hvem bestemmer", "Who decides"),
            say(lang, "Mill. kr alene, 2024-kr", "NOK million alone, 2024"),
        ],
        ["text", "text", "text", "text", "text", "decimal"],
    )
    for choice in sorted(answered.plan, key=lambda c: (c.start, c.key)):
        one = named[choice.key]
        alone = answered.found.known.get(frozenset({choice}))
        who = ", ".join(deciders[d].label(lang) for d in one.form.decides)
        made.rows.append(
            [
                _date(answered.options.paid[choice], lang),
                month(answered.options.paid[choice].month, lang),
                month(choice.start, lang),
                one.title(lang),
                who,
                None if alone is None else alone.total,
            ]
        )
    return made


def money(answered: Answered, lang: str) -> Table:
    """Budget and cost of every year."""
    made = Table(
        say(lang, "Ramme og kostnad per år, mill. 2024-kr", "Budget and cost per year, NOK million 2024"),
        [
            say(lang, "År", "Year"),
            say(lang, "Ramme", "Budget"),
            say(lang, "Forventet kostnad", "Expected cost"),
            "P85",
            say(lang, "Sannsynlighet for å overskride", "Probability of exceeding it"),
        ],
        ["text", "decimal", "decimal", "decimal", "share"],
        sheet=say(lang, "Ramme og kostnad", "Budget and cost"),
    )
    cost, task = answered.evaluation.cost, answered.found.task
    for i, year in enumerate(sorted(answered.budget.years)):
        budget = float(task.budget[i])
        over = float(np.mean(cost[:, i] > budget + 1e-9))
        made.rows.append([str(year), budget, float(cost[:, i].mean()), float(np.quantile(cost[:, i], 0.85)), over])
    made.rows.append(
        [
            say(lang, "Sum", "Total"),
            float(task.budget.sum()),
            answered.evaluation.total,
            float(np.quantile(cost.sum(axis=1), 0.85)),
            None,
        ]
    )
    return made


def singles(answered: Answered, lang: str) -> Table:
    """Each intervention alone at its first start."""
    found, named = answered.found, answered.options.interventions
    probability = found.task.probability
    base = found.none.level(probability)
    made = Table(
        say(lang, "Tiltakene hver for seg", "The interventions one by one"),
        [
            say(lang, "Tiltak", "Intervention"),
            say(lang, "Start", "Start"),
            say(lang, "Nivået, prosentpoeng", "Level, percentage points"),
            say(lang, "Snittet, prosentpoeng", "Mean, percentage points"),
            say(lang, "Mill. 2024-kr", "NOK million 2024"),
            say(lang, "Dyreste år mot rammen", "Dearest year against the budget"),
        ],
        ["text", "text", "decimal", "decimal", "decimal", "share"],
    )
    first: dict[str, Choice] = {}
    for alternatives in found.task.items:
        for choice in alternatives:
            first.setdefault(choice.key, choice)
    rows = []
    for key, choice in first.items():
        got = found.known[frozenset({choice})]
        with np.errstate(divide="ignore", invalid="ignore"):
            worst = np.nanmax(np.where(got.yearly > 1e-9, got.yearly / found.task.budget, 0))
        gain = got.level(probability) - base
        rows.append(
            [
                named[key].title(lang),
                month(choice.start, lang),
                100 * gain if math.isfinite(gain) else None,
                100 * float(np.nanmean(got.outcome - found.none.outcome)),
                got.total,
                float(worst) if math.isfinite(worst) else None,
            ]
        )
    made.rows.extend(sorted(rows, key=lambda row: -(row[2] or 0)))
    return made


def _search(answered: Answered, lang: str) -> list[str]:
    found, b = answered.found, answered.found.bounds
    said = [
        say(
            lang,
            f"Søket (grener og grenser, best først) prøvde {found.evaluations} pakker, hver med forventede tall over de samme {found.none.outcome.size} "
            "trekkene. Grensene forutsetter at flere eller tidligere tiltak aldri gir lavere nivå eller lavere kostnad i noe år, og at intet tiltak "
            "gir en større relativ gevinst enn 1,25 ganger (på logaritmisk skala) den største som er sett.",
            f"The search (branch and bound, best first) tried {found.evaluations} plans, each with expected numbers over the same {found.none.outcome.size} "
            "draws. The bounds assume that more or earlier interventions never lower the level or a year's cost, and that no intervention has a "
            "larger relative gain than 1.25 times (on a log scale) the largest that was seen.",
        ),
        say(
            lang,
            f"Den første forutsetningen er målt: i {b.comparisons} sammenligninger falt nivået {b.outcome_fell} ganger (største fall "
            f"{number(100 * b.largest_fall, lang, 2)} prosentpoeng), og et års kostnad falt {b.cost_fell} ganger (største fall "
            f"{number(b.largest_saving, lang, 1)} mill. kr, der tiltak deler kort).",
            f"The first assumption is measured: in {b.comparisons} comparisons the level fell {b.outcome_fell} times (largest fall "
            f"{number(100 * b.largest_fall, lang, 2)} percentage points), and a year's cost fell {b.cost_fell} times (largest fall "
            f"NOK {number(b.largest_saving, lang, 1)} million, where interventions share cards).",
        ),
    ]
    if found.plan is not None:
        strict = max(answered.evaluation.total - found.strict_lower, 0)
        said.append(
            say(
                lang,
                f"Uten den andre forutsetningen kan en pakke være inntil {number(strict, lang, 1)} mill. kr billigere."
                if strict >= 0.05
                else "Heller ikke uten den andre forutsetningen kan en pakke være billigere.",
                f"Without the second assumption a plan may be up to NOK {number(strict, lang, 1)} million cheaper."
                if strict >= 0.05
                else "Without the second assumption no plan can be cheaper either.",
            )
        )
    elif math.isfinite(found.strict_upper):
        said.append(
            say(
                lang,
                f"Uten den andre forutsetningen er det høyeste nivået innenfor rammen høyst {percent(found.strict_upper, lang, 1)}.",
                f"Without the second assumption the highest level inside the budget is at most {percent(found.strict_upper, lang, 1)}.",
            )
        )
    if answered.options.refused:
        named = answered.options.interventions
        reasons = sorted({f"{named[c.key].title(lang)}: {t.to(lang)}" for c, t in answered.options.refused.items()})
        said.append(
            say(lang, "Kan ikke brukes fra alle månedene: ", "Cannot be used from all of the months: ")
            + "; ".join(reasons)
            + "."
        )
    return said


def trace(found: Found, lang: str) -> list[Table]:
    """The search trace, a table for each thing sought that nodes were opened for, at most some forty lines each."""
    made = []
    money, level = say(lang, "mill. kr", "NOK million"), say(lang, "nivå", "level")
    phases: list[tuple[str, Kind, str, str]] = [
        ("cheapest", "decimal", say(lang, "den billigste pakken", "the cheapest plan"), money),
        ("closest", "share", say(lang, "det nærmeste nivået", "the closest level"), level),
    ]
    for phase, kind, sought, unit in phases:
        steps = [step for step in found.steps if step.phase == phase]
        if not steps:
            continue
        table = Table(
            say(lang, f"Søkets gang: {sought}", f"Search trace: {sought}"),
            [
                say(lang, "Pakker prøvd", "Plans tried"),
                say(lang, f"Beste hittil, {unit}", f"Best so far, {unit}"),
                say(lang, f"Grense, {unit}", f"Bound, {unit}"),
                say(lang, "Åpne noder", "Open nodes"),
            ],
            ["count", kind, kind, "count"],
        )
        for step in steps[:: max(1, len(steps) // 40)]:
            table.rows.append(
                [step.evaluations, step.best, step.bound if math.isfinite(step.bound) else None, step.open]
            )
        made.append(table)
    return made


def _chart(answered: Answered, lang: str) -> Chart:
    over = any(row[2] > row[1] + 1e-9 for row in money(answered, lang).rows[:-1])
    finding, what, reading = money_words(over, lang)
    return Chart("money", finding, what, drawing.svg(_bars(answered, lang), "money", f"{finding}. {what}"), reading, [])


def _bars(answered: Answered, lang: str) -> Figure:
    figure = drawing.new_figure(8, 3.2)
    (axes,) = drawing.panels_of(figure)
    years = sorted(answered.budget.years)
    x, cost = np.arange(len(years)), answered.evaluation.cost
    axes.bar(x, cost.mean(axis=0), width=0.55, color=drawing.BLUE)
    low, high = np.quantile(cost, SPAN, axis=0)
    axes.vlines(x, low, high, color=drawing.INK, linewidth=2)
    axes.hlines(answered.found.task.budget, x - 0.42, x + 0.42, color=drawing.ORANGE, linewidth=3)
    axes.set_xticks(x, [str(y) for y in years])
    drawing.number_axis(axes, lang)
    axes.set_ylim(bottom=0)
    return figure
