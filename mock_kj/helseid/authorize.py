"""The login: the authorize endpoint with a test identity provider (kj-api.md 5.10).

With `test_pid` (or `test_hpr_number`) in the pushed request or in the query the login needs nobody at the keyboard;
without, a page lists synthetic professionals to pick from.
"""

from __future__ import annotations

import html
import secrets
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mock_kj import identity
from mock_kj.errors import OAuthError
from mock_kj.helseid.claims import User
from mock_kj.helseid.issuer import Issuer
from mock_kj.helseid.par import PREFIX

_LISTED = 20


async def authorize(issuer: Issuer, request: Request) -> Response:
    """Redirect with a code, or show the page.

    Raises:
        OAuthError: the request cannot be tied to a client's pushed request, so nobody can be redirected.

    """
    query = request.query_params
    name = query.get("request_uri", "")
    if not name.startswith(PREFIX):
        raise OAuthError("invalid_request", "the authorization request must be pushed first (PAR)")
    key = f"par:{name[len(PREFIX) :]}"
    raw = await issuer.store.take(key)
    if raw is None:
        raise OAuthError("invalid_request_uri", "request_uri is unknown, used or has run out")
    pushed = orjson.loads(raw)
    if query.get("client_id") != pushed["client_id"]:
        raise OAuthError("invalid_request", "client_id is not the one that pushed the request")
    form: dict[str, str] = pushed["form"]
    chosen = {**form, **{k: v for k, v in query.items() if k.startswith("test_")}}
    user, why = find_user(issuer, chosen)
    if user is None and why is None and form.get("prompt") != "none":
        milliseconds = issuer.clock.milliseconds() + 600_000
        await issuer.store.keep(key, raw, milliseconds)  # the page comes back with the same name
        return _page(issuer, dict(query))
    answer = {"iss": issuer.url}
    if "state" in form:
        answer["state"] = form["state"]
    if user is None:
        answer |= {
            "error": "access_denied" if why else "login_required",
            "error_description": why or "nobody is logged in",
        }
    else:
        answer["code"] = await _code(issuer, pushed, user)
    target = form["redirect_uri"]
    return RedirectResponse(
        f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}", 302, {"Cache-Control": "no-store"}
    )


def find_user(issuer: Issuer, chosen: dict[str, str]) -> tuple[User | None, str | None]:
    """Whom the test identity provider logs in, or why nobody; (None, None) if nobody was named."""
    pid, hpr = chosen.get("test_pid"), chosen.get("test_hpr_number")
    if not pid and not hpr:
        return None, None
    level = chosen.get("test_security_level") or "4"
    if level not in ("2", "3", "4"):
        return None, "test_security_level must be 2, 3 or 4"
    who = issuer.population.professional(hpr) if hpr else issuer.population.professional_by_nin(pid or "")
    if who is not None:
        found, name = who.nin, who.name
    elif pid and identity.classify(pid, rule_2032=issuer.settings.rule_2032) == "synthetic":
        person = issuer.population.person(pid)
        if person is None:
            return None, "test_pid is nobody in this population"
        found, name = pid, person.name
    else:
        return None, "test_pid or test_hpr_number is not a synthetic person of this population"
    now = int(issuer.clock.now())
    return User(found, name, who.hpr_number if who else None, level, now, secrets.token_hex(16)), None


async def _code(issuer: Issuer, pushed: dict[str, object], user: User) -> str:
    code = secrets.token_urlsafe(32)
    body = {**pushed, "user": user}
    until = issuer.clock.milliseconds() + issuer.settings.authorization_code_seconds * 1000
    await issuer.store.keep(f"code:{code}", orjson.dumps(body), until)
    return code


def _page(issuer: Issuer, query: dict[str, str]) -> Response:
    """The test identity provider: a table of professionals, and a field for any synthetic number."""
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">' for k, v in query.items()
    )
    rows = []
    for serial in range(min(_LISTED, issuer.population.professionals)):
        who = issuer.population.professional_at(serial)
        cells = "".join(
            f"<td>{html.escape(t)}</td>" for t in (who.name, who.role, who.hpr_number, who.organisation.name)
        )
        rows.append(f'<tr>{cells}<td><button name="test_pid" value="{who.nin}">Log in</button></td></tr>')
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Test identity provider (mock)</title>'
        "<h1>Test identity provider</h1><p>This is a mock of HelseID. Everybody here is made up.</p>"
        f'<form>{hidden}<label>Security level <select name="test_security_level">'
        "<option>4<option>3<option>2</select></label>"
        "<table><thead><tr><th>Name<th>Role<th>HPR number<th>Works at<th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></form>"
        f"<form>{hidden}<label>Another synthetic number "
        '<input name="test_pid" inputmode="numeric" pattern="[0-9]{11}" required></label>'
        "<button>Log in</button></form></html>"
    )
    return HTMLResponse(body, headers={"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"})
