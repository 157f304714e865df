"""What a browser may send in WebSocket frames, counted before anything parses them.

Theory of operation. The limits in `rfb` count RFB messages; a ping, an empty message or an empty fragment is none, and
costs the gateway as much. So bytes from the network wait here first. `release` looks at nothing but frame headers
(RFC 6455, section 5.2: opcode, FIN, length) and returns the next piece for the WebSocket parser: as many frames as
could be paid for, few enough that parsing them holds nobody up. A read and a frame of any opcode cost one unit each,
a payload one more for every 4 KiB. A frame is taken on credit and paid for before the next, so that the longest one
does not wait for ever; while something is owed no further frame is taken, and the caller reads nothing more. The
payload of a frame that was taken passes as it comes. Each connection has a little of its own to pay from, and beyond
that a budget that may be one for all windows of a person: however many there are, they share it, and a quiet one goes
on beside those that use it up. An overrun slows its sender down; what no browser ever sends is a `FrameViolation`.

Masks, reserved bits, unknown opcodes and misplaced continuations are left to the parser, which refuses them where they
begin; what follows them does not matter any more.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from cloudlet.access.close_codes import FLOODED, TOO_LONG
from cloudlet.access.token_bucket import TokenBucket

__all__ = ["FRAME_BUDGET", "FrameLimiter", "FrameViolation", "frame_budget"]

FRAME_BUDGET = "cloudlet.frame-budget"
"""ASGI extension; its ``pay_from`` takes the budget that this connection pays from, from then on."""

UNITS_PER_SECOND = 1000.0
"""noVNC sends at most 60 pointer messages a second, a request for each update and some tens of keys, each in a frame
and a read of its own: 400 units. A unit costs the gateway up to 0.15 ms of CPU where a frame holds a whole message."""
UNITS_BURST = 2000.0
"""A clipboard of 256 KiB in pieces of 10 KiB costs 104 units; a tab that was asleep sends what it had queued."""
OWN_UNITS_PER_SECOND = 50.0
"""Some 25 pointer messages a second, and the answers to pings, of a window beside others that flood."""
OWN_UNITS_BURST = 100.0
UNIT_BYTES = 4096

PACE_SECONDS = 0.02
"""Shortest wait of who owes something: paying units off one by one would cost more timers than frames."""

SLICE_FRAMES = 32
SLICE_BYTES = 16 * 1024
"""What is released at once: the parser and what follows take it in a few milliseconds."""

MAX_FRAGMENTS = 16
"""Frames of one message; browsers send one, a proxy between may cut a message of 64 KiB into a few."""

CONTROLS_PER_SECOND = 1.0
CONTROLS_BURST = 20.0
"""Browsers answer a ping every five seconds and never send one of their own."""

CONTINUATION = 0x0
IS_FINAL, IS_CONTROL, IS_MASKED = 0x80, 0x08, 0x80
OPCODE_BITS, LENGTH_BITS = 0x0F, 0x7F
LONG_LENGTHS = {126: struct.Struct("!H"), 127: struct.Struct("!Q")}
MASK_BYTES = 4


class FrameViolation(Exception):
    """The browser sent what no browser sends; the connection is to be closed.

    Parameters
    ----------
    code
        WebSocket close code.
    reason
        A sentence that fits into a close frame.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Header(NamedTuple):
    first: int
    size: int
    """Bytes of the header itself."""
    payload: int
    """Bytes that follow it."""

    @property
    def opcode(self) -> int:
        return self.first & OPCODE_BITS

    @property
    def is_control(self) -> bool:
        return bool(self.first & IS_CONTROL)

    @property
    def is_final(self) -> bool:
        return bool(self.first & IS_FINAL)


def frame_budget() -> TokenBucket:
    """Return a fresh budget for all that one person, or one connection of nobody yet, sends."""
    return TokenBucket(UNITS_PER_SECOND, UNITS_BURST)


