"""An open connection to an instrument's VNC server, past its handshake."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket

from cloudlet.access.rfb import ServerInit

__all__ = ["READ_BYTES", "UpstreamConnection", "tune"]

logger = logging.getLogger(__name__)

READ_BYTES = 128 * 1024
"""A stream reader holds up to twice this for a slow viewer; smaller pieces cost CPU at full rate."""
CLOSE_SECONDS = 2.0

KEEPALIVE = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 25_000,
}
"""Seconds, seconds, tries, milliseconds: an instrument whose cable was pulled is noticed within half a minute.

The last one counts while input is on its way: the kernel sends no keepalive then, and would repeat the input for a
quarter of an hour.
"""


def tune(writer: asyncio.StreamWriter) -> None:
    """Have small messages leave at once, and a silent instrument noticed."""
    connection = _socket_of(writer)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


class UpstreamConnection:
    """The gateway's end of the connection.

    Parameters
    ----------
    reader, writer
        The connection; closed by `close`.
    server_init
        The screen's description.
    first
        What the server sent after its description already.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_init: ServerInit,
        first: bytes,
    ) -> None:
        self.server_init = server_init
        self._reader = reader
        self._writer = writer
        self._first = first
        self._is_closed = False
        self._was_acknowledged = False

    async def read(self) -> bytes:
        """Return what the server sent next, nothing at its end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return await self._reader.read(READ_BYTES)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """Queue `data` for the server; what is written to a dead connection is lost, and `close` tells."""
        if data and not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the server takes more; a dead connection is noticed by `read`."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def close(self) -> bool:
        """Have everything written delivered, then close.

        Closing while the server still sends would reset the connection, and a reset throws away what the server
        has not read yet: the very messages that let go of a button. So it is closed for writing only and
        read until the server closes its side, for two seconds at most. Closing twice does no harm.

        Returns
        -------
        bool
            Whether the server has read all that was written: its end answered ours. One that hung up before,
            or does not answer, may have missed the end.
        """
        if self._is_closed:
            return self._was_acknowledged
        self._is_closed = True
        had_hung_up = self._has_closed()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.drain()
                self._writer.write_eof()
                while await self._reader.read(READ_BYTES):
                    pass
            self._was_acknowledged = not had_hung_up
        except (OSError, TimeoutError, RuntimeError):
            logger.info("an instrument's VNC server did not close its side")
        finally:
            self._writer.transport.abort()
        return self._was_acknowledged

    def _has_closed(self) -> bool:
        """Return whether the server's end has arrived, although much that it sent before may still be unread."""
        if self._writer.is_closing():
            return True
        poll = select.poll()
        poll.register(_socket_of(self._writer).fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))


def _socket_of(writer: asyncio.StreamWriter) -> socket.socket:
    connection: socket.socket = writer.get_extra_info("socket")
    return connection
