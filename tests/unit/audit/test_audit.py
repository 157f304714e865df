from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cloudlet.audit import Act, read, record, verify
from cloudlet.database import Database


def do(database: Database, *acts: str) -> None:
    with database.write() as work:
        for act in acts:
            record(work, Act("ada", act, "arctica", {"why": act}))


def test_acts_are_read_newest_first_and_by_what_was_done(database: Database) -> None:
    do(database, "test.one", "test.two")
    do(database, "test.one")
    with database.read() as work:
        assert [record.act.what for record in read(work)] == ["test.one", "test.two", "test.one"]
        assert len(read(work, what="test.one")) == 2
        assert read(work, subject="elsewhere") == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit"])
def test_the_record_cannot_be_changed_or_shortened(database: Database, statement: str) -> None:
    do(database, "test.one")
    with pytest.raises(IntegrityError, match="append-only"), database.write() as work:
        work.execute(text(statement))


def test_a_record_changed_behind_our_back_is_found(database: Database) -> None:
    do(database, "test.one", "test.two", "test.three")
    with database.read() as work:
        assert verify(work) is None
    with database.write() as work:
        work.execute(text("DROP TRIGGER audit_no_update"))
        work.execute(text("UPDATE audit SET actor = 'eve' WHERE id = 2"))
    with database.read() as work:
        assert verify(work) == 2


def test_an_act_is_dated_by_the_clock_of_its_database(database: Database) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    dated = Database(str(database.engine.url), lambda: noon)
    do(dated, "test.one")
    dated.close()
    with database.read() as work:
        assert [record.at for record in read(work)] == [noon]
