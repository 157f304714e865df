"""From a redeemed ticket to an open console, and everything that must happen when it ends.

Theory of operation. A window counts from the first moment, so that nothing later has to be undone because there
are too many. It must say who it is before the instrument is bothered; then it gets a line to the instrument, then a
place. If that place takes control from the same person's older window, the older one lets go before the newer one's
input begins. From then on four tasks run for the viewer: two pumps, the watch over its rights, and the note of its
pointer. Each of them ends only by raising `ConsoleEnded`, which ends the other three. Then, in this order: input is
dropped and what is held is let go, the line is closed once the instrument has read that, and only then is control
free for the next. If the line broke before the instrument could read it, another one is opened for it, or the
next operator's line begins with it; if the database stalls, leaving is tried until it is written, because nobody else
gets control before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudlet.access.bridge import Bridge, greet, send
from cloudlet.access.endings import TOO_MANY, UNREACHABLE, ConsoleEnded
from cloudlet.access.errors import ConsoleUnreachable, TicketRefused
from cloudlet.access.line import Line
from cloudlet.access.models import Admission, Seat
from cloudlet.access.release import Releaser
from cloudlet.access.rfb import Right
from cloudlet.access.upstream import Door
from cloudlet.access.watch import Records, Watch, rights_of

__all__ = ["Reception"]

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 1.0
LEAVE_AGAIN_SECONDS = 2.0
MAX_WINDOWS = 8
"""Windows of one person on one console: each is a connection more for the instrument's computer."""
FAULT = "fault in the gateway"


@dataclass(frozen=True)
class _Visit:
    admission: Admission
    seat: Seat
    bridge: Bridge
    line: Line


class Reception:
    """Brings viewers to consoles.

    Parameters
    ----------
    records
        Where people, grants and attendance are.
    doors
        The way to each instrument, by key; nothing else is ever connected to.
    """

    def __init__(self, records: Records, doors: Mapping[str, Door]) -> None:
        self._records = records
        self._doors = doors
        self._visits: dict[int, _Visit] = {}
        self._windows: Counter[tuple[str, str]] = Counter()
        self._arrivals = asyncio.Lock()
        self._releaser = Releaser(doors, self._is_operated)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clear up after a gateway that was killed, then be ready for as long as the block lasts."""
        abandoned = await asyncio.to_thread(self._records.attendance.recover)
        async with self._records.tail.running(), self._releaser.running():
            for console in abandoned:
                self._releaser.clear_up(console)
            yield

    async def admit(self, ticket: str | None, instrument: str) -> Admission:
        """Return what `ticket` stands for, using it up.

        Raises
        ------
        TicketRefused
            There is no ticket, it is not valid for this instrument, or its web session has ended.
        """
        if ticket is None or instrument not in self._doors:
            raise TicketRefused("This console cannot be opened.", "Open the console from its page.")
        admission = await asyncio.to_thread(self._records.access.redeem, ticket, instrument)
        find = self._records.identities.session_by_id
        if await asyncio.to_thread(find, admission.web_session) is None:
            raise TicketRefused("You are not signed in any more.", "Sign in again.")
        return admission

    async def welcome(self, socket: WebSocket, admission: Admission) -> None:
        """Serve the viewer of `admission` on the accepted `socket` until the console ends for them."""
        try:
            with self._counted(admission):
                first = await greet(socket)
                async with self._line(admission.instrument) as line:
                    await send(socket, line.server_init.encode())
                    await self._seat(socket, line, admission, first)
        except ConsoleEnded as ending:
            log.info("a console of %s ended: %s", admission.instrument, ending.cause)
            await _say_goodbye(socket, ending)

    @contextmanager
    def _counted(self, admission: Admission) -> Iterator[None]:
        """Count a window among the person's on this console, from its arrival until it has left."""
        windows = (admission.username, admission.instrument)
        if self._windows[windows] >= MAX_WINDOWS:
            raise ConsoleEnded(TOO_MANY, "You have this console open in too many windows. Close some.")
        self._windows[windows] += 1
        try:
            yield
        finally:
            self._windows[windows] -= 1

    def _is_operated(self, instrument: str) -> bool:
        return any(
            visit.bridge.has_control and visit.admission.instrument == instrument for visit in self._visits.values()
        )

    @asynccontextmanager
    async def _line(self, instrument: str) -> AsyncIterator[Line]:
        note = self._records.attendance.note_reached
        try:
            line = await self._doors[instrument].open()
        except ConsoleUnreachable as problem:
            await asyncio.to_thread(note, instrument, str(problem))
            raise ConsoleEnded(UNREACHABLE, problem.message) from problem
        try:
            await asyncio.to_thread(note, instrument, None)
            yield line
        finally:
            await line.close()

    async def _seat(self, socket: WebSocket, line: Line, admission: Admission, first: bytes) -> None:
        visit = await self._arrived(socket, line, admission, first)
        cause = FAULT
        try:
            await self._displace(visit.seat.displaced)
            await self._stay(visit)
        except ConsoleEnded as ending:
            cause = ending.cause
            raise
        finally:
            await self._see_off(visit, cause)

    async def _arrived(self, socket: WebSocket, line: Line, admission: Admission, first: bytes) -> _Visit:
        """Give a place, one arrival after the other: who is displaced must be found by who displaces."""
        async with self._arrivals:
            seat = await asyncio.to_thread(self._records.attendance.arrive, admission)
            bridge = Bridge(socket, line, rights_of(admission.level, seat.has_control), first)
            if seat.has_control:
                line.write(self._releaser.take_over(admission.instrument))
            visit = self._visits[seat.viewer] = _Visit(admission, seat, bridge, line)
            return visit

    async def _displace(self, viewer: int | None) -> None:
        older = None if viewer is None else self._visits.get(viewer)
        if older is not None:
            await older.bridge.hand_over()

    async def _stay(self, visit: _Visit) -> None:
        watch = Watch(self._records, visit.admission, visit.seat.viewer, visit.bridge)
        try:
            await watch.check()  # the way here took its time; no message passes at a level of long ago
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(visit.bridge.pump_down())
                tasks.create_task(visit.bridge.pump_up())
                tasks.create_task(watch.look())
                tasks.create_task(watch.note_pointer())
        except BaseExceptionGroup as group:
            endings = [error for error in group.exceptions if isinstance(error, ConsoleEnded)]
            if len(endings) < len(group.exceptions):
                raise
            raise endings[0] from None

    async def _see_off(self, visit: _Visit, cause: str) -> None:
        visit.bridge.restrict(Right.NONE)
        del self._visits[visit.seat.viewer]
        if not await visit.line.close() and visit.bridge.released:
            self._releaser.later(visit.admission.instrument, visit.bridge.released)
        await self._leave(visit.seat.viewer, cause)

    async def _leave(self, viewer: int, cause: str) -> None:
        """Give the place up, however long the database cannot be written."""
        left_at = self._records.clock()
        while True:
            try:
                await asyncio.to_thread(self._records.attendance.leave, viewer, cause, left_at)
            except OperationalError as stall:
                log.warning("place %s cannot be given up yet: %s", viewer, stall.orig)
                await asyncio.sleep(LEAVE_AGAIN_SECONDS)
            else:
                return


async def _say_goodbye(socket: WebSocket, ending: ConsoleEnded) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await socket.close(ending.code, ending.reason)
