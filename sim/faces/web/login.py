"""Log-in with OpenID Connect: code flow with PKCE, state and nonce, by Authlib; the session is a signed cookie.

Everything but the page's assets asks for it. A restart of the server logs everybody out, since the cookies' key is made anew.
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import quote, urlencode

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sim.errors import UserError
from sim.faces.web.sharing import Sharing
from sim.faces.web.who import USER

LASTS = 8 * 3600  # seconds of a session
COOKIE = "utrulling"
ENTER, RETURN, LEAVE, LEFT = "/logg-inn", "/logg-inn/svar", "/logg-ut", "/logget-ut"
_OPEN = (ENTER, RETURN, LEFT, "/favicon.ico")
_DATA = ("/svar/", "/kjoringer/")  # what scripts ask for
_NAME = 60  # characters


def middleware(sharing: Sharing) -> list[Middleware]:
    """What stands before the pages where there is a log-in; nothing where there is none.

    Raises:
        UserError: Authlib is not installed.
    """
    if sharing.login is None:
        return []
    try:
        from authlib.integrations.starlette_client import OAuth
        from starlette.middleware.sessions import SessionMiddleware
    except ImportError:
        raise UserError(
            "--oidc krever Authlib og httpx; installer utrulling[oidc]",
            "--oidc needs Authlib and httpx; install utrulling[oidc]",
        ) from None
    registry = OAuth()
    registry.register(
        "issuer",
        client_id=sharing.login.client,
        client_secret=sharing.login.secret,
        server_metadata_url=f"{sharing.login.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "timeout": 10},
    )
    session = Middleware(
        SessionMiddleware,
        secret_key=secrets.token_urlsafe(32),
        session_cookie=COOKIE,
        max_age=LASTS,
        path=sharing.root or "/",
        same_site="lax",
        https_only=sharing.shared,  # over the net only through a proxy that speaks TLS
    )
    return [session, Middleware(Login, client=registry.issuer, sharing=sharing)]


class Login:
    """Lets those who are logged in through, and logs in the others."""

    def __init__(self, app: ASGIApp, client: Any, sharing: Sharing) -> None:
        self.app, self.client, self.sharing = app, client, sharing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its user, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = scope["path"].removeprefix(self.sharing.root)
        session = request.session
        if session.get("until", 0) > time.time() and path != LEAVE:
            USER.set(session["user"])
        elif path == LEAVE and request.method == "POST":
            session.clear()
            await RedirectResponse(self.sharing.root + LEFT, 303)(scope, receive, send)
            return
        elif not path.startswith("/assets/") and path not in _OPEN:
            await self._refused(request, path)(scope, receive, send)
            return
        if path in (ENTER, RETURN, LEFT):
            await (await self._answer(request, path))(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _refused(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD") or path.startswith(_DATA):
            text = "Du er logget ut. Last siden på nytt. / You are logged out. Reload the page."
            return JSONResponse({"error": text}, 401) if path.startswith(_DATA) else PlainTextResponse(text, 401)
        place = path.lstrip("/") + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{self.sharing.root}{ENTER}?{urlencode({'til': place})}", 303)

    async def _answer(self, request: Request, path: str) -> Response:
        if path == LEFT:
            text = f"Du er logget ut. Logg inn igjen: / You are logged out. Log in again: {self._here(request)}/"
            return PlainTextResponse(text)
        from authlib.integrations.base_client import OAuthError
        from httpx import HTTPError
        from joserfc.errors import JoseError

        try:
            if path == ENTER:
                return await self._enter(request)
            return await self._return(request)
        except (OAuthError, JoseError, HTTPError, KeyError, ValueError) as error:
            request.session.clear()
            text = "Innloggingen lyktes ikke; prøv igjen. / The log-in failed; try again."
            return PlainTextResponse(f"{text} ({type(error).__name__})", 400)

    async def _enter(self, request: Request) -> Response:
        said = await self.client.load_server_metadata()
        login = self.sharing.login
        if login is None or said["issuer"].rstrip("/") != login.issuer:
            raise ValueError("another issuer")
        request.session.clear()
        place = request.query_params.get("til", "")
        request.session["til"] = place if _local(place) else ""
        answer: Response = await self.client.authorize_redirect(request, self._here(request) + RETURN)
        return answer

    async def _return(self, request: Request) -> Response:
        token = await self.client.authorize_access_token(request)
        claims = token["userinfo"]  # those of the identity token, checked: signature, issuer, audience, nonce, time
        place = request.session.get("til", "")
        request.session.clear()
        name = next(str(claims[k]) for k in ("name", "preferred_username", "email", "sub") if claims.get(k))
        name = " ".join(name.split())[:_NAME]
        request.session.update(user=name if name.isprintable() else str(claims["sub"]), until=time.time() + LASTS)
        return RedirectResponse(f"{self.sharing.root}/{quote(place, safe='/?&=:~+%')}", 303)

    def _here(self, request: Request) -> str:
        scheme = "https" if self.sharing.shared else "http"
        return f"{scheme}://{request.headers['host']}{self.sharing.root}"


def _local(place: str) -> bool:
    """Whether a place is a page of this server: no other host, no way up."""
    return (
        place.isprintable()
        and not place.startswith(("/", "\\"))
        and ".." not in place.split("?")[0]
        and "\\" not in place
    )
