"""HTTP connections that send too much at once, ask for nothing, or never read the answer."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cloudlet.processes.http_limiter import HEAD_BYTES, HEAD_FIELDS, HeadTooLarge, HttpLimiter
from cloudlet.processes.http_turns import Allowance, HttpTurns
from cloudlet.processes.open_connections import OpenConnections
from cloudlet.web import sender_network

__all__ = ["PromptProtocol", "raise_connection_limit"]

logger = logging.getLogger(__name__)

UNSENT_BYTES = 128 * 1024
"""What may wait in the kernel for a slow browser; without it megabytes do, and a console's pings wait behind them."""

UNREAD_BYTES = 32 * 1024
"""What the kernel keeps of a browser that is not being read from; it doubles the number, and over loopback takes twice
as much again. One read brings no more, and one read is what a connection holds here at most beside a head."""
HELD_BYTES = 32 * 1024 * 1024
"""What all connections together hold here. Beyond it one that holds more than a head is closed when it sends."""

FAREWELL_SECONDS = 1.0
"""How long a connection stands after an answer that did not wait for the request's body. Closed at once, it would be
reset, because it was not read to its end, and the browser would lose the answer."""
FAREWELL_BYTES = 128 * 1024
"""How much of such a body is thrown away meanwhile; at more the connection ends. Nothing here takes files."""

REPORT_SECONDS = 60.0

_TOO_LARGE = f"The request's head has more than {HEAD_BYTES} bytes or {HEAD_FIELDS} headers."
TOO_LARGE = (
    "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    "content-type: text/plain; charset=utf-8\r\n"
    f"content-length: {len(_TOO_LARGE)}\r\n"
    f"connection: close\r\n\r\n{_TOO_LARGE}"
).encode()


def raise_connection_limit() -> None:
    """Let this process hold as many open files, and with them connections, as the host allows it.

    The usual soft limit of 1,024 is there for programs that use ``select``; who reaches it is deaf.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Shared:
    """What all HTTP connections of one server have in common."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int, most_each: int) -> None:
        self.turns = HttpTurns(loop)
        self.held_bytes = 0
        self.open: OpenConnections[PromptProtocol] = OpenConnections(most, most_each)


class _Flow(FlowControl):
    """uvicorn's, except that whether the transport is read is left to the protocol."""

    def __init__(self, transport: asyncio.Transport, on_resume: Callable[[], None]) -> None:
        super().__init__(transport)
        self._on_resume = on_resume

    def pause_reading(self) -> None:
        """Note that the application has enough to do."""
        self.read_paused = True

    def resume_reading(self) -> None:
        """Let the protocol go on."""
        if self.read_paused:
            self.read_paused = False
            self._on_resume()


