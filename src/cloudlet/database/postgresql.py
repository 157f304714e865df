"""PostgreSQL 15 and newer, made to mean what SQLite means.

Theory of operation. A writing transaction begins by taking one advisory lock of the database, which it keeps to its
end; only then does it look at anything. So writers come one after the other, what one reads is true until it commits,
and numbers are given out in the order in which they become visible: a reader behind a cursor misses nothing. The lock
goes to those who wait in the order of their coming. A reading transaction sees the state at its first question, and the
server refuses it any change. Transactions are begun by statements of our own: to psycopg every connection is in
autocommit mode, where it commits and rolls back whatever transaction it finds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from cloudlet.database.errors import DatabaseUnusable
from cloudlet.database.timeouts import (
    CONNECT_SECONDS,
    IDLE_WRITER_SECONDS,
    LOST_PEER_SECONDS,
    TURN_OPTION,
    TURN_SECONDS,
)
from cloudlet.database.values import to_json

__all__ = ["open_postgresql"]

OLDEST = 15

WRITER_LOCK = int.from_bytes(b"cloudlet")
"""The advisory lock of whoever writes; locks are each database's own."""

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
WRITE = f"{BEGIN_WRITE}; SET LOCAL lock_timeout = {{wait}}; SELECT pg_advisory_xact_lock({WRITER_LOCK})"
"""Read committed, because each statement after the lock must see what the writer before committed."""

CONNECTION_OPTIONS: dict[str, Any] = {
    "client_encoding": "utf8",
    "target_session_attrs": "read-write",
    "fallback_application_name": "cloudlet",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": LOST_PEER_SECONDS // 2,
    "keepalives_interval": LOST_PEER_SECONDS // 4,
    "keepalives_count": 2,
    "tcp_user_timeout": LOST_PEER_SECONDS * 1000,
}
"""How the client notices that the server has vanished; what the address says goes over it."""

DEMOTED = frozenset({"25006", "0A000"})
"""What a standby answers to whoever begins to write: read-only transaction, feature not supported during recovery."""

SESSION_OPTIONS = {
    "lock_timeout": TURN_SECONDS,
    "idle_in_transaction_session_timeout": IDLE_WRITER_SECONDS,
    "tcp_user_timeout": LOST_PEER_SECONDS,
}
"""In seconds: how the server notices a client that waits too long, says nothing, or takes nothing any more."""

CREATE = "createdb --owner=ROLE --template=template0 --encoding=UTF8 --locale=C NAME"


def open_postgresql(url: URL) -> Engine:
    """Return the engine for the database at `url`; its transactions write unless they are marked ``cloudlet_reads``.

    Raises
    ------
    DatabaseUnusable
        psycopg is missing, the server cannot be reached or is too old, or the database does not keep text as we do.
    """
    options = {name: value for name, value in CONNECTION_OPTIONS.items() if name not in url.query}
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args=options, json_serializer=to_json, pool_pre_ping=True
        )
    except ImportError as cause:
        raise DatabaseUnusable(
            f"PostgreSQL needs psycopg, which cannot be imported: {cause}.", "Run pip install 'cloudlet[postgresql]'."
        ) from cause
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", _refuse_half)
    event.listen(engine, "handle_error", _as_operational)
    try:
        _check(engine)
    except DatabaseUnusable:
        engine.dispose()
        raise
    return engine


def _check(engine: Engine) -> None:
    question = (
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), "
        "pg_is_in_recovery(), 'B' < 'a'"
    )
    try:
        with engine.execution_options(cloudlet_reads=True).connect() as connection:
            version, encoding, is_copy, is_bytewise = connection.exec_driver_sql(question).one()
    except DBAPIError as cause:
        lines = [line.strip().rstrip(".?!") for line in str(cause.orig).splitlines() if line.strip()]
        raise DatabaseUnusable(
            f"The PostgreSQL server cannot be used: {'; '.join(lines)}.",
            "Check that it runs, and host, role, database, password file and TLS in database.url.",
        ) from cause
    if version < OLDEST:
        raise DatabaseUnusable(f"The server is PostgreSQL {version}; {OLDEST} or newer is needed.", "Upgrade it.")
    if is_copy:
        raise DatabaseUnusable("The PostgreSQL server is a standby that takes no changes.", "Name the primary server.")
    if encoding != "UTF8" or not is_bytewise:
        fault = "orders text by a language" if encoding == "UTF8" else f"keeps text as {encoding}"
        raise DatabaseUnusable(
            f"The database {fault}; it must be UTF8 in the order of its bytes, as on SQLite.",
            f"Make another one: {CREATE}",
        )


def _prepare(connection: Any, _record: object) -> None:
    connection.autocommit = True  # the begin event below decides how a transaction starts
    connection.execute("; ".join(f"SET {option} = '{seconds}s'" for option, seconds in SESSION_OPTIONS.items()))


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("cloudlet_reads", False):
        connection.exec_driver_sql(READ)
        return
    wait = max(1, int(options.get(TURN_OPTION, TURN_SECONDS * 1000)))  # 0 would mean for ever
    connection.exec_driver_sql(WRITE.format(wait=wait))


def _refuse_half(connection: Connection) -> None:
    """Refuse to commit after a statement that failed: the server would roll back and call it a success."""
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status.name == "INERROR":
        driver.rollback()
        raise RuntimeError("a statement of this unit of work failed, so that nothing of it can be committed")


def _as_operational(context: ExceptionContext) -> None:
    """Make of a connection that the server closed on a silent client what psycopg makes of every other lost one.

    A server that has become a standby counts as lost too: there a unit of work could not begin ever again.
    """
    begins_to_write = str(context.statement).startswith(BEGIN_WRITE)
    if begins_to_write and getattr(context.original_exception, "sqlstate", None) in DEMOTED:
        context.is_disconnect = True
        raise OperationalError(
            context.statement, context.parameters, context.original_exception, connection_invalidated=True
        )
    if context.is_disconnect and isinstance(context.sqlalchemy_exception, InternalError):
        raise OperationalError(
            context.statement, context.parameters, context.original_exception, connection_invalidated=True
        )
