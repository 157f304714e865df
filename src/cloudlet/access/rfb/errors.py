"""How a conversation in RFB can end before its time."""

from __future__ import annotations

from typing import ClassVar

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
    is_failed_attempt: ClassVar[bool] = False
    """Whether VNC servers count it, and block the gateway's address after a few."""


class PasswordRefused(ConsoleRefused):
    """The VNC password is wrong, or missing where one is asked for."""

    slug = "console-password-refused"
    is_failed_attempt = True


class TooManyFailures(ConsoleRefused):
    """The VNC server has blocked the gateway's address for a while, as TigerVNC does after five failures."""

    slug = "console-too-many-failures"
    retryable = True
    is_failed_attempt = True


class SecurityUnsupported(ConsoleRefused):
    """The VNC server asks for a kind of security that the gateway does not speak."""

    slug = "console-security-unsupported"
    is_failed_attempt = True  # TigerVNC counts a handshake that is broken off
