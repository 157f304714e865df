"""The way to the instruments' own VNC servers: only to configured addresses, one handshake at a time."""

from __future__ import annotations

import asyncio
import logging

from cloudlet.access.backoff import Backoff
from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.rfb import ClientHandshake, ConsoleRefused
from cloudlet.access.settings import ConsoleSettings
from cloudlet.access.upstream_connection import READ_BYTES, UpstreamConnection, tune
from cloudlet.clock import Clock, utc_now
from cloudlet.errors import CloudletError
from cloudlet.named_files import FileUnusable, read_secret

__all__ = ["UpstreamConnector"]

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
CALL_STAFF = "Check that the instrument's computer is on, or ask the facility's staff."


class UpstreamConnector:
    """Opens connections to one instrument.

    Parameters
    ----------
    console
        Where its VNC server is.
    clock
        Source of the present time.
    """

    def __init__(self, console: ConsoleSettings, clock: Clock = utc_now) -> None:
        self._console = console
        self._clock = clock
        self._backoff = Backoff()
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> UpstreamConnection:
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
                    upstream = await self._connect(password)
            except ConsoleRefused as refusal:
                error = ConsoleUnreachable(refusal.message, refusal.remedy)
                note = self._backoff.refused if refusal.is_failed_attempt else self._backoff.silent
                note(error, password, self._clock())
                raise error from refusal
            except (OSError, TimeoutError, CloudletError) as cause:
                error = _silence(cause)
                self._backoff.silent(error, password, self._clock())
                raise error from cause
            self._backoff.reached()
            return upstream

    async def _connect(self, password: str | None) -> UpstreamConnection:
        reader, writer = await asyncio.open_connection(self._console.host, self._console.port, limit=READ_BYTES)
        try:
            tune(writer)
            handshake = ClientHandshake(password)
            while not handshake.is_done:
                data = await reader.read(READ_BYTES)
                if not data:
                    handshake.closed()
                writer.write(handshake.receive(data))
        except BaseException:
            writer.transport.abort()
            raise
        return UpstreamConnection(reader, writer, handshake.server_init, handshake.rest)

    def _password(self) -> str | None:
        if self._console.password_file is None:
            return None
        try:
            lines = read_secret(self._console.password_file).get_secret_value().splitlines()
        except FileUnusable as cause:
            logger.error("the password of a console is not used: %s", cause)
            raise ConsoleUnreachable(
                "The gateway cannot use the console's password.",
                "Ask the facility's staff to run cloudlet check, which says why.",
            ) from cause
        return lines[0]


def _silence(cause: Exception) -> ConsoleUnreachable:
    if isinstance(cause, CloudletError):
        return ConsoleUnreachable(cause.message, cause.remedy or CALL_STAFF)
    if isinstance(cause, TimeoutError):
        return ConsoleUnreachable("The instrument's screen does not answer in time.", CALL_STAFF)
    return ConsoleUnreachable("The instrument's screen cannot be reached.", CALL_STAFF)
