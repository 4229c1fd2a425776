"""What would it take? A goal as the page asks for it, and the run of ``utrulling plan`` that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import yaml

from sim.errors import UserError
from sim.experiments.whatif import State, grounds, labels
from sim.faces.charts import plan as charts
from sim.faces.charts.chart import Chart
from sim.faces.charts.words import month_text, short
from sim.faces.report.table import Table, say
from sim.faces.web import content
from sim.faces.web.address import Address
from sim.faces.web.runs import Run
from sim.language import number, percent
from sim.scenario import budget as budgets
from sim.scenario import intervention, levers, sheet
from sim.scenario.levers import BY_KEY, Setting

MANDATE = "budget-mandate"
KEYS = ("target", "by", "probability", "budget", "effort")
PROBABILITIES = ("0.5", "0.8", "0.9")
EFFORTS = {"quick": (16, 60, 60), "usual": (32, 120, 100)}  # draws of the search, plans tried, draws of the check
MOST = 100_000.0  # MNOK a year


@dataclass(frozen=True)
class Goal:
    """Target (%), the month to reach it by, how surely, MNOK a year (None: the mandate's budget), how thorough the search."""

    target: float
    by: str
    probability: str
    budget: float | None
    effort: str

    def query(self) -> str:
        """The goal as an address states it."""
        money = [] if self.budget is None else [("budget", f"{self.budget:g}")]
        pairs = [("target", f"{self.target:g}"), ("by", self.by), ("probability", self.probability), *money]
        return urlencode([*pairs, ("effort", self.effort)])


def months(address: Address) -> list[str]:
    """The months that can be asked for: those after the first that the budget's plans can begin something in, to the period's
    and the budget's end."""
    budget = budgets.read(MANDATE)
    last = f"{max(budget.years)}-12"
    begun = [s.month for s in budgets.starts(budget, budget.first_plan, last)]
    return [m for m in labels(State(address.scenario)) if begun and begun[0] < m <= last and m[5:] in ("06", "12")]


def usual(address: Address) -> Goal | None:
    """What the form stands at; None where nothing can be planned."""
    allowed = months(address)
    if not allowed:
        return None
    by = address.month if address.month in allowed else allowed[-1]
    return Goal(60, by, "0.8", None, "quick")


def read(address: Address, given: Mapping[str, str]) -> Goal:
    """The goal that a form or an address states.

    Raises:
        UserError: something in it is missing or impossible.
    """
    allowed = months(address)
    target = _number(given.get("target", ""))
    if target is None or not 0 < target <= 100:
        raise UserError("målet skal være mer enn 0 og høyst 100 %", "the target must be above 0 and at most 100%")
    by = given.get("by", "")
    if by not in allowed:
        span = f"{allowed[0]} … {allowed[-1]}" if allowed else "\u2013"
        raise UserError(f"måneden skal være en av {span}", f"the month must be one of {span}")
    money = given.get("budget", "").strip()
    amount = _number(money) if money else None
    if money and (amount is None or not 0 < amount <= MOST):
        raise UserError(
            f"rammen skal være mer enn 0 og høyst {MOST:g} mill. kr i året, eller tom for mandatets",
            f"the budget must be above 0 and at most NOK {MOST:g} million a year, or empty for the mandate's",
        )
    probability, effort = given.get("probability", "0.8"), given.get("effort", "quick")
    if probability not in PROBABILITIES or effort not in EFFORTS:
        raise UserError("ukjent sannsynlighet eller grundighet", "unknown probability or thoroughness")
    return Goal(round(target, 2), by, probability, amount, effort)


def _number(text: str) -> float | None:
    try:
        value = float("".join(text.split()).replace("\u2212", "-").replace(",", ".").removesuffix("%"))
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None


def asked(address: Address, goal: Goal, seed: int) -> tuple[list[str], dict[str, str]]:
    """The command and its files. The search chooses among all interventions itself, so the page's levers are left out."""
    name, files = content.asked(address.scenario, ())
    place, _, sector = address.area.rpartition(":")
    draws, evaluations, verify = EFFORTS[goal.effort]
    words = ["plan", name, "--target", f"{goal.target / 100:g}", "--by", goal.by, "--probability", goal.probability]
    if goal.budget is not None:
        words += ["--budget", "budget.yaml"]
        files["budget.yaml"] = _budget(goal.budget)
    words += ["--area", place, "--sector", sector, "--seed", str(seed), "--draws", str(draws)]
    return [*words, "--evaluations", str(evaluations), "--verify", str(verify)], files


def _budget(amount: float) -> str:
    """The mandate's budget and yearly cycle with another amount, the same in every year."""
    made = yaml.safe_load(sheet.find(MANDATE).read_text(encoding="utf-8"))
    each = {
        "value": amount,
        "unit": "MNOK (2024)",
        "source": "VURDERING",
        "tag": "assumption",
        "note": "valgt på siden",
    }
    made["title"] = f"{short(amount, 'nb')} mill. kr i året"
    made["title_en"] = f"NOK {short(amount, 'en')} million a year"
    made["source"] = "VURDERING"
    made["years"] = {year: dict(each) for year in made["years"]}
    return yaml.safe_dump(made, allow_unicode=True, sort_keys=False, width=110)


def shown(address: Address, goal: Goal, run: Run) -> dict[str, Any]:
    """The answer of a finished run: sentences, tables, the chart, and what of it the levers can show."""
    told, lang = run.answer(), address.lang
    said = told["said"][lang]
    tables = {name: Table(**table) for name, table in said["tables"].items()}
    settings, unsaid = _levers(address, told["plan"], lang)
    chart: Chart = charts.money(told, tables["budget"], lang)
    reached = _of_ten(told["probability_reached"], lang)
    return {
        "heading": _heading(told, goal, lang),
        "origin": say(
            lang,
            f"Scenario {told['scenario']} · {EFFORTS[goal.effort][0]} trekk i søket · frø {told['seed']}",
            f"Scenario {told['scenario']} · {EFFORTS[goal.effort][0]} draws in the search · seed {told['seed']}",
        ),
        "sentences": said["sentences"],
        "warning": said["warning"],
        "search": said["search"],
        "probability": say(
            lang,
            f"Med pakken når {reached} trekk målet på {short(goal.target, lang)} % i {month_text(goal.by, lang)}, i det søket regnet med.",
            f"With the plan {reached} draws reach the target of {short(goal.target, lang)}% in {month_text(goal.by, lang)}, as the search counted.",
        ),
        "plan": tables["plan"],
        "alone": tables["alone"],
        "chart": chart,
        "explore": replace(address, settings=settings, month=goal.by, name="").query(),
        "settings": len(settings),
        "unsaid": unsaid,
    }


def _of_ten(share: float, lang: str) -> str:
    return f"{number(10 * share, lang, 0 if share in (0, 1) else 1)} {say(lang, 'av 10', 'of 10')}"


def _heading(told: dict[str, Any], goal: Goal, lang: str) -> str:
    target, when = f"{short(goal.target, lang)} %", month_text(goal.by, lang)
    if told["found"]:
        cost, checked = number(told["cost_mnok"], lang, 1), told["check"]
        sure = checked["reached"] / checked["draws"]
        if not told["verified"]:
            return say(
                lang,
                f"Usikkert om {target} i {when} kan nås for {cost} mill. kr: i kontrollen nås det i {percent(sure, lang)} av trekkene",
                f"Doubtful whether {target} in {when} can be reached for NOK {cost} million: in the check {percent(sure, lang)} of the draws do",
            )
        return say(
            lang,
            f"{target} i {when} kan nås for {cost} mill. kr",
            f"{target} in {when} can be reached for NOK {cost} million",
        )
    return say(
        lang,
        f"Ingen pakke som når {target} i {when} er funnet innenfor rammen",
        f"No plan that reaches {target} in {when} was found inside the budget",
    )


def _levers(address: Address, plan: list[dict[str, str]], lang: str) -> tuple[tuple[Setting, ...], list[str]]:
    """The plan as levers, in their own order, and the titles of what none of them expresses."""
    ground = grounds(address.scenario)
    offered = {lever.key for lever in ground.levers}
    allowed = levers.months(ground.loaded.scenario.period)
    starts = {choice["intervention"]: choice["start"] for choice in plan}
    found = {}
    for key, start in starts.items():
        if key in offered and start in allowed:
            lever = BY_KEY[key]
            found[key] = Setting(key, levers.known(lever)[1] if lever.dose else None, start)
    unsaid = [
        f"{intervention.find(key).title(lang)} ({month_text(start, lang)})"
        for key, start in starts.items()
        if key not in found
    ]
    return tuple(found[lever.key] for lever in ground.levers if lever.key in found), unsaid
