"""Grants, tickets, and who is at a console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloudlet.instruments import Level

__all__ = [
    "AbandonedConsole",
    "Authorization",
    "ConsoleState",
    "Grant",
    "InputTrace",
    "PointerState",
    "Ticket",
    "Viewer",
    "ViewerSession",
]


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
class Authorization:
    """What a redeemed ticket stands for."""

    username: str
    display_name: str
    instrument: str
    level: Level
    web_session: str
    """The web session's id; when it ends, so does the console."""


@dataclass(frozen=True)
class PointerState:
    """Where the pointer of an operator was, and which of its buttons were down."""

    x: int
    """Pixels from the left of the instrument's screen."""
    y: int
    """Pixels from the top."""
    buttons: int
    """Bit 0 is the left button, bit 1 the middle one, bit 2 the right one; 0 with none held."""


@dataclass(frozen=True)
class InputTrace:
    """What must be known of an operator's input to let go of whatever they may hold.

    Not what is held at this moment, which changes with every key, but what was ever pressed: to let go of a key that is
    up does no harm, and a record that changes seldom is hardly ever older than the last press.
    """

    pointer: PointerState | None = None
    """None before the pointer was moved."""
    keysyms: frozenset[int] = frozenset()
    """Symbols that were pressed, of those alone that `rfb.all_keys_up` does not let go of unasked."""
    has_scan_codes: bool = False
    """Whether keys were pressed by scan code, so that the instrument's server knows such messages."""


@dataclass(frozen=True)
class ViewerSession:
    """One viewer at a console, from arrival to leaving."""

    id: int
    """Its number, never used again."""
    has_control: bool
    displaced: int | None
    """The same person's older session that lost control to this one; None where there was none."""


@dataclass(frozen=True)
class AbandonedConsole:
    """A console that a gateway left without being able to let go of what was held."""

    instrument: str
    trace: InputTrace
    """What was last recorded of the operator's input."""


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
    problem: str | None = None
    """Why the last try failed, in words for the page; None where it did not."""
