"""Letting go of every key that a hand can hold, where nobody remembers which ones were down.

A server hears of keys that are not down as well, which RFC 6143 section 7.5.4 leaves without effect. Keysyms are
those of the X11 protocol, appendix A. All other symbols, one for each character of Unicode, are too many to let go of
unasked. Scan codes are few, but a server that does not know such messages hangs up; so they are let go of where the
operator had used some, and last.
"""

from __future__ import annotations

from collections.abc import Collection

from cloudlet.access.rfb.encodings import QEMU_KEYS, RAW
from cloudlet.access.rfb.messages import ClientMessage, Key, QemuKey, SetEncodings
from cloudlet.access.rfb.validation import LARGEST_SCAN_CODE

__all__ = ["USUAL_KEYSYMS", "all_keys_up"]

_MODIFIERS = (*range(0xFFE1, 0xFFEF), 0xFE03, 0xFF7E)
"""Shift, Control, Caps Lock, Meta, Alt, Super and Hyper of both sides, AltGr as ISO_Level3_Shift, Mode_switch."""

_EDITING = (0xFF08, 0xFF09, 0xFF0D, 0xFF1B, 0xFF63, 0xFFFF)
"""Backspace, Tab, Return, Escape, Insert, Delete."""

_MOVING = range(0xFF50, 0xFF58)
"""Home, arrows, Page Up and Down, End."""

_KEYPAD = range(0xFFAA, 0xFFBA)
_FUNCTIONS = range(0xFFBE, 0xFFCA)
_CHARACTERS = range(0x20, 0x7F)


USUAL_KEYSYMS = (*_CHARACTERS, *_EDITING, *_MOVING, *_KEYPAD, *_FUNCTIONS, *_MODIFIERS)
"""What is let go of unasked; modifiers come last, as a hand lets go of a shortcut."""


def all_keys_up(others: Collection[int] = (), *, has_scan_codes: bool = False) -> bytes:
    """Return the messages that let go of every key.

    Parameters
    ----------
    others
        Symbols that were pressed beside the usual ones.
    has_scan_codes
        Whether keys were pressed by scan code as well.
    """
    messages: list[ClientMessage] = [Key(False, keysym) for keysym in (*sorted(others), *USUAL_KEYSYMS)]
    if has_scan_codes:
        messages.append(SetEncodings((RAW, QEMU_KEYS)))
        messages += [QemuKey(False, 0, code) for code in range(1, LARGEST_SCAN_CODE + 1)]
    return b"".join(message.encode() for message in messages)
