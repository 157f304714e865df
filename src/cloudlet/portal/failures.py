"""Errors in words: a page for people, the web foundation's JSON for programs."""

from __future__ import annotations

import logging
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloudlet.errors import CloudletError
from cloudlet.identity import Guard
from cloudlet.portal.rendering import Pages
from cloudlet.web import Forbidden, NotFound, SignInNeeded, problem_of, status_of

__all__ = ["install_failures"]

log = logging.getLogger(__name__)

# The answer to an unforeseen error is made outside of all middleware, so it brings its own policy.
FINAL_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
NOWHERE = NotFound("There is no page at this address.", "Start from the home page.")


class Unforeseen(CloudletError):
    """Something that nobody thought of went wrong; the log has the cause."""

    slug = "unexpected"


def install_failures(app: FastAPI, pages: Pages, guard: Guard) -> None:
    """Make `app` answer every error with sentences."""

    def answer(request: Request, error: Exception) -> Response:
        return failure(pages, request, error, guard)

    def last_answer(request: Request, error: Exception) -> Response:
        log.error("unforeseen error at %s", request.url.path, exc_info=error)
        response = failure(
            pages, request, Unforeseen("Something went wrong on the server.", "Load the page again in a minute.")
        )
        response.headers.update(FINAL_HEADERS)
        return response

    for kind in (CloudletError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, last_answer)


def failure(pages: Pages, request: Request, error: Exception, guard: Guard | None = None) -> Response:
    """Return the answer to `error`: JSON, a page, or the way to the sign-in.

    The page greets whom `guard` finds; without one it asks nothing that could fail as well.
    """
    told, status = _told(error)
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(problem_of(told), status)
    if isinstance(told, SignInNeeded):
        return RedirectResponse(f"/?next={quote(_wanted(request), safe='')}", 303)
    session = None if guard is None else guard.session(request)
    return pages.render(request, "failure.html", session, status=status, error=told, status_code=status)


def _told(error: Exception) -> tuple[CloudletError, int]:
    if isinstance(error, CloudletError):
        return error, status_of(error)
    if isinstance(error, RequestValidationError):
        return NOWHERE, 422
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return NOWHERE, status
    return Forbidden(f"The server does not do this here ({status}).", "Start from the home page."), status


def _wanted(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
