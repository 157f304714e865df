"""What both handshakes share: steps, each of which waits for a known number of bytes.

Theory of operation. A handshake is at one step: a method, and how many bytes it needs. Once they are there the method
reads them, puts its answer into the output, and says which step comes next and how many bytes that needs, or that it
was the last. A size that the peer announces in more than one byte is held against a limit first. So no more is ever
buffered than one step needs and what came in the same piece; bytes beyond the last step are kept in `rest`, unread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

__all__ = ["Handshake", "Step"]

Step = Callable[[bytes], None]
"""Reads exactly the bytes that were asked for, answers, and asks for the next."""


class Handshake(ABC):
    """One side of an RFB handshake."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._output = bytearray()
        self._needed = 0
        self._step: Step | None = None
        self._start()

    @property
    def is_done(self) -> bool:
        """Whether the last step was taken."""
        return self._step is None

    @property
    def rest(self) -> bytes:
        """What came after the handshake; empty before its end."""
        return bytes(self._received) if self.is_done else b""

    def receive(self, data: bytes) -> bytes:
        """Read `data` and return what to send to the peer, often nothing.

        Raises
        ------
        CloudletError
            The peer broke the protocol or said no; the handshake cannot go on.
        """
        self._received += data
        while self._step is not None and len(self._received) >= self._needed:
            piece = bytes(self._received[: self._needed])
            del self._received[: self._needed]
            self._step(piece)
        return self._take_output()

    @abstractmethod
    def _start(self) -> None:
        """Enter the first step, and put into the output what is said unasked."""

    def _expect(self, needed: int, step: Step) -> None:
        self._needed = needed
        self._step = step

    def _finish(self) -> None:
        self._needed = 0
        self._step = None

    def _say(self, data: bytes) -> None:
        self._output += data

    def _take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output
