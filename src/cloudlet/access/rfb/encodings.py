"""The encodings that a viewer may ask the instrument for.

Left out on purpose: -259 (audio), -305 (general input devices, which are input under another name), -309 (xvp:
power of the instrument's computer), -316 (extended mouse buttons, which would make a pointer message's length
ambiguous), 0xC0A1E5CE (extended clipboard, lengths written negative), and everything nobody here knows.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ALLOWED", "QEMU_KEYS", "RAW", "RESIZING", "allowed"]

RAW = 0
QEMU_KEYS = -258

_PICTURES = {
    RAW,
    1,  # copy rectangle
    2,  # RRE
    5,  # hextile
    6,  # zlib
    7,  # tight
    16,  # ZRLE
    21,  # JPEG
    -260,  # tight with PNG
}
_QUALITY = set(range(-32, -22)) | set(range(-256, -246))  # JPEG quality 0..9, compression 0..9
_SCREEN = {
    -223,  # desktop size
    -224,  # last rectangle
    -239,  # cursor
    0x574D5664,  # cursor with alpha channel
    -307,  # desktop name
    -308,  # extended desktop size
}
_FLOW = {
    -312,  # fence
    -313,  # continuous updates
}
_KEYBOARD = {
    QEMU_KEYS,  # filtered like every other key
    -261,  # state of the keyboard's lights
}

RESIZING = frozenset({-223, -308})
"""Those by which a server tells that its screen has another size."""

ALLOWED = frozenset(_PICTURES | _QUALITY | _SCREEN | _FLOW | _KEYBOARD)


def allowed(encodings: Iterable[int]) -> tuple[int, ...]:
    """Return those of `encodings` that may be asked for, in their order, each once."""
    return tuple(dict.fromkeys(number for number in encodings if number in ALLOWED))
