"""The addresses of signing in, being there, and signing out."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from cloudlet.identity.guard import Guard, session_cookie
from cloudlet.identity.pending_sign_in import LONGEST_SIGN_IN, PendingSignIn, PendingSignIns
from cloudlet.identity.sender import sender_of
from cloudlet.identity.service import Identities
from cloudlet.identity.sessions import digest_of
from cloudlet.identity.sign_in import Callback, SignIn, StartedSignIn
from cloudlet.web import WebSettings, cookie_name, is_secure

__all__ = ["router"]

MOST_UNDER_WAY = 4
"""Sign-ins that one browser may have under way: one for each tab that somebody hurries through."""
MOST_LOOKED_AT = 8
"""Their cookies that one request has opened; opening costs 0.1 ms. Browsers send the oldest first, and those that are
left are looked at next time."""

Short = Annotated[str | None, Query(max_length=512)]
Long = Annotated[str | None, Query(max_length=4096)]


def router(sign_in: SignIn, identities: Identities, guard: Guard, web: WebSettings) -> APIRouter:
    """Return the routes; those that wait for a provider do so on the event loop, and hold no thread of the pages."""
    routes = APIRouter(include_in_schema=False)
    cookies = _Cookies(web, sign_in.pending)

    @routes.get("/sign-in")
    async def begin(request: Request, provider: Short = None, next: Long = None) -> Response:  # noqa: A002
        """Send the browser to the provider; a plain link leads here, because a form may not leave our origin."""
        started = await sign_in.begin(provider, next, sender_of(request))
        answer = _moved(started.address)
        cookies.forget_oldest(answer, request)
        cookies.set_pending(answer, started)
        return answer

    @routes.get("/sign-in/callback/{provider}")
    async def finish(
        request: Request,
        provider: str,
        state: Annotated[str, Query(max_length=512)] = "",
        code: Long = None,
        error: Short = None,
        iss: Long = None,
    ) -> Response:
        """Take the provider's answer and open the session."""
        callback = Callback(provider, cookies.pending_of(request, state), state, code, error, iss, sender_of(request))
        former = await run_in_threadpool(guard.session, request)
        done = await sign_in.finish(callback, replaces=former)
        answer = _moved(done.next_path)
        cookies.forget_pending(answer, state)
        cookies.set_session(answer, done.secret)
        return answer

    @routes.post("/api/presence")
    def note_presence(request: Request) -> Response:
        """Keep the session of somebody who moves mouse or keys on a page that has nothing to ask for."""
        identities.keep_alive(guard.signed_in(request).id)
        return Response(status_code=204)

    @routes.post("/sign-out")
    def end(request: Request) -> Response:
        """End the session and go home; the origin check of `cloudlet.web` keeps other sites from doing so."""
        session = guard.session(request)
        if session is not None:
            identities.end_session(session.id, by=session.actor)
        answer = _moved("/")
        cookies.forget_session(answer)
        return answer

    return routes


class _Cookies:
    """The session's cookie, and one for each sign-in under way."""

    def __init__(self, web: WebSettings, pending: PendingSignIns) -> None:
        self._pending = pending
        self._session = session_cookie(web)
        self._sign_in = cookie_name(web, "sign-in-")
        self._secure = is_secure(web)

    def pending_of(self, request: Request, state: str) -> PendingSignIn | None:
        """Return what the browser remembers of the sign-in called `state`."""
        return self._pending.open(request.cookies.get(self._name(state), ""))

    def set_pending(self, answer: Response, started: StartedSignIn) -> None:
        """Let the browser remember a sign-in as long as it may take."""
        lifetime = int(LONGEST_SIGN_IN.total_seconds())
        self._set(answer, self._name(started.state), self._pending.seal(started.pending), max_age=lifetime)

    def forget_pending(self, answer: Response, state: str) -> None:
        """Let the browser forget the sign-in called `state`: no answer counts twice."""
        self._set(answer, self._name(state), "", max_age=0)

    def forget_oldest(self, answer: Response, request: Request) -> None:
        """Make room for one more: a site that opens sign-in pages in a browser must not swell what it sends us."""
        names = islice((name for name in request.cookies if name.startswith(self._sign_in)), MOST_LOOKED_AT)
        held = {name: self._pending.open(request.cookies[name]) for name in names}
        newest_first = sorted(held, key=lambda name: _started_at(held[name]), reverse=True)
        for name in newest_first[MOST_UNDER_WAY - 1 :]:
            self._set(answer, name, "", max_age=0)

    def set_session(self, answer: Response, secret: str) -> None:
        """Let the browser keep `secret` until it is closed; the server knows when the session ends."""
        self._set(answer, self._session, secret, max_age=None)

    def forget_session(self, answer: Response) -> None:
        """Let the browser drop the session's secret."""
        self._set(answer, self._session, "", max_age=0)

    def _name(self, state: str) -> str:
        return self._sign_in + digest_of(state)

    def _set(self, answer: Response, name: str, value: str, *, max_age: int | None) -> None:
        # Lax, not Strict: the provider's redirect is a navigation from another site.
        answer.set_cookie(name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="lax")


def _started_at(pending: PendingSignIn | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if pending is None else pending.started_at


def _moved(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})
