"""Rapport: something to send. Sections are chosen and ordered, looked at, printed and taken along; every figure has its own address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from sim.errors import UserError
from sim.experiments.whatif import DRAWS, State, grounds, labels
from sim.faces.charts.words import area_text, month_text, slug
from sim.faces.report.table import say
from sim.faces.takeaway import slides
from sim.faces.takeaway.dossier import Dossier
from sim.faces.web import content, dossiers
from sim.faces.web.address import Address, area_index, areas, language, parse
from sim.faces.web.desk import Gone
from sim.faces.web.site import HERE, Site, told

STYLE = HERE.parent / "report" / "report.css"
TYPES = {
    "html": "text/html; charset=utf-8",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
    "excel.csv": "text/csv; charset=utf-8",
}
MOVES = ("up", "down")


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the address and the sections in their order."""

    address: Address
    keys: list[str]

    def query(self) -> str:
        """The address with the sections, the same for the same report."""
        return self.address.query() + "&" + urlencode({"sections": ",".join(self.keys)}, safe=",")


def _asked(site: Site, request: Request) -> Asked:
    keys, rest = dossiers.chosen(request.query_params.multi_items())
    rest = [(key, value) for key, value in rest if (key, value) != ("name", "") and key != "move"]
    return Asked(parse(rest, [site.given, *site.scenarios]), keys)


@told
async def report(site: Site, request: Request) -> Response:
    """The sections, how they come along, and the downloads."""
    asked = _asked(site, request)
    pairs = request.query_params.multi_items()
    moved = dict(pairs).get("move")
    if (
        moved is not None or len([1 for key, _ in pairs if key == "sections"]) > 1
    ):  # from the form: to the lasting address
        keys = _moved(asked.keys, moved)
        return RedirectResponse(f"rapport?{Asked(asked.address, keys).query()}", 303)
    address, lang = asked.address, asked.address.lang
    state = State(address.scenario)
    other = Asked(address.within("nb" if lang == "en" else "en"), asked.keys)
    listed = [*asked.keys, *(key for key in dossiers.SECTIONS if key not in asked.keys)]
    months = [m for m in labels(state) if m[5:] in ("06", "12") or m == address.month]
    return site.page(
        "report.html.j2",
        lang,
        title=say(lang, "Rapport: gi meg noe jeg kan sende", "Report: something to send"),
        address=address,
        query=asked.query(),
        plain=address.query(),
        sections=[
            (key, dossiers.SECTIONS[key][0].to(lang), key in asked.keys, _place(asked.keys, key)) for key in listed
        ],
        pictures=[(key, dossiers.SECTIONS[key][0].to(lang)) for key in asked.keys if key in dossiers.PICTURES],
        kept_pairs=[
            ("lang", lang),
            ("scenario", address.scenario),
            *((s.key, str(s)) for s in address.settings),
            *address.carried(),
        ],
        areas=[(a, area_text(address.scenario, a, lang)) for a in areas(state)],
        months=[(m, month_text(m, lang)) for m in months],
        saved_as=content.title(address),
        slides=slides.available(),
        how=slides.how(lang),
        draws=DRAWS,
        command=content.command(address, grounds(site.null).loaded.scenario.seed),
        other=other.query(),
        other_path="rapport",
    )


def _place(keys: list[str], key: str) -> str:
    """Whether a section is first, last or between."""
    if key not in keys:
        return "out"
    return " ".join(["first"] * (keys[0] == key) + ["last"] * (keys[-1] == key))


def _moved(keys: list[str], move: str | None) -> list[str]:
    """The sections with one of them a place up or down («gates:up»).

    Raises:
        UserError: no such move.
    """
    if move is None:
        return keys
    key, _, way = move.partition(":")
    if key not in dossiers.SECTIONS or way not in MOVES:
        raise UserError("move skal være DEL:up eller DEL:down", "move must be SECTION:up or SECTION:down")
    moved = list(keys)
    if key in moved:
        at = moved.index(key)
        to = min(max(at + (1 if way == "down" else -1), 0), len(moved) - 1)
        moved.insert(to, moved.pop(at))
    return moved


