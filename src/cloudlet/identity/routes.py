"""The three addresses of signing in and out."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from cloudlet.identity.attempts import LONGEST_SIGN_IN
from cloudlet.identity.guard import Guard, session_cookie
from cloudlet.identity.oidc import new_secret
from cloudlet.identity.service import Identities
from cloudlet.identity.sign_in import Callback, SignIn
from cloudlet.web import WebSettings, cookie_name, is_secure

__all__ = ["router"]

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

Short = Annotated[str | None, Query(max_length=512)]
Long = Annotated[str | None, Query(max_length=4096)]


def router(sign_in: SignIn, identities: Identities, guard: Guard, web: WebSettings) -> APIRouter:
    """Return the routes; all are ``def``, because they wait for the provider and the database."""
    routes = APIRouter(include_in_schema=False)
    cookies = _Cookies(web)

    @routes.get("/sign-in")
    def begin(request: Request, provider: Short = None, next: Long = None) -> Response:  # noqa: A002
        """Send the browser to the provider; a plain link leads here, because a form may not leave our origin."""
        browser = cookies.browser_of(request) or new_secret()
        answer = _moved(sign_in.begin(provider, next, browser))
        cookies.set_browser(answer, browser)
        return answer

    @routes.get("/sign-in/callback/{provider}")
    def finish(
        request: Request,
        provider: str,
        state: Annotated[str, Query(max_length=512)] = "",
        code: Long = None,
        error: Short = None,
        iss: Long = None,
    ) -> Response:
        """Take the provider's answer and open the session."""
        callback = Callback(provider, cookies.browser_of(request), state, code, error, iss)
        former = guard.session(request)
        done = sign_in.finish(callback, replaces=None if former is None else former.id)
        answer = _moved(done.next_path)
        cookies.set_session(answer, done.secret)
        return answer

    @routes.post("/sign-out")
    def end(request: Request) -> Response:
        """End the session and go home; the origin check of `cloudlet.web` keeps other sites from doing so."""
        session = guard.session(request)
        if session is not None:
            identities.end_session(session.id)
        answer = _moved("/")
        cookies.forget_session(answer)
        return answer

    return routes


class _Cookies:
    """The two cookies: the session's, and the one that ties sign-ins to this browser."""

    def __init__(self, web: WebSettings) -> None:
        self._session = session_cookie(web)
        self._browser = cookie_name(web, "browser")
        self._secure = is_secure(web)

    def browser_of(self, request: Request) -> str | None:
        """Return the browser's secret, None where it holds none that could be ours."""
        secret = request.cookies.get(self._browser, "")
        return secret if SECRET.fullmatch(secret) else None

    def set_browser(self, answer: Response, secret: str) -> None:
        """Let the browser keep `secret` as long as a sign-in may take."""
        self._set(answer, self._browser, secret, max_age=int(LONGEST_SIGN_IN.total_seconds()))

    def set_session(self, answer: Response, secret: str) -> None:
        """Let the browser keep `secret` until it is closed; the server knows when the session ends."""
        self._set(answer, self._session, secret, max_age=None)

    def forget_session(self, answer: Response) -> None:
        """Let the browser drop the session's secret."""
        self._set(answer, self._session, "", max_age=0)

    def _set(self, answer: Response, name: str, value: str, *, max_age: int | None) -> None:
        # Lax, not Strict: the provider's redirect is a navigation from another site.
        answer.set_cookie(name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="lax")


def _moved(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})
