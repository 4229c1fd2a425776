"""Etterprøving: can it be trusted? The evidence behind the numbers, and where the sources disagree."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sim.errors import UserError
from sim.experiments.output import version
from sim.experiments.posterior import posterior_of
from sim.experiments.whatif import grounds
from sim.faces.report.table import say
from sim.faces.web import evidence, vega
from sim.faces.web.address import Address
from sim.faces.web.runs import Run
from sim.faces.web.site import Site, told

STUDIES = ("backtest", "calibrate")  # long work whose answers the page shows


def _run(site: Site, address: Address, study: str) -> Run | None:
    """The study of the scenario that the posterior was fitted with; None where nothing is fitted."""
    kept = posterior_of(grounds(address.scenario).loaded)
    return None if kept is None else site.runs.named([study, kept.about["scenario"]], {})


@told
async def trust(site: Site, request: Request) -> Response:
    """Can it be trusted? The evidence behind the numbers, and where the sources disagree."""
    address = site.address(request)
    lang = address.lang
    runs = {study: run for study in STUDIES if (run := _run(site, address, study)) is not None}

    def found() -> dict[str, Any]:
        values = evidence.behind(address, site.observed)
        done = {study: run for study, run in runs.items() if run.state == "done"}
        if "backtest" in done:
            values["tried"] = evidence.tried(done["backtest"], site.observed, lang)
        if "calibrate" in done:
            values["learned"] = evidence.fitted(done["calibrate"], done["calibrate"].words[1], lang)
        return values

    values = await asyncio.to_thread(found)
    charts = [values[part]["chart"] for part in ("tried", "learned") if part in values]
    return site.page(
        "trust.html.j2",
        lang,
        title=say(lang, "Etterprøving: kan vi stole på det?", "Validation: can we trust it?"),
        address=address,
        explore=address.query(),
        other=address.within("nb" if lang == "en" else "en").query(),
        other_path="etterproving",
        runs=runs,
        origin=f"utrulling {version()}",
        setup={"charts": vega.drawn(charts, lang)},
        **values,
    )


@told
async def begin(site: Site, request: Request) -> Response:
    """Start a study, and go back to the page."""
    address, study = site.address(request), request.path_params["study"]
    run = _run(site, address, study) if study in STUDIES else None
    if run is None:
        raise UserError("det er ingenting å etterprøve her", "there is nothing to validate here")
    site.runs.start(run.words, {})
    return RedirectResponse(f"../etterproving?{address.query()}", 303)


ROUTES = (("/etterproving", trust, "GET"), ("/etterproving/{study}", begin, "POST"))
