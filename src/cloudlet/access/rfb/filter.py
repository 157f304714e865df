"""Between browser and instrument: which of a viewer's messages go through, at which rate, and written anew.

Theory of operation. Every whole message is looked up in a table by its kind: it passes, it needs a right, or it never
passes. What it says must then make sense (`validation`), or is cut down until it does. What passes is noted where it
presses something down, and encoded afresh. When the right to input goes, the messages that let go of everything come
out of `restrict` in the same breath. Rates are kept in two ways: costly requests (a full screen, a new pixel format)
are made cheap or refused one by one; the flood as a whole is answered by `seconds_to_wait`, for which the caller reads
nothing more, so that a flood slows down only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Flag, auto

from cloudlet.access.models import InputTrace
from cloudlet.access.rfb import limits
from cloudlet.access.rfb.encodings import allowed
from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.held import HeldInput
from cloudlet.access.rfb.messages import (
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Fence,
    Key,
    Pointer,
    QemuKey,
    SetDesktopSize,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
    Xvp,
)
from cloudlet.access.rfb.parser import MessageParser
from cloudlet.access.rfb.screen import LARGEST_SIZE, Screen
from cloudlet.access.rfb.validation import valid
from cloudlet.access.token_bucket import TokenBucket

__all__ = ["InputFilter", "Right"]


class Right(Flag):
    """What a viewer may do to the instrument at this moment."""

    NONE = 0
    """Look."""
    INPUT = auto()
    """Mouse, keyboard, and text into the clipboard."""
    MACHINE = auto()
    """Power and screen size of the instrument's computer."""


_NEEDED: Mapping[type[ClientMessage], Right] = {
    SetPixelFormat: Right.NONE,
    SetEncodings: Right.NONE,
    UpdateRequest: Right.NONE,
    ContinuousUpdates: Right.NONE,
    Fence: Right.NONE,
    Key: Right.INPUT,
    QemuKey: Right.INPUT,
    Pointer: Right.INPUT,
    CutText: Right.INPUT,
    Xvp: Right.INPUT | Right.MACHINE,
    SetDesktopSize: Right.INPUT | Right.MACHINE,
}
"""What is not listed never passes: audio, and what was too long to keep."""


class InputFilter:
    """The filter of one viewer.

    Parameters
    ----------
    rights
        What the viewer may do; changed by `restrict` alone, never widened.
    size
        Width and height of the screen in pixels, as the server described it.
    """

    def __init__(self, rights: Right, size: tuple[int, int] = LARGEST_SIZE) -> None:
        self._rights = rights
        self._screen = Screen(size)
        self._parser = MessageParser()
        self._held = HeldInput()
        self._full_updates = TokenBucket(limits.FULL_UPDATES_PER_SECOND, limits.FULL_UPDATES_BURST)
        self._formats = TokenBucket(limits.FORMATS_PER_SECOND, limits.FORMATS_BURST)
        self._messages = TokenBucket(limits.MESSAGES_PER_SECOND, limits.MESSAGES_BURST)
        self._bytes = TokenBucket(limits.BYTES_PER_SECOND, limits.BYTES_BURST)
        self._touched = 0

    @property
    def rights(self) -> Right:
        """What the viewer may do now."""
        return self._rights

    @property
    def trace(self) -> InputTrace:
        """What somebody else would have to know to let go of everything that went through."""
        return self._held.trace

    @property
    def touched(self) -> int:
        """How often the viewer moved mouse or keys, let through or not: whether somebody is there."""
        return self._touched

    def receive(self, data: bytes, now: float) -> bytes:
        """Return what of the viewer's `data` goes to the instrument.

        Parameters
        ----------
        data
            A piece of the viewer's stream, cut anywhere.
        now
            Seconds of a clock that never goes back.

        Raises
        ------
        ProtocolError
            The viewer broke the protocol or asks for too much; the connection is to be closed.
        """
        self._bytes.overdraw(len(data), now)
        passed = bytearray()
        for message in self._parser.feed(data):
            self._messages.overdraw(1, now)
            answer = self._filtered(message, now)
            if answer is not None:
                passed += answer.encode()
        return bytes(passed)

    def seconds_to_wait(self, now: float) -> float:
        """Return for how long nothing more is to be read from this viewer; 0 for everybody who behaves."""
        return max(self._messages.seconds_to_wait(now), self._bytes.seconds_to_wait(now))

    def restrict(self, rights: Right) -> bytes:
        """Take away every right that is not in `rights`.

        Returns
        -------
        bytes
            What lets go of all held keys and buttons, to be sent at once; empty where input goes on.
        """
        self._rights &= rights
        return b"" if Right.INPUT in self._rights else _encoded(self._held.release())

    def _filtered(self, message: ClientMessage, now: float) -> ClientMessage | None:
        self._touched += isinstance(message, Key | QemuKey | Pointer)
        needed = _NEEDED.get(type(message))
        if needed is None or needed not in self._rights:
            return None
        if isinstance(message, SetEncodings):
            message = SetEncodings(allowed(message.encodings))
            self._screen.note_encodings(message.encodings)
        sound = valid(message, self._screen)
        return None if sound is None else self._admitted(sound, now)

    def _admitted(self, message: ClientMessage, now: float) -> ClientMessage | None:
        match message:
            case SetPixelFormat() if not self._formats.take(1, now):
                raise ProtocolError("The viewer changes its pixel format too often.")
            case UpdateRequest(is_incremental=False) if not self._full_updates.take(1, now):
                return replace(message, is_incremental=True)
        return message if self._held.accept(message) else None


def _encoded(messages: Iterable[ClientMessage]) -> bytes:
    return b"".join(message.encode() for message in messages)
