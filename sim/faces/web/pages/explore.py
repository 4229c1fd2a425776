"""Utforsk: what happens if …? The levers, the headline and the charts; the scenario as a file."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sim.errors import UserError
from sim.experiments.whatif import DRAWS, State, grounds, labels
from sim.faces.charts import outlook as charts
from sim.faces.charts.words import area_text, month_text, slug
from sim.faces.report.table import say
from sim.faces.web import content, panel, vega
from sim.faces.web.address import area_index, areas, language
from sim.faces.web.desk import Gone
from sim.faces.web.pages.saved import author_of, scenario_file
from sim.faces.web.site import Site, told


@told
async def explore(site: Site, request: Request) -> Response:
    """What happens if …? The levers, the headline and the charts."""
    address = site.address(request)
    lang = address.lang
    listed = panel.groups(address)
    period = grounds(address.scenario).loaded.scenario.period
    months = labels(State(address.scenario))
    scenario = grounds(address.scenario).loaded.scenario
    return site.page(
        "explore.html.j2",
        lang,
        title=say(lang, "Utforsk: hva skjer hvis …?", "Explore: what happens if …?"),
        address=address,
        scenario_title=scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en,
        groups=listed,
        months=panel.choices(address),
        areas=[(a, area_text(address.scenario, a, lang)) for a in areas(State(address.scenario))],
        shown=[(m, month_text(m, lang)) for m in months if m[5:] in ("06", "12")],
        keys=charts.keys(lang),
        other=address.within("nb" if lang == "en" else "en").query(),
        other_path="utforsk",
        rests=content.rests(address, State(site.null)),
        saved_as=content.title(address),
        author=author_of(request),
        setup={
            "levers": panel.as_setup(listed),
            "lang": lang,
            "null": address.without_levers(site.null).query(),
            "scenario": address.scenario,
            "carried": address.carried(),
            "nullScenario": site.null,
            "months": [m for m, _ in panel.choices(address)],
            "monthNames": dict(panel.choices(address)),
            "specs": {kind: vega.spec(kind, lang) for kind in ("fan", "gates", "change")},
            "period": [period.start, period.end],
            "words": {
                "off": say(lang, "gjennomføres ikke", "not carried out"),
                "waiting": say(lang, f"Regner ut {DRAWS} trekk …", f"Computing {DRAWS} draws …"),
                "failed": say(lang, "Svaret kom ikke: ", "No answer came: "),
                "lost": say(
                    lang,
                    "tjeneren svarer ikke. Kjører utrulling web fortsatt?",
                    "the server does not answer. Is utrulling web still running?",
                ),
                "copied": say(lang, "Kopiert.", "Copied."),
                "notCopied": say(
                    lang,
                    "Nettleseren lot seg ikke kopiere til; merk teksten og kopier den.",
                    "The browser refused; select the text and copy it.",
                ),
                "badNumber": say(lang, "Skriv et tall fra 0 til ", "Write a number from 0 to "),
                "undone": say(lang, "Angret.", "Undone."),
                "redone": say(lang, "Gjort om igjen.", "Redone."),
                "reset": say(lang, "Tilbake til det du åpnet.", "Back to what you opened."),
                "nothing": say(lang, "Ingen endring å spille av ennå.", "No change to replay yet."),
            },
        },
    )


async def quick(site: Site, request: Request) -> Response:
    """The answer while a lever moves."""
    return await _answer(site, request, False)


async def exact(site: Site, request: Request) -> Response:
    """The answer when it rests."""
    return await _answer(site, request, True)


async def _answer(site: Site, request: Request, whole: bool) -> Response:
    desk = site.open()
    try:
        address = site.address(request)
    except UserError as error:
        lang = language(request.query_params.multi_items())
        return JSONResponse({"error": error.render(lang)}, 400)
    area = area_index(State(address.scenario), address.area)
    try:
        outlook, outlay = (
            await desk.exact(address.state, area, request.is_disconnected)
            if whole
            else await desk.quick(address.state, area)
        )
    except Gone:
        return Response(status_code=499)
    whole = outlook.draws == DRAWS
    answer = content.answer(address, outlook, outlay, desk.null, desk.seed, whole, site.observed)
    return Response(orjson.dumps(answer), media_type="application/json", headers={"cache-control": "no-store"})


@told
async def file(site: Site, request: Request) -> Response:
    """The scenario as a file that ``utrulling forecast`` reads."""
    address = site.address(request)
    text = scenario_file(site, address)
    name = slug(content.title(address)) + ".yaml"
    return Response(
        text,
        media_type="application/yaml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


ROUTES = (
    ("/utforsk", explore, "GET"),
    ("/svar/raskt", quick, "GET"),
    ("/svar/helt", exact, "GET"),
    ("/scenario.yaml", file, "GET"),
)
