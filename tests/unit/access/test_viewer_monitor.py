"""Whether a viewer may still be there, and what keeps their web session alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast
from unittest.mock import Mock

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from tests.patience import eventually

from cloudlet.access import Access, AccessSettings, Grant, viewer_monitor
from cloudlet.access.bridge import Bridge
from cloudlet.access.close_codes import DATABASE_SILENT, REVOKED, SIGNED_OUT, ConsoleEnded
from cloudlet.access.models import InputTrace
from cloudlet.access.presence_store import PresenceStore
from cloudlet.access.rfb import Right
from cloudlet.access.store import ControlRow
from cloudlet.access.viewer_monitor import CHECK_SECONDS, LEASE_SECONDS, GatewayServices, ViewerMonitor
from cloudlet.database import Database
from cloudlet.events import Tail
from cloudlet.identity import Account, Actor, Identities, Identity, IdentitySettings, WebSession
from cloudlet.instruments import Instrument, Instruments, Level

STAFF = Actor.host("staff")

SCOPE = "scope-1"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class StillBridge:
    """A console in which nothing moves but what the test moves."""

    def __init__(self) -> None:
        self.rights = Right.INPUT
        self.touched = 0
        self.trace = InputTrace()
        self.trace_changed = asyncio.Event()
        self.record_needed = asyncio.Event()
        self.renewed: list[tuple[InputTrace, float]] = []

    @property
    def has_control(self) -> bool:
        return Right.INPUT in self.rights

    def restrict(self, rights: Right) -> None:
        self.rights &= rights
        self.record_needed.set()
        self.trace_changed.set()

    def renew(self, trace: InputTrace, until: float) -> None:
        self.renewed.append((trace, until))


class Situation:
    """Ada operates the scope."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.identities = Identities(database, IdentitySettings(), self.clock)
        instruments = Instruments(database)
        instruments.register(Instrument(SCOPE, "Scope", "A microscope."), by=Actor.host("staff"))
        self.access = Access(database, instruments, self.identities, AccessSettings(), self.clock)
        presence = PresenceStore(database, self.clock)
        self.services = GatewayServices(self.access, self.identities, presence, Tail(database), self.clock)
        self.bridge = StillBridge()
        self.session = self._signed_in()
        self.access.grant(Grant("ada", SCOPE, Level.OPERATE, NOON, None), by=Actor.host("staff"))
        secret = self.access.issue_ticket(self.session, SCOPE).subprotocols[1].removeprefix("ticket.")
        authorization = self.access.redeem(secret, SCOPE)
        self.viewer_session = viewer_session = presence.arrive(authorization)
        self.watch = ViewerMonitor(self.services, authorization, viewer_session.id, cast(Bridge, self.bridge))

    async def end(self) -> ConsoleEnded:
        """Look until the console ends, and return how."""
        with pytest.raises(ConsoleEnded) as ended:
            await asyncio.wait_for(self.watch.run(), 5)
        return ended.value

    def _signed_in(self) -> WebSession:
        identity = Identity("https://idp.example.org", "1")
        self.identities.link(identity, Account("ada", "Ada"), by=Actor.host("staff"))
        return self.identities.open_session(identity, "Ada", "a secret of 256 bits")


async def while_recording(situation: Situation, holds: Callable[[], object]) -> None:
    """Keep the record until `holds`."""
    recording = asyncio.create_task(situation.watch.keep_record())
    await asyncio.to_thread(eventually, holds)
    recording.cancel()


@pytest.fixture
def situation(database: Database) -> Situation:
    return Situation(database)


async def test_end_of_the_grant_ends_the_console(situation: Situation) -> None:
    situation.access.revoke("ada", SCOPE, by=Actor.host("staff"))
    assert (await situation.end()).code == REVOKED


async def test_end_of_the_web_session_ends_the_console(situation: Situation) -> None:
    situation.identities.end_session(situation.session.id, by=situation.session.actor)
    assert (await situation.end()).code == SIGNED_OUT


