"""Start: the question that each page answers, examples, ready scenarios, the latest runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sim.errors import UserError
from sim.experiments.whatif import DRAWS, grounds, plain_model
from sim.faces.report.table import say
from sim.faces.web.address import language, parse
from sim.faces.web.pages.saved import line
from sim.faces.web.site import Site, told
from sim.scenario import levers

NEWEST = 5  # saved scenarios and runs on the page


@told
async def start(site: Site, request: Request) -> Response:
    """The question that each page answers, and the ready scenarios."""
    lang = language(request.query_params.multi_items())
    ready = []
    for name in site.scenarios:
        try:
            scenario = plain_model(name).scenario
        except UserError:
            continue  # an uploaded file that a newer version of the program no longer takes
        title = scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en
        ready.append(
            {
                "query": urlencode({"scenario": name} if lang == "nb" else {"lang": lang, "scenario": name}),
                "title": title,
                "description": scenario.description,
                "null": name == site.null,
                "uploaded": name not in site.ready,
            }
        )
    usual = parse([("scenario", site.given), ("lang", lang)], [site.given, *site.scenarios])
    examples = [
        {"title": title, "query": replace(usual, settings=settings).query(), "text": text}
        for title, text, settings in packages(site, lang)
    ]
    return site.page(
        "start.html.j2",
        lang,
        title=say(lang, "Hva vil du finne ut?", "What do you want to find out?"),
        ready=ready,
        examples=examples,
        usual=usual.query(),
        other="" if lang == "en" else "lang=en",
        other_path="./",
        draws=DRAWS,
        saved=[line(site, v, lang) for v in await asyncio.to_thread(site.shelf.latest, NEWEST)],
        runs=site.runs.latest(NEWEST),
    )


def packages(site: Site, lang: str) -> list[tuple[str, str, tuple[levers.Setting, ...]]]:
    """Three packages to begin with, made of the interventions as their files state them."""
    ground = grounds(site.given)
    period = ground.loaded.scenario.period
    offered = {lever.key: levers.usual(lever, period) for lever in ground.levers}
    packages = (
        (
            say(lang, "Kort først", "Cards first"),
            say(
                lang,
                "eID til sykepleierne, og pålogging én gang om dagen.",
                "eID for the nurses, and one log-in a day.",
            ),
            ("eid-nurses", "single-sign-on"),
        ),
        (
            say(lang, "Opplæring først", "Training first"),
            say(
                lang,
                "Obligatorisk e-læring og kampanjer på avdelingene.",
                "Mandatory e-learning and campaigns on the wards.",
            ),
            ("elearning", "ward-campaigns"),
        ),
        (
            say(lang, "Alt på én gang", "Everything at once"),
            say(
                lang,
                "Alle tiltakene på siden, slik de er beskrevet.",
                "All interventions of the page, as they are described.",
            ),
            tuple(offered),
        ),
    )
    return [
        (title, text, tuple(offered[k] for k in keys))
        for title, text, keys in packages
        if all(k in offered for k in keys) and keys
    ]


ROUTES = (("/", start, "GET"),)
