"""From a redeemed ticket to an open console, and everything that must happen when it ends.

Theory of operation. A window counts from the first moment, so that nothing later has to be undone because there
are too many. It must say who it is before the instrument is bothered; then it gets a connection to the instrument,
then a viewer session. If that session takes control from the same person's older window, the older one lets go
before the newer one's input begins. From then on four tasks run for the viewer: two pumps, the monitor of its rights,
and the record of its input. Each of them ends only by raising `ConsoleEnded`, which ends the other three. Then, in
this order: input is dropped and what is held is let go, the connection is closed once the instrument has read that,
and only then is control free for the next. If it broke before the instrument could read it, another one is opened for
that, or the next operator's connection begins with it; if the database stalls, leaving is tried until it is written,
because nobody else gets control before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudlet.access.bridge import Bridge, send, shake_hands
from cloudlet.access.close_codes import TOO_MANY, UNREACHABLE, ConsoleEnded
from cloudlet.access.errors import ConsoleUnreachable, TicketRefused
from cloudlet.access.frame_limiter import FRAME_BUDGET, frame_budget
from cloudlet.access.models import Authorization, ViewerSession
from cloudlet.access.release import Releaser
from cloudlet.access.rfb import Right
from cloudlet.access.rules import rights_of
from cloudlet.access.token_bucket import TokenBucket
from cloudlet.access.upstream_connection import UpstreamConnection
from cloudlet.access.upstream_connector import UpstreamConnector
from cloudlet.access.viewer_monitor import GatewayServices, ViewerMonitor

__all__ = ["ConsoleServer"]

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
LEAVE_AGAIN_SECONDS = 2.0
MAX_WINDOWS = 8
"""Windows of one person on one console: each is a connection more for the instrument's computer."""
FAULT = "fault in the gateway"


@dataclass(frozen=True)
class _OpenConsole:
    authorization: Authorization
    viewer_session: ViewerSession
    bridge: Bridge
    upstream: UpstreamConnection


