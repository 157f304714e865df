"""How a console ends for one viewer: the code and reason on the wire, and the cause on the record."""

from __future__ import annotations

__all__ = [
    "FLOODED",
    "REVOKED",
    "SIGNED_OUT",
    "TOO_LONG",
    "TOO_MANY",
    "UNREACHABLE",
    "VANISHED",
    "ConsoleEnded",
    "browser_left",
    "database_silent",
    "viewer_broke_protocol",
]

SIGNED_OUT = 4401
REVOKED = 4403
TOO_MANY = 4429
UNREACHABLE = 4502
DATABASE_SILENT = 4503
PROTOCOL_BROKEN = 1002
VANISHED = 1006
FLOODED = 1008
TOO_LONG = 1009
SERVER_STOPS = 1012
MAX_REASON_BYTES = 123
"""What a WebSocket's close frame can carry."""

_LEFT = {
    1000: "closed by the operator",
    1001: "page left",
    FLOODED: "flooded the gateway",
    TOO_LONG: "sent too long a message",
    SERVER_STOPS: "gateway stopped",
}


class ConsoleEnded(Exception):
    """The console is over for this viewer.

    Parameters
    ----------
    code
        WebSocket close code.
    reason
        A sentence for the page.
    cause
        A few words for the record; the reason where they are the same.
    """

    def __init__(self, code: int, reason: str, cause: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self.cause = cause or reason


def browser_left(code: int) -> ConsoleEnded:
    """Return the ending for a browser that closed with `code`, or was lost."""
    return ConsoleEnded(code, "", _LEFT.get(code, "connection lost"))


def database_silent() -> ConsoleEnded:
    """Return the ending for a viewer about whom the database cannot be asked, or written."""
    return ConsoleEnded(DATABASE_SILENT, "The database does not answer. Try again in a minute.", "database silent")


def viewer_broke_protocol(message: str) -> ConsoleEnded:
    """Return the ending for a viewer that sent what it must not."""
    return ConsoleEnded(PROTOCOL_BROKEN, message)
