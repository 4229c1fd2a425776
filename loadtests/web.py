"""Locust's web UI beside a run, with a page of ours: `/kj-load` shows the report as it stands.

Locust's own page shows its counts (rounded percentiles, from the send); ours has the response times from the intended
start. Starting or stopping a run from the page is refused: the scenario says what is played.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loadtests import result
from loadtests.errors import UserError
from loadtests.report import page

if TYPE_CHECKING:
    from loadtests.conduct import Conductor
    from loadtests.run import Outcome


def serve(port: int, conductor: Conductor, outcome: Outcome, lang: str) -> Callable[[], None]:
    """Serve the web UI on the loopback; gives what ends it. Raises UserError."""
    import socket

    from flask import Response, request

    with socket.socket() as probe:  # Locust only logs that its port is taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"--web {port}: {error.strerror}", f"--web {port}: {error.strerror}") from error
    conductor.tell_locust()
    sys.argv = sys.argv[:1]  # Locust's page reads the command line as if it were Locust's
    web = conductor.environment.create_web_ui("127.0.0.1", port)
    app: Any = web.app

    @app.before_request  # type: ignore[untyped-decorator]
    def only_watching() -> Response | None:
        if request.method == "POST" or request.path in ("/stop", "/stats/reset"):
            return Response("kj-load: the scenario decides what is played", 403)
        return None

    @app.route("/kj-load")  # type: ignore[untyped-decorator]
    def now() -> str:
        content = result.content(outcome, "")
        html = page.render(outcome, content, lang)
        return html.replace("<head>", '<head><meta http-equiv="refresh" content="10">', 1)

    return web.stop
