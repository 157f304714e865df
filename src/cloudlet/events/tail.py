"""Following the event table: one poller a process, many listeners.

Theory of operation: a single task asks the database every `interval` seconds for what is new and puts it
into each listener's bounded queue. A listener that does not keep up is marked as having missed something and
gets no more until it has learnt so: it must read the present state afresh, which every listener can do. So must
all listeners of a process that was away for so long that what it had not seen was pruned. A look that fails, because
the database is busy or its disk fails, finds nothing; the next one finds what it left. It looks from a thread
of its own: those that all share may be waiting to write. A second task prunes the table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from cloudlet.database import Database
from cloudlet.events.models import EventsMissed, StoredEvent
from cloudlet.events.pruning import keep_pruned
from cloudlet.events.store import latest, read_after

__all__ = ["Listener", "Tail"]

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
QUEUE_LENGTH = 1000


@dataclass(frozen=True)
class _Batch:
    """What a poll of the table found."""

    cursor: int
    """Where the next one begins."""
    news: tuple[StoredEvent, ...] = ()
    is_reset: bool = False
    """Whether something between the last cursor and this one was pruned unseen."""


class Listener:
    """One reader's bounded queue of news."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[StoredEvent | None] = asyncio.Queue(QUEUE_LENGTH)
        self._missed = False

    def offer(self, news: StoredEvent) -> None:
        """Queue `news`, or note that this listener has missed some."""
        try:
            self._queue.put_nowait(news)
        except asyncio.QueueFull:
            self._missed = True

    def miss(self) -> None:
        """Note that this listener has missed some, and wake it where it waits."""
        self._missed = True
        if self._queue.empty():
            self._queue.put_nowait(None)

    async def next(self) -> StoredEvent:
        """Return the next event.

        Raises
        ------
        EventsMissed
            Events were dropped, because this listener was too slow or its process away; the queue starts afresh.
        """
        news = None if self._missed else await self._queue.get()
        if news is None:
            self._missed = False
            self._queue = asyncio.Queue(QUEUE_LENGTH)
            raise EventsMissed
        return news


class Tail:
    """The one poller of a process, which also keeps the table pruned.

    Parameters
    ----------
    database
        Where the events are.
    interval
        Seconds between two looks.
    """

    def __init__(self, database: Database, interval: float = POLL_SECONDS) -> None:
        self._database = database
        self._interval = interval
        self._listeners: set[Listener] = set()
        self._is_failing = False
        self._thread = ThreadPoolExecutor(1, "events")

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Yield a listener that gets every event published from now on, until the block ends."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll for as long as the block lasts."""
        cursor = await asyncio.get_running_loop().run_in_executor(self._thread, self._start)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._poll(cursor)), tasks.create_task(keep_pruned(self._database))]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()

    def _start(self) -> int:
        with self._database.read() as work:
            return latest(work)

    def _look(self, cursor: int) -> _Batch:
        with self._database.read() as work:
            try:
                news = read_after(work, cursor)
            except EventsMissed:
                return _Batch(latest(work), is_reset=True)
        return _Batch(news[-1].id if news else cursor, tuple(news))

    async def _found(self, cursor: int) -> _Batch:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._look, cursor)
        except OperationalError:
            if not self._is_failing:  # once, not five times a second for as long as it lasts
                logger.warning("the event table cannot be read; trying again", exc_info=True)
            self._is_failing = True
            return _Batch(cursor)
        self._is_failing = False
        return found

    async def _poll(self, cursor: int) -> None:
        while True:
            found = await self._found(cursor)
            cursor = found.cursor
            for listener in self._listeners:
                if found.is_reset:
                    listener.miss()
                for news in found.news:
                    listener.offer(news)
            await asyncio.sleep(self._interval)
