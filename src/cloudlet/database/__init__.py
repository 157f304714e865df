"""One engine and one unit of work: every component's rows live in the same database.

Reading units use a deferred transaction, so that readers never wait for one another; writing units begin at
once as the only writer, so that what was read inside one is still true when it commits.
"""

from cloudlet.database.engine import Database, now_in
from cloudlet.database.errors import DatabaseUnusable
from cloudlet.database.settings import DatabaseSettings
from cloudlet.database.tables import JsonObject, Table, UtcInstant

__all__ = ["Database", "DatabaseSettings", "DatabaseUnusable", "JsonObject", "Table", "UtcInstant", "now_in"]
