"""One viewer's console while it is open: two pumps, with back-pressure in both directions.

Each pump holds one piece of at most 128 KiB and waits until the other side takes it. A slow viewer therefore slows
the instrument's server down, which then sends fewer updates; a slow instrument slows the viewer's input down.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudlet.access.close_codes import UNREACHABLE, ConsoleEnded, browser_left, viewer_broke_protocol
from cloudlet.access.models import InputTrace
from cloudlet.access.rfb import InputFilter, ProtocolError, Right, ServerHandshake
from cloudlet.access.upstream_connection import UpstreamConnection

__all__ = ["Bridge", "shake_hands"]

HANDSHAKE_SECONDS = 10.0
LET_GO_SECONDS = 1.0
PIECE_BYTES = 2048
"""What is filtered in one go: 64 KiB of the shortest messages would hold all other consoles up for 40 ms."""
LONGEST_WAIT_SECONDS = 5.0
"""A viewer that would have to wait longer floods the console on purpose."""


async def receive(socket: WebSocket) -> bytes:
    """Return the browser's next bytes.

    Raises
    ------
    ConsoleEnded
        The browser went, or sent text.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise browser_left(message.get("code", 1005))
    data: bytes | None = message.get("bytes")
    if data is None:
        raise viewer_broke_protocol("The viewer sent text instead of bytes.")
    return data


async def send(socket: WebSocket, data: bytes) -> None:
    """Send `data` to the browser once it takes more.

    Raises
    ------
    ConsoleEnded
        The browser went.
    """
    try:
        await socket.send_bytes(data)
    except WebSocketDisconnect as gone:
        raise browser_left(gone.code) from gone


async def shake_hands(socket: WebSocket) -> bytes:
    """Shake hands with the browser and return what it sent after that already.

    Raises
    ------
    ConsoleEnded
        The browser went, is silent, or does not speak RFB.
    """
    handshake = ServerHandshake()
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await send(socket, handshake.greeting())
            while not handshake.is_done:
                await send(socket, handshake.receive(await receive(socket)))
    except TimeoutError as cause:
        raise viewer_broke_protocol("The viewer did not begin in time.") from cause
    except ProtocolError as cause:
        raise viewer_broke_protocol(cause.message) from cause
    return handshake.rest


class Bridge:
    """The two pumps between one browser and one instrument.

    Parameters
    ----------
    socket
        The accepted WebSocket, past `shake_hands`.
    upstream
        The way to the instrument.
    rights
        What the viewer may do; can only shrink.
    first
        What the browser sent already.
    """

    def __init__(self, socket: WebSocket, upstream: UpstreamConnection, rights: Right, first: bytes) -> None:
        self._socket = socket
        self._upstream = upstream
        self._filter = InputFilter(rights, (upstream.server_init.width, upstream.server_init.height))
        self._first = first
        self._released = b""
        self.trace_changed = asyncio.Event()
        """Set whenever a button went down or up, or a key for the first time; cleared by who waits for it."""

    @property
    def has_control(self) -> bool:
        """Whether the viewer's input goes through."""
        return Right.INPUT in self._filter.rights

    @property
    def trace(self) -> InputTrace:
        """What must be known to let go of whatever the viewer may hold."""
        return self._filter.trace

    @property
    def touched(self) -> int:
        """How often the viewer moved mouse or keys."""
        return self._filter.touched

    @property
    def released(self) -> bytes:
        """What was sent to let go when input ended; empty before that, and where nothing was held."""
        return self._released

    def restrict(self, rights: Right) -> None:
        """Take away every right that is not in `rights`, and let go of what is held where input is one of them."""
        release = self._filter.restrict(rights)
        self._upstream.write(release)
        self._released += release

    async def hand_over(self) -> None:
        """Stop input and wait, a moment at most, until the instrument has taken what lets go."""
        self.restrict(Right.NONE)
        try:
            async with asyncio.timeout(LET_GO_SECONDS):
                await self._upstream.drain()
        except TimeoutError:
            return

    async def pump_down(self) -> NoReturn:
        """Carry the screen to the browser until one side ends.

        Raises
        ------
        ConsoleEnded
            Always: the browser or the instrument went.
        """
        while data := await self._upstream.read():
            await send(self._socket, data)
        raise ConsoleEnded(
            UNREACHABLE, "The instrument's screen closed the connection.", "instrument closed the connection"
        )

    async def pump_up(self) -> NoReturn:
        """Carry input to the instrument until one side ends.

        Raises
        ------
        ConsoleEnded
            Always: the browser went or broke the protocol.
        """
        data = self._first
        while True:
            await self._forward(data)
            data = await receive(self._socket)

    async def _forward(self, data: bytes) -> None:
        wait = 0.0
        for begin in range(0, len(data), PIECE_BYTES):
            self._let_through(data[begin : begin + PIECE_BYTES])
            await self._upstream.drain()
            wait = self._filter.seconds_to_wait(asyncio.get_running_loop().time())
            if wait > LONGEST_WAIT_SECONDS:
                raise viewer_broke_protocol("The viewer floods the console with messages.")
            await asyncio.sleep(0)
        await asyncio.sleep(wait)

    def _let_through(self, data: bytes) -> None:
        before = _without_place(self.trace)
        try:
            self._upstream.write(self._filter.receive(data, asyncio.get_running_loop().time()))
        except ProtocolError as cause:
            raise viewer_broke_protocol(cause.message) from cause
        if _without_place(self.trace) != before:
            self.trace_changed.set()


def _without_place(trace: InputTrace) -> tuple[int, frozenset[int], bool]:
    """Return what of `trace` is worth a record at once; where the pointer is comes with it, or some time later."""
    return 0 if trace.pointer is None else trace.pointer.buttons, trace.keysyms, trace.has_scan_codes
