"""From a redeemed ticket to an open console, and everything that must happen when it ends.

Theory of operation. A window counts from the first moment, so that nothing later has to be undone because there
are too many. It must say who it is before the instrument is bothered; then it gets a connection to the instrument,
then a viewer session. If that session takes control from the same person's older window, the older one lets go
before the newer one's input begins. From then on five tasks run for the viewer: two pumps, the watch for a lost
browser, the monitor of its rights, and the record of its input. Each of them ends only by raising `ConsoleEnded`, which
ends the others. Then, in this order: input is dropped and what is held is let go, the connection is closed once the
instrument has read that, and only then is control free for the next. If it broke before the instrument could read it,
another one is opened for that, or the next operator's connection begins with it; if the database stalls, leaving is
tried until it is written, because nobody else gets control before; the browser does not wait for that.

The database may be held by another process for long. Then nobody new comes in; who is there is looked after by
`viewer_monitor`; each ends with a code and a sentence.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import OperationalError
from starlette.websockets import WebSocket

from cloudlet.access.bridge import Bridge, close, send, shake_hands
from cloudlet.access.close_codes import TOO_MANY, UNREACHABLE, ConsoleEnded, database_silent
from cloudlet.access.errors import ConsoleUnreachable, TicketRefused
from cloudlet.access.frame_limiter import FRAME_BUDGET, frame_budget
from cloudlet.access.models import Authorization, InputTrace, ViewerSession
from cloudlet.access.presence_store import OPENING_SECONDS
from cloudlet.access.release import Releaser
from cloudlet.access.rfb import MessageBudget, Right, gateway_budget
from cloudlet.access.rules import rights_of
from cloudlet.access.token_bucket import TokenBucket
from cloudlet.access.upstream_connection import UpstreamConnection
from cloudlet.access.upstream_connector import UpstreamConnector
from cloudlet.access.viewer_monitor import LEASE_SECONDS, GatewayServices, ViewerMonitor
from cloudlet.database import DatabaseBusy

__all__ = ["ConsoleServer"]

logger = logging.getLogger(__name__)

LEAVE_AGAIN_SECONDS = 2.0
MAX_WINDOWS = 8
"""Windows of one person on one console: each is a connection more for the instrument's computer."""
OPENINGS_PER_SECOND, OPENINGS_BURST = 1.0, 10.0
"""Of one person on one console, each a handshake with the instrument's computer: all windows at once after a lost
network, and then as often as somebody loads a page."""
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
        self._openings: defaultdict[tuple[str, str], TokenBucket] = defaultdict(_opening_budget)
        self._frame_budgets: defaultdict[str, TokenBucket] = defaultdict(frame_budget)
        self._all_messages = gateway_budget()
        self._message_budgets: defaultdict[str, MessageBudget] = defaultdict(lambda: MessageBudget(self._all_messages))
        self._arrivals = asyncio.Lock()
        self._releaser = Releaser(connectors, self._is_operated)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clear up after a gateway that was killed, then be ready for as long as the block lasts."""
        presence, threads = self._services.presence, self._services.threads
        async with self._services.tail.running(), self._releaser.running():
            for console in await threads.read(presence.abandoned):
                self._releaser.release_abandoned(console)
            await self._until_written("an abandoned console cannot be recorded", presence.recover)
            yield

    async def authorize(self, ticket: str | None, instrument: str) -> Authorization:
        """Return what `ticket` stands for, using it up.

        Raises
        ------
        TicketRefused
            There is no ticket, it is not valid for this instrument, or its web session has ended.
        cloudlet.database.DatabaseBusy
            It cannot be used up at this moment.
        """
        if ticket is None or instrument not in self._connectors:
            raise TicketRefused("This console cannot be opened.", "Open the console from its page.")
        try:
            return await self._services.threads.write(self._services.access.redeem, ticket, instrument)
        except OperationalError as stall:
            logger.warning("a ticket cannot be used up: %s", stall.orig)
            raise DatabaseBusy from stall

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
            await close(socket, ending)
        except OperationalError as stall:
            logger.error("a console of %s ended: %s", authorization.instrument, stall.orig)
            await close(socket, database_silent())

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
        if not self._openings[windows].take(1, asyncio.get_running_loop().time()):
            raise ConsoleEnded(TOO_MANY, "You open this console too often. Wait a few seconds.")
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
        try:
            upstream = await self._connectors[instrument].open()
        except ConsoleUnreachable as problem:
            await self._note_reachability(instrument, str(problem))
            raise ConsoleEnded(UNREACHABLE, problem.message) from problem
        try:
            await self._note_reachability(instrument, None)
            yield upstream
        finally:
            await upstream.close()

    async def _note_reachability(self, instrument: str, problem: str | None) -> None:
        try:
            await self._services.threads.write(self._services.presence.note_reachability, instrument, problem)
        except OperationalError as stall:
            logger.warning("%s: whether it was reached cannot be noted: %s", instrument, stall.orig)

    async def _serve_viewer(
        self, socket: WebSocket, upstream: UpstreamConnection, authorization: Authorization, first: bytes
    ) -> None:
        console = await self._arrive(socket, upstream, authorization, first)
        ended: ConsoleEnded | None = None
        try:
            await self._displace(console.viewer_session.displaced)
            await self._run(console)
        except ConsoleEnded as ending:
            ended = ending
            raise
        finally:
            await self._close(console, FAULT if ended is None else ended.cause, ended)

    async def _arrive(
        self, socket: WebSocket, upstream: UpstreamConnection, authorization: Authorization, first: bytes
    ) -> _OpenConsole:
        """Give a session, one arrival after the other: who is displaced must be found by who displaces."""
        async with self._turn_to_arrive():
            begun = asyncio.get_running_loop().time()
            try:
                viewer_session = await self._services.threads.write(self._services.presence.arrive, authorization)
            except OperationalError as stall:
                logger.warning("%s: nobody can arrive: %s", authorization.instrument, stall.orig)
                raise database_silent() from stall
            bridge = Bridge(
                socket,
                upstream,
                rights_of(authorization.level, has_control=viewer_session.has_control),
                first,
                instrument=authorization.instrument,
                budget=self._message_budgets[authorization.username],
            )
            if viewer_session.has_control:
                upstream.write(self._releaser.take_pending(authorization.instrument))
                bridge.renew(InputTrace(), begun + LEASE_SECONDS)
            console = self._open_consoles[viewer_session.id] = _OpenConsole(
                authorization, viewer_session, bridge, upstream
            )
            return console

    @asynccontextmanager
    async def _turn_to_arrive(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await self._arrivals.acquire()
        except TimeoutError as stall:
            raise database_silent() from stall
        try:
            yield
        finally:
            self._arrivals.release()

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
                tasks.create_task(console.bridge.notice_loss())
                tasks.create_task(monitor.run())
                tasks.create_task(monitor.keep_record())
        except BaseExceptionGroup as group:
            endings = [error for error in group.exceptions if isinstance(error, ConsoleEnded)]
            stalls = [error for error in group.exceptions if isinstance(error, OperationalError)]
            if len(endings) + len(stalls) < len(group.exceptions):
                raise
            raise (endings + stalls)[0] from None

    async def _close(self, console: _OpenConsole, cause: str, ended: ConsoleEnded | None = None) -> None:
        console.bridge.restrict(Right.NONE)
        del self._open_consoles[console.viewer_session.id]
        if not await console.upstream.close() and console.bridge.released:
            self._releaser.schedule(console.authorization.instrument, console.bridge.released)
        if ended is not None:
            await console.bridge.close(ended)
        session_id, left_at = console.viewer_session.id, self._services.clock()
        leave = partial(self._services.presence.leave, session_id, cause, left_at)
        await self._until_written(f"viewer session {session_id} cannot be ended", leave)

    async def _until_written(self, problem: str, change: Callable[[], object]) -> None:
        """Write, however long the database cannot be written."""
        while True:
            try:
                await self._services.threads.write(change)
            except OperationalError as stall:
                logger.warning("%s yet: %s", problem, stall.orig)
                await asyncio.sleep(LEAVE_AGAIN_SECONDS)
            else:
                return


def _opening_budget() -> TokenBucket:
    return TokenBucket(OPENINGS_PER_SECOND, OPENINGS_BURST)
