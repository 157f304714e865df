"""Keeping the event table to a week, and what becomes of readers who were away for longer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import delete, func, select

from cloudlet.database import Database
from cloudlet.events import Event, EventsMissed, Tail, latest, pruning, publish, read_after
from cloudlet.events.store import EventRow
from cloudlet.processes.edge import _news_after

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Passed(Event):
    kind: ClassVar[str] = "test.passed"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dated(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database(database_url, clock)
    yield database
    database.close()


def pass_by(database: Database, count: int = 1) -> list[int]:
    with database.write() as work:
        return publish(work, *[Passed("somebody")] * count)


def pruned(database: Database) -> bool:
    with database.write() as work:
        return pruning.prune(work)


def left(database: Database) -> list[int]:
    with database.read() as work:
        return list(work.scalars(select(EventRow.id).order_by(EventRow.id)))


def test_publishing_returns_the_numbers_of_the_events_in_their_order(dated: Database) -> None:
    with dated.write() as work:
        numbers = publish(work, *(Passed(f"{number}") for number in range(300)))
        assert publish(work) == []
    with dated.read() as work:
        assert [news.id for news in read_after(work, 0)] == numbers
        assert [news.subject for news in read_after(work, 0)] == [f"{number}" for number in range(300)]


def test_what_is_older_than_a_week_is_pruned_and_nothing_else(dated: Database, clock: Clock) -> None:
    pass_by(dated, 3)
    clock.now += timedelta(hours=1)
    young = pass_by(dated, 2)
    clock.now = NOON + timedelta(days=7, seconds=1)
    assert not pruned(dated)
    assert left(dated) == young


def test_nothing_is_due_before_the_oldest_was_kept_for_an_hour_more_so_that_one_of_many_prunes(
    dated: Database, clock: Clock
) -> None:
    pass_by(dated)
    pass_by(dated)
    for days, hours, is_due in ((7, 1, False), (7, 2, True)):
        clock.now = NOON + timedelta(days=days, hours=hours)
        with dated.read() as work:
            assert pruning.is_due(work) is is_due
    clock.now = NOON + timedelta(days=7)
    pass_by(dated)
    clock.now += timedelta(hours=2)
    pruned(dated)
    with dated.read() as work:
        assert not pruning.is_due(work)


def test_many_are_pruned_a_thousand_at_a_time(dated: Database, clock: Clock) -> None:
    numbers = pass_by(dated, 2500)
    clock.now += timedelta(days=30)
    assert [pruned(dated) for _ in range(3)] == [True, True, False]
    assert left(dated) == numbers[-1:]


def test_the_old_end_alone_is_pruned_whatever_the_clock_did(dated: Database, clock: Clock) -> None:
    clock.now = NOON + timedelta(days=365)
    ahead = pass_by(dated)
    clock.now = NOON
    behind = pass_by(dated, 2)
    clock.now = NOON + timedelta(days=30)
    pruned(dated)
    assert left(dated) == ahead + behind


def test_the_newest_is_never_pruned_and_an_emptied_table_still_knows_how_far_it_was(
    dated: Database, clock: Clock
) -> None:
    numbers = pass_by(dated, 5)
    clock.now += timedelta(days=30)
    pruned(dated)
    with dated.read() as work:
        assert latest(work) == numbers[-1]
    with dated.write() as work:
        work.execute(delete(EventRow))
    with dated.read() as work:
        assert latest(work) == numbers[-2]
    (next_one,) = pass_by(dated)
    assert next_one > numbers[-1]


def test_a_reader_whose_news_were_pruned_is_told_so_and_one_who_had_them_is_not(dated: Database, clock: Clock) -> None:
    numbers = pass_by(dated, 5)
    clock.now += timedelta(days=30)
    pruned(dated)
    with dated.read() as work:
        assert [news.id for news in read_after(work, numbers[-2])] == numbers[-1:]
        for cursor in (0, numbers[-3]):
            with pytest.raises(EventsMissed):
                read_after(work, cursor)


def test_a_number_that_was_rolled_back_is_nothing_missed(dated: Database) -> None:
    with pytest.raises(RuntimeError), dated.write() as work:
        publish(work, Passed("nobody"))
        raise RuntimeError
    numbers = pass_by(dated)
    with dated.read() as work:
        assert [news.id for news in read_after(work, 0)] == numbers


def test_an_edge_that_was_away_for_longer_looks_afresh_from_the_newest(dated: Database, clock: Clock) -> None:
    numbers = pass_by(dated, 3)
    assert _news_after(dated, 0) == (0, False)  # none of its kind
    clock.now += timedelta(days=30)
    pruned(dated)
    assert _news_after(dated, 0) == (numbers[-1], True)


async def test_every_listener_of_a_process_that_was_away_for_longer_is_told_so(
    dated: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_by(dated)
    tail = Tail(dated, interval=0.01)
    looks = tail._look
    is_away = True
    monkeypatch.setattr(tail, "_look", lambda cursor: looks(cursor) if not is_away else type(looks(cursor))(cursor))
    async with asyncio.timeout(10), tail.running():
        with tail.listen() as first, tail.listen() as second:
            waiting = asyncio.create_task(first.next())
            pass_by(dated, 3)
            clock.now += timedelta(days=30)
            await asyncio.to_thread(pruned, dated)
            is_away = False
            for heard in (waiting, second.next()):
                with pytest.raises(EventsMissed):
                    await heard
            numbers = await asyncio.to_thread(pass_by, dated)
            assert [(await each.next()).id for each in (first, second)] == numbers * 2


async def test_a_running_process_prunes_by_itself_while_others_write(dated: Database, clock: Clock) -> None:
    pass_by(dated, 2100)
    clock.now += timedelta(days=8)
    async with asyncio.timeout(20):
        keeping = asyncio.create_task(pruning.keep_pruned(dated, first_seconds=0))
        while len(left(dated)) > 100:
            await asyncio.to_thread(pass_by, dated)
            await asyncio.sleep(0.02)
        keeping.cancel()
    with dated.read() as work:
        assert work.scalar(select(func.min(EventRow.at))) == clock.now
