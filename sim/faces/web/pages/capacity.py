"""Kapasitet: how much does the API bear, and what must we have? Files of the load test against the forecast."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message

from sim.errors import UserError
from sim.experiments.headroom import Headroom
from sim.experiments.whatif import DRAWS, State
from sim.faces.charts import capacity as charts
from sim.faces.charts.words import month_text
from sim.faces.report.table import say
from sim.faces.web import content, vega
from sim.faces.web.address import Address
from sim.faces.web.measurements import LARGEST, Kind, Measurement, too_large
from sim.faces.web.runs import Run
from sim.faces.web.site import Site, told
from sim.language import Text

PATIENCE = 20  # times the largest file that is read before the sender is cut off
APART = ("result", "capacity", "demand")
KINDS: tuple[tuple[Kind, Text], ...] = (
    ("result", Text("Kjøring (kj-load run)", "Run (kj-load run)")),
    ("capacity", Text("Kapasitet (kj-load capacity)", "Capacity (kj-load capacity)")),
    ("demand", Text("Etterspørsel (utrulling demand)", "Demand (utrulling demand)")),
)


def _label(one: Measurement, lang: str) -> str:
    """A file in a list: what it is, when it was made, and the beginning of its content's key."""
    if one.kind == "result":
        text = f"{one.content.title(lang)}, {charts.began(one.content, lang)}"
    elif one.kind == "capacity":
        text = f"{one.content.file.scenario}, {one.content.file.made[:10]}"
    else:
        origin = one.content.origin
        text = " ".join(
            filter(None, [origin.scenario, month_text(origin.month, lang) if origin.month else "", origin.percentile])
        )
    return f"{text} ({one.key[:6]})"


def _chosen(request: Request, found: list[Measurement]) -> dict[Kind, Measurement | None]:
    """The file of each kind that the address names, else the latest.

    Raises:
        UserError: it names one that is not there.
    """
    chosen: dict[Kind, Measurement | None] = {}
    for kind, _ in KINDS:
        of_kind = [m for m in found if m.kind == kind]
        key = request.query_params.get(kind)
        chosen[kind] = next((m for m in of_kind if m.key == key), None) if key else of_kind[-1] if of_kind else None
        if key and chosen[kind] is None:
            raise UserError(f"filen «{key[:20]}» finnes ikke her", f"the file «{key[:20]}» is not here")
    return chosen


def _asked(address: Address, one: Measurement, seed: int) -> tuple[list[str], dict[str, str]]:
    """The forecast that is held against a capacity file."""
    name, files = content.asked(address.scenario, address.settings)
    words = ["forecast", name, "--capacity", "capacity.json", "--replications", str(DRAWS), "--seed", str(seed)]
    return words, files | {"capacity.json": one.path.read_text(encoding="utf-8")}


def _query(address: Address, chosen: dict[Kind, Measurement | None]) -> str:
    return "&".join(
        filter(None, [address.query(), urlencode([(k, m.key) for k, m in chosen.items() if m is not None])])
    )


def _room(run: Run, one: Measurement, lang: str) -> dict[str, Any]:
    """What a finished forecast says of the headroom, in the report's words."""
    from sim.faces.report import headroom as report  # draws charts too, which takes a second to import

    room = Headroom.read(run.result, one.content)
    return {
        "chart": charts.headroom(room, lang),
        "sentences": report.sentences(room, lang),
        "facts": report.facts(room, lang),
    }


