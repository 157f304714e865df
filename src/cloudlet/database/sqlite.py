"""SQLite: one file, written by one connection at a time, read by many."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event

from cloudlet.database.checks import check_folder
from cloudlet.database.errors import DatabaseUnusable
from cloudlet.database.timeouts import TURN_OPTION, TURN_SECONDS
from cloudlet.database.values import to_json

__all__ = ["open_sqlite"]

OLDEST = (3, 35)
"""The first with ``DELETE ... RETURNING``."""


def open_sqlite(url: URL) -> Engine:
    """Return the engine for the file at `url`; its transactions write unless they are marked ``cloudlet_reads``.

    Raises
    ------
    DatabaseUnusable
        The library is too old, or the file's folder cannot be used.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise DatabaseUnusable(
            f"Python's SQLite library is {sqlite3.sqlite_version}; 3.35 or newer is needed.",
            "Use a newer Python or a newer system, or PostgreSQL.",
        )
    check_folder(Path(url.database or "."))
    engine = create_engine(url, connect_args={"timeout": TURN_SECONDS}, json_serializer=to_json)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the begin event below decides how a transaction starts
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    reads = options.get("cloudlet_reads", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(options.get(TURN_OPTION, TURN_SECONDS * 1000))}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
