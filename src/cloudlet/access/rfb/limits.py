"""What a peer may say in RFB at most; every number has its reason.

Other limits on a console: WebSocket frames in `access.frame_limiter`, windows of a person and how often they are opened
in `access.console_server`, connections and unread answers in `processes.connections`, the longest WebSocket message in
`processes.serve`.
"""

from __future__ import annotations

__all__ = [
    "ALL_MESSAGES_BURST",
    "ALL_MESSAGES_PER_SECOND",
    "BYTES_BURST",
    "BYTES_PER_SECOND",
    "CERTAIN_MESSAGES_BURST",
    "CERTAIN_MESSAGES_PER_SECOND",
    "CONTINUOUS_UPDATES_BURST",
    "CONTINUOUS_UPDATES_PER_SECOND",
    "ENCODINGS_BURST",
    "ENCODINGS_PER_SECOND",
    "FORMATS_BURST",
    "FORMATS_PER_SECOND",
    "FULL_UPDATES_BURST",
    "FULL_UPDATES_PER_SECOND",
    "MAX_CUT_TEXT_BYTES",
    "MAX_ENCODINGS",
    "MAX_FENCE_BYTES",
    "MAX_HELD_KEYS",
    "MAX_NAME_BYTES",
    "MAX_REASON_BYTES",
    "MAX_REMEMBERED_KEYSYMS",
    "MAX_SCREENS",
    "MAX_SCREEN_PIXELS",
    "MAX_SCREEN_SIDE",
    "MAX_SKIPPED_BYTES",
    "MESSAGES_BURST",
    "MESSAGES_PER_SECOND",
    "PERSONS_MESSAGES_BURST",
    "PERSONS_MESSAGES_PER_SECOND",
]

MAX_CUT_TEXT_BYTES = 256 * 1024
"""Clipboard text that is passed on; 2 GiB could be announced, and buffers must not grow to that."""

MAX_SKIPPED_BYTES = 16 * 1024 * 1024
"""Clipboard text that is read and thrown away, so that a large paste costs the text and not the session."""

MAX_ENCODINGS = 256
"""noVNC 1.7 names about 30, TigerVNC's own viewer about 40."""

MAX_FENCE_BYTES = 64
"""The protocol's own limit on a fence's payload."""

MAX_SCREENS = 16
"""Screens of one desktop; nobody has more at a microscope."""

MAX_SCREEN_SIDE = 16384
"""Pixels of a desktop to the right or down: four screens of 4K beside each other are 15,360 wide."""

MAX_SCREEN_PIXELS = 64 * 1024 * 1024
"""Pixels of a desktop, 256 MiB for the instrument's computer; four screens of 4K have half of it."""

MAX_REMEMBERED_KEYSYMS = 256
"""Symbols beyond the usual ones that are remembered as pressed; Cyrillic has 66, and whoever writes Chinese by an
input method holds no character for long."""

MAX_HELD_KEYS = 64
"""Keys held at once; a person has ten fingers, a hostile page four billion key symbols."""

MAX_NAME_BYTES = 4096
"""The desktop's name; servers send host and user."""

MAX_REASON_BYTES = 4096
"""A sentence of refusal."""

MESSAGES_PER_SECOND = 1000.0
"""noVNC sends at most 60 pointer messages a second; a wheel or a fast typist adds some tens."""

MESSAGES_BURST = 2000.0
"""A tab that was asleep sends what it had queued."""

PERSONS_MESSAGES_PER_SECOND = 1000.0
"""One pair of hands: what is enough for a window is enough for all windows of a person."""

PERSONS_MESSAGES_BURST = 2000.0

CERTAIN_MESSAGES_PER_SECOND = 200.0
"""Of those, what a person has however many others flood: 60 pointer messages, as many requests, and typing."""

CERTAIN_MESSAGES_BURST = 400.0

ALL_MESSAGES_PER_SECOND = 4000.0
"""Beyond that, for all people together; a message costs the gateway about 15 microseconds, so this is 6 % of a core."""

ALL_MESSAGES_BURST = 4000.0

BYTES_PER_SECOND = 1024 * 1024.0
"""Input is tiny; only clipboard text comes near this."""

BYTES_BURST = 2 * 1024 * 1024.0
"""A large clipboard text at once."""

FULL_UPDATES_PER_SECOND = 2.0
"""A request of 10 bytes for everything costs the instrument's computer a whole screen, 4 MB when sent raw."""

FULL_UPDATES_BURST = 8.0
"""noVNC asks for everything at the start and at each resize."""

FORMATS_PER_SECOND = 0.5
"""A new pixel format makes the server send everything again; noVNC sets it once."""

FORMATS_BURST = 8.0
"""A viewer that settles on a format tries a few."""

ENCODINGS_PER_SECOND = 1.0
"""Servers begin their encoders anew; noVNC sends a list at the start and whenever its quality is changed."""

ENCODINGS_BURST = 16.0
"""A slider of quality that is drawn along its whole length."""

CONTINUOUS_UPDATES_PER_SECOND = 4.0
"""noVNC switches them on once, and again for each new size of the screen."""

CONTINUOUS_UPDATES_BURST = 32.0
"""Somebody else draws the window of the screen larger."""
