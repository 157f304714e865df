"""A fresh database with every component's tables."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudlet.database import Database, Table

STORES = ("events", "audit", "instruments", "identity", "access", "analytics")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield an empty database in a file of its own."""
    for component in STORES:
        name = f"cloudlet.{component}.store"
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    Table.metadata.create_all(database.engine)
    yield database
    database.close()
