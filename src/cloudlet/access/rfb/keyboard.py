"""Letting go of every key that a hand can hold, where nobody remembers which ones were down.

A server is told of keys that are not down as well, which RFC 6143 section 7.5.4 leaves without effect. Keysyms are
those of the X11 protocol, appendix A.
"""

from __future__ import annotations

from cloudlet.access.rfb.messages import Key

__all__ = ["all_keys_up"]

_MODIFIERS = (*range(0xFFE1, 0xFFEF), 0xFE03, 0xFF7E)
"""Shift, Control, Caps Lock, Meta, Alt, Super and Hyper of both sides, AltGr as ISO_Level3_Shift, Mode_switch."""

_EDITING = (0xFF08, 0xFF09, 0xFF0D, 0xFF1B, 0xFF63, 0xFFFF)
"""Backspace, Tab, Return, Escape, Insert, Delete."""

_MOVING = range(0xFF50, 0xFF58)
"""Home, arrows, Page Up and Down, End."""

_KEYPAD = range(0xFFAA, 0xFFBA)
_FUNCTIONS = range(0xFFBE, 0xFFCA)
_CHARACTERS = range(0x20, 0x7F)


def all_keys_up() -> bytes:
    """Return the messages; modifiers come last, as a hand lets go of a shortcut."""
    keysyms = (*_CHARACTERS, *_EDITING, *_MOVING, *_KEYPAD, *_FUNCTIONS, *_MODIFIERS)
    return b"".join(Key(False, keysym).encode() for keysym in keysyms)
