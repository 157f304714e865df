"""Following the event table: one poller a process, many listeners.

Theory of operation: a single task asks the database every `interval` seconds for what is new and puts it
into each listener's bounded queue. A listener that does not keep up is marked as having missed something and
gets no more until it has been told so: it must read the present state afresh, which every listener can do. A look
that fails, because the database is busy or its disk fails, finds nothing; the next one finds what it left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.exc import OperationalError

from cloudlet.database import Database
from cloudlet.events.models import StoredEvent
from cloudlet.events.store import latest, read_after

__all__ = ["EventsMissed", "Listener", "Tail"]

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
QUEUE_LENGTH = 1000


class EventsMissed(Exception):
    """A listener was too slow and must read the present state afresh."""


class Listener:
    """One reader's bounded queue of news."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[StoredEvent] = asyncio.Queue(QUEUE_LENGTH)
        self._missed = False

    def offer(self, news: StoredEvent) -> None:
        """Queue `news`, or note that this listener has missed some."""
        try:
            self._queue.put_nowait(news)
        except asyncio.QueueFull:
            self._missed = True

    async def next(self) -> StoredEvent:
        """Return the next event.

        Raises
        ------
        EventsMissed
            Events were dropped because this listener was too slow; the queue starts afresh.
        """
        if self._missed:
            self._missed = False
            self._queue = asyncio.Queue(QUEUE_LENGTH)
            raise EventsMissed
        return await self._queue.get()


class Tail:
    """The one poller of a process.

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
        cursor = await asyncio.to_thread(self._start)
        async with asyncio.TaskGroup() as tasks:
            poller = tasks.create_task(self._poll(cursor))
            try:
                yield
            finally:
                poller.cancel()

    def _start(self) -> int:
        with self._database.read() as work:
            return latest(work)

    def _look(self, cursor: int) -> list[StoredEvent]:
        with self._database.read() as work:
            return read_after(work, cursor)

    async def _found(self, cursor: int) -> list[StoredEvent]:
        try:
            found = await asyncio.to_thread(self._look, cursor)
        except OperationalError:
            if not self._is_failing:  # once, not five times a second for as long as it lasts
                logger.warning("the event table cannot be read; trying again", exc_info=True)
            self._is_failing = True
            return []
        self._is_failing = False
        return found

    async def _poll(self, cursor: int) -> None:
        while True:
            for news in await self._found(cursor):
                cursor = news.id
                for listener in self._listeners:
                    listener.offer(news)
            await asyncio.sleep(self._interval)
