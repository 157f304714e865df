"""What `cloudlet check` asks of the database's address: its folder, and the files that libpq would read."""

from __future__ import annotations

import os
from pathlib import Path

from cloudlet.database.errors import DatabaseUnusable
from cloudlet.database.settings import DatabaseSettings
from cloudlet.database.urls import parse_url
from cloudlet.errors import CloudletError
from cloudlet.named_files import FileUnusable, check_readable, read_secret

__all__ = ["check_database", "check_folder"]

SECRET_FILES = ("passfile", "sslkey")
"""libpq passes over a password file that others may read, and then asks for a password that nobody gives."""
OTHER_FILES = ("sslcert", "sslrootcert", "sslcrl", "servicefile")
FROM_THE_SYSTEM = "system"
"""What stands for the host's own certificates."""


def check_database(settings: DatabaseSettings) -> list[CloudletError]:
    """Return what can be seen to be wrong without opening the database; empty where nothing is."""
    url = parse_url(settings.url)
    if url.get_backend_name() == "sqlite":
        try:
            check_folder(Path(url.database or "."))
        except DatabaseUnusable as problem:
            return [problem]
        return []
    problems: list[CloudletError] = []
    for option, value in url.query.items():
        try:
            if option in SECRET_FILES:
                read_secret(Path(str(value)))
            elif option in OTHER_FILES and value != FROM_THE_SYSTEM:
                check_readable(Path(str(value)))
        except FileUnusable as problem:
            problems.append(problem)
    return problems


def check_folder(file: Path) -> None:
    """Refuse an SQLite file whose folder cannot take it and what SQLite puts beside it.

    Raises
    ------
    DatabaseUnusable
        The folder is missing or may not be written.
    """
    folder = file.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseUnusable(
            f"The database cannot be opened: the folder {folder} is missing or may not be written.",
            "Make the folder, or give the cloudlet's user the right to write in it.",
        )
