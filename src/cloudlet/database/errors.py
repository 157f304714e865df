"""What can be wrong with the database as a whole, and with a value that is to be stored."""

from cloudlet.errors import CloudletError

__all__ = ["DatabaseUnusable", "ValueNotStorable"]


class DatabaseUnusable(CloudletError):
    """The database file or server cannot be used as it is."""

    slug = "database-unusable"


class ValueNotStorable(CloudletError):
    """A text or a number is one that no database here stores or compares."""

    slug = "value-not-storable"
