import asyncio
from dataclasses import dataclass
from typing import ClassVar

import pytest

from cloudlet.database import Database
from cloudlet.events import Event, Missed, Tail, latest, publish, read_after
from cloudlet.events.tail import QUEUE_LENGTH


@dataclass(frozen=True)
class Arrived(Event):
    kind: ClassVar[str] = "test.arrived"

    number: int


def tell(database: Database, *numbers: int) -> None:
    with database.write() as work:
        publish(work, *(Arrived("somebody", number=number) for number in numbers))


def test_events_are_read_in_order_behind_a_cursor(database: Database) -> None:
    tell(database, 1, 2)
    with database.read() as work:
        cursor = latest(work)
    tell(database, 3)
    with database.read() as work:
        (news,) = read_after(work, cursor)
    assert (news.kind, news.subject, news.data) == ("test.arrived", "somebody", {"number": 3})


def test_only_the_kinds_asked_for_are_read(database: Database) -> None:
    tell(database, 1)
    with database.read() as work:
        assert read_after(work, 0, kinds=["test.other"]) == []
        assert len(read_after(work, 0, kinds=["test.arrived"])) == 1


def test_an_event_of_a_unit_that_failed_is_never_seen(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as work:
        publish(work, Arrived("somebody", number=1))
        raise RuntimeError
    with database.read() as work:
        assert latest(work) == 0


async def test_every_listener_hears_what_happens_after_it_began(database: Database) -> None:
    tell(database, 1)
    tail = Tail(database, interval=0.01)
    async with tail.running():
        with tail.listen() as first, tail.listen() as second:
            await asyncio.to_thread(tell, database, 2)
            heard = [(await listener.next()).data["number"] for listener in (first, second)]
    assert heard == [2, 2]


async def test_a_slow_listener_is_told_that_it_missed_something(database: Database) -> None:
    tail = Tail(database, interval=0.01)
    async with tail.running():
        with tail.listen() as slow:
            await asyncio.to_thread(tell, database, *range(QUEUE_LENGTH + 5))
            await asyncio.sleep(0.2)
            with pytest.raises(Missed):
                await slow.next()
            await asyncio.to_thread(tell, database, 77)
            assert (await slow.next()).data["number"] == 77
