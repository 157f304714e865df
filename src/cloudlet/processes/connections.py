"""Connections that ask for nothing, or never read the answer: how many there may be, and how long they are kept."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["PromptProtocol", "raise_connection_limit"]

logger = logging.getLogger(__name__)

UNSENT_BYTES = 128 * 1024
"""What may wait in the kernel for a slow browser; without it megabytes do, and a console's pings wait behind them."""

REPORT_SECONDS = 60.0


def raise_connection_limit() -> None:
    """Let this process hold as many open files, and with them connections, as the host allows it.

    The usual soft limit of 1,024 is there for programs that use ``select``; who reaches it is deaf.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class PromptProtocol(H11Protocol):
    """uvicorn's HTTP, except that a connection is closed where no whole request head arrives, or nobody reads.

    uvicorn 0.54 waits for ever for a first request, and for a later one as long as single bytes come; so whoever can
    open connections could hold all that the process may have. It waits for ever, too, for a browser to read an answer
    or a stream of events. A request that is being answered and a WebSocket take as long as they take.

    That the browser reads is watched by the kernel: it ends a connection on which what was sent stays unacknowledged,
    or waits because the browser has no room, for longer than `write_seconds`. A slow browser makes room again and
    again, and stays. It holds for the WebSocket that follows, and for what is left to send when a connection closes.
    """

    head_seconds = 10.0
    """From the connection, or from the end of the last answer, to the end of the next request's head."""

    write_seconds = 30.0
    """How long the browser may take nothing of what is there for it."""

    max_connections = 2000
    """One more is closed at once: each holds tens of kilobytes, and up to half a megabyte that nobody reads."""

    _deadline: asyncio.TimerHandle | None = None
    _reported_at: ClassVar[float | None] = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a first request."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._report_refusal()
            transport.abort()
            return
        self._watch_writing(transport.get_extra_info("socket"))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection to the WebSocket's protocol."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Begin to wait for a next request."""
        self._wait_for_head()
        super().on_response_complete()

    def _report_refusal(self) -> None:
        """Log that connections are refused, now and then: whoever opens too many must not fill the log as well."""
        now = self.loop.time()
        if PromptProtocol._reported_at is None or now - PromptProtocol._reported_at > REPORT_SECONDS:
            PromptProtocol._reported_at = now
            logger.warning("connections are refused: %s are open already", self.max_connections)

    def _watch_writing(self, connection: socket.socket) -> None:
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            patience = round(1000 * self.write_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_seconds, self._close_if_idle)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
