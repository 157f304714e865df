"""A fresh database with every component's tables, on SQLite and on PostgreSQL."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, text
from tests.postgresql import POSTGRES, Server, running_server

from cloudlet.database import Database, Table

STORES = ("events", "audit", "instruments", "identity", "access", "analytics")
KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.needs(POSTGRES)))
ON_ONE_ALONE = {"test_engine.py", "test_engine_folders.py", "test_checks.py"}
"""What is tried there goes on above the rows, and takes seconds."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have every test of rows run on both databases."""
    if "kind_of_database" in metafunc.fixturenames:
        kinds = KINDS[:1] if metafunc.definition.path.name in ON_ONE_ALONE else KINDS
        metafunc.parametrize("kind_of_database", kinds)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this test process alone."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def tables() -> None:
    """Make every component's tables known."""
    for component in STORES:
        name = f"cloudlet.{component}.store"
        if importlib.util.find_spec(name):
            importlib.import_module(name)


class Rows:
    """A PostgreSQL database with all tables, emptied for each test: that takes 3 ms, where a new one takes 45."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.url = url
        database = Database(url)
        Table.metadata.create_all(database.engine)
        database.close()
        self._connection = connection
        sequences = connection.scalars(text("SELECT sequencename FROM pg_sequences"))
        empty = [str(delete(table)) for table in Table.metadata.sorted_tables]
        restart = [f"ALTER SEQUENCE {sequence} RESTART" for sequence in sequences]
        # of a replica, no trigger fires: neither the audit record's nor those of foreign keys
        self._clear = "; ".join(["SET session_replication_role = replica", *empty, *restart])

    def clear(self) -> None:
        """Leave the database as it was when its tables had been made."""
        self._connection.exec_driver_sql(self._clear)


@pytest.fixture(scope="session")
def rows(server: Server, tables: None) -> Iterator[Rows]:
    """The PostgreSQL database of this test process."""
    url = server.make("rows")
    with server.connection("rows") as connection:
        yield Rows(url, connection)


@pytest.fixture
def empty_url(kind_of_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables, which may be changed in any way."""
    if kind_of_database == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Server = request.getfixturevalue("server")
    return server.make("empty")


@pytest.fixture
def database_url(kind_of_database: str, request: pytest.FixtureRequest, tmp_path: Path, tables: None) -> str:
    """The address of an empty database with all tables; its schema must be left as it is."""
    if kind_of_database == "postgresql":
        rows: Rows = request.getfixturevalue("rows")
        rows.clear()
        return rows.url
    url = f"sqlite:///{tmp_path / 'test.db'}"
    database = Database(url)
    Table.metadata.create_all(database.engine)
    database.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with all tables."""
    database = Database(database_url)
    yield database
    database.close()
