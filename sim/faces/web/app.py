"""The application: routes, what guards them, and files of the package. Asks no other machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.faces.report.table import say
from sim.faces.web import login
from sim.faces.web.address import LONGEST, language
from sim.faces.web.pages import (
    accessibility,
    barriers,
    capacity,
    compare,
    explore,
    plan,
    report,
    run,
    saved,
    start,
    trust,
    upload,
)
from sim.faces.web.sharing import Sharing
from sim.faces.web.site import HERE, Page, Site
from sim.faces.web.who import PLACE

PAGES = (start, explore, compare, barriers, plan, capacity, trust, report, saved, upload, accessibility, run)
ALONE = Sharing()
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
    """Puts the security headers on every answer, refuses overlong addresses, and knows the path that the server stands under."""

    def __init__(self, app: ASGIApp, root: str = "") -> None:
        self.app, self.root = app, root

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
        if scope["method"] not in ("GET", "HEAD") and not _own(scope):
            text = "Skjemaet kom fra en annen side. / The form came from another site."
            await PlainTextResponse(text, 403)(scope, receive, marked)
            return
        PLACE.set(scope["client"][0] if scope.get("client") else "")
        if self.root:  # whether or not the proxy has taken it away
            if scope["path"] == self.root:
                await RedirectResponse(self.root + "/", 308)(scope, receive, marked)
                return
            if not scope["path"].startswith(self.root + "/"):
                scope = {**scope, "path": self.root + scope["path"]}
            scope = {**scope, "root_path": self.root}
        await self.app(scope, receive, marked)


def _own(scope: Scope) -> bool:
    """Whether a form was sent by a page of this server: browsers say where it came from."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if b"sec-fetch-site" in headers:
        return bool(headers[b"sec-fetch-site"] == "same-origin")
    origin = headers.get(b"origin")
    return bool(origin is not None and urlsplit(origin).netloc == headers.get(b"host"))


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
    folder: Path = Path("out/web"),
    sharing: Sharing = ALONE,
    measured: tuple[Path, ...] = (),
) -> Starlette:
    """The application.

    ``given`` is the scenario that levers are turned on, ``null`` the one that all is compared with (``national`` where that is
    comparable, else ``given``); ``folder`` is where runs and saved scenarios are kept; ``sharing`` has the names it answers to, so
    that a name that points here from outside gets nothing, and who may log in;
    ``measured`` are files and folders of the load test to show.

    Raises:
        UserError: a scenario cannot be used.
    """
    before = login.middleware(sharing)
    site = Site(given, null, workers, folder, sharing, measured)

    @contextlib.asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        desk = site.open()
        tasks = [asyncio.ensure_future(desk.begin()), asyncio.ensure_future(site.runs.work())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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

    routes = [Route(path, to(page), methods=[method]) for one in PAGES for path, page, method in one.ROUTES]
    site.paths = frozenset(path[1:] for one in PAGES for path, _, method in one.ROUTES if method == "GET")
    return Starlette(
        routes=[
            *routes,
            Route("/favicon.ico", lambda _: RedirectResponse("assets/icon.svg")),
            Mount("/assets", Assets(directory=HERE / "assets")),
        ],
        middleware=[
            Middleware(Guard, root=sharing.root),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(sharing.hosts), www_redirect=False),
            *before,
            Middleware(
                GZipMiddleware, minimum_size=500, compresslevel=5
            ),  # an answer a third as big in half a millisecond,
        ],
        exception_handlers={404: missing},
        lifespan=running,
    )
