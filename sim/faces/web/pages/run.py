"""How a run stands, and its end before time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sim.errors import UserError
from sim.faces.web.address import language
from sim.faces.web.runs import Run
from sim.faces.web.site import Site, told


def _asked(site: Site, request: Request) -> Run:
    run = site.runs.find(request.path_params["key"])
    if run is None:
        raise UserError("ukjent beregning; den er slettet eller aldri startet", "unknown run; deleted or never started")
    return run


async def status(site: Site, request: Request) -> Response:
    """State, progress and fault of a run as JSON."""
    try:
        return JSONResponse(_asked(site, request).as_json(), headers={"cache-control": "no-store"})
    except UserError as error:
        return JSONResponse({"error": error.render(language(request.query_params.multi_items()))}, 404)


@told
async def stop(site: Site, request: Request) -> Response:
    """End a run, and go back to the page that asked for it."""
    await site.runs.stop(_asked(site, request))
    return RedirectResponse(site.back(request), 303)


ROUTES = (
    ("/kjoringer/{key}", status, "GET"),
    ("/kjoringer/{key}/stopp", stop, "POST"),
)
