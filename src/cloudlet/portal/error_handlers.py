"""Errors in words: a page for people, the web foundation's JSON for programs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloudlet.database import DatabaseBusy, as_busy
from cloudlet.errors import CloudletError
from cloudlet.identity import Guard
from cloudlet.portal.errors import Unforeseen
from cloudlet.portal.rendering import Pages
from cloudlet.web import MethodRefused, NotFound, RequestUnusable, SignInNeeded, problem_of, security_headers, status_of

__all__ = ["install_error_handlers"]

logger = logging.getLogger(__name__)

RETRY_SECONDS = 10
"""What programs are asked to wait where the database is busy; people are asked to try again in a minute."""
START = "Start from the home page."
UNUSABLE = RequestUnusable("The request holds a value that cannot be used.", START)
BY_STATUS: Mapping[int, CloudletError] = {
    404: NotFound("There is no page at this address.", START),
    405: MethodRefused("The server does not do this at this address.", START),
}


def install_error_handlers(app: FastAPI, pages: Pages, guard: Guard) -> None:
    """Make `app` answer every error with sentences."""

    def answer(request: Request, error: Exception) -> Response:
        return error_response(pages, request, error, guard)

    def last_answer(request: Request, error: Exception) -> Response:
        logger.error("unforeseen error at %s", request.url.path, exc_info=error)
        response = error_response(
            pages, request, Unforeseen("Something went wrong on the server.", "Load the page again in a minute.")
        )
        response.headers.update(security_headers())  # the middleware that sets them does not see this answer
        return response

    def answer_busy(request: Request, error: Exception) -> Response:
        busy = as_busy(error) if isinstance(error, OperationalError) else None
        if busy is None:
            raise error
        logger.warning("the database was busy at %s", request.url.path)
        return error_response(pages, request, busy)  # no guard: it would ask the database

    app.add_exception_handler(OperationalError, answer_busy)
    for kind in (CloudletError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, last_answer)


def error_response(pages: Pages, request: Request, error: Exception, guard: Guard | None = None) -> Response:
    """Return the answer to `error`: JSON, a page, or the way to the sign-in.

    The page greets whom `guard` finds; without one it asks nothing that could fail as well.
    """
    reported = _as_cloudlet_error(error)
    status = status_of(reported)
    response = _answer_in_words(pages, request, reported, status, guard)
    if isinstance(reported, DatabaseBusy):
        response.headers["retry-after"] = str(RETRY_SECONDS)
    return response


def _answer_in_words(
    pages: Pages, request: Request, reported: CloudletError, status: int, guard: Guard | None
) -> Response:
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(problem_of(reported), status)
    if isinstance(reported, SignInNeeded):
        return RedirectResponse(f"/?next={quote(_wanted(request), safe='')}", 303)
    session = None if guard is None else guard.session(request)
    return pages.render(request, "failure.html", session, status=status, error=reported, status_code=status)


def _as_cloudlet_error(error: Exception) -> CloudletError:
    if isinstance(error, CloudletError):
        return error
    return BY_STATUS.get(error.status_code, UNUSABLE) if isinstance(error, HTTPException) else UNUSABLE


def _wanted(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
