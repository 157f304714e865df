"""Between browser and instrument: which of a viewer's messages go through, at which rate, and written anew.

Theory of operation. Every whole message is looked up in a table by its kind: it passes, it needs a right, or it never
passes. What it says must then make sense (`validation`), or is cut down until it does. What passes is noted where it
presses something down, and encoded afresh. When the right to input goes, the messages that let go of everything come
out of `restrict` in the same breath.

Somebody else must be able to let go of what is held, should this process be killed. So a press of which the record
would not tell (the first button, the first scan code, each unusual symbol once) waits until it is recorded, and with it
all that the viewer sent after it. `suspend` holds back all input while the record cannot be written at all. What was
sent meanwhile is dropped, not kept: a click of half a minute ago is not what anybody wants now. A button that is still
down when input goes on counts only from its next press.

Rates are kept in two ways: costly requests (a full screen, a new pixel format) are made cheap or refused one by one;
the flood as a whole is answered by `seconds_to_wait`, for which the caller reads nothing more, so that a flood slows
down only itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Flag, auto

from cloudlet.access.models import InputTrace
from cloudlet.access.rfb import limits
from cloudlet.access.rfb.encodings import allowed
from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.held import HeldInput
from cloudlet.access.rfb.message_budget import MessageBudget
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
    recorded
        What is on the record of the viewer's input; with None nothing waits for a record.
    budget
        What the person's windows pay from together, where there is such a thing.
    """

    def __init__(
        self,
        rights: Right,
        size: tuple[int, int] = LARGEST_SIZE,
        *,
        recorded: InputTrace | None = None,
        budget: MessageBudget | None = None,
    ) -> None:
        self._rights = rights
        self._screen = Screen(size)
        self._parser = MessageParser()
        self._held = HeldInput()
        self._full_updates = TokenBucket(limits.FULL_UPDATES_PER_SECOND, limits.FULL_UPDATES_BURST)
        self._formats = TokenBucket(limits.FORMATS_PER_SECOND, limits.FORMATS_BURST)
        self._messages = TokenBucket(limits.MESSAGES_PER_SECOND, limits.MESSAGES_BURST)
        self._bytes = TokenBucket(limits.BYTES_PER_SECOND, limits.BYTES_BURST)
        self._encodings = TokenBucket(limits.ENCODINGS_PER_SECOND, limits.ENCODINGS_BURST)
        self._continuous = TokenBucket(limits.CONTINUOUS_UPDATES_PER_SECOND, limits.CONTINUOUS_UPDATES_BURST)
        self._budget = budget
        self._recorded = recorded
        self._unread: deque[ClientMessage] = deque()
        self._unrecorded: ClientMessage | None = None
        self._is_suspended = False
        self._ignores_buttons = False
        self._touched = 0

    @property
    def rights(self) -> Right:
        """What the viewer may do now."""
        return self._rights

    @property
    def is_suspended(self) -> bool:
        """Whether input is held back for want of a record."""
        return self._is_suspended

    @property
    def awaits_record(self) -> bool:
        """Whether a press, and what came after it, waits for `trace` to be recorded."""
        return self._unrecorded is not None

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
        self._unread.extend(self._parser.feed(data))
        return self.proceed(now)

    def proceed(self, now: float) -> bytes:
        """Return what goes to the instrument of what waited for a record; raises as `receive` does."""
        passed = bytearray()
        while self._unread and not self.awaits_record:
            message = self._filtered(self._unread.popleft(), now)
            self._pay(now)
            if message is not None:
                passed += self._pressed(message)
        return bytes(passed)

    def seconds_to_wait(self, now: float) -> float:
        """Return for how long nothing more is to be read from this viewer; 0 for everybody who behaves."""
        return max(self._messages.seconds_to_wait(now), self._bytes.seconds_to_wait(now))

    def seconds_to_share(self, now: float) -> float:
        """Return for how long nothing more is to be filtered, because others of this person or this gateway send."""
        return 0.0 if self._budget is None else self._budget.seconds_to_wait(now)

    def note_record(self, trace: InputTrace) -> bytes:
        """Note that `trace` is on the record, and let input through again; return the press that waited for it."""
        self._recorded = trace
        self._is_suspended = False
        message = self._unrecorded
        if message is None or self._held.is_beyond(trace, message):
            return b""
        self._unrecorded = None
        return self._encoded_press(message)

    def suspend(self) -> bytes:
        """Hold back all input until the next record.

        Returns
        -------
        bytes
            What lets go of all held keys and buttons, to be sent at once.
        """
        self._is_suspended = self._ignores_buttons = True
        self._unrecorded = None
        return _encoded(self._held.release())

    def restrict(self, rights: Right) -> bytes:
        """Take away every right that is not in `rights`.

        Returns
        -------
        bytes
            What lets go of all held keys and buttons, to be sent at once; empty where input goes on.
        """
        self._rights &= rights
        if Right.INPUT in self._rights:
            return b""
        self._unrecorded = None
        return _encoded(self._held.release())

    def _filtered(self, message: ClientMessage, now: float) -> ClientMessage | None:
        self._touched += isinstance(message, Key | QemuKey | Pointer)
        needed = _NEEDED.get(type(message))
        if needed is None or needed not in (Right.NONE if self._is_suspended else self._rights):
            return None
        if isinstance(message, SetEncodings):
            message = SetEncodings(allowed(message.encodings))
            self._screen.note_encodings(message.encodings)
        sound = valid(message, self._screen)
        return None if sound is None else self._admitted(sound, now)

    def _admitted(self, message: ClientMessage, now: float) -> ClientMessage:
        match message:
            case SetPixelFormat() if not self._formats.take(1, now):
                raise ProtocolError("The viewer changes its pixel format too often.")
            case SetEncodings() if not self._encodings.take(1, now):
                raise ProtocolError("The viewer changes its encodings too often.")
            case ContinuousUpdates() if not self._continuous.take(1, now):
                raise ProtocolError("The viewer switches continuous updates too often.")
            case UpdateRequest(is_incremental=False) if not self._full_updates.take(1, now):
                return replace(message, is_incremental=True)
            case Pointer(buttons=0):
                self._ignores_buttons = False
            case Pointer() if self._ignores_buttons:
                return replace(message, buttons=0)
        return message

    def _pressed(self, message: ClientMessage) -> bytes:
        """Return the `message` that goes to the instrument, nothing where it must be recorded before."""
        if self._recorded is None or not self._held.is_beyond(self._recorded, message):
            return self._encoded_press(message)
        self._held.announce(message)
        self._unrecorded = message
        return b""

    def _encoded_press(self, message: ClientMessage) -> bytes:
        return message.encode() if self._held.accept(message) else b""

    def _pay(self, now: float) -> None:
        self._messages.overdraw(1, now)
        if self._budget is not None:
            self._budget.pay(now)


def _encoded(messages: Iterable[ClientMessage]) -> bytes:
    return b"".join(message.encode() for message in messages)
