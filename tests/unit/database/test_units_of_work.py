import math
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from cloudlet.clock import utc_now
from cloudlet.database import (
    Database,
    DatabaseBusy,
    DatabaseSettings,
    DatabaseUnusable,
    UtcInstant,
    ValueNotStorable,
    as_busy,
)
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


def test_nothing_that_a_reading_unit_changes_survives_even_where_it_commits(database: Database) -> None:
    with database.write() as work:
        work.add(a_row())
    for statement in ("DELETE FROM event", "UPDATE event SET kind = 'test.other'"):
        with pytest.raises(DBAPIError), database.read() as work:
            work.execute(text(statement))
            work.commit()
    with database.read() as work:
        assert work.scalars(select(EventRow.kind)).all() == ["test.happened"]
    with database.write() as work:  # on the same connection
        work.add(a_row())
    assert count(database) == 2


def test_a_reader_sees_the_state_of_its_first_question(database: Database) -> None:
    with database.read() as work:
        assert work.scalars(select(EventRow)).all() == []
        with database.write() as other:
            other.add(a_row())
        assert work.scalars(select(EventRow)).all() == []
    assert count(database) == 1


def test_readers_find_a_connection_however_many_threads_wait_to_write(database: Database) -> None:
    def add() -> None:
        with database.write() as work:
            work.add(a_row())

    threads = [threading.Thread(target=add) for _ in range(25)]
    with database.write():
        for thread in threads:
            thread.start()
        assert count(database) == 0
    for thread in threads:
        thread.join()
    assert count(database) == 25


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


@pytest.mark.parametrize("url", ["mysql://ada:secret@host/name", "postgresql://ada:secret@host:port/name", ""])
def test_what_names_no_database_is_refused_in_words_and_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="give sqlite:///FILE or postgresql://") as caught:
        Database(url)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url", ["cloudlet.db", "sqlite://", "sqlite:///", "postgres://host/name", "postgresql://h:p/n"]
)
def test_settings_take_an_sqlite_file_or_a_postgresql_database_only(url: str) -> None:
    for usable in (
        "sqlite:////var/lib/cloudlet.db",
        "postgresql://ada@host/name",
        "postgresql:///cloudlet?service=one",
    ):
        assert DatabaseSettings(url=usable).url == usable
    with pytest.raises(ValidationError, match="give sqlite:///FILE or postgresql://"):
        DatabaseSettings(url=url)


def test_settings_show_no_password() -> None:
    assert "secret" not in repr(DatabaseSettings(url="postgresql://ada:secret@host/name"))
    with pytest.raises(ValidationError, match="passfile") as caught:
        DatabaseSettings(url="postgresql://ada@host/name?password=secret")
    assert "secret" not in str(caught.value)


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


def test_rows_hold_whole_numbers_of_64_bits(database: Database) -> None:
    largest = 2**63 - 1
    with database.write() as work:
        work.add(EventRow(id=largest, at=utc_now(), kind="test.last", subject="x", data={}))
    with database.read() as work:
        assert work.get(EventRow, largest) is not None
        assert work.get(EventRow, 2**31) is None


def test_text_is_ordered_by_its_bytes(database: Database) -> None:
    kinds = ["B", "Z", "_", "a", "a b", "ab", "é", "\uffee", "\U0001f52c"]
    with database.write() as work:
        work.add_all(a_row(kind) for kind in reversed(kinds))
    with database.read() as work:
        assert work.scalars(select(EventRow.kind).order_by(EventRow.kind)).all() == kinds


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b"])
def test_text_that_one_database_would_refuse_is_refused_by_both_also_in_a_question(
    database: Database, odd: str
) -> None:
    with pytest.raises(ValueNotStorable, match="characters"), database.write() as work:
        work.add_all([a_row("plain"), a_row(odd)])
    with pytest.raises(ValueNotStorable, match="characters"), database.read() as work:
        work.scalars(select(EventRow).where(EventRow.kind == odd)).all()
    assert count(database) == 0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_holds_no_number_that_is_none(database: Database, number: float) -> None:
    with pytest.raises(ValueNotStorable, match="number"), database.write() as work:
        work.add(EventRow(at=utc_now(), kind="x", subject="x", data={"deep": [{"figure": number}]}))
    assert count(database) == 0


def test_json_holds_any_text_and_gives_numbers_back_exactly(database: Database) -> None:
    data = {"NUL \0": ["\ud800", "µÅ \U0001f52c"], "numbers": [0.1, 1e-320, 2**70, -0.0, True, None]}
    with database.write() as work:
        work.add(EventRow(at=utc_now(), kind="x", subject="x", data=data))
    with database.read() as work:
        assert repr(work.scalars(select(EventRow)).one().data) == repr(data)


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


def test_what_a_use_case_did_before_it_refused_is_undone_though_its_caller_goes_on(database: Database) -> None:
    with database.write() as work:
        work.add(a_row("test.before"))
        with pytest.raises(RuntimeError, match="refused"), database.write(work) as inner:
            inner.add(a_row("test.half"))
            inner.flush()
            raise RuntimeError("refused")
        with database.write(work) as inner:
            inner.add(a_row("test.after"))
    with database.read() as work:
        assert work.scalars(select(EventRow.kind).order_by(EventRow.id)).all() == ["test.before", "test.after"]


def test_whoever_waits_for_the_turn_says_how_long_and_threads_do_not_add_up(
    database: Database, database_url: str
) -> None:
    impatient = Database(database_url, turn_seconds=1.0)
    waits: list[float] = []

    def wait(turn_seconds: float | None) -> None:
        begin = time.monotonic()
        with pytest.raises(OperationalError) as refused, impatient.write(turn_seconds=turn_seconds):
            pass
        assert isinstance(as_busy(refused.value), DatabaseBusy)
        waits.append(time.monotonic() - begin)

    with database.write():
        wait(0)
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(wait, [None] * 6))
    impatient.close()
    assert waits[0] < 0.5
    assert max(waits[1:]) < 2.0  # one after the other they would be six


def test_a_fault_is_not_called_busy(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(OperationalError) as refused, empty.read() as work:
        work.execute(text("SELECT * FROM nowhere"))
    empty.close()
    assert as_busy(refused.value) is None


def test_nobody_writes_after_the_database_was_closed(database: Database) -> None:
    database.close()
    with pytest.raises(DatabaseUnusable, match="closed"), database.write():
        pass


def test_of_many_threads_few_wait_while_nobody_gets_to_write_and_all_get_there_otherwise(
    database: Database, database_url: str
) -> None:
    shared = Database(database_url, turn_seconds=3.0, most_waiting=2)

    def add_one(_number: int) -> float:
        begin = time.monotonic()
        try:
            with shared.write() as work:
                work.add(a_row())
        except OperationalError:
            return time.monotonic() - begin
        return 0.0

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(add_one, range(12))) == [0.0] * 12
        with database.write():
            first = [threads.submit(add_one, number) for number in range(2)]
            time.sleep(1.0)
            later = list(threads.map(add_one, range(10)))
            assert 0.0 < max(later) < 1.0
            assert min(each.result() for each in first) > 2.0
        assert add_one(0) == 0.0
    shared.close()
