"""Whether a viewer may still be at the console: asked every two seconds, and at once when something changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from cloudlet.access.attendance import Attendance
from cloudlet.access.bridge import Bridge
from cloudlet.access.endings import REVOKED, SIGNED_OUT, ConsoleEnded
from cloudlet.access.events import GrantChanged
from cloudlet.access.models import Admission
from cloudlet.access.rfb import Right
from cloudlet.access.rules import may_open_console, may_operate
from cloudlet.access.service import Access
from cloudlet.clock import Clock
from cloudlet.events import Listener, Missed, News, Tail
from cloudlet.identity import Identities, SessionEnded
from cloudlet.instruments import Level

__all__ = ["Records", "Watch", "rights_of"]

LOOK_SECONDS = 2.0
NOTE_SECONDS = 0.2
"""Shortest time between two notes of the pointer: a turning wheel presses buttons fifty times a second."""
KEEP_ALIVE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Records:
    """What the gateway asks and tells of people and consoles."""

    access: Access
    identities: Identities
    attendance: Attendance
    tail: Tail
    clock: Clock


def rights_of(level: Level | None, has_control: bool) -> Right:
    """Return what a viewer with `level` may do to the instrument, with or without control."""
    if not has_control or not may_operate(level):
        return Right.NONE
    return Right.INPUT | Right.MACHINE if level == Level.STAFF else Right.INPUT


class Watch:
    """Keeps one viewer's rights true, and its web session alive while somebody moves mouse or keys.

    Parameters
    ----------
    records
        Where the facts are.
    admission
        Who the viewer is.
    viewer
        The number of their place.
    bridge
        What is to be restricted.
    """

    def __init__(self, records: Records, admission: Admission, viewer: int, bridge: Bridge) -> None:
        self._records = records
        self._admission = admission
        self._viewer = viewer
        self._bridge = bridge
        self._touched = 0
        self._kept_alive_at = records.clock()

    async def look(self) -> NoReturn:
        """Look again and again.

        Raises
        ------
        ConsoleEnded
            The person was signed out, or may not see this console any more.
        """
        with self._records.tail.listen() as listener:
            while True:
                await self.check()
                await self._next_occasion(listener)

    async def note_pointer(self) -> NoReturn:
        """Note where the pointer is whenever a button went down or up, for a gateway that must clear up."""
        while True:
            await self._bridge.buttons_changed.wait()
            self._bridge.buttons_changed.clear()
            await self._note()
            await asyncio.sleep(NOTE_SECONDS)

    async def _next_occasion(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                while not self._concerns(await listener.next()):
                    pass
        except (TimeoutError, Missed):
            return

    def _concerns(self, news: News) -> bool:
        if news.kind == GrantChanged.kind:
            return news.subject == self._admission.instrument
        return news.kind == SessionEnded.kind and news.subject == self._admission.web_session

    async def check(self) -> None:
        """Look once; the level that holds now is applied.

        Raises
        ------
        ConsoleEnded
            The person was signed out, or may not see this console any more.
        """
        is_signed_in, level = await asyncio.to_thread(self._facts)
        if not is_signed_in:
            raise ConsoleEnded(SIGNED_OUT, "You are not signed in any more.", "signed out")
        decision = may_open_console(level)
        if not decision:
            raise ConsoleEnded(REVOKED, decision.reason, "access ended")
        await self._apply(rights_of(level, self._bridge.has_control))

    async def _apply(self, rights: Right) -> None:
        had_control = self._bridge.has_control
        self._bridge.restrict(rights)
        if had_control and not self._bridge.has_control:
            await asyncio.to_thread(self._records.attendance.lose_control, self._viewer, "may not operate any more")
        await self._note()

    async def _note(self) -> None:
        """Say that the operator is still there; who does not operate on the record does not operate."""
        if not self._bridge.has_control:
            return
        seen = self._records.attendance.seen
        if not await asyncio.to_thread(seen, self._viewer, self._bridge.pointer):
            self._bridge.restrict(Right.NONE)

    def _facts(self) -> tuple[bool, Level | None]:
        self._keep_alive()
        session = self._records.identities.session_by_id(self._admission.web_session)
        account = None if session is None else session.account
        is_signed_in = account is not None and account.username == self._admission.username
        return is_signed_in, self._records.access.level(self._admission.username, self._admission.instrument)

    def _keep_alive(self) -> None:
        now = self._records.clock()
        touched = self._bridge.touched
        if touched != self._touched and now - self._kept_alive_at >= KEEP_ALIVE_EVERY:
            self._records.identities.keep_alive(self._admission.web_session)
            self._touched, self._kept_alive_at = touched, now
