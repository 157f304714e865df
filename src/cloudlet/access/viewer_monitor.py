"""Whether a viewer may still be at the console: asked every two seconds, and at once when something changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from cloudlet.access.bridge import Bridge
from cloudlet.access.close_codes import REVOKED, SIGNED_OUT, ConsoleEnded
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

CHECK_SECONDS = 2.0
NOTE_SECONDS = 0.2
"""Shortest time between two notes of the input: a turning wheel presses buttons fifty times a second."""
KEEP_ALIVE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class GatewayServices:
    """The services that the gateway uses."""

    access: Access
    identities: Identities
    presence: PresenceStore
    tail: Tail
    clock: Clock


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
        self._touched = 0
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

    async def note_input(self) -> NoReturn:
        """Note what may be held whenever that has changed, for a gateway that must clear up after this one."""
        while True:
            await self._bridge.trace_changed.wait()
            self._bridge.trace_changed.clear()
            await self._note()
            await asyncio.sleep(NOTE_SECONDS)

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
        is_signed_in, level = await asyncio.to_thread(self._facts)
        if not is_signed_in:
            raise ConsoleEnded(SIGNED_OUT, "You are not signed in any more.", "signed out")
        decision = may_open_console(level)
        if not decision:
            raise ConsoleEnded(REVOKED, decision.reason, "access ended")
        await self._apply(rights_of(level, has_control=self._bridge.has_control))

    async def _apply(self, rights: Right) -> None:
        had_control = self._bridge.has_control
        self._bridge.restrict(rights)
        if had_control and not self._bridge.has_control:
            await asyncio.to_thread(self._services.presence.lose_control, self._session_id, "may not operate any more")
        await self._note()

    async def _note(self) -> None:
        """Say that the operator is still there; who does not operate on the record does not operate."""
        if not self._bridge.has_control:
            return
        heartbeat = self._services.presence.heartbeat
        if not await asyncio.to_thread(heartbeat, self._session_id, self._bridge.trace):
            self._bridge.restrict(Right.NONE)

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
