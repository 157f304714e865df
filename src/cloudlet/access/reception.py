"""From a redeemed ticket to an open console, and everything that must happen when it ends.

Theory of operation. A viewer gets a line to the instrument first, then a place. If that place takes control from
the same person's older window, the older one lets go before the newer one's input begins. From then on four tasks
run for the viewer: two pumps, the watch over its rights, and the note of its pointer. Each of them ends only by
raising `ConsoleEnded`, which ends the other three. Then, in this order: input is dropped and what is held is let
go, the line is closed once the instrument has read that, and only then is control free for the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudlet.access.bridge import Bridge, greet, send
from cloudlet.access.endings import TOO_MANY, UNREACHABLE, ConsoleEnded
from cloudlet.access.errors import ConsoleUnreachable, TicketRefused
from cloudlet.access.models import Admission, Seat
from cloudlet.access.release import Releaser
from cloudlet.access.rfb import Right
from cloudlet.access.upstream import Door, Line
from cloudlet.access.watch import Records, Watch, rights_of

__all__ = ["Reception"]

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 1.0
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
            self._check_windows(admission, MAX_WINDOWS - 1)
            async with self._line(admission.instrument) as line:
                first = await greet(socket)
                await send(socket, line.server_init.encode())
                await self._seat(socket, line, admission, first)
        except ConsoleEnded as ending:
            log.info("a console of %s ended: %s", admission.instrument, ending.cause)
            await _say_goodbye(socket, ending)

    def _check_windows(self, admission: Admission, most: int) -> None:
        wanted = (admission.username, admission.instrument)
        windows = [visit.admission for visit in self._visits.values()]
        if sum((one.username, one.instrument) == wanted for one in windows) > most:
            raise ConsoleEnded(TOO_MANY, "You have this console open in too many windows. Close some.")

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
        await asyncio.to_thread(note, instrument, None)
        try:
            yield line
        finally:
            await line.close()

    async def _seat(self, socket: WebSocket, line: Line, admission: Admission, first: bytes) -> None:
        visit = await self._arrived(socket, line, admission, first)
        cause = FAULT
        try:
            self._check_windows(admission, MAX_WINDOWS)  # others may have come while this one was on its way
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
        release = visit.bridge.restrict(Right.NONE)
        del self._visits[visit.seat.viewer]
        if visit.line.is_lost and release:
            self._releaser.later(visit.admission.instrument, release)
        await visit.line.close()
        await asyncio.to_thread(self._records.attendance.leave, visit.seat.viewer, cause)


async def _say_goodbye(socket: WebSocket, ending: ConsoleEnded) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await socket.close(ending.code, ending.reason)
