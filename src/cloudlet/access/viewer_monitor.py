"""Whether a viewer may still be at the console, and the record of what an operator holds.

Theory of operation. Two tasks, because reading never waits and writing may. One asks every two seconds, and at once
when something changed, whether the person is signed in and what they may do; that is applied before anything else. The
other records every second that the operator is there and what they may hold. Each record renews the lease on control
(`Bridge.renew`) for three seconds from the moment at which what it says was looked up. While the database cannot be
written, rights are still read and applied, and input is held back when the lease has ended. While it cannot be read
either, nobody knows who may still look on, so that the console ends a little later.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

from sqlalchemy.exc import OperationalError

from cloudlet.access.bridge import Bridge
from cloudlet.access.close_codes import REVOKED, SIGNED_OUT, ConsoleEnded, database_silent
from cloudlet.access.database_threads import DatabaseThreads
from cloudlet.access.events import GrantChanged
from cloudlet.access.models import Authorization
from cloudlet.access.presence_store import PresenceStore
from cloudlet.access.rfb import Right
from cloudlet.access.rules import may_open_console, rights_of
from cloudlet.access.service import Access
from cloudlet.clock import Clock
from cloudlet.events import EventsMissed, Listener, StoredEvent, Tail
from cloudlet.identity import Identities, SessionEnded
from cloudlet.instruments import Level

__all__ = ["GatewayServices", "ViewerMonitor"]

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0
READ_SECONDS = 5.0
UNKNOWN_SECONDS = 15.0
"""For how long somebody may look on while nobody can tell whether they still may: a server that starts again."""

LEASE_SECONDS = 3.0
"""How old the record of an operator's input may be while more of it passes.

