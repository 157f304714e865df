"""Serving an application on a socket that a supervisor opened, or on an address."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from fastapi import APIRouter
from starlette.types import ASGIApp
from uvicorn.config import WSProtocolType

from cloudlet.errors import CloudletError
from cloudlet.processes.connections import PromptProtocol
from cloudlet.processes.uvicorn_check import check_uvicorn

__all__ = ["AddressUnusable", "health_route", "listening_socket", "server"]

BACKLOG = 512
SHUTDOWN_SECONDS = 2
"""Open event streams never end by themselves."""
PING_SECONDS = 5.0
"""Interval and patience of WebSocket pings: a browser that vanished is noticed within twice that."""
TRAILER_BYTES = 2 * 1024
"""What h11 may keep of a chunk's beginning, or of headers after a body, which nobody sends; heads come to it whole."""
MESSAGE_BYTES = 64 * 1024
"""Longest WebSocket message taken from a browser; its client sends 10 KiB at most."""


class AddressUnusable(CloudletError):
    """A process cannot listen where it was asked to."""

    slug = "address-unusable"


def listening_socket(fd: int | None, host: str, port: int) -> socket.socket:
    """Return the inherited socket `fd`, or a new one listening on `host` and `port`.

    Raises
    ------
    AddressUnusable
        There is no such socket, or nobody can listen there.
    """
    try:
        return socket.socket(fileno=fd) if fd is not None else socket.create_server((host, port), backlog=BACKLOG)
    except (OSError, OverflowError) as cause:
        place = f"{host}, port {port}" if fd is None else f"the inherited socket {fd}"
        raise AddressUnusable(
            f"Nobody can listen on {place}: {getattr(cause, 'strerror', None) or cause}.",
            "Look whether another process listens there already, and check --host and --port, or --fd.",
        ) from cause


def server(app: ASGIApp, ws: type[asyncio.Protocol] | WSProtocolType = "none") -> uvicorn.Server:
    """Return a server for `app`, to be run with ``server.run(sockets=[...])``; `ws` speaks its WebSockets.

    The access log is off: addresses and times of people's requests are nobody's business, and what matters is in
    the audit record.

    Raises
    ------
    cloudlet.processes.uvicorn_check.ServerUnsuitable
        The installed uvicorn lacks what the limits on connections are built upon.
    """
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=PromptProtocol,
        h11_max_incomplete_event_size=TRAILER_BYTES,
        ws=ws,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        proxy_headers=False,
    )
    check_uvicorn(config)
    return uvicorn.Server(config)


def health_route() -> APIRouter:
    """Return a route that answers whoever asks whether this process serves."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health")
    def health() -> dict[str, str]:
        return {"status": "serving"}

    return router
