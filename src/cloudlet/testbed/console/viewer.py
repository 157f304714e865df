"""One viewer of the operator's screen: what it has not seen yet, what it asks for, which keys it holds."""

from __future__ import annotations

import asyncio
import struct
import time

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.console import encodings
from cloudlet.testbed.console.client_messages import (
    CutText,
    Key,
    Message,
    MessageParser,
    Pointer,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
)
from cloudlet.testbed.console.layout import LIVE
from cloudlet.testbed.console.pixel_format import NATIVE
from cloudlet.testbed.console.rectangles import Rect, Region
from cloudlet.testbed.console.screen import Screen

__all__ = ["Viewer"]

_READ_BYTES = 65536
_LEAST_INTERVAL_SECONDS = 1 / 30
"""Between two updates to one viewer, so that a flood of requests costs no more than a film does."""

_PATIENCE_SECONDS = 30.0
"""How long a viewer may leave an update unread before it is let go."""

_WATCHING_SECONDS = 2.0
"""A viewer that has asked for nothing for so long does not look; a hidden browser tab is one."""

_LEAST_JPEG_PIXELS = 4096


class Viewer:
    """A viewer that has been let in.

    Theory of operation. Viewers pull: damage is collected in a `Region`, and sent when there is some *and* the viewer
    has asked for an update since the last one. Nothing is queued but one update, so that a slow viewer costs
    no memory and the others nothing.

    Parameters
    ----------
    reader, writer
        Its connection.
    screen
        What it looks at and operates.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, screen: Screen) -> None:
        self._reader, self._writer, self._screen = reader, writer, screen
        self._parser = MessageParser()
        self._unseen = Region()
        self._unseen.add(screen.area)
        self._wanted: Rect | None = None
        self._asked_at = time.monotonic()
        self._pixel_format = NATIVE
        self._encoding = encodings.RAW
        self._jpeg_percent: int | None = None
        self._extensions: set[int] = set()
        self._owed: list[int] = []
        self._keys: dict[tuple[str, int], int] = {}
        self._may_send = asyncio.Event()

    @property
    def is_watching(self) -> bool:
        """Whether it has asked for pixels lately."""
        return self._wanted is not None or time.monotonic() - self._asked_at < _WATCHING_SECONDS

    def damaged(self, rects: list[Rect]) -> None:
        """Take note of pixels that have changed."""
        self._unseen.update(rects)
        self._ring()

    async def listen(self) -> list[Message]:
        """Wait for what it says next; an empty list means that it has gone.

        Raises
        ------
        ProtocolViolation
            If it sends what cannot be understood.
        OSError
            If the connection breaks.
        """
        while data := await self._reader.read(_READ_BYTES):
            if messages := self._parser.feed(data):
                return messages
        return []

    def obey(self, message: Message) -> None:
        """Do what one message asks."""
        match message:
            case UpdateRequest():
                self._ask(message)
            case Pointer(x, y, buttons):
                self._screen.pointer(x, y, buttons)
            case Key():
                self._key(message)
            case SetEncodings(numbers):
                self._choose_encoding(numbers)
            case SetPixelFormat(pixel_format):
                self._pixel_format = pixel_format
            case CutText():
                pass

    def hang_up(self) -> None:
        """Cut the connection; `listen` then finds that it has gone."""
        self._writer.transport.abort()

    def release_keys(self) -> None:
        """Let go of the keys that it held; a held *button* of the pointer stays down, as on vendors' servers."""
        for keysym in set(self._keys.values()):
            self._screen.key(keysym, is_down=False)
        self._keys.clear()

    async def send_updates(self) -> None:
        """Send what has changed, whenever it has asked, until cancelled.

        Raises
        ------
        OSError, TimeoutError
            If the connection breaks, or is not read from.
        """
        while True:
            await self._may_send.wait()
            self._may_send.clear()
            self._writer.write(self._update())
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._writer.drain()
            await asyncio.sleep(_LEAST_INTERVAL_SECONDS)
            self._ring()

    def _ring(self) -> None:
        """Wake the sender if there is something to send that was asked for."""
        if self._wanted is not None and (self._owed or self._unseen.touches(self._wanted)):
            self._may_send.set()

    def _ask(self, request: UpdateRequest) -> None:
        self._asked_at = time.monotonic()
        self._wanted = request.area if self._wanted is None else self._wanted.around(request.area)
        if not request.is_incremental:
            self._unseen.add(request.area.overlap(self._screen.area))
        self._ring()

    def _key(self, key: Key) -> None:
        """Track keys as servers do: one that went down by its code does not come up by its symbol."""
        name = ("symbol", key.keysym) if key.keycode is None else ("code", key.keycode)
        if key.is_down:
            self._keys[name] = key.keysym
            self._screen.key(key.keysym, is_down=True)
        elif (held := self._keys.pop(name, None)) is not None:
            self._screen.key(held, is_down=False)

    def _choose_encoding(self, numbers: tuple[int, ...]) -> None:
        known = (number for number in numbers if number in (encodings.TIGHT, encodings.RAW))
        self._encoding = next(known, encodings.RAW)
        self._jpeg_percent = encodings.jpeg_percent(numbers)
        news = {encodings.QEMU_KEYS, encodings.CURSOR}.intersection(numbers) - self._extensions
        self._extensions |= news
        self._owed += sorted(news)
        self._ring()

    def _update(self) -> bytes:
        """Return one update of everything that it wants and has not seen."""
        rects = self._unseen.take(self._wanted or self._screen.area)
        self._wanted = None
        parts = [self._extension(number) for number in self._owed]
        self._owed.clear()
        for rect in rects:
            parts += [self._photo(cut) for cut in (rect.overlap(LIVE),) if not cut.is_empty]
            parts += [self._lossless(piece, self._screen.drawing(piece)) for piece in rect.without(LIVE)]
        return struct.pack(">BxH", 0, len(parts)) + b"".join(parts)

    def _extension(self, number: int) -> bytes:
        """Return the pseudo-rectangle that answers a viewer who understands an extension."""
        if number == encodings.CURSOR:
            return encodings.cursor(self._pixel_format)
        return encodings.rectangle(Rect(0, 0, 0, 0), number, b"")

    def _photo(self, rect: Rect) -> bytes:
        """Return a part of the live view, as JPEG where the viewer takes it."""
        grey, is_small = self._screen.photo(rect), rect.width * rect.height < _LEAST_JPEG_PIXELS
        if self._encoding != encodings.TIGHT or self._jpeg_percent is None or is_small:
            return self._lossless(rect, grey[..., None].repeat(3, axis=2))
        return encodings.rectangle(rect, encodings.TIGHT, encodings.jpeg(grey, self._jpeg_percent))

    def _lossless(self, rect: Rect, pixels: NDArray[np.uint8]) -> bytes:
        encode = encodings.tight if self._encoding == encodings.TIGHT else encodings.raw
        return encodings.rectangle(rect, self._encoding, encode(pixels, self._pixel_format))
