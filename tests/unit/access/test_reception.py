"""Arrivals at the same instant."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

from cloudlet.access.attendance import Attendance
from cloudlet.access.models import Admission, Seat
from cloudlet.access.reception import Reception
from cloudlet.database import Database
from cloudlet.instruments import Level

ADA = Admission("ada", "Ada", "scope-1", Level.OPERATE, "session")


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
        visit = await reception._arrived(None, None, ADA, b"")
        return visit.seat.displaced, set(reception._visits)

    first, second = await asyncio.gather(arrive(), arrive())
    assert first[0] is None
    assert second[0] is not None
    assert second[0] in second[1]
