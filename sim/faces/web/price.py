"""What the page says of a state's cost: in all, per extra synced entry, and what the amounts rest on."""

from __future__ import annotations

import numpy as np

from sim.experiments.paired import Ratio
from sim.experiments.priced import Outlay, interventions
from sim.experiments.whatif import State
from sim.faces.charts.words import month_text
from sim.faces.report.compare_tables import kroner, spread
from sim.faces.report.table import say
from sim.faces.web.address import Address
from sim.scenario.levers import BY_KEY, known
from sim.vocabulary import TAGS


def tags(state: State, null: State, lang: str) -> str:
    """The tags of the amounts."""
    found = {cost.amount.tag for one in interventions(state, null) for cost in one.form.costs}
    return ", ".join(word.label(lang) for word in TAGS if word.key in found)


def told(address: Address, outlay: Outlay | None, null: State, at: int) -> dict[str, str]:
    """Cost and cost per extra synced entry up to the month at ``at``; empty where nothing costs."""
    lang, state = address.lang, address.state
    if not interventions(state, null):
        return {"cost": "", "per": ""}
    if outlay is None:
        waits = say(lang, "Kostnaden kommer når alle trekk er regnet ut.", "The cost comes with all draws.")
        return {"cost": waits, "per": ""}
    when = month_text(address.month, lang)
    amount = spread(outlay.cost[:, at], lang, 1 if outlay.trust is None else 2)
    who = outlay.trust or say(lang, "alle som betaler", "all who pay")
    cost = say(
        lang,
        f"Tiltakene koster {amount} mill. kr fram til {when} ({who}; 2024-kroner, median og 90 %-intervall; evidensgrad: {tags(state, null, lang)}).",
        f"The interventions cost NOK {amount} million until {when} ({who}; 2024 kroner, median and 90% interval; tag: {tags(state, null, lang)}).",
    )
    extra = outlay.extra[:, at]
    if not extra.any():
        return {"cost": cost, "per": say(lang, "Ingen ekstra oppføringer ennå.", "No extra entries yet.")}
    ratio = kroner(Ratio.of(1e6 * outlay.cost[:, at], extra), lang)
    if ratio[0].isdigit():
        ratio = say(lang, f"{ratio} kr", f"NOK {ratio}")
    return {
        "cost": cost,
        "per": say(lang, f"Per ekstra synkronisert oppføring: {ratio}.", f"Per extra synced entry: {ratio}."),
    }


def rests(state: State, null: State, lang: str) -> list[str]:
    """What the amounts rest on."""
    lines = []
    if interventions(state, null):
        lines.append(
            say(
                lang,
                "Ingen har publisert hva tiltakene koster: beløpene er forutsetninger med spenn, og spart tid er ikke trukket fra.",
                "Nobody has published what the interventions cost: the amounts are assumptions with ranges, and saved time is not taken off.",
            )
        )
    moved = [s for s in state.settings if s.dose is not None and not np.isclose(s.dose, known(BY_KEY[s.key])[1])]
    if moved:
        lines.append(
            say(
                lang,
                "Kostnadene følger ikke dosen på glidebryteren, bare kortene gjør det: et tiltak med liten dose koster her som det beskrevne.",
                "Costs do not follow the slider's dose, only cards do: an intervention with a small dose costs here as the one described.",
            )
        )
    if state.scenario != null.scenario:
        lines.append(
            say(
                lang,
                "Kostnaden gjelder bare tiltakene; det scenarioet ellers endrer mot nullalternativet, er ikke kostnadssatt.",
                "The cost is of the interventions alone; what else the scenario changes against the null alternative has no price.",
            )
        )
    return lines
