"""Looking at the raw folder and preparing the project folder; whatever hangs here hangs in the watcher only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cloudlet.analytics.errors import ProjectFolderInRaw
from cloudlet.analytics.models import Problem
from cloudlet.analytics.rules import FileStamp
from cloudlet.openat import PathRefused, open_beneath, opened_folder

__all__ = ["Listing", "check_apart", "list_folder", "prepare_project", "stamp_from", "stamp_of"]


@dataclass(frozen=True)
class Listing:
    """What is in a folder; subfolders are not entered."""

    device: int
    names: frozenset[str]


def list_folder(folder: Path) -> Listing | Problem:
    """Return the names in `folder`, or why they cannot be read.

    Names that are not UTF-8 are left out: no database, page or log could show them.
    """
    try:
        device = folder.stat().st_dev
        with os.scandir(folder) as entries:
            return Listing(device, frozenset(entry.name for entry in entries if _is_text(entry.name)))
    except FileNotFoundError:
        return Problem(
            "raw-folder-missing",
            f"The raw folder {folder} is not there.",
            "Check its path and that its file system is mounted. Processing goes on by itself when it appears.",
        )
    except OSError as problem:
        return Problem(
            "raw-folder-unreadable",
            f"The raw folder {folder} cannot be read: {problem.strerror or problem}.",
            "Let the account of the cloudlet read it. Processing goes on by itself.",
        )


def stamp_of(path: Path) -> FileStamp | None:
    """Return what is to be seen of a file, None when there is none; a link is seen itself, not what it leads to."""
    try:
        return stamp_from(path.lstat())
    except OSError:
        return None


def stamp_from(status: os.stat_result) -> FileStamp:
    """Return the same of a file that was looked at already."""
    return FileStamp(status.st_size, status.st_mtime_ns)


def check_apart(raw: Path, project: Path, product_folders: Iterable[str]) -> None:
    """Refuse folders in which a product could come to lie among raw data; links are followed.

    The raw folder may lie in the project folder, as it often does, but in none that products are written into.

    Parameters
    ----------
    raw
        Nothing is ever written there.
    project
        Where collection files lie, and beneath which products do.
    product_folders
        The workload's, relative to `project`.

    Raises
    ------
    ProjectFolderInRaw
        The project folder or a product folder is the raw folder or lies in it, or a product folder holds it.
    """
    raw_place = _place(raw)
    if _lies_in(_place(project), raw_place):
        raise ProjectFolderInRaw(
            f"The project folder {project} lies in the raw folder {raw}, where nothing is ever written.",
            "Choose a project folder outside of it.",
        )
    for folder in (project / name for name in product_folders):
        if _lies_in(_place(folder), raw_place) or _lies_in(raw_place, _place(folder)):
            raise ProjectFolderInRaw(
                f"Results would be written into {folder}, among the raw data of {raw}, where nothing is ever written.",
                "Choose another project folder.",
            )


def prepare_project(project: Path, raw: Path, product_folders: Iterable[str]) -> Problem | None:
    """Make the project folder where it is missing, and return why it cannot be used, None where it can.

    The project folder itself may be reached through links: whoever named it is trusted. The product folders in it may
    not be links, because others may write there; what is refused here once is refused again at each product.
    """
    try:
        check_apart(raw, project, product_folders)
    except ProjectFolderInRaw as error:
        return Problem(error.slug, error.message, error.remedy)
    try:
        project.mkdir(parents=True, exist_ok=True)
        _refuse_links(project, product_folders)
        with tempfile.TemporaryFile(dir=project):
            return None
    except PathRefused as problem:
        return Problem(
            "product-folder-refused",
            f"Results cannot be written into the project folder {project}: {problem.strerror}, and links are not "
            "followed there.",
            "Remove the link, or name a project folder where there is room. Processing goes on by itself.",
        )
    except OSError as problem:
        return Problem(
            "project-folder-unwritable",
            f"The project folder {project} cannot be written: {problem.strerror or problem}.",
            "Let the account of the cloudlet write to it, or make room on its disk. Processing goes on by itself.",
        )


def _refuse_links(project: Path, product_folders: Iterable[str]) -> None:
    """Raise PathRefused where a product folder is a link; one that is missing is made with its first product."""
    with opened_folder(project) as opened:
        for name in product_folders:
            with suppress(FileNotFoundError):
                os.close(open_beneath(opened, name, os.O_PATH | os.O_DIRECTORY))


def _place(folder: Path) -> Path:
    """Return where a folder really is, there or not; links that run in a circle are left as they are."""
    return Path(os.path.realpath(folder))


def _lies_in(inner: Path, outer: Path) -> bool:
    """Return whether `inner` is `outer` or beneath it, by name or, as with a bind mount, under another one."""
    return any(place == outer or _is_same_folder(place, outer) for place in (inner, *inner.parents))


def _is_same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
