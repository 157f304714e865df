"""Whether the installed uvicorn is what `connections` and `console_protocol` build upon.

Both extend classes that uvicorn does not promise to keep. Were one of the names below gone, a limit could silently
stop limiting; so a process asks before it serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from cloudlet.errors import CloudletError

__all__ = ["HTTP_NAMES", "WEBSOCKET_NAMES", "ServerUnsuitable", "check_uvicorn", "missing_names"]

HTTP_NAMES = (
    "_unset_keepalive_if_required",
    "client",
    "conn",
    "cycle",
    "flow",
    "handle_websocket_upgrade",
    "loop",
    "on_response_complete",
    "server_state",
    "transport",
)
WEBSOCKET_NAMES = (
    "close_sent",
    "close_timer",
    "config",
    "conn",
    "handle_connect",
    "handshake_complete",
    "handshake_initiated",
    "keepalive_timeout",
    "loop",
    "queue",
    "read_paused",
    "stop_keepalive",
    "transport",
)


class ServerUnsuitable(CloudletError):
    """The installed uvicorn lacks what the limits on connections are built upon."""

    slug = "server-unsuitable"


def check_uvicorn(config: uvicorn.Config) -> None:
    """Raise where the protocols of `config` lack something that they inherit.

    Raises
    ------
    ServerUnsuitable
        Names what is missing.
    """
    if not config.loaded:
        config.load()
    missing = list(_missing(config))
    if missing:
        raise ServerUnsuitable(
            f"uvicorn {uvicorn.__version__} cannot be used: {', '.join(missing)} is not there.",
            "Install the version of uvicorn that constraints.txt names.",
        )


def _missing(config: uvicorn.Config) -> Iterator[str]:
    names: Mapping[Any, tuple[str, ...]] = {
        config.http_protocol_class: HTTP_NAMES,
        config.ws_protocol_class: WEBSOCKET_NAMES,
    }
    for protocol, needed in names.items():
        if protocol is not None:
            yield from missing_names(protocol, needed, config)


def missing_names(protocol: Any, names: tuple[str, ...], config: uvicorn.Config) -> Iterator[str]:
    """Yield those of `names` that a `protocol` for `config` does not have once it is made."""
    loop = asyncio.new_event_loop()
    try:
        made = protocol(config=config, server_state=ServerState(), app_state={}, _loop=loop)
    finally:
        loop.close()
    yield from (f"{protocol.__name__}.{name}" for name in names if not hasattr(made, name))
