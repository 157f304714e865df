"""Where consoles are, and where the gateway is for browsers.

Limits on a console are no settings: see `access.rfb.limits`, which says where each is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloudlet.web import UNPROTECTED, as_origin, is_protected

__all__ = ["AccessSettings", "ConsoleSettings"]


class AccessSettings(BaseModel):
    """The gateway as browsers see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway_url: str = Field(
        default="ws://127.0.0.1:8441",
        title="Public address of the gateway",
        description="WebSocket address that browsers open consoles at, without the `/console/...` part. The "
        "default serves this machine only; a site gives wss:// and may add a path of the portal's own address.",
    )
    origins: tuple[str, ...] = Field(
        default=("http://127.0.0.1:8440",),
        title="Pages that may open a console",
        description="Scheme, host and port of the pages, compared letter by letter. The default is the portal's "
        "default address; comparing with the request's own host instead would let a rebound name in.",
    )

    @field_validator("gateway_url")
    @classmethod
    def _is_websocket_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("give a WebSocket address, as in wss://cloudlet.example.org/gateway")
        if not is_protected(value, "ws"):
            raise ValueError(UNPROTECTED.format(scheme="ws"))
        return value.rstrip("/")

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(as_origin(value) for value in values)
        if not all(is_protected(origin) for origin in origins):
            raise ValueError(UNPROTECTED.format(scheme="http"))
        return origins


class ConsoleSettings(BaseModel):
    """How the gateway reaches one instrument's screen; pages and people never see this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vnc"] = Field(
        default="vnc",
        title="Kind of console",
        description="What the instrument's screen is served by; VNC is the only kind so far, hence the default.",
    )
    host: str = Field(
        title="Host",
        description="Name or address of the VNC server, on the private side; no default, because a wrong guess "
        "would send the password to a stranger.",
    )
    port: int = Field(
        default=5900,
        title="Port",
        description="TCP port of the VNC server; 5900 is display 0, where most servers listen.",
        ge=1,
        le=65535,
    )
    password_file: Path | None = Field(
        default=None,
        title="Password file",
        description="File whose first line is the VNC password, readable by its owner alone, or by its group as well "
        "(mode 0600 or 0640): others are refused. Without one the server must ask for none, which is the default "
        "because it needs no secret.",
    )

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not value or not value.isprintable() or any(sign in value for sign in "/@ "):
            raise ValueError("give the name or the address of a host alone; the port is a setting of its own")
        return value
