"""The gateway: browsers on one side, instruments' VNC servers on the other, in a process of its own."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from cloudlet.access import Access, ConsoleSettings
from cloudlet.access.console_server import ConsoleServer
from cloudlet.access.presence_store import PresenceStore
from cloudlet.access.routes import console_routes
from cloudlet.access.upstream_connector import UpstreamConnector
from cloudlet.access.viewer_monitor import GatewayServices
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.events import Tail
from cloudlet.identity import Identities
from cloudlet.instruments import Instruments
from cloudlet.migrations import check_up_to_date
from cloudlet.processes.connections import raise_connection_limit
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.logs import log_to_stderr
from cloudlet.processes.parent import end_with_parent
from cloudlet.processes.serve import server
from cloudlet.settings import Settings

__all__ = ["create_gateway", "run"]


def create_gateway(
    database: Database,
    access: Access,
    identities: Identities,
    consoles: Mapping[str, ConsoleSettings],
    origins: Collection[str],
    clock: Clock = utc_now,
) -> Starlette:
    """Return the gateway's application, to be served with `console_protocol.ConsoleProtocol`.

    Parameters
    ----------
    database
        The cloudlet's rows and news.
    access, identities
        Who may use what, and who is signed in.
    consoles
        How each instrument's screen is reached, by the instrument's key.
    origins
        The pages that may open a console.
    clock
        Source of the present time.
    """
    services = GatewayServices(access, identities, PresenceStore(database, clock), Tail(database), clock)
    console_server = ConsoleServer(
        services, {key: UpstreamConnector(console, clock) for key, console in consoles.items()}
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with console_server.running():
            yield

    app = Starlette(routes=console_routes(console_server, frozenset(origins)), lifespan=lifespan)
    app.router.redirect_slashes = False  # the redirect would repeat whatever host the request names
    return app


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve the gateway on `listener` until SIGTERM or SIGINT."""
    end_with_parent()
    log_to_stderr()
    raise_connection_limit()
    database = Database(settings.database.url)
    try:
        check_up_to_date(database)
        consoles = {key: each.console for key, each in settings.instruments.items() if each.console is not None}
        identities = Identities(database, settings.identity)
        access = Access(database, Instruments(database), identities, settings.access)
        app = create_gateway(database, access, identities, consoles, settings.access.origins)
        server(app, ConsoleProtocol).run(sockets=[listener])
    finally:
        database.close()
