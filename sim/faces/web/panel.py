"""The levers as the page shows them: grouped by what they work on, each with unit, description, null mark and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.experiments.whatif import grounds
from sim.faces.charts.words import month_text, short
from sim.faces.report.table import say
from sim.faces.web.address import Address
from sim.language import Text
from sim.scenario.intervention import Cost
from sim.scenario.levers import Lever, file, known, months, usual
from sim.scenario.parameter import Parameter
from sim.scenario.schema import Period
from sim.vocabulary import DECIDERS, TAGS, UNITS, words

GROUPS = {
    "not_live": Text("Leveransetakt", "Delivery pace"),
    "eid": Text("eID", "eID"),
    "knowledge": Text("Opplæring", "Training"),
    "consent": Text("Lov om samtykke", "Law on consent"),
    "legacy": Text("Datavask", "Data cleaning"),
    "ownership": Text("Eierskap", "Ownership"),
}


@dataclass(frozen=True)
class Control:
    """One lever: its words, its bounds, and how it stands now."""

    key: str
    title: str
    description: str
    what: str
    unit: str
    top: float
    step: float
    dose: float
    usual: float
    known: str
    start: str
    usual_start: str
    decides: str
    tag: str
    source: str
    note: str
    costs: list[str]

    @property
    def dosed(self) -> bool:
        """Whether it has a dose; without one only its start is chosen."""
        return self.top > 0


def groups(address: Address) -> list[tuple[str, list[Control]]]:
    """The levers that the scenario has a use for."""
    ground = grounds(address.scenario)
    turned = {s.key: s for s in address.settings}
    found: dict[str, list[Control]] = {}
    for lever in ground.levers:
        setting = turned.get(lever.key)
        dose = setting.dose if setting and setting.dose is not None else 0.0
        start = setting.start if setting else ""
        found.setdefault(file(lever.key).form.gate, []).append(
            _control(lever, dose, start, ground.loaded.scenario.period, address.lang)
        )
    return [(GROUPS[gate].to(address.lang), found[gate]) for gate in GROUPS if gate in found]


def _control(lever: Lever, dose: float, start: str, period: Period, lang: str) -> Control:
    one = file(lever.key)
    form = one.form
    deciders, tags = words(DECIDERS), words(TAGS)
    stated = lever.dose
    low, middle, high = known(lever) if stated else (0.0, 0.0, 0.0)
    return Control(
        key=lever.key,
        title=one.title(lang),
        description=form.description,
        what=stated.what.to(lang) if stated else say(lang, "Start", "Start"),
        unit=stated.unit.to(lang) if stated else "",
        top=stated.top if stated else 0,
        step=stated.step if stated else 1,
        dose=dose,
        usual=middle,
        known=f"{short(low, lang)}\u2013{short(high, lang)}" if stated else "",
        start=start,
        usual_start=usual(lever, period).start,
        decides=", ".join(deciders[d].label(lang) for d in form.decides),
        tag=tags[form.tag].label(lang),
        source=form.source,
        note=form.note or "",
        costs=[_cost(c, lang) for c in form.costs],
    )


def _cost(cost: Cost, lang: str) -> str:
    units, payers, tags = words(UNITS), words(DECIDERS), words(TAGS)
    name = cost.name if lang == "nb" or not cost.name_en else cost.name_en
    text = f"{name}: {_span(cost.amount, lang)} {units[cost.amount.unit].label(lang)}"
    if cost.hours is not None:
        text += say(lang, f", {_span(cost.hours, lang)} timer hver", f", {_span(cost.hours, lang)} hours each")
    return f"{text} ({payers[cost.payer].label(lang)}; {tags[cost.amount.tag].label(lang)})"


def _span(parameter: Parameter, lang: str) -> str:
    low, high = parameter.support()
    if parameter.value is not None:
        return short(low, lang)
    return f"{short(low, lang)}\u2013{short(high, lang)}"


def choices(address: Address) -> list[tuple[str, str]]:
    """The months in which something can begin, and their names."""
    period = grounds(address.scenario).loaded.scenario.period
    return [(label, month_text(label, address.lang)) for label in months(period)]


def as_setup(listed: list[tuple[str, list[Control]]]) -> dict[str, Any]:
    """What the page's script needs to know of the levers."""
    return {
        c.key: {
            "dosed": c.dosed,
            "usual": c.usual,
            "usualStart": c.usual_start,
            "unit": c.unit,
            "top": c.top,
            "step": c.step,
        }
        for _, group in listed
        for c in group
    }
