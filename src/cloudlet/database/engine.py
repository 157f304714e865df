"""The database of a cloudlet, shared by its processes, and its two units of work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from cloudlet.clock import Clock, utc_now
from cloudlet.database.errors import DatabaseUnusable, ValueNotStorable
from cloudlet.database.postgresql import open_postgresql
from cloudlet.database.queue_limit import QueueLimit
from cloudlet.database.sqlite import open_sqlite
from cloudlet.database.timeouts import TURN_OPTION, TURN_SECONDS
from cloudlet.database.urls import parse_url
from cloudlet.database.values import refuse_odd_text

__all__ = ["Database", "now_in"]


CLOSE_SECONDS = 1.0
"""For a thread that writes while its process ends; it would leave a connection open otherwise."""


class Database:
    """One database shared by all processes of a cloudlet.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql://...``.
    clock
        Source of the time that rows are dated with.
    turn_seconds
        How long a writing unit waits for its turn, all waits together, where it does not say so itself. Who has people
        waiting for an answer gives up sooner than who works alone.
    most_waiting
        How many threads may wait to write while nobody gets there; further ones give up at once. None for any number.

    Raises
    ------
    DatabaseUnusable
        The file's folder or the server cannot be used, or the URL names neither.
    """

    def __init__(
        self, url: str, clock: Clock = utc_now, *, turn_seconds: float = TURN_SECONDS, most_waiting: int | None = None
    ) -> None:
        self.engine = _open(url)
        event.listen(self.engine, "before_cursor_execute", _refuse_odd_text)
        event.listen(self.engine, "handle_error", _unwrap)
        reading = self.engine.execution_options(cloudlet_reads=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info={"clock": clock})
        self._readers = sessionmaker(reading, expire_on_commit=False, info={"clock": clock})
        self._thread = threading.local()
        self._turn = threading.Lock()
        self._turn_seconds = turn_seconds
        self._is_closed = False
        self._queue = QueueLimit(most_waiting)

    @contextmanager
    def read(self, within: Session | None = None) -> Iterator[Session]:
        """Yield a session that sees one consistent state, and in which the database refuses to change anything.

        Parameters
        ----------
        within
            The caller's unit of work, which is then yielded as it is, and sees what it has changed itself.
        """
        if within is not None:
            yield within
            return
        with self._readers() as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self, within: Session | None = None, *, turn_seconds: float | None = None) -> Iterator[Session]:
        """Yield the only writing session; commit when the block ends well, roll back when it raises.

        Parameters
        ----------
        within
            The caller's writing unit of work, which is yielded: what is done in it commits with its owner's block, so
            that several use cases become one transaction. Where the block raises, what it did is undone at once, so
            that an owner who catches the error commits no half of it.
        turn_seconds
            How long to wait for the turn; 0 to write at once or not at all, None for the database's own number.

        Raises
        ------
        DatabaseUnusable
            The database was closed meanwhile.
        RuntimeError
            This thread is in a writing unit of work already and did not hand it in: the new one would wait for it for
            ever. Or what was handed in cannot write.
        sqlalchemy.exc.OperationalError
            Somebody else has been writing for too long, or the database cannot be reached; trying again may help.
        """
        if within is not None:
            if not within.info.get("is_writing"):
                raise RuntimeError("a reading unit of work was handed in where something is to be written")
            with within.begin_nested():
                yield within
            return
        give_up_at = time.monotonic() + (self._turn_seconds if turn_seconds is None else turn_seconds)
        with self._queue.counted(), self._turn_of_this_thread(give_up_at), self._sessions() as session:
            session.info["is_writing"] = True
            # begins, as the only writer, before anything is looked at
            session.connection(execution_options={TURN_OPTION: int(_seconds_until(give_up_at) * 1000)})
            yield session
            session.commit()

    def close(self) -> None:
        """Give back all connections, once whoever is writing has ended; nobody may write afterwards."""
        is_free = self._turn.acquire(timeout=CLOSE_SECONDS)
        self._is_closed = True
        self.engine.dispose()
        if is_free:
            self._turn.release()

    @contextmanager
    def _turn_of_this_thread(self, give_up_at: float) -> Iterator[None]:
        """Let threads queue here, so that one alone holds a connection while it waits, and readers find others."""
        if getattr(self._thread, "is_writing", False):
            raise RuntimeError("a unit of work was opened inside another: hand in the outer one")
        if not self._turn.acquire(timeout=_seconds_until(give_up_at)):
            raise OperationalError("BEGIN", None, TimeoutError("other threads have been writing for too long"))
        self._thread.is_writing = True
        try:
            if self._is_closed:
                raise DatabaseUnusable("The database was closed.")
            yield
        finally:
            self._thread.is_writing = False
            self._turn.release()


def now_in(work: Session) -> datetime:
    """Return the present instant, by the clock of the database that `work` belongs to."""
    clock: Clock = work.info["clock"]
    return clock()


def _seconds_until(moment: float) -> float:
    return max(0.0, moment - time.monotonic())


def _open(url: str) -> Engine:
    try:
        parts = parse_url(url)
    except ValueError as cause:
        raise DatabaseUnusable(f"The database cannot be opened: {cause}.") from cause
    return open_sqlite(parts) if parts.get_backend_name() == "sqlite" else open_postgresql(parts)


def _refuse_odd_text(
    _connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, _executemany: bool
) -> None:
    refuse_odd_text(parameters or ())


def _unwrap(context: ExceptionContext) -> None:
    """Raise what a person can read as it is, where SQLAlchemy would wrap it."""
    if isinstance(context.original_exception, ValueNotStorable):
        raise context.original_exception
