"""What a viewer may say after the handshake, each message with its own wire form.

Sections 7.5 of RFC 6143 and of the community's rfbproto document. `encode` writes the canonical form, so that
what reaches the instrument was written here and not by the browser.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "ClientMessage",
    "ContinuousUpdates",
    "CutText",
    "Discarded",
    "Fence",
    "Key",
    "Kind",
    "Pointer",
    "QemuAudio",
    "QemuKey",
    "SetDesktopSize",
    "SetEncodings",
    "SetPixelFormat",
    "UpdateRequest",
    "Xvp",
]

FENCE_REQUEST = 0x80000000
QEMU_KEY = 0
QEMU_AUDIO = 1


class Kind(IntEnum):
    """The first byte of each message that has a length we know."""

    SET_PIXEL_FORMAT = 0
    SET_ENCODINGS = 2
    UPDATE_REQUEST = 3
    KEY = 4
    POINTER = 5
    CUT_TEXT = 6
    CONTINUOUS_UPDATES = 150
    FENCE = 248
    XVP = 250
    SET_DESKTOP_SIZE = 251
    QEMU = 255


class ClientMessage(ABC):
    """One whole message of a viewer."""

    @abstractmethod
    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""


@dataclass(frozen=True)
class SetPixelFormat(ClientMessage):
    """How pixels are to be written; the server then sends everything anew."""

    pixel_format: bytes
    """16 bytes as in RFC 6143 section 7.4."""

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!B3x16s", Kind.SET_PIXEL_FORMAT, self.pixel_format)


@dataclass(frozen=True)
class SetEncodings(ClientMessage):
    """Encodings the viewer understands, best first; pseudo-encodings switch extensions on."""

    encodings: tuple[int, ...]
    """Signed numbers."""

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        count = len(self.encodings)
        return struct.pack(f"!BxH{count}i", Kind.SET_ENCODINGS, count, *self.encodings)


@dataclass(frozen=True)
class UpdateRequest(ClientMessage):
    """The viewer wants a part of the screen: what changed, or all of it."""

    is_incremental: bool
    x: int
    y: int
    width: int
    height: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BBHHHH", Kind.UPDATE_REQUEST, self.is_incremental, self.x, self.y, self.width, self.height)


@dataclass(frozen=True)
class Key(ClientMessage):
    """A key went down or up, named by its X keysym."""

    is_down: bool
    keysym: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BBxxI", Kind.KEY, self.is_down, self.keysym)


@dataclass(frozen=True)
class QemuKey(ClientMessage):
    """A key went down or up, named by keysym and by scan code; the server goes by the scan code."""

    is_down: bool
    keysym: int
    keycode: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BBHII", Kind.QEMU, QEMU_KEY, self.is_down, self.keysym, self.keycode)


@dataclass(frozen=True)
class Pointer(ClientMessage):
    """Where the pointer is, in pixels from the top left, and which buttons are down."""

    buttons: int
    """Bit 0 is the left button; a turn of the wheel is a short press of bit 3 or 4."""
    x: int
    y: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BBHH", Kind.POINTER, self.buttons, self.x, self.y)


@dataclass(frozen=True)
class CutText(ClientMessage):
    """Text for the instrument's clipboard."""

    text: bytes
    """Latin-1."""

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!B3xI", Kind.CUT_TEXT, len(self.text)) + self.text


@dataclass(frozen=True)
class ContinuousUpdates(ClientMessage):
    """Updates of a part of the screen are to come unasked, or not any more."""

    is_on: bool
    x: int
    y: int
    width: int
    height: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BBHHHH", Kind.CONTINUOUS_UPDATES, self.is_on, self.x, self.y, self.width, self.height)


@dataclass(frozen=True)
class Fence(ClientMessage):
    """A mark in the stream, asked for or answered."""

    flags: int
    payload: bytes

    @property
    def is_request(self) -> bool:
        """Whether this side asks, instead of answering."""
        return bool(self.flags & FENCE_REQUEST)

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!B3xIB", Kind.FENCE, self.flags, len(self.payload)) + self.payload


@dataclass(frozen=True)
class Xvp(ClientMessage):
    """Shut down (2), reboot (3) or reset (4) the instrument's computer."""

    version: int
    code: int

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BxBB", Kind.XVP, self.version, self.code)


@dataclass(frozen=True)
class SetDesktopSize(ClientMessage):
    """Another size of the instrument's screen, for everybody who looks at it."""

    width: int
    height: int
    screens: tuple[bytes, ...]
    """16 bytes each: id, x, y, width, height, flags."""

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        head = struct.pack("!BxHHBx", Kind.SET_DESKTOP_SIZE, self.width, self.height, len(self.screens))
        return head + b"".join(self.screens)


@dataclass(frozen=True)
class QemuAudio(ClientMessage):
    """Sound of the instrument's computer; never granted."""

    body: bytes

    def encode(self) -> bytes:
        """Return the message as it is written on the wire."""
        return struct.pack("!BB", Kind.QEMU, QEMU_AUDIO) + self.body


@dataclass(frozen=True)
class Discarded(ClientMessage):
    """A message that was read and thrown away unbuffered: clipboard text beyond the limit."""

    size_bytes: int

    def encode(self) -> bytes:
        """Return nothing: there is nothing left to write."""
        return b""
