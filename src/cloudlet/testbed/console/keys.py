"""The keys that the operator's screen understands (X11 keysyms, as RFB sends them)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ARROWS", "BACKSPACE", "BACK_TAB", "CHARACTERS", "ENTER", "ESCAPE", "SHIFT", "SPACE", "TAB"]

BACK_TAB = 0xFE20
"""What X makes of Tab with shift held."""

TAB = frozenset({0xFF09, BACK_TAB})

SHIFT = frozenset({0xFFE1, 0xFFE2})
ENTER = frozenset({0xFF0D, 0xFF8D})
SPACE = frozenset({0x20, 0xFF80})
ESCAPE = frozenset({0xFF1B})
BACKSPACE = frozenset({0xFF08, 0xFFFF})

ARROWS: Mapping[int, tuple[int, int]] = {
    0xFF51: (-1, 0),
    0xFF52: (0, 1),
    0xFF53: (1, 0),
    0xFF54: (0, -1),
    0xFF96: (-1, 0),
    0xFF97: (0, 1),
    0xFF98: (1, 0),
    0xFF99: (0, -1),
}
"""Where an arrow key moves the stage, (x, y), y upwards; the second four are those of the number pad."""

CHARACTERS: Mapping[int, str] = {
    **{0x30 + digit: str(digit) for digit in range(10)},
    **{0xFFB0 + digit: str(digit) for digit in range(10)},
    0x2E: ".",
    0x2C: ".",
    0xFFAE: ".",
    0xFFAC: ".",
    0x2D: "-",
    0xFFAD: "-",
}
"""What goes into a field; a comma is taken for a decimal point."""
