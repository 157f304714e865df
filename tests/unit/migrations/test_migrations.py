from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cloudlet.audit import Act, record
from cloudlet.database import Database
from cloudlet.migrations import upgrade
from cloudlet.migrations.tables import METADATA


@pytest.fixture
def upgraded(tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path / 'upgraded.db'}"
    upgrade(url)
    return Database(url)


def definitions(url: str) -> list[str | None]:
    """Return how each table, index and trigger is defined."""
    database = Database(url)
    with database.read() as work:
        found = list(work.scalars(text("SELECT sql FROM sqlite_master ORDER BY type, name")))
    database.close()
    return found


def test_the_steps_lead_to_exactly_the_tables_of_the_code(upgraded: Database) -> None:
    with upgraded.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    upgraded.close()
    assert differences == []


def test_the_audit_record_is_append_only_after_the_steps_too(upgraded: Database) -> None:
    with upgraded.write() as work:
        record(work, Act("ada", "test.did", "something"))
    with pytest.raises(IntegrityError, match="append-only"), upgraded.write() as work:
        work.execute(text("DELETE FROM audit"))
    upgraded.close()


def test_taking_the_steps_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twice.db'}"
    upgrade(url)
    before = definitions(url)
    assert before
    upgrade(url)
    assert definitions(url) == before
