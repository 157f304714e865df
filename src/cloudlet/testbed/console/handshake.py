"""How a viewer and the console come to know each other (RFC 6143, section 7.1 to 7.3), in versions 3.3, 3.7, 3.8."""

from __future__ import annotations

import asyncio
import re
import struct
from dataclasses import dataclass

from pydantic import SecretStr

from cloudlet.testbed.console import vnc_password
from cloudlet.testbed.console.errors import ProtocolViolation, ViewerRefused
from cloudlet.testbed.console.pixel_format import NATIVE
from cloudlet.testbed.console.rectangles import Rect

__all__ = ["Desktop", "refuse", "welcome"]

_VNC_PASSWORD = 2
_VERSION = re.compile(rb"RFB (\d{3})\.(\d{3})\n")


@dataclass(frozen=True)
class Desktop:
    """How the screen is described to a viewer, and the password that it has to know."""

    name: str
    area: Rect
    password: SecretStr


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desktop: Desktop) -> bool:
    """Let a viewer in, and return whether it shares the screen with the others who are there.

    Raises
    ------
    ViewerRefused
        If the password is wrong.
    ProtocolViolation
        If the viewer does not speak RFB.
    asyncio.IncompleteReadError, OSError
        If the viewer goes.
    """
    writer.write(b"RFB 003.008\n")
    minor = _minor_version(await reader.readexactly(12))
    await _choose_security(reader, writer, minor)
    challenge = vnc_password.new_challenge()
    writer.write(challenge)
    response = await reader.readexactly(vnc_password.CHALLENGE_BYTES)
    if not vnc_password.is_right(challenge, response, desktop.password):
        writer.write(struct.pack(">I", 1) + (_reason("Wrong password") if minor == 8 else b""))
        raise ViewerRefused("A viewer sent a wrong console password.", "Compare the gateway's password file.")
    writer.write(struct.pack(">I", 0))
    is_shared = (await reader.readexactly(1)) != b"\0"
    name = desktop.name.encode()
    writer.write(struct.pack(">HH", desktop.area.width, desktop.area.height) + NATIVE.to_bytes())
    writer.write(struct.pack(">I", len(name)) + name)
    return is_shared


def refuse(writer: asyncio.StreamWriter, why: str) -> None:
    """Tell a viewer that has just connected why it cannot come in, in the words of version 3.3 that all understand."""
    writer.write(b"RFB 003.003\n" + struct.pack(">I", 0) + _reason(why))


def _minor_version(greeting: bytes) -> int:
    """Return 3, 7 or 8; what is newer or odd counts as 8 (Apple says 003.889) or 3 (UltraVNC says 003.006)."""
    match = _VERSION.fullmatch(greeting)
    if match is None:
        raise ProtocolViolation("Something that is no VNC viewer has connected to the console.")
    version = (int(match[1]), int(match[2]))
    return 8 if version >= (3, 8) else 7 if version == (3, 7) else 3


async def _choose_security(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, minor: int) -> None:
    if minor == 3:
        writer.write(struct.pack(">I", _VNC_PASSWORD))
        return
    writer.write(bytes([1, _VNC_PASSWORD]))
    chosen = (await reader.readexactly(1))[0]
    if chosen != _VNC_PASSWORD:
        writer.write(struct.pack(">I", 1) + (_reason("Choose VNC authentication") if minor == 8 else b""))
        raise ProtocolViolation(f"A viewer chose security type {chosen}, which was not offered.")


def _reason(words: str) -> bytes:
    data = words.encode()
    return struct.pack(">I", len(data)) + data
