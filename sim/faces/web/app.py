"""The server: pages from templates, answers as JSON, the scenario as a file. Writes nothing, and asks no other machine."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.errors import UserError
from sim.experiments.forecast import version
from sim.experiments.observations import published
from sim.experiments.whatif import DRAWS, State, grounds, labels, places, plain_model
from sim.faces.report.table import say
from sim.faces.web import content, evidence, panel, vega
from sim.faces.web.address import LONGEST, Address, area_index, areas, language, parse
from sim.faces.web.desk import Desk, Gone
from sim.scenario import data, levers

HERE = Path(__file__).parent
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Puts the security headers on every answer, and refuses overlong addresses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and mark the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        if len(scope["query_string"]) > LONGEST:
            await PlainTextResponse("Adressen er for lang. / The address is too long.", 414)(scope, receive, marked)
            return
        await self.app(scope, receive, marked)


def scenarios(given: str, null: str | None) -> list[str]:
    """What the page offers: the null alternative first, the given one, and the ready ones that compare with them.

    Raises:
        UserError: a scenario cannot be used, or the two cannot be compared.
    """
    usual = "national"
    if null is None:
        null = usual if _comparable(given, usual) else given
    elif not _comparable(given, null):
        raise UserError(
            f"{given} og {null} kan ikke sammenlignes: periode, regioner, foretak eller aktørgrupper er ulike",
            f"{given} and {null} cannot be compared: period, regions, trusts or sectors differ",
        )
    ready = [file.stem for file in data.scenarios()]
    found = [null, given, *(name for name in ready if _comparable(name, null))]
    return list(dict.fromkeys(found))


def _comparable(one: str, other: str) -> bool:
    ours, theirs = State(one), State(other)
    return labels(ours) == labels(theirs) and places(ours).rows == places(theirs).rows


Page = Callable[["Site", Request], Awaitable[Response]]


class Site:
    """What the pages share."""

    def __init__(self, given: str, null: str | None, workers: int) -> None:
        self.scenarios = scenarios(given, null)
        self.given = given
        self.workers = workers
        self.observed = published(grounds(self.scenarios[0]).loaded.data_folder)
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self.desk: Desk | None = None

    @property
    def null(self) -> str:
        """The scenario that everything is compared with, no lever turned."""
        return self.scenarios[0]

    def open(self) -> Desk:
        """The desk, once the server runs."""
        if self.desk is None:
            self.desk = Desk(self.null, self.workers)
        return self.desk

    def address(self, request: Request) -> Address:
        """What a request asks for."""
        return parse(request.query_params.multi_items(), [self.given, *self.scenarios])

    def page(self, name: str, lang: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from its template."""
        shared = {"lang": lang, "t": functools.partial(say, lang), "version": version(), "null": self.null}
        text = self.templates.get_template(name).render(shared | values)
        return HTMLResponse(content.spaced(text, lang), status)


def _told(page: Page) -> Callable[[Site, Request], Awaitable[Response]]:
    """A request that asks for what is not there gets a page that says so, in its language."""

    @functools.wraps(page)
    async def wrapped(site: Site, request: Request) -> Response:
        try:
            return await page(site, request)
        except UserError as error:
            lang = language(request.query_params.multi_items())
            return site.page(
                "fault.html.j2",
                lang,
                400,
                title=say(lang, "Adressen gir ingen side", "No such page"),
                error=error.render(lang),
            )

    return wrapped


@_told
async def start(site: Site, request: Request) -> Response:
    """The question that each page answers, and the ready scenarios."""
    lang = language(request.query_params.multi_items())
    ready = []
    for name in site.scenarios:
        scenario = plain_model(name).scenario
        title = scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en
        ready.append(
            {
                "query": urlencode({"scenario": name} if lang == "nb" else {"lang": lang, "scenario": name}),
                "title": title,
                "description": scenario.description,
                "null": name == site.null,
            }
        )
    usual = parse([("scenario", site.given), ("lang", lang)], [site.given, *site.scenarios])
    examples = [
        {"title": title, "query": replace(usual, settings=settings).query(), "text": text}
        for title, text, settings in _examples(site, lang)
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
    )


def _examples(site: Site, lang: str) -> list[tuple[str, str, tuple[levers.Setting, ...]]]:
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


