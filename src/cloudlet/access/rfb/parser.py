"""From the browser's bytes to whole messages, without ever buffering more than the limits allow.

Theory of operation. The first byte finds a `MessageFormat` in the table: how long the fixed head is, how the head tells
the whole length, and how the whole becomes a message. The length is known, and held against its limit, before
anything beyond the head is waited for. An unknown first byte ends the conversation, because nobody can say where
the next message would begin; file transfer and chat of some vendors live there.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.limits import MAX_SKIPPED_BYTES
from cloudlet.access.rfb.message_formats import format_of
from cloudlet.access.rfb.messages import ClientMessage, Discarded

__all__ = ["MessageParser"]


class MessageParser:
    """Cuts a viewer's stream into messages."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._to_skip = 0

    @property
    def buffered_bytes(self) -> int:
        """How much waits for the rest of its message."""
        return len(self._received)

    def feed(self, data: bytes) -> Iterator[ClientMessage]:
        """Yield the messages that `data` completes.

        Raises
        ------
        ProtocolError
            A message is of an unknown kind, malformed, or beyond a limit.
        """
        self._received += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> ClientMessage | None:
        if not self._skip() or not self._received:
            return None
        message_format = format_of(self._received[0])
        if len(self._received) < message_format.head_bytes:
            return None
        head = bytes(self._received[: message_format.head_bytes])
        length = message_format.length_of(head)
        if message_format.is_discarded(head):
            return self._discard(length)
        if len(self._received) < length:
            return None
        return message_format.read(self._take(length))

    def _discard(self, length: int) -> Discarded:
        if length > MAX_SKIPPED_BYTES:
            raise ProtocolError(f"The viewer wants to paste {length} bytes.", "Paste less than 256 KiB.")
        self._to_skip = length
        return Discarded(length)

    def _skip(self) -> bool:
        skipped = min(self._to_skip, len(self._received))
        del self._received[:skipped]
        self._to_skip -= skipped
        return self._to_skip == 0

    def _take(self, length: int) -> bytes:
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken
