"""One unit's timeline as text: what happened when, and why, in one replication."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sim.language import month_name, number, percent
from sim.model.rollout import Model, Record
from sim.model.trace import Trace
from sim.model.workforce import coverage
from sim.vocabulary import GATES, MILESTONES, REGIONS, words

_EVENTS = {
    "local_project": ("lokalt prosjekt starter", "local project starts"),
    "takes_slot": ("tar en prosjektplass i regionen", "takes a project slot in the region"),
    "frees_slot": ("frigir prosjektplassen", "frees the project slot"),
    "in_force": ("trer i kraft", "comes into force"),
}
_CAUSES = {
    "planned date": "planlagt dato",
    "planned date and delay, or late design": "planlagt dato og forsinkelse, eller sen design",
    "duration": "varighet",
    "slot free": "ledig prosjektplass",
    "waited for a project slot": "ventet på prosjektplass",
    "local project": "lokalt prosjekt",
    "local project finished": "lokalt prosjekt ferdig",
    "competing project": "annet prosjekt",
    "competing project finished": "annet prosjekt ferdig",
    "first vendor": "første leverandør",
    "law change": "lovendring",
}


def timeline(model: Model, record: Record, trace: Trace, unit_name: str, lang: str) -> str:
    """The milestones that touch a unit, and its years in numbers."""
    units = model.structure.units
    index = next(i for i, u in enumerate(units) if u.name == unit_name)
    unit = units[index]
    milestones, regions = words(MILESTONES), words(REGIONS)
    lines = [unit.name, "=" * len(unit.name), ""]
    nb = lang == "nb"
    entities = {unit.name, unit.region}
    outages: dict[int, int] = defaultdict(int)
    for time, process, entity, event, cause in trace.ordered():
        date = model.calendar.date(time)
        if process == "technical":
            outages[date.year] += event == "outage"
            continue
        if process not in ("golive", "consent") or (process == "golive" and entity not in entities):
            continue
        if event in milestones:
            what = milestones[event].label(lang)
        else:
            what = _EVENTS.get(event, (event, event))[0 if nb else 1]
        shown = date.strftime("%d.%m.%Y") if nb else date.isoformat()
        who = "" if entity == unit.name else f" ({regions[entity].label(lang) if entity in regions else entity})"
        lines.append(f"{shown}  {what}{who}  \u2013 {_CAUSES.get(cause, cause) if nb else cause}")
    lines += ["", _years(model, record, index, outages, lang)]
    return "\n".join(lines)


def _years(model: Model, record: Record, index: int, outages: dict[int, int], lang: str) -> str:
    first, last = model.structure.first[index], model.structure.first[index + 1]
    calendar = model.calendar
    year = np.array([calendar.date_of_month(m).year for m in range(calendar.months)])
    lines = []
    for y in np.unique(year):
        months = np.flatnonzero(year == y)
        new = record.new[months][:, first:last].sum(axis=(0, 1))
        total = int(new.sum())
        eid, known = coverage(record.staff[months[-1], first:last].sum(axis=0))
        stopped = sorted(
            ((int(n), g.label(lang).split(" (")[0]) for n, g in zip(new[:8], GATES, strict=True) if n), reverse=True
        )
        worst = ", ".join(f"{name} {number(n, lang)}" for n, name in stopped[:4])
        share = percent(new[8] / total, lang) if total else "\u2013"
        later = int(record.later_synced[months, index].sum())
        label = month_name(int(y), 12, lang)
        if lang == "nb":
            lines.append(
                f"{y}: {number(total, lang)} registrert, {share} synkronisert; stoppet: {worst or 'ingen'}. "
                f"Senere synkronisert: {number(later, lang)}. {label}: eID {percent(float(eid), lang)}, "
                f"kunnskap {percent(float(known), lang)}. Avbrudd: {outages.get(int(y), 0)}."
            )
        else:
            lines.append(
                f"{y}: {number(total, lang)} registered, {share} synced; stopped: {worst or 'none'}. "
                f"Synced later: {number(later, lang)}. {label}: eID {percent(float(eid), lang)}, "
                f"knowledge {percent(float(known), lang)}. Outages: {outages.get(int(y), 0)}."
            )
    return "\n".join(lines)
