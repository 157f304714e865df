import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select

from cloudlet.clock import utc_now
from cloudlet.database import Database, DatabaseSettings, DatabaseUnusable, UtcInstant
from cloudlet.events.store import EventRow


def count(database: Database) -> int:
    with database.read() as work:
        return len(list(work.scalars(select(EventRow))))


def a_row(kind: str = "test.happened") -> EventRow:
    return EventRow(at=utc_now(), kind=kind, subject="x", data={})


def test_a_unit_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as work:
        work.add(a_row())
        work.flush()
        raise RuntimeError
    assert count(database) == 0


def test_a_reading_unit_never_writes(database: Database) -> None:
    with database.read() as work:
        work.add(a_row())
    assert count(database) == 0


def test_what_a_writer_read_is_still_true_when_it_commits(database: Database) -> None:
    """Eight threads count and add: with a late BEGIN two of them would see the same number."""

    def add_next() -> None:
        for _ in range(5):
            with database.write() as work:
                seen = len(list(work.scalars(select(EventRow))))
                work.add(a_row(kind=f"number.{seen}"))

    threads = [threading.Thread(target=add_next) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as work:
        kinds = [row.kind for row in work.scalars(select(EventRow).order_by(EventRow.id))]
    assert kinds == [f"number.{number}" for number in range(40)]


@pytest.mark.parametrize("url", ["postgresql://ada:secret@host/name", "cloudlet.db", ""])
def test_what_is_no_sqlite_file_is_refused_in_words_and_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="SQLite") as caught:
        Database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["cloudlet.db", "sqlite://", "sqlite:///", "postgresql://host/name"])
def test_settings_take_an_sqlite_file_only(url: str) -> None:
    assert DatabaseSettings(url="sqlite:////var/lib/cloudlet.db").url == "sqlite:////var/lib/cloudlet.db"
    with pytest.raises(ValidationError, match="give sqlite:///FILE"):
        DatabaseSettings(url=url)


def test_a_folder_that_does_not_exist_is_reported() -> None:
    with pytest.raises(DatabaseUnusable, match="is missing or may not be written"):
        Database("sqlite:////nonexistent/folder/file.db")


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-720, 720))  # noqa: DTZ001
def test_an_instant_survives_the_database_to_the_microsecond(naive: datetime, offset_minutes: int) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    kind, dialect = UtcInstant(), Database("sqlite://").engine.dialect
    stored = kind.process_bind_param(instant, dialect)
    assert kind.process_result_value(stored, dialect) == instant


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcInstant().process_bind_param(datetime(2026, 1, 1), Database("sqlite://").engine.dialect)  # noqa: DTZ001


def test_instants_come_back_in_utc(database: Database) -> None:
    with database.write() as work:
        work.add(a_row())
    with database.read() as work:
        assert work.scalars(select(EventRow)).one().at.tzinfo is UTC


def test_several_use_cases_are_one_transaction(database: Database) -> None:
    with pytest.raises(RuntimeError, match="half-way"), database.write() as work:
        with database.write(work) as inner:
            inner.add(a_row())
        with database.read(work) as inner:
            assert len(list(inner.scalars(select(EventRow)))) == 1
        raise RuntimeError("half-way")
    assert count(database) == 0


def test_a_unit_opened_inside_another_is_refused_at_once(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="hand in the outer one"), database.write():
        pass
    with database.write() as work:  # the refusal leaves nothing behind
        work.add(a_row())
    assert count(database) == 1


def test_a_reading_unit_is_refused_where_something_is_to_be_written(database: Database) -> None:
    with (
        database.read() as work,
        pytest.raises(RuntimeError, match="reading unit"),
        database.write(work),
    ):
        pass
