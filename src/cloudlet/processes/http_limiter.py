"""What anybody may send over HTTP, held and counted before h11 parses it.

Theory of operation. h11 parses all that it was given, and uvicorn gives it whatever a read brought: a hundred thousand
chunks of a byte, or a head of sixty thousand headers, in one go. So bytes wait here first. There are two kinds of
piece. A *head* is released whole or not at all, up to its blank line and not a byte further: what follows a request
stays here while it is answered, and goes to whatever protocol the connection is upgraded to. A *slice of a body* is as
much as h11 takes in a millisecond. Who calls says which of both comes next; whether it may be now is decided by
`http_turns`, from what the last pieces cost.

Cost is counted in units of about 10 µs of one core, by what is visible without parsing: reads, bytes and lines. A line
is a header in a head, and half a chunk in a body; no byte sequence makes h11 work that holds neither many bytes nor
many line ends. A head costs what answering it costs besides.
"""

from __future__ import annotations

import re

__all__ = ["HeadTooLarge", "HttpLimiter"]

HEAD_BYTES = 16 * 1024
"""What h11 and most servers take; browsers send 1 to 4 KiB, with the cookies of four sign-ins under way 6."""
HEAD_FIELDS = 100
"""Browsers send about 20, proxies add a few; h11 needs 0.6 ms for a hundred."""

SLICE_BYTES = 2 * 1024
SLICE_LINES = 64
"""32 chunks of a byte, for which h11 and uvicorn need about a millisecond."""

CONNECTION_UNITS = 60
"""Taking a connection and letting it go again: 0.25 ms, and as much in the kernel."""
READ_UNITS = 3
LINE_UNITS = 1
"""Measured: 6 µs for a header, 25 µs for a chunk, which is two lines."""
KIBIBYTE_UNITS = 1
REQUEST_UNITS = 80
"""The shortest answer takes the portal 0.8 ms, the gateway less, a page up to ten times as much."""
REFUSAL_UNITS = 10
"""An answer that was written beforehand."""

BLANK_LINE = re.compile(rb"\n\r?\n")
LINE_END = re.compile(rb"\n")


class HeadTooLarge(Exception):
    """A request's head has more bytes or headers than any browser sends."""


class HttpLimiter:
    """The bytes of one connection that h11 has not been given yet, and what they cost."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._searched = 0
        """No blank line ends before here."""
        self._owed = CONNECTION_UNITS

    @property
    def held_bytes(self) -> int:
        """How much waits here."""
        return len(self._pending)

    @property
    def is_unusual(self) -> bool:
        """Whether more waits than a browser sends before it is answered, but for a long body."""
        return len(self._pending) > HEAD_BYTES or self._pending.count(b"\n") > HEAD_FIELDS + 2

    def receive(self, data: bytes) -> None:
        """Keep what one read brought, cut anywhere."""
        self._owed += READ_UNITS
        self._pending += data

    def has_head(self) -> bool:
        """Return whether a whole head waits.

        Raises
        ------
        HeadTooLarge
            It will never be, or not be released.
        """
        end = self._head_end()
        size = len(self._pending) if end is None else end
        if size > HEAD_BYTES or self._pending.count(b"\n", 0, size) > HEAD_FIELDS + 2:
            self._owed += REFUSAL_UNITS
            raise HeadTooLarge
        return end is not None

    def release_head(self) -> bytes:
        """Return the head that waits; nothing where it is not whole.

        Raises
        ------
        HeadTooLarge
            It has too many bytes or headers.
        """
        if not self.has_head():
            return b""
        self._owed += REQUEST_UNITS
        return self._taken(self._head_end() or 0)

    def release_slice(self) -> bytes:
        """Return the next slice of a body, and perhaps the beginning of what follows it."""
        end = min(SLICE_BYTES, len(self._pending))
        for number, line in enumerate(LINE_END.finditer(self._pending, 0, end), 1):
            if number == SLICE_LINES:
                end = line.end()
                break
        return self._taken(end)

    def release_all(self) -> bytes:
        """Return whatever waits, at no cost: for a protocol that counts for itself, or to be thrown away."""
        everything = bytes(self._pending)
        self._pending.clear()
        self._searched = 0
        return everything

    def take_owed(self) -> int:
        """Return the units that are owed, and owe them no more."""
        owed, self._owed = self._owed, 0
        return owed

    def _head_end(self) -> int | None:
        """Return where the first blank line ends, as h11 sees it; None where there is none yet."""
        for blank in (b"\n", b"\r\n"):
            if self._pending.startswith(blank):
                return len(blank)
        found = BLANK_LINE.search(self._pending, self._searched)
        if found is None:
            self._searched = max(0, len(self._pending) - 2)
            return None
        return found.end()

    def _taken(self, end: int) -> bytes:
        taken = bytes(self._pending[:end])
        del self._pending[:end]
        self._searched = 0
        self._owed += LINE_UNITS * taken.count(b"\n") + KIBIBYTE_UNITS * (end // 1024)
        return taken
