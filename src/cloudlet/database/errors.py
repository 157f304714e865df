"""What can be wrong with the database as a whole."""

from cloudlet.errors import CloudletError

__all__ = ["DatabaseUnusable"]


class DatabaseUnusable(CloudletError):
    """The database file or server cannot be used as it is."""

    slug = "database-unusable"
