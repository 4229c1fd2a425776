"""The accessibility statement."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sim.faces.report.table import say
from sim.faces.web.address import language
from sim.faces.web.site import Site, told


@told
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


ROUTES = (("/tilgjengelighet", accessibility, "GET"),)
