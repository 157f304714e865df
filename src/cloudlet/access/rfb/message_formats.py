"""How each kind of message is written: the table by which a viewer's stream is cut.

Section 7.5 of RFC 6143 and of the community's rfbproto document. Pointer messages always have six bytes, because
the encoding that makes them longer (-316) is never let through to the instrument.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.limits import (
    MAX_CUT_TEXT_BYTES,
    MAX_ENCODINGS,
    MAX_FENCE_BYTES,
    MAX_SCREENS,
)
from cloudlet.access.rfb.messages import (
    QEMU_AUDIO,
    QEMU_KEY,
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Fence,
    Key,
    Kind,
    Pointer,
    QemuAudio,
    QemuKey,
    SetDesktopSize,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
    Xvp,
)

__all__ = ["MessageFormat", "format_of"]

SCREEN_BYTES = 16
CUT_TEXT_HEAD_BYTES = 8
AUDIO_SET_FORMAT = 2


@dataclass(frozen=True)
class MessageFormat:
    """How one kind of message is written."""

    head_bytes: int
    """How many bytes tell the whole length."""
    length_of: Callable[[bytes], int]
    """From the head to the whole length in bytes; raises ProtocolError beyond a limit."""
    read: Callable[[bytes], ClientMessage]
    """From the whole to the message."""
    is_discarded: Callable[[bytes], bool] = lambda _head: False
    """Whether the message is thrown away unbuffered."""


def _fixed(length: int, read: Callable[[bytes], ClientMessage]) -> MessageFormat:
    return MessageFormat(1, lambda _head: length, read)


def format_of(first: int) -> MessageFormat:
    """Return the layout of the message whose first byte is `first`.

    Raises
    ------
    ProtocolError
        Nobody here knows how long such a message is.
    """
    try:
        return MESSAGE_FORMATS[Kind(first)]
    except ValueError as cause:
        raise ProtocolError(f"The viewer sent a message of an unknown kind ({first}).") from cause


def _bounded(count: int, limit: int, what: str) -> int:
    if count > limit:
        raise ProtocolError(f"The viewer sent {count} {what}; {limit} are allowed.")
    return count


def _encodings_length(head: bytes) -> int:
    (count,) = struct.unpack("!2xH", head)
    return 4 + 4 * _bounded(count, MAX_ENCODINGS, "encodings")


def _cut_text_length(head: bytes) -> int:
    return CUT_TEXT_HEAD_BYTES + abs(_cut_text_number(head))


def _is_cut_text_discarded(head: bytes) -> bool:
    return not 0 <= _cut_text_number(head) <= MAX_CUT_TEXT_BYTES


def _cut_text_number(head: bytes) -> int:
    """Return the length of the text; the extended clipboard, which was never offered, writes it negative."""
    return int.from_bytes(head[4:8], "big", signed=True)


def _fence_length(head: bytes) -> int:
    return 9 + _bounded(head[8], MAX_FENCE_BYTES, "bytes in a fence")


def _desktop_size_length(head: bytes) -> int:
    return 8 + SCREEN_BYTES * _bounded(head[6], MAX_SCREENS, "screens")


def _qemu_length(head: bytes) -> int:
    if head[1] == QEMU_KEY:
        return 12
    if head[1] == QEMU_AUDIO:
        return 10 if int.from_bytes(head[2:4], "big") == AUDIO_SET_FORMAT else 4
    raise ProtocolError(f"The viewer sent a QEMU message of an unknown kind ({head[1]}).")


def _read_pixel_format(data: bytes) -> ClientMessage:
    return SetPixelFormat(data[4:])


def _read_encodings(data: bytes) -> ClientMessage:
    return SetEncodings(struct.unpack(f"!{(len(data) - 4) // 4}i", data[4:]))


def _read_update_request(data: bytes) -> ClientMessage:
    is_incremental, x, y, width, height = struct.unpack("!x?HHHH", data)
    return UpdateRequest(is_incremental, x, y, width, height)


def _read_key(data: bytes) -> ClientMessage:
    return Key(*struct.unpack("!x?xxI", data))


def _read_pointer(data: bytes) -> ClientMessage:
    return Pointer(*struct.unpack("!xBHH", data))


def _read_cut_text(data: bytes) -> ClientMessage:
    return CutText(data[CUT_TEXT_HEAD_BYTES:])


def _read_continuous_updates(data: bytes) -> ClientMessage:
    is_on, x, y, width, height = struct.unpack("!x?HHHH", data)
    return ContinuousUpdates(is_on, x, y, width, height)


def _read_fence(data: bytes) -> ClientMessage:
    return Fence(int.from_bytes(data[4:8], "big"), data[9:])


def _read_xvp(data: bytes) -> ClientMessage:
    return Xvp(data[2], data[3])


def _read_desktop_size(data: bytes) -> ClientMessage:
    width, height = struct.unpack("!2xHH", data[:6])
    screens = tuple(data[start : start + SCREEN_BYTES] for start in range(8, len(data), SCREEN_BYTES))
    return SetDesktopSize(width, height, screens)


def _read_qemu(data: bytes) -> ClientMessage:
    if data[1] == QEMU_AUDIO:
        return QemuAudio(data[2:])
    is_down, keysym, keycode = struct.unpack("!2xHII", data)
    return QemuKey(bool(is_down), keysym, keycode)


MESSAGE_FORMATS: Mapping[Kind, MessageFormat] = {
    Kind.SET_PIXEL_FORMAT: _fixed(20, _read_pixel_format),
    Kind.SET_ENCODINGS: MessageFormat(4, _encodings_length, _read_encodings),
    Kind.UPDATE_REQUEST: _fixed(10, _read_update_request),
    Kind.KEY: _fixed(8, _read_key),
    Kind.POINTER: _fixed(6, _read_pointer),
    Kind.CUT_TEXT: MessageFormat(8, _cut_text_length, _read_cut_text, _is_cut_text_discarded),
    Kind.CONTINUOUS_UPDATES: _fixed(10, _read_continuous_updates),
    Kind.FENCE: MessageFormat(9, _fence_length, _read_fence),
    Kind.XVP: _fixed(4, _read_xvp),
    Kind.SET_DESKTOP_SIZE: MessageFormat(8, _desktop_size_length, _read_desktop_size),
    Kind.QEMU: MessageFormat(4, _qemu_length, _read_qemu),
}
