"""The engine, tuned for one host with several processes, and its two units of work."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from cloudlet.clock import Clock, utc_now
from cloudlet.database.errors import DatabaseUnusable

__all__ = ["Database", "now_in"]

BUSY_TIMEOUT_SECONDS = 30


class Database:
    """One database shared by all processes of a cloudlet.

    Parameters
    ----------
    url
        An SQLAlchemy URL; ``sqlite:///FILE`` is the one kind supported so far.
    clock
        Tells the instant that rows are dated with.

    Raises
    ------
    DatabaseUnusable
        The URL names no SQLite file, or a folder that cannot be used.
    """

    def __init__(self, url: str, clock: Clock = utc_now) -> None:
        _check(url)
        self.engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info={"clock": clock})
        self._thread = threading.local()

    @contextmanager
    def read(self, within: Session | None = None) -> Iterator[Session]:
        """Yield a session that sees one consistent state; whatever it changed is rolled back.

        Parameters
        ----------
        within
            The caller's unit of work, which is then yielded as it is, and sees what it has changed itself.
        """
        if within is not None:
            yield within
            return
        with self._sessions() as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self, within: Session | None = None) -> Iterator[Session]:
        """Yield the only writing session; commit when the block ends well, roll back when it raises.

        Parameters
        ----------
        within
            The caller's writing unit of work: it is yielded as it is, and commits or rolls back with its owner's block,
            so that several use cases become one transaction.

        Raises
        ------
        RuntimeError
            This thread is in a writing unit of work already and did not hand it in: the new one would wait for it for
            ever. Or what was handed in cannot write.
        """
        if within is not None:
            if not within.info.get("is_writing"):
                raise RuntimeError("a reading unit of work was handed in where something is to be written")
            yield within
            within.flush()
            return
        if getattr(self._thread, "is_writing", False):
            raise RuntimeError("a unit of work was opened inside another: hand in the outer one")
        with self._sessions() as session:
            session.info["is_writing"] = True
            self._thread.is_writing = True
            try:
                session.connection(execution_options={"cloudlet_write": True})
                yield session
                session.commit()
            finally:
                self._thread.is_writing = False

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def now_in(work: Session) -> datetime:
    """Return the present instant, by the clock of the database that `work` belongs to."""
    clock: Clock = work.info["clock"]
    return clock()


def _check(url: str) -> None:
    if not url.startswith("sqlite://"):  # the sentence leaves the URL out: another kind's may hold a password
        raise DatabaseUnusable("The database is not an SQLite file.", "Use sqlite:///FILE.")
    folder = Path(make_url(url).database or ".").parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseUnusable(
            f"The database cannot be opened: the folder {folder} is missing or may not be written.",
            "Make the folder, or give the cloudlet's user the right to write in it.",
        )


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the begin event below decides how a transaction starts
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("cloudlet_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