Three records are due in that time, so that two may come to nothing, behind a slow writer or a disk that is waited for,
before a person at a microscope is interrupted. Longer would help nobody: a unit of work takes milliseconds, and whoever
holds the database for three seconds has stopped. It is also how long a stage may go on moving, at worst, under a key
that nobody else knows to be down.
"""
RECORD_SECONDS = 1.0
RIGHTS_SECONDS = 2 * CHECK_SECONDS + LEASE_SECONDS
"""How old the rights may be while input passes: two looks may come to nothing as well."""
NOTE_SECONDS = 0.2
"""Shortest time between two notes of the input: a turning wheel presses buttons fifty times a second."""
PRESS_SECONDS = 0.05
"""Shortest time between two notes where a press waits for its own."""
AGAIN_SECONDS = 0.2
CONTROL_AGAIN_SECONDS = 2.0
KEEP_ALIVE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class GatewayServices:
    """The services that the gateway uses."""

    access: Access
    identities: Identities
    presence: PresenceStore
    tail: Tail
    clock: Clock
    threads: DatabaseThreads = field(default_factory=DatabaseThreads)


class ViewerMonitor:
    """Keeps one viewer's rights true, and its web session alive while somebody moves mouse or keys.

    Parameters
    ----------
    services
        Where the facts are.
    authorization
        Who the viewer is.
    session_id
        Of their viewer session.
    bridge
        What is to be restricted.
    """

    def __init__(
        self, services: GatewayServices, authorization: Authorization, session_id: int, bridge: Bridge
    ) -> None:
        self._services = services
        self._authorization = authorization
        self._session_id = session_id
        self._bridge = bridge
        self._had_control = bridge.has_control
        self._touched = 0
        self._rights_read_at = -math.inf
        self._is_stalled = False
        self._kept_alive_at = services.clock()

    async def run(self) -> NoReturn:
        """Look again and again.

        Raises
        ------
        ConsoleEnded
            The person was signed out, or may not see this console any more.
        """
        with self._services.tail.listen() as listener:
            while True:
                await self.check()
                await self._next_occasion(listener)

    async def keep_record(self) -> NoReturn:
        """Record what the operator may hold, for a gateway that must clear up after this one; then that control ended.

        Only this lets input through: `Bridge.renew`.
        """
        while self._bridge.has_control:
            begun = _now()
            if await self._record():
                await self._next_record(begun)
            else:
                await asyncio.sleep(AGAIN_SECONDS)
        if self._had_control:
            await self._give_up_control()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets that event")

    async def _record(self) -> bool:
        """Return whether it could be recorded; who does not operate on the record does not operate."""
        self._bridge.trace_changed.clear()
        self._bridge.record_needed.clear()
        begun, trace = _now(), self._bridge.trace
        heartbeat = self._services.presence.heartbeat
        try:
            has_control = await self._services.threads.record(heartbeat, self._session_id, trace)
        except OperationalError as stall:
            if not self._is_stalled:
                logger.warning("%s: the operator cannot be recorded: %s", self._authorization.instrument, stall.orig)
            self._is_stalled = True
            return False
        self._is_stalled = False
        if has_control:
            self._bridge.renew(trace, min(begun + LEASE_SECONDS, self._rights_read_at + RIGHTS_SECONDS))
        else:
            self._bridge.restrict(Right.NONE)
        return True

    async def _next_record(self, last: float) -> None:
        """Wait until a record is due, or something has changed; changes come together."""
        if await _set_or_at(self._bridge.trace_changed, last + RECORD_SECONDS):
            await _set_or_at(self._bridge.record_needed, last + NOTE_SECONDS)
            await asyncio.sleep(max(0.0, last + PRESS_SECONDS - _now()))

    async def _give_up_control(self) -> None:
        """Record that control ended, however long the database cannot be written; nothing where it says so already."""
        lose_control = self._services.presence.lose_control
        while True:
            try:
                await self._services.threads.write(lose_control, self._session_id, "may not operate any more")
            except OperationalError as stall:
                logger.warning("%s: control cannot be given up yet: %s", self._authorization.instrument, stall.orig)
                await asyncio.sleep(CONTROL_AGAIN_SECONDS)
            else:
                return

    async def _next_occasion(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                while not self._concerns(await listener.next()):
                    pass
        except (TimeoutError, EventsMissed):
            return

    def _concerns(self, news: StoredEvent) -> bool:
        if news.kind == GrantChanged.kind:
            return news.subject == self._authorization.instrument
        return news.kind == SessionEnded.kind and news.subject == self._authorization.web_session

    async def check(self) -> None:
        """Look once; the level that holds now is applied.

        Raises
        ------
        ConsoleEnded
            The person was signed out, or may not see this console any more.
        """
        begun = _now()
        try:
            async with asyncio.timeout(READ_SECONDS):
                is_signed_in, level = await self._services.threads.read(self._facts)
        except (OperationalError, TimeoutError) as stall:
            logger.warning("%s: rights cannot be read: %s", self._authorization.instrument, stall)
            if begun - self._rights_read_at > UNKNOWN_SECONDS:
                raise database_silent() from stall
            return
        self._rights_read_at = begun
        if not is_signed_in:
            raise ConsoleEnded(SIGNED_OUT, "You are not signed in any more.", "signed out")
        decision = may_open_console(level)
        if not decision:
            raise ConsoleEnded(REVOKED, decision.reason, "access ended")
        self._bridge.restrict(rights_of(level, has_control=self._bridge.has_control))

    def _facts(self) -> tuple[bool, Level | None]:
        self._keep_alive()
        session = self._services.identities.session_by_id(self._authorization.web_session)
        account = None if session is None else session.account
        is_signed_in = account is not None and account.username == self._authorization.username
        return is_signed_in, self._services.access.level(self._authorization.username, self._authorization.instrument)

    def _keep_alive(self) -> None:
        now = self._services.clock()
        touched = self._bridge.touched
        if touched != self._touched and now - self._kept_alive_at >= KEEP_ALIVE_EVERY:
            self._services.identities.keep_alive(self._authorization.web_session)
            self._touched, self._kept_alive_at = touched, now


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _set_or_at(event: asyncio.Event, moment: float) -> bool:
    """Wait until `event` is set, or until `moment` of the event loop's time, and return whether it was."""
    try:
        async with asyncio.timeout_at(moment):
            await event.wait()
    except TimeoutError:
        return False
    return True
