import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloudlet.database import Database
from cloudlet.events import Event, EventsMissed, Tail, latest, publish, read_after
from cloudlet.events.tail import QUEUE_LENGTH


@dataclass(frozen=True)
class Arrived(Event):
    kind: ClassVar[str] = "test.arrived"

    number: int


class FailingDatabase(Database):
    """A database whose disk fails as often as it is told to."""

    failures_left = 0

    @contextmanager
    def read(self, within: Session | None = None) -> Iterator[Session]:
        if self.failures_left:
            self.failures_left -= 1
            raise OperationalError("SELECT", {}, OSError("disk I/O error"))
        with super().read(within) as work:
            yield work


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


def test_an_event_is_dated_by_the_clock_of_its_database(database: Database, database_url: str) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    dated = Database(database_url, lambda: noon)
    tell(dated, 1)
    dated.close()
    with database.read() as work:
        assert [news.at for news in read_after(work, 0)] == [noon]


async def test_every_listener_hears_what_happens_after_it_began(database: Database) -> None:
    tell(database, 1)
    tail = Tail(database, interval=0.01)
    async with tail.running():
        with tail.listen() as first, tail.listen() as second:
            await asyncio.to_thread(tell, database, 2)
            heard = [(await listener.next()).data["number"] for listener in (first, second)]
    assert heard == [2, 2]


async def test_a_slow_listener_is_reported_that_it_missed_something(database: Database) -> None:
    tail = Tail(database, interval=0.01)
    async with tail.running():
        with tail.listen() as slow:
            await asyncio.to_thread(tell, database, *range(QUEUE_LENGTH + 5))
            await asyncio.sleep(0.2)
            with pytest.raises(EventsMissed):
                await slow.next()
            await asyncio.to_thread(tell, database, 77)
            assert (await slow.next()).data["number"] == 77


async def test_news_arrive_again_after_looks_that_failed_and_the_log_has_one_warning(
    database: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing = FailingDatabase(database_url)
    tail = Tail(failing, interval=0.01)
    async with asyncio.timeout(10), tail.running():
        with tail.listen() as listener:
            failing.failures_left = 3
            await asyncio.to_thread(tell, database, 7)
            assert (await listener.next()).data["number"] == 7
    failing.close()
    assert failing.failures_left == 0
    (warning,) = caplog.records
    assert warning.levelname == "WARNING"
    assert "disk I/O error" in caplog.text
