"""What the pages share: the scenarios on offer, the desk that computes, the runs, the templates."""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sim.errors import UserError
from sim.experiments.observations import published
from sim.experiments.output import version
from sim.experiments.whatif import State, grounds, labels, places
from sim.faces.charts.words import spaced
from sim.faces.report.table import say
from sim.faces.web.address import Address, language, parse
from sim.faces.web.desk import Desk
from sim.faces.web.measurements import Measurements, check
from sim.faces.web.runs import EACH, WAITING, Runs
from sim.faces.web.sharing import Sharing
from sim.faces.web.shelf import Shelf
from sim.faces.web.uploads import Uploads
from sim.faces.web.who import USER
from sim.language import Text
from sim.scenario import data

HERE = Path(__file__).parent
KEPT = 24  # files that are kept for who asks again, at most about a megabyte each
NAMES = (  # of the pages that stand in every page's head, in the order of the work
    ("utforsk", Text("Utforsk", "Explore")),
    ("sammenlign", Text("Sammenlign", "Compare")),
    ("barrierer", Text("Barrierer", "Barriers")),
    ("plan", Text("Plan", "Plan")),
    ("kapasitet", Text("Kapasitet", "Capacity")),
    ("etterproving", Text("Etterprøving", "Validation")),
    ("rapport", Text("Rapport", "Report")),
    ("lagret", Text("Lagret", "Saved")),
)


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


def _ground_of(null: str) -> str:
    """A name for all that compares with a null alternative."""
    told = repr((labels(State(null)), places(State(null)).rows))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


Page = Callable[["Site", Request], Awaitable[Response]]


class Site:
    """What the pages share."""

    def __init__(
        self,
        given: str,
        null: str | None,
        workers: int,
        folder: Path,
        sharing: Sharing,
        measured: tuple[Path, ...] = (),
    ) -> None:
        self.ready = scenarios(given, null)
        self.given = given
        self.workers = workers
        self.observed = published(grounds(self.ready[0]).loaded.data_folder)
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self.desk: Desk | None = None
        self.sharing = sharing
        self.runs = Runs(folder, EACH if sharing.shared else WAITING)
        self.shelf = Shelf(folder / "scenarios.sqlite")
        self.uploads = Uploads(folder / "uploads" / _ground_of(self.null), lambda file: _comparable(file, self.null))
        check(measured)
        self.measurements = Measurements(measured, folder / "measured")
        self.paths: frozenset[str] = frozenset()  # of the pages that there are
        self._files: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()  # made for who asked, by what was asked

    @property
    def null(self) -> str:
        """The scenario that everything is compared with, no lever turned."""
        return self.ready[0]

    @property
    def scenarios(self) -> list[str]:
        """What the page offers: the ready ones, the null alternative first, and what has been uploaded."""
        return [*self.ready, *self.uploads.names()]

    def open(self) -> Desk:
        """The desk, once the server runs."""
        if self.desk is None:
            self.desk = Desk(self.null, self.workers, self.runs.folder.parent)
        return self.desk

    def kept_file(self, key: tuple[Any, ...]) -> bytes | None:
        """A file that was made before, or None."""
        return self._files.get(key)

    def keep_file(self, key: tuple[Any, ...], content: bytes) -> None:
        """Keep a file for who asks again; the oldest make room."""
        self._files[key] = content
        while len(self._files) > KEPT:
            self._files.popitem(last=False)

    def address(self, request: Request, apart: Collection[str] = ()) -> Address:
        """What a request asks for, but for what stands ``apart`` (a page's own questions)."""
        given = request.query_params.multi_items()
        if len({key for key, _ in given}) != len(given):
            raise UserError("adressen sier noe to ganger", "the address says something twice")
        pairs = [pair for pair in given if pair[0] not in apart]
        return parse(pairs, [self.given, *self.scenarios])

    def page(self, template: str, lang: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from its template; with an ``address`` the head's links keep to it."""
        address = values.get("address")
        query = address.query() if address else ("lang=en" if lang == "en" else "")
        shared = {
            "lang": lang,
            "t": functools.partial(say, lang),
            "version": version(),
            "null": self.null,
            "user": USER.get(),
            "shared": self.sharing.shared,
            "pages": [(path, name.to(lang)) for path, name in NAMES if path in self.paths],
            "kept": f"?{query}" if query else "",
            "path": values.get("other_path", ""),
        }
        text = self.templates.get_template(template).render(shared | values)
        return HTMLResponse(spaced(text, lang), status)

    def back(self, request: Request) -> str:
        """The page of this server that a form was sent from, for an answer that leads back to it."""
        asked = urlsplit(request.headers.get("referer", ""))
        path = asked.path.removeprefix(request.scope.get("root_path", "")).lstrip("/")
        place = f"{path}?{asked.query}" if path in self.paths and asked.query else path if path in self.paths else ""
        return f"{request.scope.get('root_path', '')}/{place}"


def told(page: Page) -> Callable[[Site, Request], Awaitable[Response]]:
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
                title=say(lang, "Skjemaet ble ikke tatt imot", "The form was not taken")
                if request.method == "POST"
                else say(lang, "Adressen gir ingen side", "No such page"),
                error=error.render(lang),
            )

    return wrapped
