"""The way to the instruments' own VNC servers: only to configured addresses, one handshake at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

from cloudlet.access.backoff import Backoff
from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.rfb import ClientHandshake, ConsoleRefused, ServerInit
from cloudlet.access.settings import ConsoleSettings
from cloudlet.clock import Clock, utc_now
from cloudlet.errors import CloudletError

__all__ = ["Door", "Line"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
READ_BYTES = 128 * 1024
"""A stream reader holds up to twice this for a slow viewer; smaller pieces cost CPU at full rate."""
GOODBYE_SECONDS = 2.0
CALL_STAFF = "Check that the instrument's computer is on, or ask the facility's staff."

KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
"""Seconds, seconds, tries: an instrument whose cable was pulled is noticed within half a minute."""


class Line:
    """An open connection to an instrument's VNC server, past its handshake.

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
        self._is_lost = False
        self._is_closed = False

    @property
    def is_lost(self) -> bool:
        """Whether the server closed the line, so that what was written last may not have arrived."""
        return self._is_lost

    async def read(self) -> bytes:
        """Return what the server sent next, nothing at its end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError:
            data = b""
        self._is_lost = not data
        return data

    def write(self, data: bytes) -> None:
        """Queue `data` for the server; what is written to a dead line is lost."""
        if data and not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the server takes more; a dead line is noticed by `read`."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def close(self) -> None:
        """Have everything written delivered, then close.

        Closing while the server still sends would reset the connection, and a reset throws away what the server
        has not read yet: the very messages that let go of a button. So the line is closed for writing only and
        read until the server closes its side, for two seconds at most. Closing twice does no harm.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.drain()
                self._writer.write_eof()
                while await self._reader.read(READ_BYTES):
                    pass
        except (OSError, TimeoutError, RuntimeError):
            log.info("an instrument's VNC server did not say goodbye")
        finally:
            self._writer.transport.abort()


class Door:
    """Opens lines to one instrument.

    Parameters
    ----------
    console
        Where its VNC server is.
    clock
        Tells the present instant.
    """

    def __init__(self, console: ConsoleSettings, clock: Clock = utc_now) -> None:
        self._console = console
        self._clock = clock
        self._backoff = Backoff()
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> Line:
        """Connect and shake hands.

        Raises
        ------
        ConsoleUnreachable
            The server does not answer, refuses, or did so a moment ago; the message says which.
        """
        async with self._one_at_a_time:
            password = await asyncio.to_thread(self._password)
            self._backoff.check(password, self._clock())
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    line = await self._connect(password)
            except ConsoleRefused as refusal:
                error = ConsoleUnreachable(refusal.message, refusal.remedy)
                self._backoff.refused(error, password, self._clock())
                raise error from refusal
            except (OSError, TimeoutError, CloudletError) as cause:
                error = _silence(cause)
                self._backoff.silent(error, password, self._clock())
                raise error from cause
            self._backoff.reached()
            return line

    async def _connect(self, password: str | None) -> Line:
        reader, writer = await asyncio.open_connection(self._console.host, self._console.port, limit=READ_BYTES)
        try:
            _tune(writer)
            handshake = ClientHandshake(password)
            while not handshake.is_done:
                data = await reader.read(READ_BYTES)
                if not data:
                    handshake.closed()
                writer.write(handshake.receive(data))
        except BaseException:
            writer.transport.abort()
            raise
        return Line(reader, writer, handshake.server_init, handshake.rest)

    def _password(self) -> str | None:
        if self._console.password_file is None:
            return None
        try:
            lines = self._console.password_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as cause:
            raise ConsoleUnreachable(
                "The gateway cannot read the console's password.",
                "Ask the facility's staff to check the password file of this console.",
            ) from cause
        return lines[0] if lines else None


def _silence(cause: Exception) -> ConsoleUnreachable:
    if isinstance(cause, CloudletError):
        return ConsoleUnreachable(cause.message, cause.remedy or CALL_STAFF)
    if isinstance(cause, TimeoutError):
        return ConsoleUnreachable("The instrument's screen does not answer in time.", CALL_STAFF)
    return ConsoleUnreachable("The instrument's screen cannot be reached.", CALL_STAFF)


def _tune(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
