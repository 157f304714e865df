"""Running the steps."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

__all__ = ["configuration", "upgrade"]


def configuration(url: str) -> Config:
    """Return Alembic's configuration for the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url  # which may hold a password, and is no text of an ini file
    return config


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest step; an empty one gets all tables."""
    command.upgrade(configuration(url), "head")
