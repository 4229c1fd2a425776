"""Plan: when is who under way, and what would it take? Go-lives over time, the law as a movable line, a goal under a budget."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sim.errors import UserError
from sim.experiments.schedule import schedule
from sim.experiments.whatif import DRAWS, State, grounds
from sim.faces.charts import plan as charts
from sim.faces.charts.words import area_text, month_text, short
from sim.faces.report.table import say
from sim.faces.web import content, goal, panel, vega
from sim.faces.web.address import Address, areas, language
from sim.faces.web.site import Site, told
from sim.language import Text
from sim.scenario.levers import file
from sim.vocabulary import REGIONS, words

LAW = "consent-exemption"
OPEN = "open"
APART = (OPEN, *goal.KEYS)
EFFORTS = {
    "quick": Text("rask, noen minutter for hele landet", "quick, some minutes for the whole country"),
    "usual": Text(
        "grundig, kan ta et kvarter for hele landet", "thorough, may take a quarter of an hour for the whole country"
    ),
}


def _opened(request: Request, address: Address) -> str:
    """The region whose hospitals have a line each.

    Raises:
        UserError: the scenario has none of that name.
    """
    regions = list(grounds(address.scenario).loaded.scenario.regions)
    asked = request.query_params.get(OPEN, regions[0] if len(regions) == 1 else "")
    if asked and asked not in regions:
        raise UserError(f"ukjent region «{asked[:40]}»", f"unknown region «{asked[:40]}»")
    return asked


def _law(address: Address) -> str:
    """The month in which the movable law change is set in motion; nothing when it is not."""
    return next((s.start for s in address.settings if s.key == LAW), "")


def _time(site: Site, address: Address, opened: str) -> dict[str, Any]:
    """The chart of go-lives and what it says of the law."""
    seed = site.open().seed
    found = schedule(address.state, seed)
    null = schedule(State(site.null), seed)
    return {
        "chart": charts.gantt(found, null, opened, address.lang, _law(address)),
        "laws": charts.law_words(found, address.lang),
        "planned": charts.planned(found, address.lang),
    }


@told
async def plan(site: Site, request: Request) -> Response:
    """When is who under way, and what would it take?"""
    address = site.address(request, APART)
    lang, opened = address.lang, _opened(request, address)
    shown = await asyncio.to_thread(_time, site, address, opened)
    regions = list(grounds(address.scenario).loaded.scenario.regions)
    given = {k: v for k, v in request.query_params.items() if k in goal.KEYS}
    asked = goal.read(address, given) if given else None
    run = site.runs.named(*goal.asked(address, asked, site.open().seed)) if asked else None
    answer = goal.shown(address, asked, run) if asked and run and run.state == "done" else None
    drawn = [shown["chart"], *([answer["chart"]] if answer else [])]
    query = address.query() + (f"&{OPEN}={opened}" if opened else "")
    kept = f"{query}&{asked.query()}" if asked else query
    months = panel.choices(address)
    ground = grounds(address.scenario)
    law = LAW if LAW in [lever.key for lever in ground.levers] else ""
    return site.page(
        "plan.html.j2",
        lang,
        title=say(
            lang, "Plan: når er hvem i gang, og hva skal til?", "Plan: when is who under way, and what would it take?"
        ),
        address=address,
        query=query,
        opened=opened,
        regions=[(r, words(REGIONS)[r].label(lang), _with(address, asked, r)) for r in regions]
        if len(regions) > 1
        else [],
        closed=_with(address, asked, ""),
        other=_with(address.within("nb" if lang == "en" else "en"), asked, opened),
        other_path="plan",
        gantt=shown["chart"],
        laws=shown["laws"],
        planned=shown["planned"],
        law=law,
        law_title=file(LAW).title(lang),
        law_start=_law(address),
        months=months,
        where=area_text(address.scenario, address.area, lang),
        areas=[(a, area_text(address.scenario, a, lang)) for a in areas(State(address.scenario))],
        command=content.command(address, site.open().seed),
        origin=say(
            lang,
            f"Scenario {address.scenario}, {len(address.settings)} tiltak · {DRAWS} trekk · frø {site.open().seed}",
            f"Scenario {address.scenario}, {len(address.settings)} interventions · {DRAWS} draws · seed {site.open().seed}",
        ),
        rests=content.rests(address, State(site.null)),
        goal=asked or goal.usual(address),
        goal_target=short((asked or goal.usual(address) or goal.Goal(60, "", "0.8", None, "quick")).target, lang),
        goal_budget=short(asked.budget, lang) if asked and asked.budget is not None else "",
        goal_months=[(m, month_text(m, lang)) for m in goal.months(address)],
        probabilities=[(p, short(100 * float(p), lang)) for p in goal.PROBABILITIES],
        efforts=[(key, text.to(lang)) for key, text in EFFORTS.items()],
        run=run,
        begin=f"plan/finn?{kept}",
        answer=answer,
        setup={
            "charts": vega.drawn(drawn, lang),
            "lang": lang,
            "law": law,
            "months": [m for m, _ in months],
            "monthNames": dict(months),
            "words": {
                "off": say(lang, "gjennomføres ikke", "not carried out"),
                "failed": say(lang, "Svaret kom ikke.", "No answer came."),
                "waiting": say(lang, "Regner …", "Computing …"),
            },
        },
    )


def _with(address: Address, asked: goal.Goal | None, opened: str) -> str:
    """The page's address with another region opened."""
    return "&".join(
        filter(None, [address.query(), urlencode({OPEN: opened}) if opened else "", asked.query() if asked else ""])
    )


async def moved(site: Site, request: Request) -> Response:
    """The chart after the law's line has been moved, as JSON."""
    try:
        address = site.address(request, APART)
        opened = _opened(request, address)
    except UserError as error:
        return JSONResponse({"error": error.render(language(request.query_params.multi_items()))}, 400)
    shown = await asyncio.to_thread(_time, site, address, opened)
    return JSONResponse(
        {
            "chart": shown["chart"].as_json(address.lang),
            "laws": shown["laws"],
            "rests": content.rests(address, State(site.null)),
            "command": content.command(address, site.open().seed),
        },
        headers={"cache-control": "no-store"},
    )


@told
async def find(site: Site, request: Request) -> Response:
    """Start the search that a form asks for, and go to the page that follows it."""
    address = site.address(request, APART)
    opened = _opened(request, address)
    sent = await request.form(max_files=0, max_fields=20)
    given = {k: v for k, v in sent.items() if isinstance(v, str)} or dict(request.query_params)
    asked = goal.read(address, given)
    site.runs.start(*goal.asked(address, asked, site.open().seed))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/plan?{_with(address, asked, opened)}#maal", 303)


ROUTES = (
    ("/plan", plan, "GET"),
    ("/svar/plan", moved, "GET"),
    ("/plan/finn", find, "POST"),
)
