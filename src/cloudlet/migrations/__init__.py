"""The database's history: every change of a table is a step here, and `upgrade` brings a database up to date."""

from cloudlet.migrations.upgrade import check_up_to_date, upgrade

__all__ = ["check_up_to_date", "upgrade"]
