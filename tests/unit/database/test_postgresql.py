"""What a PostgreSQL server can do to us that a file cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from tests.postgresql import GUARDED, POSTGRES, Server

from cloudlet.clock import utc_now
from cloudlet.database import Database, DatabaseUnusable, postgresql
from cloudlet.events.store import EventRow

pytestmark = pytest.mark.needs(POSTGRES)

STOPPED = """
import os, signal, sys
from cloudlet.clock import utc_now
from cloudlet.database import Database, postgresql
from cloudlet.events.store import EventRow
from sqlalchemy.exc import OperationalError
postgresql.SESSION_OPTIONS["idle_in_transaction_session_timeout"] = 1
try:
    with Database(sys.argv[1]).write() as work:
        work.add(EventRow(at=utc_now(), kind="test.stopped", subject="x", data={}))
        work.flush()
        os.kill(os.getpid(), signal.SIGSTOP)
except OperationalError:
    sys.exit(7)
"""


@pytest.fixture
def url(rows) -> str:
    rows.clear()
    return rows.url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def add(database: Database, kind: str = "test.happened") -> None:
    with database.write() as work:
        work.add(EventRow(at=utc_now(), kind=kind, subject="x", data={}))


def kinds(database: Database) -> list[str]:
    with database.read() as work:
        return list(work.scalars(select(EventRow.kind)))


def test_a_writer_gives_up_after_a_while_as_on_a_busy_file(database: Database, url: str) -> None:
    impatient = Database(url, turn_seconds=1)
    with database.write(), pytest.raises(OperationalError, match="lock timeout"):
        add(impatient)
    add(impatient)
    impatient.close()
    assert kinds(database) == ["test.happened"]


def test_a_stopped_writer_loses_its_place_and_when_it_goes_on_it_knows(database: Database, url: str) -> None:
    stopped = subprocess.Popen([sys.executable, "-c", STOPPED, url])
    try:
        os.waitpid(stopped.pid, os.WUNTRACED)
        add(database)  # waits for its turn, for a second
        os.kill(stopped.pid, signal.SIGCONT)
        assert stopped.wait(20) == 7
    finally:
        stopped.kill()
    assert kinds(database) == ["test.happened"]


def test_a_writer_that_waits_outlasts_one_that_was_stopped() -> None:
    options = postgresql.SESSION_OPTIONS
    assert options["idle_in_transaction_session_timeout"] < options["lock_timeout"]


def test_a_killed_writer_leaves_its_place_at_once(database: Database, url: str) -> None:
    killed = subprocess.Popen([sys.executable, "-c", STOPPED.replace("SIGSTOP", "SIGKILL"), url])
    assert killed.wait(20) == -signal.SIGKILL
    began = time.monotonic()
    add(database)
    assert time.monotonic() - began < 10  # no time-out of ours is as short
    assert kinds(database) == ["test.happened"]


def test_connections_that_the_server_closed_are_replaced_before_anybody_notices(
    database: Database, server: Server
) -> None:
    add(database)
    with server.connection() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloudlet'")
        )
    add(database)
    assert len(kinds(database)) == 2


def test_a_server_that_goes_away_within_a_unit_is_an_operational_error(database: Database, server: Server) -> None:
    add(database)
    with pytest.raises(OperationalError), database.write() as work, server.connection() as connection:
        work.execute(text("DELETE FROM event"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloudlet'")
        )
    assert kinds(database) == ["test.happened"]


def test_a_unit_in_which_a_statement_failed_is_never_called_committed(database: Database) -> None:
    with pytest.raises(RuntimeError, match="failed"), database.write() as work:
        work.execute(text("DELETE FROM event"))
        with pytest.raises(IntegrityError):
            work.execute(text("INSERT INTO event (at) VALUES (1)"))
    add(database)


def test_writers_have_their_turns_in_the_order_of_their_coming(database: Database, url: str, server: Server) -> None:
    others = [Database(url) for _ in range(4)]
    threads = []
    with database.write():
        for number, other in enumerate(others):
            threads.append(threading.Thread(target=add, args=(other, f"number.{number}")))
            threads[-1].start()
            wait_for_waiting(server, number + 1)
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert kinds(database) == [f"number.{number}" for number in range(4)]


def wait_for_waiting(server: Server, count: int) -> None:
    """Wait until so many writers wait."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    give_up_at = time.monotonic() + 20
    with server.connection() as connection:
        while connection.scalar(waiting) != count:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)


def test_an_unreachable_server_is_reported_in_words_without_the_password() -> None:
    with pytest.raises(DatabaseUnusable, match="server cannot be used") as caught:
        Database("postgresql://ada:s3cret@127.0.0.1:9/cloudlet")
    assert "127.0.0.1" in caught.value.message
    assert "s3cret" not in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("query", "words"), [("host=/nowhere", "No such file"), ("host=/nowhere&sslmood=on", "sslmood")]
)
def test_what_libpq_says_of_an_address_is_passed_on(query: str, words: str) -> None:
    with pytest.raises(DatabaseUnusable, match=words):
        Database(f"postgresql:///cloudlet?{query}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("ENCODING 'LATIN1'", "keeps text as LATIN1"),
        ("ENCODING 'SQL_ASCII'", "keeps text as SQL_ASCII"),
        ("LOCALE_PROVIDER icu ICU_LOCALE 'en'", "orders text by a language"),
    ],
)
def test_a_database_that_keeps_text_in_another_way_is_refused(server: Server, options: str, words: str) -> None:
    url = server.make("odd", options=options)
    with pytest.raises(DatabaseUnusable, match=words) as caught:
        Database(url)
    assert "createdb" in caught.value.remedy


def test_an_old_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    with pytest.raises(DatabaseUnusable, match="99 or newer is needed"):
        Database(url)


def test_a_missing_psycopg_is_reported_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnusable, match=r"psycopg.*cloudlet\[postgresql\]"):
        Database("postgresql://ada@127.0.0.1:9/cloudlet")


def test_the_password_may_stand_in_a_file(tmp_path: Path, server: Server) -> None:
    url = server.make(GUARDED)
    with server.connection() as connection:
        connection.execute(text("ALTER ROLE cloudlet PASSWORD 's3cret'"))
    with pytest.raises(DatabaseUnusable, match="no password supplied"):
        Database(url)
    file = tmp_path / "pgpass"
    file.write_text("*:*:*:cloudlet:s3cret\n")
    file.chmod(0o600)
    database = Database(f"{url}&passfile={file}")
    assert "s3cret" not in repr(database.engine)
    database.close()


def test_a_server_that_takes_no_changes_is_not_used(database: Database, url: str) -> None:
    name = database.engine.url.database
    with database.engine.connect() as admin:
        admin.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        admin.commit()
    try:
        with pytest.raises(DatabaseUnusable, match="read-only"):
            Database(url)
    finally:
        with database.engine.connect() as admin:
            admin.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
            admin.commit()
    again = Database(url)
    add(again)
    again.close()


def test_a_connection_to_a_server_that_became_a_standby_counts_as_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database)
    lock = f"SELECT pg_advisory_xact_lock({postgresql.WRITER_LOCK})"
    refused = "DO $$ BEGIN RAISE feature_not_supported; END $$"  # what a standby answers to whoever begins to write
    demoted_write = postgresql.WRITE.replace(lock, refused)
    assert demoted_write != postgresql.WRITE
    with monkeypatch.context() as demoted:
        demoted.setattr(postgresql, "WRITE", demoted_write)
        with pytest.raises(OperationalError) as lost:
            add(database)
        assert lost.value.connection_invalidated
    add(database)
    assert kinds(database) == ["test.happened"] * 2
