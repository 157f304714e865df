"""What a watcher and its engine tell each other; all picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudlet.analytics.models import Problem, Workload
from cloudlet.analytics.rules import FileStamp, Phase

__all__ = [
    "Afresh",
    "Assignment",
    "Done",
    "FileChange",
    "FolderScan",
    "Handed",
    "Held",
    "Known",
    "Order",
    "Pulse",
    "Reading",
]


@dataclass(frozen=True)
class Known:
    """What the rows say of a run's exposures when a watcher begins."""

    done: frozenset[str] = frozenset()
    """Never looked at again."""
    handed: frozenset[str] = frozenset()
    """Queued already."""
    arriving: frozenset[str] = frozenset()
    held: Mapping[str, FileStamp | None] = field(default_factory=dict)
    """Failed, with the file as it was then; None where it had vanished."""


@dataclass(frozen=True)
class Assignment:
    """All that a watcher needs."""

    raw_folder: Path
    project_folder: Path
    workload: Workload
    settings: Mapping[str, Any]
    poll_seconds: float
    patience_seconds: float
    known: Known


@dataclass(frozen=True)
class FileChange:
    """An exposure file stands elsewhere than it did."""

    name: str
    phase: Phase
    stamp: FileStamp | None
    """None when the file is not there."""
    problem: Problem | None


@dataclass(frozen=True)
class FolderScan:
    """One look at the raw folder has ended."""

    problem: Problem | None
    """Why nothing can be processed now: the raw or the project folder."""
    changes: tuple[FileChange, ...] = ()
    """What changed since the last look, oldest file first."""
    unsettled: int = 0
    """Files that still grow or are not complete."""


@dataclass(frozen=True)
class Pulse:
    """The look goes on: the folder answers."""


@dataclass(frozen=True)
class Reading:
    """The workload begins to look into a file; if nothing follows, this is where it hangs."""

    name: str
    stamp: FileStamp | None


@dataclass(frozen=True)
class Done:
    """To the watcher: this exposure has its result."""

    name: str


@dataclass(frozen=True)
class Handed:
    """To the watcher: this exposure is being processed."""

    name: str


@dataclass(frozen=True)
class Held:
    """To the watcher: this exposure failed; report it when it differs from `stamp`."""

    name: str
    stamp: FileStamp | None


@dataclass(frozen=True)
class Afresh:
    """To the watcher: forget what was known of this exposure."""

    name: str


Order = Done | Handed | Held | Afresh
