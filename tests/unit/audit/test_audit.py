from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cloudlet.audit import Act, read, record, verify
from cloudlet.database import Database, Table


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


REWRITING = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit SELECT id, at, 'eve', what, subject, detail, previous, digest FROM audit",
        "REPLACE INTO audit SELECT id, at, 'eve', what, subject, detail, previous, digest FROM audit WHERE id = 2",
        "REPLACE INTO audit SELECT null, at, 'eve', what, subject, detail, previous, digest FROM audit",
        "INSERT OR IGNORE INTO audit SELECT * FROM audit",
        "INSERT INTO audit SELECT * FROM audit WHERE true ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
        "UPDATE OR REPLACE audit SET id = 1 WHERE id = 2",
    ],
    "postgresql": [
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT DO NOTHING",
        "MERGE INTO audit USING audit other ON audit.id = other.id WHEN MATCHED THEN DELETE",
        "TRUNCATE audit",
        "TRUNCATE audit RESTART IDENTITY CASCADE",
    ],
}
"""Each database's own ways to write over rows, beside those of both."""
BYPASSING = {"sqlite": "DROP TRIGGER audit_no_update", "postgresql": "SET LOCAL session_replication_role = replica"}
"""What whoever owns the table can do."""


def facts(database: Database) -> list[tuple[object, ...]]:
    with database.read() as work:
        return [tuple(row) for row in work.execute(text("SELECT id, actor, what, digest FROM audit ORDER BY id"))]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve'",
        "UPDATE audit SET id = id + 10 WHERE id = 2",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 2",
        "INSERT INTO audit VALUES (1, 0, 'eve', 'x', 'x', '{}', 'x', 'x')",
        "INSERT INTO audit VALUES (0, 0, 'eve', 'x', 'x', '{}', 'x', 'x')",
        "INSERT INTO audit VALUES (-1, 0, 'eve', 'x', 'x', '{}', 'x', 'x')",
    ],
)
def test_the_record_cannot_be_changed_shortened_or_filled_in(database: Database, statement: str) -> None:
    do(database, "test.one", "test.two")
    before = facts(database)
    with pytest.raises(IntegrityError, match="append-only"), database.write() as work:
        work.execute(text(statement))
    assert facts(database) == before


def test_the_record_cannot_be_replaced(database: Database, kind_of_database: str) -> None:
    do(database, "test.one", "test.two")
    before = facts(database)
    for statement in REWRITING[kind_of_database]:
        with pytest.raises(IntegrityError, match="append-only"), database.write() as work:
            work.execute(text(statement))
        assert facts(database) == before, statement
    do(database, "test.three")
    with database.read() as work:
        assert verify(work) is None


def test_a_row_far_ahead_is_no_way_in_between(database: Database) -> None:
    do(database, "test.one")
    with database.write() as work:
        work.execute(text("INSERT INTO audit VALUES (9, 0, 'eve', 'x', 'x', '{}', 'x', 'x')"))
    with pytest.raises(IntegrityError, match="append-only"), database.write() as work:
        work.execute(text("INSERT INTO audit VALUES (5, 0, 'eve', 'x', 'x', '{}', 'y', 'y')"))
    with database.read() as work:
        assert verify(work) == 9


def test_a_record_changed_behind_our_back_is_found(empty_url: str, kind_of_database: str, tables: None) -> None:
    database = Database(empty_url)
    Table.metadata.create_all(database.engine)
    do(database, "test.one", "test.two", "test.three")
    with database.read() as work:
        assert verify(work) is None
    with database.write() as work:
        work.execute(text(BYPASSING[kind_of_database]))
        work.execute(text("UPDATE audit SET actor = 'eve' WHERE id = 2"))
    with database.read() as work:
        assert verify(work) == 2
    database.close()


def test_an_act_is_dated_by_the_clock_of_its_database(database: Database, database_url: str) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    dated = Database(database_url, lambda: noon)
    do(dated, "test.one")
    dated.close()
    with database.read() as work:
        assert [record.at for record in read(work)] == [noon]
