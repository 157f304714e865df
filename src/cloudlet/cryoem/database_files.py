"""Whether a database in a folder is what we made there, and stays so while it is open.

SQLite takes paths, opens the files beside the database (``-wal``, ``-shm``, ``-journal``) whenever it likes, and
follows links, those of ``/proc/self/fd`` first: whoever could put one there would choose which of our files is
overwritten. No descriptor of ours can prevent that, so the folder has to: where nobody else may write, what was looked
at stays as it is.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from cloudlet.cryoem.errors import ProjectFolderShared
from cloudlet.openat import opened_folder

__all__ = ["check_database_files"]

_SUFFIXES = ("", "-wal", "-shm", "-journal")


def check_database_files(folder: Path, name: str) -> None:
    """Refuse a database that SQLite could be led away from.

    Raises
    ------
    ProjectFolderShared
        Others may write to the folder, or the database or a file beside it is a link, no file or not ours alone.
    OSError
        The folder cannot be looked at.
    """
    with opened_folder(folder) as opened:
        _check_folder(folder, os.fstat(opened))
        for each in (name + suffix for suffix in _SUFFIXES):
            with suppress(FileNotFoundError):
                _check_file(folder / each, os.stat(each, dir_fd=opened, follow_symlinks=False))


def _check_folder(folder: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise ProjectFolderShared(
            f"The folder {folder} is somebody else's, who could put anything in place of what is written there.",
            "Choose a folder of your own with --out, or run this as its owner.",
        )
    is_group_shared = found.st_mode & stat.S_IWGRP and not _is_group_of_one(found.st_gid)
    if is_group_shared or found.st_mode & stat.S_IWOTH:
        raise ProjectFolderShared(
            f"Others may write to the folder {folder}, and put anything in place of what is written there.",
            f"`chmod go-w {folder}` makes it yours alone to write, or choose another folder with --out.",
        )


def _check_file(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise ProjectFolderShared(
            f"{path} is a link, which is not followed.", "Remove it, or choose another folder with --out."
        )
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        raise ProjectFolderShared(
            f"{path} is no file of yours alone: it is another kind, somebody else's, or has another name elsewhere.",
            "Move it away, or choose another folder with --out.",
        )


def _is_group_of_one(number: int) -> bool:
    """Return whether a group is the one that many hosts give each user: of the user's name, with no other member."""
    with suppress(KeyError):
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
        return number == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
    return False
