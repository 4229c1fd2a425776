"""Etterprøving: can it be trusted? The evidence behind the numbers, and where the sources disagree."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from sim.faces.report.table import say
from sim.faces.web import evidence
from sim.faces.web.site import Site, told


@told
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


ROUTES = (("/etterproving", trust, "GET"),)
