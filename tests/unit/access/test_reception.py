"""Arrivals at the same instant, and leaving while the database stalls."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from cloudlet.access import reception as module
from cloudlet.access.attendance import Attendance, state_of
from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.models import Admission, Seat
from cloudlet.access.reception import Reception
from cloudlet.clock import utc_now
from cloudlet.database import Database
from cloudlet.instruments import Level

ADA = Admission("ada", "Ada", "scope-1", Level.OPERATE, "session")
LINE = SimpleNamespace(write=lambda _: None, close=lambda: asyncio.sleep(0, True))
BEN = Admission("ben", "Ben", "scope-1", Level.OPERATE, "another session")


class SlowToReturn(Attendance):
    """The first to arrive learns of the place only after the second could have had one."""

    is_first = True

    def arrive(self, admission: Admission) -> Seat:
        seat = super().arrive(admission)
        if self.is_first:
            self.is_first = False
            time.sleep(0.3)
        return seat


async def test_who_is_displaced_is_always_there_to_be_told(database: Database) -> None:
    attendance = SlowToReturn(database)
    reception = Reception(SimpleNamespace(attendance=attendance), {})

    async def arrive() -> tuple[int | None, set[int]]:
        visit = await reception._arrived(None, LINE, ADA, b"")
        return visit.seat.displaced, set(reception._visits)

    first, second = await asyncio.gather(arrive(), arrive())
    assert first[0] is None
    assert second[0] is not None
    assert second[0] in second[1]


class Stalled(Attendance):
    """The database cannot be written the first times that somebody leaves."""

    stalls = 3

    def leave(self, viewer: int, cause: str, at: datetime | None = None) -> None:
        if self.stalls:
            self.stalls -= 1
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))
        super().leave(viewer, cause, at)


async def test_control_is_free_again_after_the_database_stalled_while_the_operator_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_AGAIN_SECONDS", 0.01)
    attendance = Stalled(database)
    reception = Reception(SimpleNamespace(attendance=attendance, clock=utc_now), {})
    visit = await reception._arrived(None, LINE, ADA, b"")
    await reception._see_off(visit, "connection lost")
    with database.read() as work:
        assert state_of(work, ADA.instrument).operator is None
    assert attendance.arrive(BEN).has_control


async def test_a_new_operators_line_begins_with_what_the_last_one_could_not_let_go_of(database: Database) -> None:
    reception = Reception(SimpleNamespace(attendance=Attendance(database)), {"scope-1": SilentDoor()})
    written: list[bytes] = []
    line = SimpleNamespace(write=written.append)
    async with reception._releaser.running():
        reception._releaser.later("scope-1", b"a key comes up")
        await reception._arrived(None, line, BEN, b"")
    assert written == [b"a key comes up"]
    assert reception._releaser.take_over("scope-1") == b""


class SilentDoor:
    """Leads to an instrument that cannot be reached."""

    async def open(self) -> None:
        raise ConsoleUnreachable("The instrument's screen cannot be reached.", "Wait.")
