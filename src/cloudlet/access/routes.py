"""The gateway's one WebSocket route, and a sign of life."""

from __future__ import annotations

import logging
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from cloudlet.access.console_server import ConsoleServer
from cloudlet.access.tickets import PROTOCOL, offered_ticket
from cloudlet.errors import CloudletError
from cloudlet.web import Forbidden, problem_of, status_of

__all__ = ["console_routes"]

logger = logging.getLogger(__name__)


def console_routes(console_server: ConsoleServer, origins: Collection[str]) -> list[BaseRoute]:
    """Return the routes of the gateway.

    Parameters
    ----------
    console_server
        Who brings viewers to consoles.
    origins
        The pages that may open a console, compared letter by letter with what the browser says; never with the
        request's own host, which a rebound name would satisfy.
    """

    async def console(socket: WebSocket) -> None:
        try:
            _check_origin(socket, origins)
            ticket = offered_ticket(socket.scope["subprotocols"])
            authorization = await console_server.authorize(ticket, socket.path_params["instrument"])
        except CloudletError as refusal:
            logger.info("a console was refused: %s (%s)", refusal.message, refusal.slug)
            answer = JSONResponse(problem_of(refusal), status_of(refusal))
            await socket.send_denial_response(answer)
            return
        await socket.accept(PROTOCOL)
        await console_server.serve(socket, authorization)

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "serving"})

    return [WebSocketRoute("/console/{instrument}", console), Route("/health", health)]


def _check_origin(socket: WebSocket, origins: Collection[str]) -> None:
    if socket.headers.get("origin") not in origins:
        raise Forbidden("This page may not open a console.", "Open the console from the portal's own address.")
