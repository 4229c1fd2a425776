"""Barrierer: where do the entries stop, and what takes the barriers away? For the scenario of the address against the null alternative."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sim.errors import UserError
from sim.experiments import priced, shapley, whatif
from sim.experiments.compare import MOST_IN_SHAPLEY, part_draws
from sim.experiments.output import version
from sim.experiments.whatif import DRAWS, Sample, State, grounds, labels
from sim.faces.charts import barriers as charts
from sim.faces.charts.words import area_text, month_text, slug
from sim.faces.report.table import Table, say
from sim.faces.web import content, vega
from sim.faces.web.address import Address, area_index, areas, language
from sim.faces.web.desk import Gone
from sim.faces.web.runs import Run
from sim.faces.web.site import Site, told
from sim.language import Text
from sim.scenario import data, levers

KNOWN_LOCALLY = ("eid_at_start", "eid_at_hire", "eid_ordering", "trained_at_golive")  # of doctors and nurses


@told
async def barriers(site: Site, request: Request) -> Response:
    """Where do the entries stop, and what takes the barriers away?"""
    address = site.address(request)
    lang, desk = address.lang, site.open()
    try:
        drawn = await desk.samples([desk.null, address.state], request.is_disconnected)
    except Gone:
        return Response(status_code=499)
    run = _run(site, address)
    values = await asyncio.to_thread(_answer, site, address, drawn, run)
    count = len(address.settings)
    return site.page(
        "barriers.html.j2",
        lang,
        title=say(lang, "Barrierer: hvor stopper oppføringene?", "Barriers: where do the entries stop?"),
        address=address,
        other=address.within("nb" if lang == "en" else "en").query(),
        other_path="barrierer",
        areas=[(a, area_text(address.scenario, a, lang)) for a in areas(State(address.scenario))],
        shown=[
            (m, month_text(m, lang)) for m in labels(State(address.scenario)) if m[5:] == "12" or m == address.month
        ],
        scenario_title=content.title(address),
        turned=[(s.key, str(s)) for s in address.settings],
        null_query=address.without_levers(site.null).query(),
        still=address.state == desk.null,
        several=2 <= count <= MOST_IN_SHAPLEY,
        many=count > MOST_IN_SHAPLEY,
        parts=2**count,
        part_draws=part_draws(DRAWS, count),
        run=run,
        begin=f"barrierer/folsomhet?{address.query()}",
        **values,
    )


def _answer(site: Site, address: Address, drawn: Sequence[Sample], run: Run) -> dict[str, Any]:
    lang, null = address.lang, State(site.null)
    seed = grounds(site.null).loaded.scenario.seed
    at, area = labels(null).index(address.month), area_index(null, address.area)
    states = [null, address.state]
    index, (year, months) = next(
        (i, found) for i, found in enumerate(whatif.years(null)) if found[1].start <= at < found[1].stop
    )
    titles = [
        say(lang, "Nullalternativet", "The null alternative"),
        address.name or say(lang, "Scenarioet", "The scenario"),
    ]
    made = []
    for name, title, sample in zip(("before", "after"), titles, drawn, strict=True):
        counts = sample.entries[:, :, area, months].sum(axis=2, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            by_draw = counts / counts.sum(axis=1, keepdims=True)
        made.append(charts.falls(address, name, title, whatif.gates(sample, area, [months])[0], by_draw, year))
    if address.state != null:
        without, with_it = (priced.strata(d, s, area)[:, index] for d, s in zip(drawn, states, strict=True))
        summed = without.sum(axis=0), with_it.sum(axis=0)
        losses = shapley.gates_loss(summed[0]), shapley.gates_loss(summed[1])
        by_gate = shapley.gates_gain_by_draw(without, with_it)
        made.append(charts.gates(address, shapley.gates_gain(*summed), by_gate, losses, year))
    answer = run.answer() if run.state == "done" else None
    if answer is not None:
        made.append(charts.tornado(address, answer["median_answer"], answer["tornado"]))
    local, alike = checklist(address)
    return {
        "year": year,
        "charts": {chart.name: chart for chart in made},
        "setup": {"charts": vega.drawn(made, lang)},
        "origin": origin(address, seed, DRAWS),
        "rests": content.rests(address, null),
        "local": local,
        "alike": alike,
        "command": content.command(address, seed),
    }


def origin(address: Address, seed: int, draws: int) -> str:
    """The source line of a chart."""
    return say(
        address.lang,
        f"Scenario {address.scenario}, {len(address.settings)} tiltak · {draws} trekk · frø {seed}",
        f"Scenario {address.scenario}, {len(address.settings)} interventions · {draws} draws · seed {seed}",
    )


async def interventions(site: Site, request: Request) -> Response:
    """What each intervention of the package contributes, as a piece of the page: every part of the package is simulated."""
    desk = site.open()
    try:
        address = site.address(request)
        keys = [s.key for s in address.settings]
        if not 2 <= len(keys) <= MOST_IN_SHAPLEY:
            raise UserError(
                f"pakken skal ha 2 til {MOST_IN_SHAPLEY} tiltak",
                f"the package must have 2 to {MOST_IN_SHAPLEY} interventions",
            )
    except UserError as error:
        return JSONResponse({"error": error.render(language(request.query_params.multi_items()))}, 400)
    null, draws = State(address.scenario), part_draws(DRAWS, len(keys))
    at, area = labels(null).index(address.month), area_index(null, address.area)
    worth = {}
    try:
        for part in shapley.coalitions(keys):
            rates = await desk.rates(priced.part(address.state, part), draws, area, request.is_disconnected)
            worth[part] = rates[:, at].astype(np.float64)
    except Gone:
        return Response(status_code=499)
    titles = {key: levers.file(key).title(address.lang) for key in keys}
    shares = {titles[key]: share for key, share in shapley.shapley(keys, worth).items()}
    alone = {titles[key]: worth[frozenset({key})] - worth[frozenset()] for key in keys}
    chart = charts.within(address, shares, alone)
    page = site.page("piece.html.j2", address.lang, chart=chart, origin=origin(address, desk.seed, draws))
    answer = {"html": bytes(page.body).decode(), "charts": vega.drawn([chart], address.lang)}
    return JSONResponse(answer, headers={"cache-control": "no-store"})


def _run(site: Site, address: Address) -> Run:
    return site.runs.named(*_asked(site, address))


def _asked(site: Site, address: Address) -> tuple[list[str], dict[str, str]]:
    """The command that moves one number at a time, and the scenario file that it reads."""
    ground = grounds(address.scenario)
    shipped = ground.loaded.path.parent == data.shipped()
    title = content.title(address)
    file = f"{slug(title)}.yaml"
    files = {}
    if address.settings or not shipped:
        comment = Text(f"Laget med utrulling web {version()}.", f"Made with utrulling web {version()}.").to(
            address.lang
        )
        files[file] = levers.text_of(ground, address.settings, title, comment)
    name, _, sector = address.area.rpartition(":")
    words = ["sensitivity", file if files else ground.loaded.given, "--by", address.month, "--area", name]
    words += ["--sector", sector, "--draws", "0", "--seed", str(grounds(site.null).loaded.scenario.seed)]
    return [*words, *(["--lang", "en"] if address.lang == "en" else [])], files


@told
async def begin(site: Site, request: Request) -> Response:
    """Put the sensitivity analysis in line, and go back to the page."""
    address = site.address(request)
    site.runs.start(*_asked(site, address))
    return RedirectResponse(f"../barrierer?{address.query()}", 303)


def checklist(address: Address) -> tuple[Table | None, Table | None]:
    """What belongs to the place that is looked at, and what is taken to be alike in all hospitals but is known locally."""
    from sim.faces.report import tables  # draws charts too, which takes a second to import

    scenario = levers.build(grounds(address.scenario), address.settings)
    row = whatif.places(State(address.scenario)).rows[area_index(State(address.scenario), address.area)]
    regions = [u.region for u in whatif.plain_model(address.scenario).structure.units if u.name == row.name]
    if row.level != "trust":
        members = whatif.places(State(address.scenario)).members(area_index(State(address.scenario), address.area))
        regions = list({whatif.plain_model(address.scenario).structure.units[i].region for i in members})
    if len(regions) != 1:
        return None, None
    region, trusts = regions[0], scenario.regions[regions[0]].trusts  # type: ignore[index]

    def here(path: Sequence[str | int]) -> bool:
        if region not in path or (path[0] == "golive" and row.sector != "all" and path[1] != row.sector):
            return False
        others = [t for t in trusts if t in path and t != row.name]
        return row.level != "trust" or not others

    def shared(path: Sequence[str | int]) -> bool:
        return (
            path[:3] == ("sectors", "hospital", "strata")
            and path[3] in ("doctor", "nurse")
            and path[-1] in KNOWN_LOCALLY
        )

    local, alike = tables.assumptions(scenario, address.lang, here), tables.assumptions(scenario, address.lang, shared)
    lang = address.lang
    where = area_text(address.scenario, address.area, lang)
    return (
        _ticked(local, say(lang, f"Gjelder {where}", f"About {where}"), lang),
        _ticked(alike, say(lang, "Antatt likt i alle sykehus", "Taken to be alike in all hospitals"), lang),
    )


def _ticked(table: Table, caption: str, lang: str) -> Table:
    made = Table(caption, [*table.heads, say(lang, "Bekreftet", "Confirmed")], [*table.kinds, "text"])
    made.rows.extend([*row, "\u2610"] for row in table.rows)
    return made


ROUTES = (
    ("/barrierer", barriers, "GET"),
    ("/barrierer/tiltak", interventions, "GET"),
    ("/barrierer/folsomhet", begin, "POST"),
)
