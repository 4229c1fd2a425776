"""A scenario file sent to the server: from then on one that levers can be turned on."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sim.errors import UserError
from sim.faces.web.address import language
from sim.faces.web.forms import file
from sim.faces.web.site import Site, told
from sim.faces.web.uploads import LARGEST


@told
async def upload(site: Site, request: Request) -> Response:
    """Check the file, keep it, and open it."""
    lang = language(request.query_params.multi_items())
    name, content = await file(request, "file", LARGEST)
    if not content:
        raise UserError("velg en fil først", "choose a file first")
    kept = await asyncio.to_thread(site.uploads.add, name, content)
    return RedirectResponse("utforsk?" + urlencode(({"lang": "en"} if lang == "en" else {}) | {"scenario": kept}), 303)


ROUTES = (("/opplasting", upload, "POST"),)
