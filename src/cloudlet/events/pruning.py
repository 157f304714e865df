"""Keeping the event table to a week.

Theory of operation: every process that follows the table looks once an hour whether its oldest event has been kept for
an hour longer than it must be. Whoever finds it so deletes what is older than a week, so that the others find nothing
to do, and the table is pruned at most once an hour without anybody being appointed. Events go from the oldest end only,
a thousand at a time, each thousand in a unit of work of its own with a pause behind it for other writers.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from itertools import takewhile

from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloudlet.database import Database, now_in
from cloudlet.events.store import EventRow, PruningRow

__all__ = ["is_due", "keep_pruned", "prune"]

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
EVERY = timedelta(hours=1)
CHUNK = 1000
PAUSE_SECONDS = 0.2
FIRST_SECONDS = 60.0
"""Before the first look: a process that starts has other things to do."""


async def keep_pruned(database: Database, first_seconds: float = FIRST_SECONDS) -> None:
    """Prune the table whenever it is due, until cancelled."""
    await asyncio.sleep(first_seconds)
    while True:
        try:
            is_old = await asyncio.to_thread(_look, database)
            while is_old:
                is_old = await asyncio.to_thread(_prune, database)
                await asyncio.sleep(PAUSE_SECONDS)
        except OperationalError:
            logger.warning("the event table cannot be pruned; trying again in an hour", exc_info=True)
        await asyncio.sleep(EVERY.total_seconds())


def is_due(work: Session) -> bool:
    """Return whether the oldest event has been kept for an hour longer than a week."""
    oldest = work.scalar(select(EventRow.at).order_by(EventRow.id).limit(1))
    return oldest is not None and oldest < now_in(work) - KEPT - EVERY


def prune(work: Session) -> bool:
    """Delete at most `CHUNK` events older than a week, never the newest, and tell whether there may be more."""
    query = select(EventRow.id, EventRow.at).order_by(EventRow.id).limit(CHUNK + 1)
    candidates = work.execute(query).all()[:-1]  # so that the newest is never among them
    kept_from = now_in(work) - KEPT
    old = [row.id for row in takewhile(lambda row: row.at < kept_from, candidates)]
    if not old:
        return False
    work.execute(delete(EventRow).where(EventRow.id <= old[-1]))
    work.merge(PruningRow(id=1, through=old[-1]))
    return len(old) == CHUNK


def _look(database: Database) -> bool:
    with database.read() as work:
        return is_due(work)


def _prune(database: Database) -> bool:
    with database.write() as work:
        return prune(work)
