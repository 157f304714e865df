"""The gateway as a VNC viewer: what it says to the instrument's server until the screen begins.

Steps (RFC 6143 section 7.1)::

    VERSION         12 bytes   answered in the same dialect; 3.3 -> DICTATED, else -> COUNT
    DICTATED         4 bytes   3.3: 0 -> REASON, 1 -> say "shared" -> INIT, 2 -> CHALLENGE
    COUNT            1 byte    0 -> REASON, n -> OFFERED
    OFFERED          n bytes   choose VNC authentication with a password, else None
    CHALLENGE       16 bytes   answered -> RESULT
    RESULT           4 bytes   0 -> say "shared" -> INIT; else refused, with a REASON in 3.8
    REASON         4+n bytes   the refusal
    INIT            24 bytes   size and pixel format, length of the name -> NAME
    NAME             n bytes   -> done

"None" has a RESULT in 3.8 only. The shared flag is always set: without it a server throws everybody else out.
TigerVNC refuses an address that failed too often as version 3.3 with type 0 and "Too many security failures".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from cloudlet.access.rfb.errors import ConsoleRefused, ProtocolError
from cloudlet.access.rfb.handshake import Handshake, Step
from cloudlet.access.rfb.limits import MAX_NAME_BYTES, MAX_REASON_BYTES
from cloudlet.access.rfb.security import (
    SECURITY_VNC,
    chosen_security,
    password_refusal,
    refusal,
    too_many,
)
from cloudlet.access.rfb.versions import VERSION_BYTES, Version, read_version
from cloudlet.access.rfb.vncauth import CHALLENGE_BYTES, answer

__all__ = ["ClientHandshake", "ServerInit"]

SHARED = b"\x01"
RESULT_TOO_MANY = 2
_INIT = struct.Struct("!HH16sI")


@dataclass(frozen=True)
class ServerInit:
    """The instrument's screen at the moment of connecting."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    pixel_format: bytes
    """16 bytes as in RFC 6143 section 7.4."""
    name: bytes

    def encode(self) -> bytes:
        """Return the message as the browser gets it."""
        return _INIT.pack(self.width, self.height, self.pixel_format, len(self.name)) + self.name


class ClientHandshake(Handshake):
    """The handshake towards one instrument.

    Parameters
    ----------
    password
        The VNC password; None where the instrument asks for none.
    """

    def __init__(self, password: str | None) -> None:
        self._password = password
        self._version = Version.V3_8
        self._init: ServerInit | None = None
        self._has_answered = False
        super().__init__()

    @property
    def server_init(self) -> ServerInit:
        """The screen's description; there is one once the handshake is done."""
        if self._init is None:
            raise ProtocolError("The instrument's screen was not described yet.")
        return self._init

    def closed(self) -> NoReturn:
        """Say why the server closed the line before the end.

        Raises
        ------
        PasswordRefused
            It did so after it got the answer to its challenge: some servers say no in no other way.
        ProtocolError
            It did so earlier or later.
        """
        if self._has_answered:
            raise password_refusal()
        raise ProtocolError("The instrument's VNC server closes the connection at once.")

    def _start(self) -> None:
        self._expect(VERSION_BYTES, self._read_version)

    def _read_version(self, line: bytes) -> None:
        self._version = read_version(line)
        self._say(self._version.value)
        if self._version is Version.V3_3:
            self._expect(4, self._read_dictated)
        else:
            self._expect(1, self._read_count)

    def _read_dictated(self, data: bytes) -> None:
        kind = _number(data)
        if kind == 0:
            self._expect(4, self._reason_of(refusal))
        else:
            self._begin({kind})

    def _read_count(self, data: bytes) -> None:
        if data[0] == 0:
            self._expect(4, self._reason_of(refusal))
        else:
            self._expect(data[0], self._read_offered)

    def _read_offered(self, data: bytes) -> None:
        self._begin(set(data))

    def _begin(self, offered: set[int]) -> None:
        kind = chosen_security(offered, self._password)
        if self._version is not Version.V3_3:
            self._say(bytes([kind]))
        if kind == SECURITY_VNC:
            self._expect(CHALLENGE_BYTES, self._read_challenge)
        elif self._version is Version.V3_8:
            self._expect(4, self._read_result)
        else:
            self._greet()

    def _read_challenge(self, challenge: bytes) -> None:
        self._say(answer(challenge, self._password or ""))
        self._has_answered = True
        self._expect(4, self._read_result)

    def _read_result(self, data: bytes) -> None:
        result = _number(data)
        if result == 0:
            self._greet()
        elif self._version is Version.V3_8:
            self._expect(4, self._reason_of(password_refusal if self._has_answered else refusal))
        elif result == RESULT_TOO_MANY:
            raise too_many()
        else:
            raise password_refusal()

    def _greet(self) -> None:
        self._has_answered = False
        self._say(SHARED)
        self._expect(_INIT.size, self._read_init)

    def _read_init(self, data: bytes) -> None:
        width, height, pixel_format, length = _INIT.unpack(data)
        if length > MAX_NAME_BYTES:
            raise ProtocolError(f"The instrument's screen has a name of {length} bytes.")

        def read_name(name: bytes) -> None:
            self._init = ServerInit(width, height, pixel_format, name)
            self._finish()

        self._expect(length, read_name)

    def _reason_of(self, error_for: Callable[[bytes], ConsoleRefused]) -> Step:
        def refuse(reason: bytes) -> NoReturn:
            raise error_for(reason)

        def read_length(data: bytes) -> None:
            length = _number(data)
            if length > MAX_REASON_BYTES:
                raise ProtocolError(f"The instrument refuses with a text of {length} bytes.")
            self._expect(length, refuse)

        return read_length


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
