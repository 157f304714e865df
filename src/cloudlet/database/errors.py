"""What can be wrong with the database as a whole, and with a value that is to be stored."""

import sqlite3

from sqlalchemy.exc import OperationalError

from cloudlet.errors import CloudletError

__all__ = ["DatabaseBusy", "DatabaseUnusable", "ValueNotStorable", "as_busy"]

PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended codes that name the kind of the fault."""
WAITING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class DatabaseUnusable(CloudletError):
    """The database file or server cannot be used as it is."""

    slug = "database-unusable"


class DatabaseBusy(CloudletError):
    """The turn to write did not come in time, or the server did not answer."""

    slug = "database-busy"
    retryable = True

    def __init__(
        self,
        message: str = "The database is busy, so that nothing can be written at this moment.",
        remedy: str = "Try again in a minute.",
    ) -> None:
        super().__init__(message, remedy)


class ValueNotStorable(CloudletError):
    """A text or a number is one that no database here stores or compares."""

    slug = "value-not-storable"


def as_busy(error: OperationalError) -> DatabaseBusy | None:
    """Return what a person is answered where trying again may help; None for a fault, such as a full disk."""
    fault = error.orig
    if isinstance(fault, sqlite3.Error) and fault.sqlite_errorcode & PRIMARY_CODE not in WAITING:
        return None
    return DatabaseBusy()
