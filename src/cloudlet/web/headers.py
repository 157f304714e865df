"""Security headers on every answer, and refusal of other sites' requests, as plain ASGI middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudlet.web.errors import CrossOrigin
from cloudlet.web.statuses import problem_of, status_of

__all__ = ["OriginCheck", "SecurityHeaders", "security_headers"]

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def security_headers(connect_sources: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers that every answer carries.

    Parameters
    ----------
    connect_sources
        Origins beside our own that scripts may talk to (the gateway's, ``ws:`` or ``wss:``).
    """
    return {
        "content-security-policy": _policy(connect_sources),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",  # "no-referrer" makes Chromium send "Origin: null" with our own forms
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cache-control": "no-store",
    }


def _policy(connect_sources: Sequence[str]) -> str:
    """Return the policy for our pages: own scripts and styles only, nothing inline, no frames.

    ``img-src data: blob:`` is for the console, whose client decodes JPEG through ``data:`` images.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            " ".join(("connect-src 'self'", *connect_sources)),
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds `headers` to every answer; one that a route has set itself is left alone."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OriginCheck:
    """Refuses requests that change something unless they come from our own pages.

    Browsers send ``Origin`` with every such request, so its absence means a program, which has no cookies
    that another site could abuse; ``Sec-Fetch-Site`` covers browsers that leave it out.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a foreign page's request; pass everything else on."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and self._is_foreign(scope):
            error = CrossOrigin("This request came from another site's page.", "Use the pages of this cloudlet.")
            await JSONResponse(problem_of(error), status_of(error))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None:
            return origin != self._origin
        return headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