@_told
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
        areas=[(a, content.area_text(address.scenario, a, lang)) for a in areas(State(address.scenario))],
        shown=[(m, content.month_text(m, lang)) for m in months if m[5:] in ("06", "12")],
        keys=vega.keys(lang),
        other=address.within("nb" if lang == "en" else "en").query(),
        other_path="utforsk",
        rests=content.rests(address),
        saved_as=content.title(address),
        setup={
            "levers": panel.as_setup(listed),
            "lang": lang,
            "null": address.without_levers(site.null).query(),
            "scenario": address.scenario,
            "nullScenario": site.null,
            "months": [m for m, _ in panel.choices(address)],
            "monthNames": dict(panel.choices(address)),
            "specs": {theme: vega.specs(lang, theme) for theme in vega.COLOURS},
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


@_told
async def trust(site: Site, request: Request) -> Response:
    """Can it be trusted? The evidence behind the numbers, and where the sources disagree."""
    address = site.address(request)
    lang = address.lang
    return site.page(
        "trust.html.j2",
        lang,
        title=say(lang, "Etterprøving: kan vi stole på det?", "Validation: can we trust it?"),
        explore=address.query(),
        other=address.within("nb" if lang == "en" else "en").query(),
        other_path="etterproving",
        **await asyncio.to_thread(evidence.behind, address, site.observed),
    )


@_told
async def accessibility(site: Site, request: Request) -> Response:
    """The accessibility statement."""
    lang = language(request.query_params.multi_items())
    return site.page(
        "accessibility.html.j2",
        lang,
        title=say(lang, "Tilgjengelighet", "Accessibility"),
        other="" if lang == "en" else "lang=en",
        other_path="tilgjengelighet",
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
        if whole:
            outlook = await desk.exact(address.state, area, request.is_disconnected)
        else:
            outlook = await desk.quick(address.state, area)
    except Gone:
        return Response(status_code=499)
    whole = outlook.draws == DRAWS
    answer = content.answer(address, outlook, desk.seed, whole, site.observed)
    return JSONResponse(answer, headers={"cache-control": "no-store"})


@_told
async def file(site: Site, request: Request) -> Response:
    """The scenario as a file that ``utrulling forecast`` reads."""
    address = site.address(request)
    title = content.title(address)
    seed = grounds(site.null).loaded.scenario.seed
    comment = say(
        address.lang,
        f"Laget med utrulling web {version()}. Gjenta tallene på siden:\n  {content.command(address, seed)}\n"
        f"Åpne det igjen på siden: utforsk?{address.query()}",
        f"Made with utrulling web {version()}. Repeat the page's numbers:\n  {content.command(address, seed)}\n"
        f"Open it on the page again: utforsk?{address.query()}",
    )
    text = levers.text_of(grounds(address.scenario), address.settings, title, comment)
    name = content.slug(title) + ".yaml"
    return Response(
        text,
        media_type="application/yaml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


class Assets(StaticFiles):
    """Files of the package; the address of each page's assets carries the version, so they are kept for a day."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, to be kept by the browser."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "max-age=86400"
        return response


def create(
    given: str = "national",
    null: str | None = None,
    workers: int = 2,
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
) -> Starlette:
    """The application.

    ``given`` is the scenario that levers are turned on, ``null`` the one that all is compared with (``national`` where that is
    comparable, else ``given``); ``hosts`` are the names it answers to, so that a name that points here from outside gets nothing.

    Raises:
        UserError: a scenario cannot be used.
    """
    site = Site(given, null, workers)

    @contextlib.asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        desk = site.open()
        warm = asyncio.ensure_future(desk.quick(desk.null, 0))
        yield
        warm.cancel()
        desk.close()

    def to(page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await page(site, request)

        return endpoint

    async def missing(request: Request, _: Exception) -> Response:
        lang = language(request.query_params.multi_items())
        return site.page(
            "fault.html.j2",
            lang,
            404,
            title=say(lang, "Siden finnes ikke", "No such page"),
            error=say(lang, "Adressen fører ikke til noen side.", "The address leads to no page."),
        )

    return Starlette(
        routes=[
            Route("/", to(start)),
            Route("/utforsk", to(explore)),
            Route("/etterproving", to(trust)),
            Route("/tilgjengelighet", to(accessibility)),
            Route("/svar/raskt", to(quick)),
            Route("/svar/helt", to(exact)),
            Route("/scenario.yaml", to(file)),
            Route("/favicon.ico", lambda _: RedirectResponse("assets/icon.svg")),
            Mount("/assets", Assets(directory=HERE / "assets")),
        ],
        middleware=[
            Middleware(Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(GZipMiddleware, minimum_size=500),
        ],
        exception_handlers={404: missing},
        lifespan=running,
    )
