"""Lagret: what has been saved on the server, by whom and when; history, differences, the files."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sim.errors import UserError
from sim.experiments.output import version
from sim.experiments.whatif import grounds
from sim.faces.charts.words import month_text, short, slug
from sim.faces.report.table import Table, say
from sim.faces.web import content
from sim.faces.web.address import NAME, Address, language, parse
from sim.faces.web.forms import fields
from sim.faces.web.shelf import Version
from sim.faces.web.site import Site, told
from sim.faces.web.who import USER
from sim.scenario import levers

LISTED = 200  # scenarios on the page
AUTHOR, COMMENT = 60, 300  # characters
COOKIE = "author"
REMEMBERED = 365 * 86400  # seconds


@told
async def save(site: Site, request: Request) -> Response:
    """Put the scenario of the address on the shelf, as a new version."""
    address = site.address(request)
    given = await fields(request, {"name": NAME, "author": AUTHOR, "comment": COMMENT})
    author = USER.get() or given["author"]
    if not given["name"] or not author:
        raise UserError("skriv et navn på scenarioet, og hvem du er", "write a name for the scenario, and who you are")
    address = replace(address.within("nb"), name=given["name"])
    file = scenario_file(site, address)
    made = await asyncio.to_thread(site.shelf.save, given["name"], author, given["comment"], address.query(), file)
    lang = language(request.query_params.multi_items())
    answer = RedirectResponse(f"lagret?{_query(lang, navn=made.name)}", 303)
    if not USER.get():
        path = request.scope.get("root_path", "") or "/"
        answer.set_cookie(COOKIE, quote(author), REMEMBERED, path=path, httponly=True, samesite="lax")
    return answer


def scenario_file(site: Site, address: Address) -> str:
    """The scenario as a file that ``utrulling forecast`` reads, headed by how its numbers are repeated."""
    title = content.title(address)
    seed = grounds(site.null).loaded.scenario.seed
    comment = say(
        address.lang,
        f"Laget med utrulling web {version()}. Gjenta tallene på siden:\n  {content.command(address, seed)}\n"
        f"Åpne det igjen på siden: utforsk?{address.query()}",
        f"Made with utrulling web {version()}. Repeat the page's numbers:\n  {content.command(address, seed)}\n"
        f"Open it on the page again: utforsk?{address.query()}",
    )
    whole = (
        address.scenario not in site.ready and address.scenario != site.given
    )  # an upload's place means nothing elsewhere
    return levers.text_of(grounds(address.scenario), address.settings, title, comment, whole)


def author_of(request: Request) -> str:
    """Who saves: who is logged in, or the name that the browser remembers."""
    name = USER.get() or " ".join(unquote(request.cookies.get(COOKIE, "")).split())
    return name[:AUTHOR] if name.isprintable() else ""


def _query(lang: str, **pairs: str | int) -> str:
    return urlencode(({"lang": lang} if lang != "nb" else {}) | pairs)


@told
async def saved(site: Site, request: Request) -> Response:
    """All saved scenarios, one's history, or what differs between two versions."""
    given = dict(request.query_params.multi_items())
    lang = language(given.items())
    if {"fra", "til"} & given.keys():
        two = [await _asked(site, given.get(key, "")) for key in ("fra", "til")]
        shown: dict[str, Any] = {
            "difference": difference(site, two[0], two[1], lang),
            "both": [line(site, v, lang) for v in two],
        }
        title = say(lang, "Hva skiller de to versjonene?", "What differs between the two versions?")
    elif "navn" in given:
        found = await asyncio.to_thread(site.shelf.history, given["navn"])
        if not found:
            raise UserError("ikke noe er lagret under det navnet", "nothing is saved under that name")
        shown = {"history": [line(site, v, lang) for v in found]}
        title = say(lang, f"Lagret: {found[0].name}", f"Saved: {found[0].name}")
    else:
        shown = {"latest": [line(site, v, lang) for v in await asyncio.to_thread(site.shelf.latest, LISTED)]}
        title = say(lang, "Hva har vi lagret?", "What have we saved?")
    other_query = urlencode({k: v for k, v in given.items() if k != "lang"} | ({"lang": "en"} if lang == "nb" else {}))
    return site.page("saved.html.j2", lang, title=title, other=other_query, other_path="lagret", **shown)


@told
async def file(site: Site, request: Request) -> Response:
    """A version's YAML, as it was saved."""
    asked = await _asked(site, request.query_params.get("versjon", ""))
    name = f"{slug(asked.name)}-v{asked.number}.yaml"
    return Response(
        asked.file,
        media_type="application/yaml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


async def _asked(site: Site, text: str) -> Version:
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 12 else 0
    found = await asyncio.to_thread(site.shelf.find, number)
    if found is None:
        raise UserError("ukjent versjon", "unknown version")
    return found


def line(site: Site, one: Version, lang: str) -> dict[str, Any]:
    """A version as a line of the page; without an address to open where this server does not offer its scenario."""
    moment = dt.datetime.fromisoformat(one.saved).astimezone()  # the server's own time
    try:
        opens = _opened(site, one).within(lang).query()
    except UserError:
        opens = ""
    return {
        "version": one,
        "saved": moment.strftime("%d.%m.%Y kl. %H.%M" if lang == "nb" else "%Y-%m-%d %H:%M"),
        "opens": opens,
        "history": _query(lang, navn=one.name),
        "file": _query("nb", versjon=one.id),
    }


def _opened(site: Site, one: Version) -> Address:
    return parse(parse_qsl(one.query), [site.given, *site.scenarios])


def difference(site: Site, one: Version, other: Version, lang: str) -> Table:
    """The inputs that differ: the scenario that the levers stand on, and each lever.

    Raises:
        UserError: one of them stands on a scenario that this server does not offer.
    """
    first, second = _opened(site, one), _opened(site, other)
    table = Table(
        say(lang, "Det som er ulikt", "What differs"),
        [say(lang, "Hva", "What"), *(f"{v.name}, {say(lang, 'versjon', 'version')} {v.number}" for v in (one, other))],
        ["text", "text", "text"],
    )
    sides = [{"scenario": a.scenario} | {s.key: _setting(s, lang) for s in a.settings} for a in (first, second)]
    for key in dict.fromkeys(["scenario", *levers.BY_KEY]):
        values = [side.get(key, say(lang, "gjennomføres ikke", "not carried out")) for side in sides]
        if values[0] != values[1]:
            title = say(lang, "Grunnlag", "Stands on") if key == "scenario" else levers.file(key).title(lang)
            table.rows.append([title, *values])
    return table


def _setting(setting: levers.Setting, lang: str) -> str:
    start = say(lang, "fra ", "from ") + month_text(setting.start, lang)
    dose = levers.BY_KEY[setting.key].dose
    if dose is None or setting.dose is None:
        return start
    return f"{short(setting.dose, lang)} {dose.unit.to(lang)}, {start}"


ROUTES = (
    ("/lagre", save, "POST"),
    ("/lagret", saved, "GET"),
    ("/lagret.yaml", file, "GET"),
)
