"""Sammenlign: which of them is best? Up to four scenarios beside the null alternative, with effect and cost."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sim.experiments import priced
from sim.experiments.compare import Comparison, letter
from sim.experiments.whatif import DRAWS, Sample, State, grounds, labels
from sim.faces.charts import compare as charts
from sim.faces.charts.words import area_text, month_text, short, slug
from sim.faces.report import compare_tables as tables
from sim.faces.report.compare_words import late_starters, worth
from sim.faces.report.table import Table, say
from sim.faces.web import content, price, vega
from sim.faces.web.address import LETTERS, NAME, Address, Compared, area_index, areas
from sim.faces.web.desk import Gone
from sim.faces.web.pages.start import packages
from sim.faces.web.site import Site, told
from sim.scenario.levers import BY_KEY, LEVERS, Setting, file


@told
async def compare(site: Site, request: Request) -> Response:
    """Which of them is best? An address that looks at a scenario which is not in the comparison yet leads to one that has it."""
    address = site.address(request)
    full = False
    if address.state != State(site.null):
        listed = taken(address)
        full = listed is None
        if listed is not None:
            return RedirectResponse(f"sammenlign?{_bare(site, address, listed).query()}", 303)
    address = _bare(site, address, address.compared)
    lang = address.lang
    values: dict[str, Any] = {
        "title": say(lang, "Sammenlign: hvilket er best?", "Compare: which is best?"),
        "address": address,
        "other": address.within("nb" if lang == "en" else "en").query(),
        "other_path": "sammenlign",
        "full": full,
        "listed": _listed(site, address),
        "more": len(address.compared) < len(LETTERS),
        "explore": replace(address, edit="").query(),
        "areas": [(a, area_text(site.null, a, lang)) for a in areas(State(site.null))],
        "shown": [
            (m, month_text(m, lang)) for m in labels(State(site.null)) if m[5:] in ("06", "12") or m == address.month
        ],
        "draws": DRAWS,
    }
    if not address.compared:
        ready = [Compared(State(site.given, settings), title) for title, _, settings in packages(site, lang)]
        values |= {"charts": {}, "setup": {"charts": {}}}
        values["examples"] = _bare(site, address, tuple(ready)).query() if ready else ""
        return site.page("compare.html.j2", lang, **values)
    desk = site.open()
    states = [desk.null, *(one.state for one in address.compared)]
    try:
        drawn = await desk.samples(states, request.is_disconnected)
    except Gone:
        return Response(status_code=499)
    values |= await asyncio.to_thread(_answer, site, address, states, drawn, desk.seed)
    return site.page("compare.html.j2", lang, **values)


def taken(address: Address) -> tuple[Compared, ...] | None:
    """The comparison with the address's own scenario in it; None where there is no room."""
    own, listed = Compared(address.state, address.name), list(address.compared)
    if address.edit:
        listed[LETTERS.index(address.edit)] = own
    elif address.state not in [one.state for one in listed]:
        listed.append(own)
    return tuple(listed) if len(listed) <= len(LETTERS) else None


def _bare(site: Site, address: Address, listed: Sequence[Compared]) -> Address:
    """The comparison alone; those that have a price first, so that they have the same letters among themselves."""
    ordered = sorted(listed, key=lambda one: one.state.scenario != site.null)
    return replace(address.without_levers(site.null), name="", compared=tuple(ordered), edit="")


def _own(address: Address, one: Compared, edit: str = "") -> Address:
    """A scenario of the comparison as the one that is looked at."""
    return replace(address, scenario=one.state.scenario, settings=one.state.settings, name=one.name, edit=edit)


def _titles(address: Address) -> list[str]:
    """What the scenarios are called, no two alike, so that their files are not either."""
    found: list[str] = []
    for at, one in enumerate(address.compared):
        title = content.title(_own(address, one))[: NAME - 4]
        found.append(f"{title} ({letter(at + 1)})" if slug(title) in map(slug, found) else title)
    return found


def _listed(site: Site, address: Address) -> list[dict[str, str]]:
    """The scenarios with what can be done with each."""
    found = []
    for at, (one, title) in enumerate(zip(address.compared, _titles(address), strict=True)):
        rest = tuple(other for k, other in enumerate(address.compared) if k != at)
        own = _own(address, one, LETTERS[at])
        found.append(
            {
                "letter": letter(at + 1),
                "title": title,
                "edit": own.query(),
                "remove": _bare(site, address, rest).query(),
                "file": replace(own, name=title, compared=(), edit="").query(),
                "barriers": replace(own, edit="").query(),
            }
        )
    return found


