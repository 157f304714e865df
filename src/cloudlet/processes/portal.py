"""The portal's process: pages, API, sign-in, live events."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from cloudlet.access import Access
from cloudlet.analytics import Runs
from cloudlet.database import Database
from cloudlet.events import Tail
from cloudlet.identity import Guard, Identities
from cloudlet.identity.routes import router as sign_in_routes
from cloudlet.identity.sign_in import SignIn
from cloudlet.instruments import Instruments
from cloudlet.migrations import check_up_to_date
from cloudlet.portal.app import create_portal
from cloudlet.portal.services import Services
from cloudlet.processes.connections import raise_connection_limit
from cloudlet.processes.logs import log_to_stderr
from cloudlet.processes.parent import end_with_parent
from cloudlet.processes.serve import health_route, server
from cloudlet.settings import Settings

__all__ = ["build", "run"]

PROVIDER_SECONDS = 10.0
TURN_SECONDS = 3.0
"""How long whoever changes something on a page waits to write, and with it one of the threads that all pages share."""
MOST_WAITING = 8
"""Of the 40 threads of the pages; the others are for those who read."""


def build(settings: Settings, database: Database) -> FastAPI:
    """Put the portal together."""
    identities = Identities(database, settings.identity)
    guard = Guard(identities, settings.web)
    client = httpx.AsyncClient(
        timeout=PROVIDER_SECONDS,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=None),  # sign-ins under way are limited for each provider
    )
    sign_in = SignIn(database, identities, settings.identity, settings.web, client)
    instruments = Instruments(database)
    services = Services(
        guard=guard,
        instruments=instruments,
        access=Access(database, instruments, identities, settings.access),
        runs=Runs(database, instruments),
        tail=Tail(database),
        providers={key: provider.title for key, provider in settings.identity.providers.items()},
    )
    return create_portal(
        services,
        settings.portal,
        settings.web,
        routers=(sign_in_routes(sign_in, identities, guard, settings.web), health_route()),
        connect_sources=(_origin(settings.access.gateway_url),),
    )


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve the portal on `listener` until SIGTERM or SIGINT."""
    end_with_parent()
    log_to_stderr()
    raise_connection_limit()
    database = Database(settings.database.url, turn_seconds=TURN_SECONDS, most_waiting=MOST_WAITING)
    try:
        check_up_to_date(database)
        server(build(settings, database)).run(sockets=[listener])
    finally:
        database.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
