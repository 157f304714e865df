"""What viewers say: bytes in, messages out (RFC 6143, section 7.5).

Every length has a limit that is checked before anything is kept. A type that is not known cannot be skipped, since
its length is not known either: it ends the connection.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from cloudlet.testbed.console.errors import ProtocolViolation
from cloudlet.testbed.console.pixel_format import PixelFormat
from cloudlet.testbed.console.rectangles import Rect

__all__ = ["CutText", "Key", "Message", "MessageParser", "Pointer", "SetEncodings", "SetPixelFormat", "UpdateRequest"]

_MOST_ENCODINGS = 512
_MOST_CUT_TEXT_BYTES = 1 << 20


@dataclass(frozen=True)
class SetPixelFormat:
    """The viewer wants its pixels laid out so."""

    pixel_format: PixelFormat


@dataclass(frozen=True)
class SetEncodings:
    """The viewer understands these encodings, the best first."""

    encodings: tuple[int, ...]


@dataclass(frozen=True)
class UpdateRequest:
    """The viewer wants to see an area."""

    area: Rect
    is_incremental: bool
    """Whether what has not changed need not be sent."""


@dataclass(frozen=True)
class Key:
    """A key goes down or up."""

    keysym: int
    is_down: bool
    keycode: int | None = None
    """The key's XT scan code where the viewer sent QEMU's extended message."""


@dataclass(frozen=True)
class Pointer:
    """The pointer moves, or its buttons change."""

    x: int
    y: int
    buttons: int
    """Bit 0 is the left one."""


@dataclass(frozen=True)
class CutText:
    """The viewer's clipboard has changed; the operator's screen has no use for it."""

    size: int


Message = SetPixelFormat | SetEncodings | UpdateRequest | Key | Pointer | CutText


class MessageParser:
    """Turns a stream of bytes, cut anywhere, into messages."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take in more bytes and return the messages that are complete.

        Raises
        ------
        ProtocolViolation
            If a message is unknown or too long; the stream cannot be followed any further.
        """
        self._held += data
        messages: list[Message] = []
        while self._pass_over() and (size := self._size()) is not None and len(self._held) >= size:
            message, self._held = bytes(self._held[:size]), self._held[size:]
            messages.append(_PARSERS[message[0]](message))
            if message[0] == 6:
                self._skip = _cut_text_size(message)
        return messages

    def _pass_over(self) -> bool:
        """Drop the text of a clipboard as it comes; return whether all of it has passed."""
        passed = min(self._skip, len(self._held))
        del self._held[:passed]
        self._skip -= passed
        return self._skip == 0

    def _size(self) -> int | None:
        """Return the length of the message at the front, None while it is not known."""
        if not self._held:
            return None
        kind = self._held[0]
        if kind not in _SIZES:
            raise ProtocolViolation(f"A viewer sent a message of unknown type {kind}.")
        if kind != 2:
            return _SIZES[kind]
        if len(self._held) < 4:
            return None
        count = int.from_bytes(self._held[2:4])
        if count > _MOST_ENCODINGS:
            raise ProtocolViolation(f"A viewer named {count} encodings.")
        return 4 + 4 * count


def _pixel_format(message: bytes) -> Message:
    return SetPixelFormat(PixelFormat.parse(message[4:]))


def _encodings(message: bytes) -> Message:
    return SetEncodings(struct.unpack(f">{(len(message) - 4) // 4}i", message[4:]))


def _update_request(message: bytes) -> Message:
    incremental, x, y, width, height = struct.unpack(">xBHHHH", message)
    return UpdateRequest(Rect(x, y, width, height), bool(incremental))


def _key(message: bytes) -> Message:
    is_down, keysym = struct.unpack(">xBxxI", message)
    return Key(keysym, bool(is_down))


def _pointer(message: bytes) -> Message:
    buttons, x, y = struct.unpack(">xBHH", message)
    return Pointer(x, y, buttons)


def _cut_text(message: bytes) -> Message:
    return CutText(_cut_text_size(message))


def _cut_text_size(message: bytes) -> int:
    size = int.from_bytes(message[4:8])
    if size > _MOST_CUT_TEXT_BYTES:
        raise ProtocolViolation("A viewer announced a clipboard of more than a megabyte.")
    return size


def _qemu(message: bytes) -> Message:
    kind, is_down, keysym, keycode = struct.unpack(">xBHII", message)
    if kind != 0:
        raise ProtocolViolation(f"A viewer sent a QEMU message of unknown type {kind}.")
    return Key(keysym, bool(is_down), keycode)


_SIZES = {0: 20, 2: 4, 3: 10, 4: 8, 5: 6, 6: 8, 255: 12}
"""Length of each message by its type; 2 goes on behind it, 6 is followed by text that is passed over."""

_PARSERS: dict[int, Callable[[bytes], Message]] = {
    0: _pixel_format,
    2: _encodings,
    3: _update_request,
    4: _key,
    5: _pointer,
    6: _cut_text,
    255: _qemu,
}
