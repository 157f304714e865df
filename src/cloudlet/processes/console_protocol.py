"""The WebSocket of a console: uvicorn's, behind a limit on frames."""

from __future__ import annotations

import asyncio
import socket
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from cloudlet.access.bridge import CONNECTION_LOST
from cloudlet.access.frame_limiter import FRAME_BUDGET, FrameLimiter, FrameViolation
from cloudlet.access.token_bucket import TokenBucket

__all__ = ["ConsoleProtocol"]

RECEIVE_BYTES = 32 * 1024
"""What the kernel keeps of a browser that is not being read from; it doubles the number. Input is tiny."""

FAREWELL_SECONDS = 1.0
"""How long a connection that broke the rules stands after the gateway's close frame. Closed at once, it would be reset,
because it was not read to its end, and the browser would lose the reason."""


class ConsoleProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, except that frames are counted, and that a peer that is silent is dropped at once.

    uvicorn 0.54 parses all that one read brought, 256 KiB or a hundred thousand frames, and pauses reading for whole
    messages alone; it closes a silent connection after its pending output, which never leaves when the network is
    gone: the application would hear of it many minutes later, and an operator's held button would stay down until then.

    Theory of operation. What arrives after the request's head goes to a `FrameLimiter`, and from there in slices to
    uvicorn: one slice at a time, the next when the application has taken the last one's messages, and never while the
    person owes something for what they sent. Reading stops as long as anything waits. Nothing is parsed before the
    application has accepted the connection.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limiter = FrameLimiter(self.config.ws_max_size)
        self._has_head = False
        self._lost = asyncio.Event()
        self._next_slice: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what waits in the kernel of this browser's."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Feed nothing more, and say so to who waits for something else than the next message."""
        self._cancel_next_slice()
        self._lost.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take the request's head, which comes whole, then whatever may be taken of the frames."""
        if not self._has_head:
            self._has_head = True
            self._receive_head(data)
            return
        self._limiter.receive(data, self.loop.time())
        self._feed()

    def handle_connect(self, event: Any) -> None:
        """Offer the application to say from whose budget the frames are paid, and to hear of a loss at once."""
        super().handle_connect(event)
        if not self.transport.is_closing():
            self.scope["extensions"][FRAME_BUDGET] = {"pay_from": self._pay_from}
            self.scope["extensions"][CONNECTION_LOST] = {"event": self._lost}

    async def receive(self) -> Any:
        """Return the next message, and go on with the frames, when it was the last one, after everybody else's turn."""
        message = await super().receive()
        if not self.read_paused and (self._limiter.is_behind or self._next_slice is not None):
            self._feed_in(0.0)
        return message

    async def send(self, message: Any) -> None:
        """Send `message`, and begin to read when it is what accepts the connection.

        Raises
        ------
        ClientDisconnected
            The connection was closed for what the browser sent.
        """
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._feed()
        elif message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # as far as it will be: uvicorn 0.54 would log a refusal as a fault

    def keepalive_timeout(self) -> None:
        """Drop the connection, with whatever it had still to send."""
        super().keepalive_timeout()
        self.transport.abort()

    def _receive_head(self, head: bytes) -> None:
        super().data_received(head)
        if not self.handshake_initiated:  # uvicorn would keep it: websockets takes fewer headers than h11
            self.transport.close()

    def _pay_from(self, budget: TokenBucket) -> None:
        self._limiter.budget = budget

    def _feed(self) -> None:
        """Give uvicorn a slice where it is time for one, and read on only where nothing waits."""
        if self.transport.is_closing():
            return
        if self.read_paused or self._next_slice is not None or not self.handshake_complete:
            self.transport.pause_reading()
            return
        now = self.loop.time()
        try:
            piece = self._limiter.release(now)
        except FrameViolation as violation:
            self._refuse(violation)
            return
        if piece:
            super().data_received(piece)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        if self.transport.is_closing():
            return
        wait = self._limiter.seconds_to_wait(now)
        if wait > 0 or self._limiter.is_behind:
            self._feed_in(wait)
        elif not self.read_paused:
            self.transport.resume_reading()

    def _feed_in(self, seconds: float) -> None:
        """Feed a slice then, and read nothing until then."""
        self.transport.pause_reading()
        if self._next_slice is None:
            self._next_slice = self.loop.call_later(seconds, self._feed_next)

    def _feed_next(self) -> None:
        self._next_slice = None
        self._feed()

    def _cancel_next_slice(self) -> None:
        if self._next_slice is not None:
            self._next_slice.cancel()
            self._next_slice = None

    def _refuse(self, violation: FrameViolation) -> None:
        """Close for what the browser sent; the application hears of it at once."""
        self.stop_keepalive()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.transport.pause_reading()
        self.conn.fail(violation.code, violation.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": violation.code, "reason": violation.reason})
        self.close_timer = self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)
