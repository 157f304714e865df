"""Whether what a viewer says makes sense, before an instrument's server has to find out.

Who shows the screen in a browser has every message under control, and servers of instruments are old. What no program
means is refused, and ends the conversation; what a program may mean in good faith is cut down to what makes sense.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.limits import MAX_SCREEN_PIXELS, MAX_SCREEN_SIDE
from cloudlet.access.rfb.messages import (
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Fence,
    Key,
    Pointer,
    QemuKey,
    SetDesktopSize,
    SetPixelFormat,
    UpdateRequest,
    Xvp,
)
from cloudlet.access.rfb.pixel_format import canonical_pixel_format
from cloudlet.access.rfb.screen import Screen

__all__ = ["LARGEST_SCAN_CODE", "valid"]

LARGEST_KEYSYM = 0x1FFFFFFF
"""X11 gives symbols 29 bits (protocol specification, section "Keyboards")."""
LARGEST_SCAN_CODE = 0xFF
"""Seven bits of the XT's keyboards, and one for what they wrote behind 0xE0."""
FENCE_ANSWER_FLAGS = 0b111
"""Block before, block after, synchronise next; the others are for later versions."""
XVP_VERSION = 1
XVP_CODES = {2, 3, 4}
_SCREEN = struct.Struct("!IHHHHI")


def valid(message: ClientMessage, screen: Screen) -> ClientMessage | None:
    """Return `message` as far as it makes sense on `screen`, None where nothing is left of it.

    Raises
    ------
    ProtocolError
        It makes no sense at all; the connection is to be closed.
    """
    match message:
        case SetPixelFormat(pixel_format=pixel_format):
            return SetPixelFormat(canonical_pixel_format(pixel_format))
        case UpdateRequest():
            return screen.clip(message)
        case ContinuousUpdates(is_on=is_on):
            return screen.clip(message) if is_on else ContinuousUpdates(False, 0, 0, 0, 0)
        case Fence(flags=flags):
            return None if message.is_request else replace(message, flags=flags & FENCE_ANSWER_FLAGS)
        case CutText(text=text):
            return CutText(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b""))
        case Pointer():
            return screen.hold(message)
        case Key() | QemuKey():
            _check_key(message)
        case Xvp(version=version, code=code):
            if version != XVP_VERSION or code not in XVP_CODES:
                raise ProtocolError("The viewer asks for something that no computer can do.")
        case SetDesktopSize():
            _check_desktop(message)
    return message


def _check_key(key: Key | QemuKey) -> None:
    smallest = 1 if isinstance(key, Key) else 0  # a key that has a scan code may have no symbol
    if not smallest <= key.keysym <= LARGEST_KEYSYM:
        raise ProtocolError("The viewer pressed a key with a symbol that there is not.")
    if isinstance(key, QemuKey) and not 0 < key.keycode <= LARGEST_SCAN_CODE:
        raise ProtocolError("The viewer pressed a key that no keyboard has.")


def _check_desktop(wanted: SetDesktopSize) -> None:
    """Refuse what would exhaust the instrument's computer, and screens that do not lie on the desktop."""
    width, height = wanted.width, wanted.height
    if not (0 < width <= MAX_SCREEN_SIDE and 0 < height <= MAX_SCREEN_SIDE and width * height <= MAX_SCREEN_PIXELS):
        raise ProtocolError(f"The viewer asks for a desktop of {width} x {height} pixels.")
    numbers = set()
    for screen in wanted.screens:
        number, x, y, screen_width, screen_height, _flags = _SCREEN.unpack(screen)
        numbers.add(number)
        is_empty = screen_width == 0 or screen_height == 0
        if is_empty or x + screen_width > width or y + screen_height > height:
            raise ProtocolError("The viewer asks for a screen that does not lie on its desktop.")
    if not numbers or len(numbers) < len(wanted.screens):
        raise ProtocolError("The viewer asks for a desktop without screens, or with two of the same number.")