def _answer(
    site: Site, address: Address, states: Sequence[State], drawn: Sequence[Sample], seed: int
) -> dict[str, Any]:
    lang, null = address.lang, states[0]
    months = labels(null)
    at, area = months.index(address.month), area_index(null, address.area)
    titles = ["", *_titles(address)]
    c = priced.comparison(states, titles, drawn, area, at, seed)
    shown, counted = priced.shown(null, area), priced.counted(null, area)
    made = [charts.development(address, c, shown, months), charts.differences(address, c, shown)]
    value = ""
    dear = 1 + sum(state.scenario == null.scenario for state in states[1:])  # the first of them have a price
    if dear > 1:
        m = c if dear == len(states) else priced.comparison(states[:dear], titles[:dear], drawn[:dear], area, at, seed)
        made += [charts.plane(address, m, counted), charts.acceptability(address, m, counted)]
        value = worth(m, counted, None, lang)
    rests = [few(lang), *(line for state in states[1:] for line in price.rests(state, null, lang))]
    return {
        "charts": {chart.name: chart for chart in made},
        "setup": {"charts": vega.drawn(made, lang)},
        "origin": say(
            lang,
            f"Nullalternativ {null.scenario} · {DRAWS} trekk · frø {seed}",
            f"Null alternative {null.scenario} · {DRAWS} draws · seed {seed}",
        ),
        "differing": differing(states, titles, lang),
        "best": best(c, shown, lang),
        "worth": value,
        "by_payer": tables.by_payer(c, counted, lang) if dear > 1 else None,
        "late": ", ".join(late_starters(c)),
        "rests": list(dict.fromkeys(rests)),
        "command": command(address, states, titles, priced.payer(null, area), seed),
    }


def few(lang: str) -> str:
    """What so many draws can tell."""
    return say(
        lang,
        f"Siden regner {DRAWS} trekk. Medianene står seg, men endene av 90 %-intervallene hviler på de tre ytterste trekkene i hver ende; "
        "kommandoen gir dem sikrere med flere (--replications).",
        f"The page computes {DRAWS} draws. The medians hold, but the ends of the 90% intervals rest on the three outermost draws at each "
        "end; the command tells them better with more (--replications).",
    )


def best(comparison: Comparison, area: str, lang: str) -> list[str]:
    """How often each alternative, the null alternative too, has the highest sync rate; a tie goes to the earlier one."""
    counts = [round(float(part) * comparison.replications) for part in comparison.best(area)]
    total = comparison.replications
    found = [
        say(lang, f"I {n} av {total} trekk er {letter(a)} best.", f"In {n} of {total} draws {letter(a)} is best.")
        for a, n in enumerate(counts)
        if a
    ]
    found.append(
        say(
            lang,
            f"I {counts[0]} av {total} er nullalternativet minst like godt som alle de andre.",
            f"In {counts[0]} of {total} the null alternative is at least as good as all the others.",
        )
    )
    return found


def differing(states: Sequence[State], titles: Sequence[str], lang: str) -> Table:
    """The inputs in which the alternatives differ, one row each; the others are left out."""
    table = Table(
        say(lang, "Det som skiller alternativene", "What differs between the alternatives"),
        [
            say(lang, "Hva", "What"),
            say(lang, "0: nullalternativet", "0: the null alternative"),
            *(f"{letter(a)}: {t}" for a, t in enumerate(titles) if a),
        ],
        ["text"] * (len(states) + 1),
    )
    if len({state.scenario for state in states}) > 1:
        names = [grounds(s.scenario).loaded.scenario for s in states]
        table.rows.append(
            [
                say(lang, "Scenario", "Scenario"),
                *(n.title if lang == "nb" or not n.title_en else n.title_en for n in names),
            ]
        )
    for lever in LEVERS:
        turned = [next((s for s in state.settings if s.key == lever.key), None) for state in states]
        if len(set(turned)) > 1:
            table.rows.append([file(lever.key).title(lang), *(_setting(s, lang) for s in turned)])
    return table


def _setting(setting: Setting | None, lang: str) -> str:
    if setting is None:
        return "\u2013"
    begins = say(lang, "fra ", "from ") + month_text(setting.start, lang)
    dose = BY_KEY[setting.key].dose
    if dose is None or setting.dose is None:
        return begins
    return f"{short(setting.dose, lang)} {dose.unit.to(lang)} {begins}"


def command(
    address: Address, states: Sequence[State], titles: Sequence[str], trust: str | None, seed: int
) -> list[str]:
    """What repeats the numbers, in the folder of the saved scenarios."""
    null = shlex.quote(grounds(states[0].scenario).loaded.given)
    end = f"--replications {DRAWS} --seed {seed}"
    inside = [f"{slug(t)}.yaml" for t, s in zip(titles, states, strict=True) if t and s.scenario == states[0].scenario]
    others = [(t, s) for t, s in zip(titles, states, strict=True) if t and s.scenario != states[0].scenario]
    found = []
    if inside:
        words = " ".join(f"--with {name}" for name in inside)
        where = f" --trust {shlex.quote(trust)}" if trust else ""
        found.append(f"utrulling compare {null} {words} --by {address.month}{where} --no-parts {end}")
    for title, state in others:
        given = f"{slug(title)}.yaml" if state.settings else shlex.quote(grounds(state.scenario).loaded.given)
        found.append(f"utrulling forecast {given} {end}")
    return found


ROUTES = (("/sammenlign", compare, "GET"),)
