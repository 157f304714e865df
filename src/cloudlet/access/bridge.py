"""One viewer's console while it is open: two pumps, with back-pressure in both directions.

Each pump holds one piece of at most 128 KiB and waits until the other side takes it. A slow viewer therefore slows
the instrument's server down, which then sends fewer updates; a slow instrument slows the viewer's input down.

Control is a lease. Input passes only while what the viewer may hold was recorded a short while ago (`renew`), because
whoever clears up after a killed gateway knows no more than the record. When a lease ends, everything that is held is
let go of, and the viewer looks on until the next record.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudlet.access.close_codes import UNREACHABLE, VANISHED, ConsoleEnded, browser_left, viewer_broke_protocol
from cloudlet.access.models import InputTrace
from cloudlet.access.rfb import InputFilter, MessageBudget, ProtocolError, Right, ServerHandshake
from cloudlet.access.upstream_connection import UpstreamConnection

__all__ = ["CONNECTION_LOST", "Bridge", "shake_hands"]

logger = logging.getLogger(__name__)

CONNECTION_LOST = "cloudlet.connection-lost"
"""ASGI extension; its ``event`` is set when the browser's connection is lost, also while nobody receives from it."""

HANDSHAKE_SECONDS = 10.0
CLOSE_SECONDS = 1.0
LET_GO_SECONDS = 1.0
PIECE_BYTES = 2048
"""What is filtered in one go: 64 KiB of the shortest messages would hold all other consoles up for 40 ms."""
LOSS_SECONDS = 0.5
"""How long to wait for a better word than that the connection is lost: what the browser said last is on its way."""
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


async def close(socket: WebSocket, ending: ConsoleEnded) -> None:
    """Have the browser hear how its console ended; nothing where it went, or has heard already."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(ending.code, ending.reason)


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
    instrument
        Its key, for the log.
    budget
        What all windows of the person pay from.
    """

    def __init__(
        self,
        socket: WebSocket,
        upstream: UpstreamConnection,
        rights: Right,
        first: bytes,
        *,
        instrument: str = "",
        budget: MessageBudget | None = None,
    ) -> None:
        self._socket = socket
        self._upstream = upstream
        size = (upstream.server_init.width, upstream.server_init.height)
        self._filter = InputFilter(rights, size, recorded=InputTrace(), budget=budget)
        self._first = first
        self._instrument = instrument
        self._released = b""
        self._lease_ends_at = 0.0
        self._lapse: asyncio.TimerHandle | None = None
        self._may_proceed = asyncio.Event()
        self.trace_changed = asyncio.Event()
        """Set whenever a button went down or up, or a key for the first time; cleared by who waits for it."""
        self.record_needed = asyncio.Event()
        """Set when a press waits for a record of it, or control has ended; cleared by who waits for it."""

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
        self._let_go(self._filter.restrict(rights))
        if not self.has_control:
            self._end_lease()
            self.trace_changed.set()
            self.record_needed.set()

    def renew(self, trace: InputTrace, until: float) -> None:
        """Let input through until then, because `trace` is on the record; nothing where that is over already.

        Parameters
        ----------
        trace
            What was recorded of the viewer's input.
        until
            Time of the event loop.
        """
        loop = asyncio.get_running_loop()
        if not self.has_control or until <= loop.time():
            return
        if self._filter.is_suspended:
            logger.warning("%s: the operator is on the record again, and input goes on", self._instrument)
        self._end_lease()
        self._lease_ends_at = until
        self._lapse = loop.call_at(until, self._hold_back)
        if press := self._filter.note_record(trace):
            self._upstream.write(press)
        self._may_proceed.set()

    def _check_lease(self) -> None:
        """Hold input back where the lease has ended: before any input, should the timer be late."""
        if asyncio.get_running_loop().time() >= self._lease_ends_at:
            self._hold_back()

    def _hold_back(self) -> None:
        """Hold input back; a timer asks no clock again, because it may come a little before its time."""
        if self.has_control and not self._filter.is_suspended:
            logger.warning(
                "%s: the operator's input is held back and let go of, because it cannot be recorded", self._instrument
            )
            self._let_go(self._filter.suspend())

    def _let_go(self, release: bytes) -> None:
        self._upstream.write(release)
        self._released += release
        self._may_proceed.set()

    def _end_lease(self) -> None:
        if self._lapse is not None:
            self._lapse.cancel()

    async def hand_over(self) -> None:
        """Stop input and wait, a moment at most, until the instrument has taken what lets go."""
        self.restrict(Right.NONE)
        try:
            async with asyncio.timeout(LET_GO_SECONDS):
                await self._upstream.drain()
        except TimeoutError:
            return

    async def close(self, ending: ConsoleEnded) -> None:
        """Have the browser hear how its console ended."""
        await close(self._socket, ending)

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

    async def notice_loss(self) -> NoReturn:
        """End with the browser's connection, though what it had sent still waits for its turn, and nobody receives.

        Raises
        ------
        ConsoleEnded
            The connection is lost.
        """
        extension = self._socket.scope.get("extensions", {}).get(CONNECTION_LOST)
        lost: asyncio.Event = asyncio.Event() if extension is None else extension["event"]
        await lost.wait()
        await asyncio.sleep(LOSS_SECONDS)
        raise browser_left(VANISHED)

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
        waited = 0.0
        for begin in range(0, len(data), PIECE_BYTES):
            self._let_through(data[begin : begin + PIECE_BYTES])
            while self._filter.awaits_record:
                await self._await_record()
            await self._upstream.drain()
            waited += await self._wait_for_others(waited)

    async def _await_record(self) -> None:
        self._may_proceed.clear()
        self.trace_changed.set()
        self.record_needed.set()
        await self._may_proceed.wait()
        self._let_through(b"")

    async def _wait_for_others(self, waited: float) -> float:
        """Wait until this viewer may send more, and return for how long that was its own doing."""
        now = asyncio.get_running_loop().time()
        own = self._filter.seconds_to_wait(now)
        if waited + own > LONGEST_WAIT_SECONDS:
            raise viewer_broke_protocol("The viewer floods the console with messages.")
        await asyncio.sleep(max(own, self._filter.seconds_to_share(now)))
        return own

    def _let_through(self, data: bytes) -> None:
        self._check_lease()
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
