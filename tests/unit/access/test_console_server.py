"""Arrivals at the same instant, and leaving while the database stalls."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError
from starlette.websockets import WebSocketDisconnect

from cloudlet.access import console_server as module
from cloudlet.access import presence_store
from cloudlet.access.close_codes import DATABASE_SILENT, TOO_MANY, ConsoleEnded
from cloudlet.access.console_server import ConsoleServer
from cloudlet.access.database_threads import DatabaseThreads
from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.frame_limiter import FRAME_BUDGET
from cloudlet.access.models import Authorization, InputTrace, PointerState, ViewerSession
from cloudlet.access.presence_store import PresenceStore, state_of
from cloudlet.access.rfb import Pointer, ServerInit
from cloudlet.access.token_bucket import TokenBucket
from cloudlet.clock import utc_now
from cloudlet.database import Database
from cloudlet.events import Tail
from cloudlet.instruments import Level

ADA = Authorization("ada", "Ada", "scope-1", Level.OPERATE, "session")
SCREEN = ServerInit(640, 480, bytes(16), b"")
UPSTREAM = SimpleNamespace(server_init=SCREEN, write=lambda _: None, close=lambda: asyncio.sleep(0, True))
BEN = Authorization("ben", "Ben", "scope-1", Level.OPERATE, "another session")


class SlowToReturn(PresenceStore):
    """The first to arrive learns of the place only after the second could have had one."""

    is_first = True

    def arrive(self, authorization: Authorization) -> ViewerSession:
        viewer_session = super().arrive(authorization)
        if self.is_first:
            self.is_first = False
            time.sleep(0.3)
        return viewer_session


async def test_who_is_displaced_is_always_there_to_hear_of_it(database: Database) -> None:
    presence = SlowToReturn(database)
    console_server = ConsoleServer(SimpleNamespace(presence=presence, threads=DatabaseThreads()), {})

    async def arrive() -> tuple[int | None, set[int]]:
        console = await console_server._arrive(None, UPSTREAM, ADA, b"")
        return console.viewer_session.displaced, set(console_server._open_consoles)

    first, second = await asyncio.gather(arrive(), arrive())
    assert first[0] is None
    assert second[0] is not None
    assert second[0] in second[1]


class Stalled(PresenceStore):
    """The database cannot be written the first times that somebody leaves."""

    stalls = 3

    def leave(self, session_id: int, cause: str, at: datetime | None = None) -> None:
        if self.stalls:
            self.stalls -= 1
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))
        super().leave(session_id, cause, at)


async def test_control_is_free_again_after_the_database_stalled_while_the_operator_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_AGAIN_SECONDS", 0.01)
    presence = Stalled(database)
    console_server = ConsoleServer(SimpleNamespace(presence=presence, clock=utc_now, threads=DatabaseThreads()), {})
    console = await console_server._arrive(None, UPSTREAM, ADA, b"")
    await console_server._close(console, "connection lost")
    with database.read() as work:
        assert state_of(work, ADA.instrument).operator is None
    assert presence.arrive(BEN).has_control


async def test_a_new_operators_line_begins_with_what_the_last_one_could_not_let_go_of(database: Database) -> None:
    console_server = ConsoleServer(
        SimpleNamespace(presence=PresenceStore(database), threads=DatabaseThreads()), {"scope-1": SilentConnector()}
    )
    written: list[bytes] = []
    upstream = SimpleNamespace(server_init=SCREEN, write=written.append)
    async with console_server._releaser.running():
        console_server._releaser.schedule("scope-1", b"a key comes up")
        await console_server._arrive(None, upstream, BEN, b"")
    assert written == [b"a key comes up"]
    assert console_server._releaser.take_pending("scope-1") == b""


class GoneBrowser:
    """Went as soon as its console was open, and notes whose budget its frames were paid from."""

    def __init__(self) -> None:
        self.budgets: list[TokenBucket] = []
        self.codes: list[int] = []
        self.scope = {"extensions": {FRAME_BUDGET: {"pay_from": self.budgets.append}}}

    async def send_bytes(self, _data: bytes) -> None:
        raise WebSocketDisconnect(1001)

    async def close(self, code: int, _reason: str) -> None:
        self.codes.append(code)
        raise WebSocketDisconnect(1001)


async def test_all_windows_of_a_person_pay_from_one_budget_though_they_close_in_between(database: Database) -> None:
    console_server = ConsoleServer(SimpleNamespace(presence=PresenceStore(database), threads=DatabaseThreads()), {})
    browser = GoneBrowser()
    for authorization in (ADA, replace(ADA, instrument="scope-2"), BEN):
        await console_server.serve(browser, authorization)
    first, second, bens = browser.budgets
    assert first is second
    assert first is not bens


class SilentConnector:
    """Leads to an instrument that cannot be reached."""

    async def open(self) -> None:
        raise ConsoleUnreachable("The instrument's screen cannot be reached.", "Wait.")


async def test_who_opens_a_console_again_and_again_is_refused_before_the_instrument_hears_of_it(
    database: Database,
) -> None:
    console_server = ConsoleServer(SimpleNamespace(presence=PresenceStore(database), threads=DatabaseThreads()), {})
    browser = GoneBrowser()
    for _ in range(int(module.OPENINGS_BURST)):
        await console_server.serve(browser, ADA)
    assert TOO_MANY not in browser.codes
    await console_server.serve(browser, ADA)
    assert browser.codes[-1] == TOO_MANY
    await console_server.serve(browser, BEN)
    await console_server.serve(browser, replace(ADA, instrument="scope-2"))
    assert browser.codes.count(TOO_MANY) == 1


async def test_nobody_arrives_while_somebody_else_writes_and_hears_why(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_store, "OPENING_SECONDS", 0.2)
    services = SimpleNamespace(presence=PresenceStore(database), threads=DatabaseThreads())
    console_server = ConsoleServer(services, {})
    other = Database(database_url)
    with other.write(), pytest.raises(ConsoleEnded) as ended:
        await console_server._arrive(None, UPSTREAM, ADA, b"")
    other.close()
    assert ended.value.code == DATABASE_SILENT
    assert not console_server._open_consoles


async def test_successor_lets_go_before_it_can_write(database: Database, database_url: str) -> None:
    presence = PresenceStore(database)
    presence.heartbeat(presence.arrive(ADA).id, InputTrace(PointerState(7, 8, 1)))
    connector = HearingConnector()
    services = SimpleNamespace(presence=presence, threads=DatabaseThreads(), tail=Tail(database))
    console_server = ConsoleServer(services, {"scope-1": connector})
    other = Database(database_url)

    async def serve() -> None:
        async with console_server.running():
            await asyncio.Event().wait()

    with other.write():
        serving = asyncio.create_task(serve())
        await asyncio.wait_for(connector.heard.wait(), 10)
    assert connector.written[0].startswith(Pointer(0, 7, 8).encode())
    serving.cancel()
    other.close()


class HearingConnector:
    """Leads to an instrument that takes everything."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.heard = asyncio.Event()

    async def open(self) -> HearingConnector:
        return self

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.heard.set()

    async def close(self) -> bool:
        return True