@told
async def capacity(site: Site, request: Request) -> Response:
    """How much does the API bear, and what must we have?"""
    address = site.address(request, APART)
    lang = address.lang
    found, faults = await asyncio.to_thread(site.measurements.all)
    chosen = _chosen(request, found)
    result, borne, demand = chosen["result"], chosen["capacity"], chosen["demand"]
    drawn = []
    shown: dict[str, Any] = {}
    if result is not None:
        timeline = charts.timeline(result.content, lang)
        drawn.append(timeline)
        shown |= {
            "verdict": charts.verdict(result.content, lang),
            "requirements": charts.requirements(result.content, lang),
            "timeline": timeline,
            "repeat": result.content.repeat,
        }
    run = None
    if borne is not None:
        file = borne.content.file
        point = next(p for p in file.points if p.processes == borne.content.instances)
        knee = charts.knee(file, point, lang)
        drawn.append(knee)
        shown |= {"knee": knee, "points": charts.points(file, lang)}
        run = site.runs.named(*_asked(address, borne, site.open().seed))
        if run.state == "done":
            room = await asyncio.to_thread(_room, run, borne, lang)
            drawn.append(room["chart"])
            shown |= {"room": room}
    if demand is not None:
        if borne is not None and charts.peaks(demand.content)[1] > 0:
            shown["covered"] = charts.covered(demand.content, borne.content, lang)
        shown["against"] = charts.against(demand.content, borne.content if borne else None, lang)
    results = [m.content for m in found if m.kind == "result"]
    query = _query(address, chosen)
    other = _query(address.within("nb" if lang == "en" else "en"), chosen)
    return site.page(
        "capacity.html.j2",
        lang,
        title=say(
            lang,
            "Kapasitet: hvor mye tåler API-et, og hva må vi ha?",
            "Capacity: how much does the API bear, and what must we have?",
        ),
        address=address,
        other=other,
        other_path="kapasitet",
        choices=[
            (
                kind,
                name.to(lang),
                [(m.key, _label(m, lang)) for m in found if m.kind == kind],
                getattr(chosen[kind], "key", ""),
            )
            for kind, name in KINDS
        ],
        hidden=parse_qsl(address.query()),
        faults=[fault.render(lang) for fault in faults],
        shown=shown,
        history=charts.history(results, lang) if len(results) > 1 else None,
        run=run,
        sources={kind: _label(one, lang) for kind, one in chosen.items() if one is not None},
        room_origin=say(
            lang,
            f"Scenario {address.scenario}, {len(address.settings)} tiltak · {DRAWS} trekk · frø {site.open().seed}",
            f"Scenario {address.scenario}, {len(address.settings)} interventions · {DRAWS} draws · seed {site.open().seed}",
        ),
        rests=content.rests(address, State(site.null)),
        query=query,
        largest=LARGEST // 1_000_000,
        setup={"charts": vega.drawn(drawn, lang), "lang": lang},
    )


async def _sent(request: Request, most: int) -> Request:
    """A request whose body has been read, and is not larger than ``most`` bytes.

    Raises:
        UserError: it is larger.
    """
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= most:
            body += chunk
        elif length > PATIENCE * most:
            break
    if length > most:  # read to its end within reason: browsers show no answer that comes while they still send
        raise too_large()

    async def again() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(request.scope, again)


@told
async def upload(site: Site, request: Request) -> Response:
    """Keep a file that a form sends, and show it."""
    address = site.address(request, APART)
    whole = await _sent(request, LARGEST + 10_000)
    try:
        form = await whole.form(max_files=1, max_fields=5)
    except HTTPException as error:
        raise UserError("skjemaet kan ikke leses", "the form cannot be read") from error
    file = form.get("file")
    if file is None or isinstance(file, str) or not file.filename:
        raise UserError("velg en fil", "choose a file")
    kept = await asyncio.to_thread(site.measurements.take, file.filename, await file.read())
    pairs = [(k, v) for k, v in request.query_params.items() if k in APART and k != kept.kind]
    query = "&".join([address.query(), urlencode([*pairs, (kept.kind, kept.key)])])
    return RedirectResponse(f"{request.scope.get('root_path', '')}/kapasitet?{query}", 303)


@told
async def hold(site: Site, request: Request) -> Response:
    """Start the forecast that is held against the capacity."""
    address = site.address(request, APART)
    found, _ = await asyncio.to_thread(site.measurements.all)
    chosen = _chosen(request, found)
    if chosen["capacity"] is None:
        raise UserError("ingen kapasitetsfil er valgt", "no capacity file is chosen")
    site.runs.start(*_asked(address, chosen["capacity"], site.open().seed))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/kapasitet?{_query(address, chosen)}#rom", 303)


ROUTES = (
    ("/kapasitet", capacity, "GET"),
    ("/kapasitet/fil", upload, "POST"),
    ("/kapasitet/rom", hold, "POST"),
)