async def test_session_that_is_idle_too_long_ends_the_console(situation: Situation) -> None:
    situation.clock.now += timedelta(hours=1)
    assert (await situation.end()).code == SIGNED_OUT


async def test_moving_the_mouse_keeps_the_web_session_alive(situation: Situation) -> None:
    for _ in range(3):
        situation.clock.now += timedelta(minutes=40)
        situation.bridge.touched += 1
        await situation.watch.check()
    assert situation.identities.session_by_id(situation.session.id) is not None
    assert situation.bridge.has_control


async def test_looking_alone_does_not_keep_the_web_session_alive(situation: Situation) -> None:
    situation.clock.now += timedelta(minutes=40)
    await situation.watch.check()
    situation.clock.now += timedelta(minutes=40)
    assert (await situation.end()).code == SIGNED_OUT


async def test_operator_whose_level_sinks_loses_control_and_stays(situation: Situation) -> None:
    situation.access.revoke("ada", SCOPE, by=Actor.host("staff"))
    situation.access.grant(Grant("ada", SCOPE, Level.OBSERVE, NOON, None), by=Actor.host("staff"))
    await situation.watch.check()
    assert not situation.bridge.has_control
    await while_recording(situation, lambda: situation.access.console_state(SCOPE, by=STAFF).operator is None)
    state = situation.access.console_state(SCOPE, by=STAFF)
    assert state.operator is None
    assert [viewer.username for viewer in state.observers] == ["ada"]


async def test_a_key_pressed_for_the_first_time_is_recorded_at_once(situation: Situation, database: Database) -> None:
    situation.bridge.trace = InputTrace(None, frozenset({0x6C1}), has_scan_codes=True)
    situation.bridge.trace_changed.set()

    def is_recorded() -> bool:
        with database.read() as work:
            return work.scalars(select(ControlRow)).one().trace() == situation.bridge.trace

    await while_recording(situation, is_recorded)


async def test_who_does_not_operate_on_the_record_loses_input_at_the_next_record(situation: Situation) -> None:
    await situation.watch.check()
    assert situation.bridge.has_control
    situation.services.presence.lose_control(situation.viewer_session.id, "closed behind the back of its window")
    await while_recording(situation, lambda: not situation.bridge.has_control)
    assert not situation.bridge.has_control


async def test_rights_act_at_once_and_nothing_is_renewed_while_somebody_else_writes(
    situation: Situation, database_url: str
) -> None:
    other = Database(database_url)
    situation.access.revoke("ada", SCOPE, by=STAFF)
    situation.access.grant(Grant("ada", SCOPE, Level.OPERATE, NOON, NOON + timedelta(minutes=30)), by=STAFF)
    with other.write():
        recording = asyncio.create_task(situation.watch.keep_record())
        situation.bridge.touched += 1
        situation.clock.now += timedelta(minutes=20)
        begun = time.monotonic()
        await situation.watch.check()
        situation.clock.now += timedelta(minutes=20)
        assert (await situation.end()).code == REVOKED
        assert time.monotonic() - begun < CHECK_SECONDS + 1.0
        assert situation.bridge.renewed == []
    recording.cancel()
    other.close()


async def test_each_record_renews_the_lease_from_the_moment_of_its_look(situation: Situation) -> None:
    await situation.watch.check()
    begun = asyncio.get_running_loop().time()
    await while_recording(situation, lambda: situation.bridge.renewed)
    ended = asyncio.get_running_loop().time()
    for _trace, until in situation.bridge.renewed:
        assert begun + LEASE_SECONDS <= until <= ended + LEASE_SECONDS


async def test_who_may_look_on_is_asked_in_vain_for_a_while_before_the_console_ends(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await situation.watch.check()
    gone = OperationalError("BEGIN", None, ConnectionError("the server went away"))
    monkeypatch.setattr(situation.services.identities, "session_by_id", Mock(side_effect=gone))
    await situation.watch.check()
    monkeypatch.setattr(viewer_monitor, "UNKNOWN_SECONDS", 0.0)
    with pytest.raises(ConsoleEnded) as ended:
        await situation.watch.check()
    assert ended.value.code == DATABASE_SILENT
