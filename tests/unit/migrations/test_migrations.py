import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cloudlet.audit import Act, record
from cloudlet.database import Database, DatabaseUnusable
from cloudlet.migrations import check_up_to_date, upgrade
from cloudlet.migrations.metadata import METADATA

DEFINITIONS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
    "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
}
SCHEMA = {
    "sqlite": "SELECT sql FROM sqlite_master ORDER BY type, name",
    "postgresql": "SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable) "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
}
UPGRADE = "import sys; from cloudlet.migrations import upgrade; upgrade(sys.argv[1])"


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


def texts(database: Database, questions: dict[str, str]) -> list[str]:
    with database.read() as work:
        return list(work.scalars(text(questions[database.engine.dialect.name])))


def test_the_steps_lead_to_exactly_the_tables_of_the_code(empty: Database, empty_url: str) -> None:
    upgrade(empty_url)
    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_steps_make_the_triggers_of_the_code(empty: Database, empty_url: str, database: Database) -> None:
    upgrade(empty_url)
    triggers = texts(empty, DEFINITIONS)
    assert len(triggers) == 4
    assert triggers == texts(database, DEFINITIONS)


def test_the_audit_record_is_append_only_after_the_steps_too(empty: Database, empty_url: str) -> None:
    upgrade(empty_url)
    with empty.write() as work:
        record(work, Act("ada", "test.did", "something"))
    with pytest.raises(IntegrityError, match="append-only"), empty.write() as work:
        work.execute(text("DELETE FROM audit"))


def test_taking_the_steps_again_changes_nothing(empty: Database, empty_url: str) -> None:
    upgrade(empty_url)
    before = texts(empty, SCHEMA)
    assert before
    upgrade(empty_url)
    assert texts(empty, SCHEMA) == before


def test_two_processes_may_take_the_steps_at_once(empty: Database, empty_url: str) -> None:
    with empty.write():  # so that both are there when the first begins
        both = [subprocess.Popen([sys.executable, "-c", UPGRADE, empty_url]) for _ in range(2)]
        with pytest.raises(subprocess.TimeoutExpired):
            both[0].wait(1.5)
        assert texts(empty, SCHEMA) == []
    assert [each.wait(60) for each in both] == [0, 0]
    assert texts(empty, SCHEMA)


def test_tables_of_another_version_are_refused_before_anything_is_served_from_them(
    empty: Database, empty_url: str
) -> None:
    with pytest.raises(DatabaseUnusable, match="has no tables yet") as refused:
        check_up_to_date(empty)
    assert "Run cloudlet upgrade" in refused.value.remedy
    upgrade(empty_url)
    check_up_to_date(empty)
    with empty.write() as work:
        work.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="is at step 9999"):
        check_up_to_date(empty)
    with pytest.raises(DatabaseUnusable, match="newer version"):
        upgrade(empty_url)
