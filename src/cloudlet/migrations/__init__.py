"""The database's history: every change of a table is a step here, and `upgrade` brings a database up to date."""

from cloudlet.migrations.upgrade import upgrade

__all__ = ["upgrade"]
