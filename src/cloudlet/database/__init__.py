"""One database, an SQLite file or a PostgreSQL database, and one meaning: every component's rows live in it.

Reading units see one state and never wait; writing units begin at once as the only writer among all processes, so that
what was read inside one is still true when it commits, and numbers are given out in the order of the commits.
"""

from cloudlet.database.base import JsonObject, Table, UtcInstant
from cloudlet.database.checks import check_database
from cloudlet.database.engine import Database, now_in
from cloudlet.database.errors import DatabaseBusy, DatabaseUnusable, ValueNotStorable, as_busy
from cloudlet.database.settings import DatabaseSettings

__all__ = [
    "Database",
    "DatabaseBusy",
    "DatabaseSettings",
    "DatabaseUnusable",
    "JsonObject",
    "Table",
    "UtcInstant",
    "ValueNotStorable",
    "as_busy",
    "check_database",
    "now_in",
]