class ConsoleServer:
    """Brings viewers to consoles.

    Parameters
    ----------
    services
        Where people, grants and presence are.
    connectors
        The way to each instrument, by key; nothing else is ever connected to.
    """

    def __init__(self, services: GatewayServices, connectors: Mapping[str, UpstreamConnector]) -> None:
        self._services = services
        self._connectors = connectors
        self._open_consoles: dict[int, _OpenConsole] = {}
        self._windows: Counter[tuple[str, str]] = Counter()
        self._frame_budgets: defaultdict[str, TokenBucket] = defaultdict(frame_budget)
        self._arrivals = asyncio.Lock()
        self._releaser = Releaser(connectors, self._is_operated)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clear up after a gateway that was killed, then be ready for as long as the block lasts."""
        abandoned = await asyncio.to_thread(self._services.presence.recover)
        async with self._services.tail.running(), self._releaser.running():
            for console in abandoned:
                self._releaser.release_abandoned(console)
            yield

    async def authorize(self, ticket: str | None, instrument: str) -> Authorization:
        """Return what `ticket` stands for, using it up.

        Raises
        ------
        TicketRefused
            There is no ticket, it is not valid for this instrument, or its web session has ended.
        """
        if ticket is None or instrument not in self._connectors:
            raise TicketRefused("This console cannot be opened.", "Open the console from its page.")
        return await asyncio.to_thread(self._services.access.redeem, ticket, instrument)

    async def serve(self, socket: WebSocket, authorization: Authorization) -> None:
        """Serve the viewer of `authorization` on the accepted `socket` until the console ends for them."""
        self._pay_for_frames(socket, authorization.username)
        try:
            with self._counted(authorization):
                first = await shake_hands(socket)
                async with self._upstream(authorization.instrument) as upstream:
                    await send(socket, upstream.server_init.encode())
                    await self._serve_viewer(socket, upstream, authorization, first)
        except ConsoleEnded as ending:
            logger.info("a console of %s ended: %s", authorization.instrument, ending.cause)
            await _close_socket(socket, ending)

    def _pay_for_frames(self, socket: WebSocket, username: str) -> None:
        """Have all that a person's windows send paid from one budget.

        It outlives them: one that was filled up for whoever comes again would be no limit.
        """
        extension = socket.scope["extensions"].get(FRAME_BUDGET)
        if extension is not None:
            extension["pay_from"](self._frame_budgets[username])

    @contextmanager
    def _counted(self, authorization: Authorization) -> Iterator[None]:
        """Count a window among the person's on this console, from its arrival until it has left."""
        windows = (authorization.username, authorization.instrument)
        if self._windows[windows] >= MAX_WINDOWS:
            raise ConsoleEnded(TOO_MANY, "You have this console open in too many windows. Close some.")
        self._windows[windows] += 1
        try:
            yield
        finally:
            self._windows[windows] -= 1

    def _is_operated(self, instrument: str) -> bool:
        return any(
            console.bridge.has_control and console.authorization.instrument == instrument
            for console in self._open_consoles.values()
        )

    @asynccontextmanager
    async def _upstream(self, instrument: str) -> AsyncIterator[UpstreamConnection]:
        record = self._services.presence.note_reachability
        try:
            upstream = await self._connectors[instrument].open()
        except ConsoleUnreachable as problem:
            await asyncio.to_thread(record, instrument, str(problem))
            raise ConsoleEnded(UNREACHABLE, problem.message) from problem
        try:
            await asyncio.to_thread(record, instrument, None)
            yield upstream
        finally:
            await upstream.close()

    async def _serve_viewer(
        self, socket: WebSocket, upstream: UpstreamConnection, authorization: Authorization, first: bytes
    ) -> None:
        console = await self._arrive(socket, upstream, authorization, first)
        cause = FAULT
        try:
            await self._displace(console.viewer_session.displaced)
            await self._run(console)
        except ConsoleEnded as ending:
            cause = ending.cause
            raise
        finally:
            await self._close(console, cause)

    async def _arrive(
        self, socket: WebSocket, upstream: UpstreamConnection, authorization: Authorization, first: bytes
    ) -> _OpenConsole:
        """Give a session, one arrival after the other: who is displaced must be found by who displaces."""
        async with self._arrivals:
            viewer_session = await asyncio.to_thread(self._services.presence.arrive, authorization)
            bridge = Bridge(
                socket, upstream, rights_of(authorization.level, has_control=viewer_session.has_control), first
            )
            if viewer_session.has_control:
                upstream.write(self._releaser.take_pending(authorization.instrument))
            console = self._open_consoles[viewer_session.id] = _OpenConsole(
                authorization, viewer_session, bridge, upstream
            )
            return console

    async def _displace(self, session_id: int | None) -> None:
        older = None if session_id is None else self._open_consoles.get(session_id)
        if older is not None:
            await older.bridge.hand_over()

    async def _run(self, console: _OpenConsole) -> None:
        monitor = ViewerMonitor(self._services, console.authorization, console.viewer_session.id, console.bridge)
        try:
            await monitor.check()  # the way here took its time; no message passes at a level of long ago
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(console.bridge.pump_down())
                tasks.create_task(console.bridge.pump_up())
                tasks.create_task(monitor.run())
                tasks.create_task(monitor.note_input())
        except BaseExceptionGroup as group:
            endings = [error for error in group.exceptions if isinstance(error, ConsoleEnded)]
            if len(endings) < len(group.exceptions):
                raise
            raise endings[0] from None

    async def _close(self, console: _OpenConsole, cause: str) -> None:
        console.bridge.restrict(Right.NONE)
        del self._open_consoles[console.viewer_session.id]
        if not await console.upstream.close() and console.bridge.released:
            self._releaser.schedule(console.authorization.instrument, console.bridge.released)
        await self._leave(console.viewer_session.id, cause)

    async def _leave(self, session_id: int, cause: str) -> None:
        """End the session, however long the database cannot be written."""
        left_at = self._services.clock()
        while True:
            try:
                await asyncio.to_thread(self._services.presence.leave, session_id, cause, left_at)
            except OperationalError as stall:
                logger.warning("viewer session %s cannot be ended yet: %s", session_id, stall.orig)
                await asyncio.sleep(LEAVE_AGAIN_SECONDS)
            else:
                return


async def _close_socket(socket: WebSocket, ending: ConsoleEnded) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(ending.code, ending.reason)
