"""Running the steps, and whether all of them were."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from cloudlet.database import Database, DatabaseUnusable

__all__ = ["check_up_to_date", "configuration", "upgrade"]


def configuration(url: str) -> Config:
    """Return Alembic's configuration for the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url  # which may hold a password, and is no text of an ini file
    return config


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest step; an empty one gets all tables.

    Raises
    ------
    DatabaseUnusable
        It cannot be opened or changed, or a newer version of the cloudlet has changed it already.
    """
    try:
        command.upgrade(configuration(url), "head")
    except CommandError as cause:
        raise DatabaseUnusable(
            "The database was changed by a newer version of the cloudlet, which this one does not know.",
            "Install that version again, or restore a backup from before.",
        ) from cause
    except DBAPIError as cause:
        words = " ".join(str(cause.orig).split())
        raise DatabaseUnusable(
            f"The tables cannot be made or changed: {words}",
            "Check that the role owns the database and its schema, and that the disk has room.",
        ) from cause


def check_up_to_date(database: Database) -> None:
    """Refuse a database whose tables are not those of this version, before anything is served from it.

    Raises
    ------
    DatabaseUnusable
        A step is missing, or is not known here.
    """
    newest = ScriptDirectory.from_config(configuration("")).get_current_head()
    with database.engine.execution_options(cloudlet_reads=True).connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        place = _place(connection.engine.url)
    if found == newest:
        return
    state = "has no tables yet" if found is None else f"is at step {found}, and this version needs {newest}"
    raise DatabaseUnusable(
        f"The database {place} {state}.",
        "Run cloudlet upgrade with the same settings, in the same folder where the path is a relative one.",
    )


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").absolute())  # a relative path leads elsewhere from another folder
    return f"{url.database} on {url.host or 'this host'}"