class PromptProtocol(H11Protocol):
    """uvicorn's HTTP, except that it takes what is sent in turns, and that a connection must ask and read to be kept.

    uvicorn 0.54 lets h11 parse all that one read brought, and goes on with the body of a request that was answered
    long ago; while a request is answered it reads on, and keeps what it read. So strangers could stop every console
    and page, and fill the memory. It waits for ever for a first request, and for a later one as long as single bytes
    come; for ever, too, for a browser to read an answer or a stream of events.

    Theory of operation. What arrives waits in an `HttpLimiter`, and is not added to before it was parsed: a head or a
    slice of a body at a time, when `HttpTurns` gives the connection a turn. While a request is answered nothing of the
    next one is parsed; reading stops when any of it has come. After an answer that did not wait for the request's body
    the connection is closed: the sending half at once, the rest a second later. A head that no browser sends is
    refused. What follows the head of an upgrade in the same read goes to the WebSocket's protocol.

    A connection is closed where no whole request head arrives. A request that is being answered and a WebSocket take
    as long as they take. That the browser reads is watched by the kernel: it ends a connection on which what was sent
    stays unacknowledged, or waits because the browser has no room, for longer than `write_seconds`. A slow browser
    makes room again and again, and stays. It holds for the WebSocket that follows, and for what is left to send when a
    connection closes.
    """

    head_seconds = 10.0
    """From the connection, or from the end of the last answer, to the end of the next request's head."""

    write_seconds = 30.0
    """How long the browser may take nothing of what is there for it."""

    max_connections = 2000
    """Of HTTP; at one more, the one that was idle for longest is closed. Each holds tens of kilobytes, and up to half a
    megabyte that nobody reads. Consoles are counted by person, and not here."""

    max_connections_each = 500
    """Of one address. An institute behind one address has six for each browser; addresses of loopback may have all."""

    _deadline: asyncio.TimerHandle | None = None
    _reported_at: ClassVar[float | None] = None
    _shared_by_server: ClassVar[WeakKeyDictionary[ServerState, _Shared]] = WeakKeyDictionary()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limiter = HttpLimiter()
        self._allowance = Allowance()
        self._has_asked = False
        self._is_upgraded = False
        self._counted_bytes = 0
        self._thrown_away: int | None = None
        """Bytes that came after the last answer; None before it."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered whose whole has arrived."""
        return self.cycle is None or self.cycle.response_complete or self._is_body_missing

    @property
    def held_bytes(self) -> int:
        """How much has arrived that h11 was not given yet."""
        return self._limiter.held_bytes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a first request."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self._go_on)
        self._origin = sender_network(None if self.client is None else self.client[0])
        self._shared = self._shared_with_others()
        leaving = self._shared.open.add(self, self._origin)
        if leaving is not None:
            self._report_crowd()
            leaving.transport.abort()
        if leaving is self:
            return
        self._bound_buffers(transport.get_extra_info("socket"))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        self._shared.open.discard(self, self._origin)
        self._limiter.release_all()
        self._count_held()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Keep what arrived until it is this connection's turn."""
        if self._thrown_away is not None:
            self._throw_away(len(data))
            return
        self._unset_keepalive_if_required()
        self._limiter.receive(data)
        self._count_held()
        if (
            self._limiter.held_bytes > HEAD_BYTES
        ):  # no browser sends so much at once but in a body, and then it can wait
            self._allowance.forfeit(self.loop.time())
            if self._shared.held_bytes > HELD_BYTES:
                self.transport.abort()
        self._go_on()

    def take_turn(self) -> int:
        """Parse a piece of what has arrived, and return what it cost."""
        self._has_asked = False
        if not self.transport.is_closing() and self._thrown_away is None:
            self._parse_piece()
            self._count_held()
        return self._limiter.take_owed()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection, and whatever arrived already, to the WebSocket's protocol."""
        self._stop_waiting()
        self._shared.open.discard(self, self._origin)
        self._is_upgraded = True
        super().handle_websocket_upgrade(event)
        if self.transport.is_closing():
            return
        self.transport.resume_reading()
        if self._limiter.held_bytes:
            protocol: Any = self.transport.get_protocol()
            protocol.data_received(self._limiter.release_all())

    def on_response_complete(self) -> None:
        """Begin to wait for a next request, or close where this one is still being sent."""
        self._wait_for_head()
        is_cut_short = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        self._shared.open.touch(self, self._origin)
        if self.transport.is_closing():
            return
        if is_cut_short:
            self._say_farewell()
        else:
            self._go_on()

    @property
    def _is_body_missing(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY

    def _shared_with_others(self) -> _Shared:
        shared = self._shared_by_server.get(self.server_state)
        if shared is None:
            shared = _Shared(self.loop, self.max_connections, self.max_connections_each)
            self._shared_by_server[self.server_state] = shared
        return shared

    def _count_held(self) -> None:
        """Say what is held here to those who share the room for it."""
        self._shared.held_bytes += self._limiter.held_bytes - self._counted_bytes
        self._counted_bytes = self._limiter.held_bytes

    def _may_parse(self) -> bool:
        """Return whether h11 waits for a head, or the application for more of a body."""
        return self.conn.their_state is h11.IDLE or (self._is_body_missing and not self.flow.read_paused)

    def _go_on(self) -> None:
        """Ask for a turn where there is something to parse, and read on only where nothing waits."""
        if self._has_asked or self._is_upgraded or self._thrown_away is not None or self.transport.is_closing():
            return
        if not self._limiter.held_bytes:
            self.transport.resume_reading()
            return
        self.transport.pause_reading()
        if self._may_parse():
            self._has_asked = True
            self._shared.turns.ask(self, self._allowance)

    def _parse_piece(self) -> None:
        if self._may_parse():
            try:
                piece = self._limiter.release_slice() if self._is_body_missing else self._limiter.release_head()
            except HeadTooLarge:
                self.transport.write(TOO_LARGE)
                self._say_farewell()
                return
            if not piece:  # the rest of a head is still to come
                self.transport.resume_reading()
                return
            super().data_received(piece)
        self._go_on()

    def _say_farewell(self) -> None:
        """Close, so that what was sent last arrives although not all was read."""
        self._stop_waiting()
        self._thrown_away = len(self._limiter.release_all())
        self.transport.write_eof()
        self.transport.resume_reading()
        self._deadline = self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    def _throw_away(self, count: int) -> None:
        self._thrown_away = (self._thrown_away or 0) + count
        if self._thrown_away > FAREWELL_BYTES:
            self.transport.abort()

    def _report_crowd(self) -> None:
        """Log that there are too many, now and then: whoever opens too many must not fill the log as well."""
        now = self.loop.time()
        if PromptProtocol._reported_at is None or now - PromptProtocol._reported_at > REPORT_SECONDS:
            PromptProtocol._reported_at = now
            most, each = self.max_connections, self.max_connections_each
            logger.warning("idle connections are closed for new ones: there are %s, or %s of one address", most, each)

    def _bound_buffers(self, connection: socket.socket) -> None:
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            patience = round(1000 * self.write_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_seconds, self._close_if_idle)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