async def _dossier(site: Site, request: Request, asked: Asked) -> Dossier:
    """The report from the exact draws.

    Raises:
        Gone: nobody waits for it any more.
    """
    desk = site.open()
    address = asked.address
    state = State(address.scenario)
    answer = await desk.exact(address.state, area_index(state, address.area), request.is_disconnected)
    named = areas(state) if "places" in asked.keys else []
    places = {a: (await desk.exact(address.state, area_index(state, a), request.is_disconnected))[0] for a in named}

    def made() -> Dossier:
        given = dossiers.seen(address, answer, desk.null, places, site.observed, asked.keys)
        return dossiers.dossier(given, asked.keys, desk.seed)

    return await asyncio.to_thread(made)


async def _product(
    site: Site, request: Request, asked: Asked, form: str, name: str, function: Callable[..., bytes], *more: Any
) -> Response:
    """A file of the report, drawn in a process of its own and kept for who asks again."""
    key = (form, name, asked.query(), *more)
    try:
        made = site.kept_file(key)
        if made is None:
            made = await site.open().draw(function, await _dossier(site, request, asked), *more)
            site.keep_file(key, made)
    except Gone:
        return Response(status_code=499)
    headers = {"cache-control": "no-store"}
    if form != "html" and not (form in ("svg", "png") and "inline" in request.query_params):
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(made, media_type=TYPES[form], headers=headers)


def _file(asked: Asked, ending: str) -> str:
    return f"{slug(content.title(asked.address))}{ending}"


@told
async def preview(site: Site, request: Request) -> Response:
    """The report itself, as the zip has it but with its style in a file of its own."""
    from sim.faces.takeaway import bundle

    asked = _asked(site, request)
    return await _product(site, request, asked, "html", "report.html", bundle.report, "rapport.css")


@told
async def bundle_zip(site: Site, request: Request) -> Response:
    """Everything in one zip."""
    from sim.faces.takeaway import bundle

    asked = _asked(site, request)
    return await _product(site, request, asked, "zip", _file(asked, ".zip"), bundle.bundle)


@told
async def spreadsheet(site: Site, request: Request) -> Response:
    """The numbers as a spreadsheet."""
    from sim.faces.takeaway.workbook import workbook

    asked = _asked(site, request)
    return await _product(site, request, asked, "xlsx", _file(asked, ".xlsx"), workbook)


@told
async def presentation(site: Site, request: Request) -> Response:
    """The findings as slides."""
    from sim.faces.takeaway import bundle

    asked = _asked(site, request)
    if not slides.available():
        raise UserError(slides.how("nb"), slides.how("en"))
    return await _product(site, request, asked, "pptx", _file(asked, ".pptx"), bundle.presentation)


async def figure(site: Site, request: Request) -> Response:
    """One figure, or its numbers, at an address of its own."""
    from sim.faces.takeaway import bundle

    name, _, form = request.path_params["file"].partition(".")
    try:
        if name not in dossiers.PICTURES or form not in ("svg", "png", "csv", "excel.csv"):
            known = ", ".join(dossiers.PICTURES)
            raise UserError(
                f"ingen slik figur; kjente: {known}, som svg, png, csv eller excel.csv",
                f"no such figure; known: {known}, as svg, png, csv or excel.csv",
            )
        pairs = [(k, v) for k, v in request.query_params.multi_items() if k != "inline"]
        asked = Asked(parse(pairs, [site.given, *site.scenarios]), [name])
    except UserError as error:
        return PlainTextResponse(error.render(language(request.query_params.multi_items())), 400)
    ending = f"-{name}.csv" if form == "csv" else f"-{name}-excel.csv" if form == "excel.csv" else f"-{name}.{form}"
    return await _product(site, request, asked, form, _file(asked, ending), bundle.picture, name, form)


async def style(site: Site, request: Request) -> Response:
    """The report's style sheet."""
    return FileResponse(STYLE, media_type="text/css", headers={"cache-control": "no-cache"})


ROUTES = (
    ("/rapport", report, "GET"),
    ("/rapport.html", preview, "GET"),
    ("/rapport.css", style, "GET"),
    ("/rapport.zip", bundle_zip, "GET"),
    ("/rapport.xlsx", spreadsheet, "GET"),
    ("/rapport.pptx", presentation, "GET"),
    ("/figur/{file}", figure, "GET"),
)