class FrameLimiter:
    """Counts the frames of one connection, from the first byte after the handshake.

    Parameters
    ----------
    max_payload_bytes
        Longest payload of one frame.
    """

    def __init__(self, max_payload_bytes: int) -> None:
        self.budget = frame_budget()
        """What is paid from beyond the connection's own; may be replaced by one that several connections share."""
        self._own = TokenBucket(OWN_UNITS_PER_SECOND, OWN_UNITS_BURST)
        self._max_payload_bytes = max_payload_bytes
        self._controls = TokenBucket(CONTROLS_PER_SECOND, CONTROLS_BURST)
        self._pending = bytearray()
        self._payload_left = 0
        self._fragments = 0
        self._is_behind = False

    @property
    def is_behind(self) -> bool:
        """Whether something waits here that could be released without reading more."""
        return self._is_behind

    def receive(self, data: bytes, now: float) -> None:
        """Keep what one read brought.

        Parameters
        ----------
        data
            A piece of the stream, cut anywhere.
        now
            Seconds of a clock that never goes back.
        """
        self._pay(1, now)
        self._pending += data
        self._is_behind = True

    def release(self, now: float) -> bytes:
        """Return what the parser may have now; while the budget is overdrawn, the rest of a frame at most.

        Raises
        ------
        FrameViolation
            The browser sent what no browser sends. What came before it is lost, which does no harm: the connection
            ends, and with it everything is let go of.
        """
        end = frames = 0
        while end < len(self._pending):
            if self._payload_left:
                step = min(self._payload_left, len(self._pending) - end)
                self._payload_left -= step
                end += step
                continue
            if self.seconds_to_wait(now) > 0 or frames == SLICE_FRAMES or end >= SLICE_BYTES:
                return self._taken(end, is_behind=True)
            header = self._header_at(end)
            if header is None:
                break
            self._charge(header, now)
            end, frames = end + header.size, frames + 1
            self._payload_left = header.payload
        return self._taken(end, is_behind=False)

    def seconds_to_wait(self, now: float) -> float:
        """Return for how long nothing more is to be read or released; 0 where nothing is owed."""
        wait = self._own.seconds_to_wait(now)
        if wait:
            wait = min(wait, self.budget.seconds_to_wait(now))
        return max(wait, PACE_SECONDS) if wait else 0.0

    def _pay(self, units: int, now: float) -> None:
        purse = self.budget if self._own.seconds_to_wait(now) else self._own
        purse.overdraw(units, now)

    def _header_at(self, begin: int) -> _Header | None:
        """Return the header that begins there; None where it is not complete."""
        if len(self._pending) < begin + 2:
            return None
        first, second = self._pending[begin], self._pending[begin + 1]
        size, payload = 2, second & LENGTH_BITS
        if payload in LONG_LENGTHS:
            long_length = LONG_LENGTHS[payload]
            size += long_length.size
            if len(self._pending) < begin + size:
                return None
            (payload,) = long_length.unpack_from(self._pending, begin + 2)
        size += MASK_BYTES if second & IS_MASKED else 0
        return None if len(self._pending) < begin + size else _Header(first, size, payload)

    def _charge(self, header: _Header, now: float) -> None:
        if header.payload > self._max_payload_bytes:
            raise FrameViolation(TOO_LONG, f"A message is longer than {self._max_payload_bytes} bytes.")
        self._pay(1 + header.payload // UNIT_BYTES, now)
        if header.is_control:
            if not self._controls.take(1, now):
                raise FrameViolation(FLOODED, "The viewer sends too many pings and pongs.")
            return
        self._fragments = self._fragments + 1 if header.opcode == CONTINUATION else 1
        if self._fragments > MAX_FRAGMENTS:
            raise FrameViolation(FLOODED, f"A message comes in more than {MAX_FRAGMENTS} fragments.")
        if not header.payload and not header.is_final:
            raise FrameViolation(FLOODED, "A message comes in empty fragments.")

    def _taken(self, end: int, *, is_behind: bool) -> bytes:
        taken = bytes(self._pending[:end])
        del self._pending[:end]
        self._is_behind = is_behind
        return taken
