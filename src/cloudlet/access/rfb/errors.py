"""How a conversation in RFB can end before its time."""

from __future__ import annotations

from cloudlet.errors import CloudletError

__all__ = [
    "ConsoleRefused",
    "PasswordRefused",
    "ProtocolError",
    "SecurityUnsupported",
    "TooManyFailures",
]


class ProtocolError(CloudletError):
    """The peer sent what RFB does not allow, or more than a limit; framing is lost, so the line is closed."""

    slug = "rfb-protocol"


class ConsoleRefused(CloudletError):
    """The instrument's VNC server does not let the gateway in."""

    slug = "console-refused"


class PasswordRefused(ConsoleRefused):
    """The VNC password is wrong, or missing where one is asked for."""

    slug = "console-password-refused"


class TooManyFailures(ConsoleRefused):
    """The VNC server has blocked the gateway's address for a while, as TigerVNC does after five failures."""

    slug = "console-too-many-failures"
    retryable = True


class SecurityUnsupported(ConsoleRefused):
    """The VNC server asks for a kind of security that the gateway does not speak."""

    slug = "console-security-unsupported"
