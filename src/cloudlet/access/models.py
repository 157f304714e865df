"""Grants, tickets, and who is at a console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloudlet.instruments import Level

__all__ = ["Admission", "ConsoleState", "Grant", "Ticket", "Viewer"]


@dataclass(frozen=True)
class Grant:
    """A person may use an instrument's console up to `level` for a time."""

    username: str
    instrument: str
    level: Level
    not_before: datetime
    not_after: datetime | None


@dataclass(frozen=True)
class Ticket:
    """The one-time key to a console's WebSocket, as the page gets it."""

    url: str
    """``ws(s)://`` address of the gateway's console route; carries no secret."""
    subprotocols: tuple[str, ...]
    """What the browser must offer: the protocol's name, then the ticket itself."""
    level: Level


@dataclass(frozen=True)
class Admission:
    """What a redeemed ticket stands for."""

    username: str
    display_name: str
    instrument: str
    level: Level
    web_session: str
    """The web session's id; when it ends, so does the console."""


@dataclass(frozen=True)
class Viewer:
    """Somebody at a console now."""

    username: str
    display_name: str
    has_control: bool
    since: datetime


@dataclass(frozen=True)
class ConsoleState:
    """Who is at an instrument's console, as pages show it."""

    instrument: str
    operator: Viewer | None
    observers: tuple[Viewer, ...]
    is_reachable: bool | None
    """Whether the gateway's last try reached the console; None before the first."""
