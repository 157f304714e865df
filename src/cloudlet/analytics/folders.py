"""Looking at the raw folder and preparing the project folder; whatever hangs here hangs in the watcher only."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cloudlet.analytics.models import Problem
from cloudlet.analytics.rules import Sight

__all__ = ["Listing", "list_folder", "prepare_project", "sight_of"]


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


def sight_of(path: Path) -> Sight | None:
    """Return what is to be seen of a file, None when there is none; a link is seen itself, not what it leads to."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return Sight(status.st_size, status.st_mtime_ns)


def prepare_project(project: Path, raw: Path) -> Problem | None:
    """Make the project folder where it is missing, and return why it cannot be used, None where it can."""
    if project.resolve().is_relative_to(raw.resolve()):
        return Problem(
            "project-folder-in-raw",
            f"The project folder {project} lies in the raw folder, which is never written to.",
            "Choose a project folder outside of it.",
        )
    try:
        project.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=project):
            return None
    except OSError as problem:
        return Problem(
            "project-folder-unwritable",
            f"The project folder {project} cannot be written: {problem.strerror or problem}.",
            "Let the account of the cloudlet write to it, or make room on its disk. Processing goes on by itself.",
        )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
