"""The application that the portal starts from."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cloudlet.errors import CloudletError
from cloudlet.web.bodies import BodyLimit
from cloudlet.web.headers import OriginCheck, SecurityHeaders, security_headers
from cloudlet.web.settings import WebSettings
from cloudlet.web.statuses import problem_of, status_of

__all__ = ["create_app"]


def create_app(title: str, settings: WebSettings, *, connect_sources: Sequence[str] = ()) -> FastAPI:
    """Return an application with security headers, the origin check, a limit on bodies, and errors made into answers.

    Parameters
    ----------
    title
        Shown in the API's description.
    settings
        Whose origin alone may send requests that change something.
    connect_sources
        Origins beside our own that scripts of our pages may talk to.
    """
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # its description is for whom a route of its own lets read it
        redirect_slashes=False,  # the redirect would repeat whatever host the request names
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(OriginCheck, origin=settings.base_url)
    app.add_middleware(SecurityHeaders, headers=security_headers(connect_sources))
    app.add_exception_handler(CloudletError, _as_problem)
    return app


def _as_problem(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, CloudletError):
        raise error
    return JSONResponse(problem_of(error), status_of(error))
