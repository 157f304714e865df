"""When an exposure file is all there, when waiting for it ends, and when a folder cannot be trusted.

Pure decisions: what was seen and the present instant are handed in.

Theory of operation: of every exposure that is not done the watcher remembers a `Watched`. A look turns it into
the next one (`see`); one that stands still is read (`is_due`), and what the workload says of it decides
(`judge`):

======== =================== ========================= ======================
phase    seen changed        seen unchanged            not seen, twice
======== =================== ========================= ======================
GROWING  GROWING             STILL                     FAILED: vanished
STILL    GROWING             read: READY, FAILED, or   FAILED: vanished
                             STILL until patience ends
READY    (not looked at: it is queued, and the worker checks it)
FAILED   GROWING             FAILED                    FAILED, any file is new
======== =================== ========================= ======================
"""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from cloudlet.analytics.models import Problem, Readiness

__all__ = ["FileStamp", "Following", "Phase", "Watched", "folder_problem", "is_due", "judge", "see"]

VANISHED = Problem(
    "exposure-vanished",
    "The file vanished from the raw folder before it was complete.",
    "Put it back; it is then taken up again by itself.",
)
INCOMPLETE = Problem(
    "exposure-incomplete",
    "The file is not complete.",
    "Check that the camera has finished it; it is taken up again when it changes.",
)
ABSENCES = 2
"""Looks without a file before it counts as vanished: one listing may miss a file that is being renamed."""

READING_SHARE = 0.25
"""A file that stands still incomplete is read again after this share of the time that it has stood still."""


class Following(Enum):
    """How long a run is followed."""

    FOR_EVER = "for ever"
    """Until somebody ends it."""
    UNTIL_DONE = "until done"
    """Until nothing waits any more; patience with incomplete files and missing folders as ever."""
    ONCE = "once"
    """What is there now: an incomplete file is failed at once, a folder's problem ends it."""


class Phase(StrEnum):
    """Where an exposure file stands for the watcher."""

    GROWING = "growing"
    STILL = "still"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class FileStamp:
    """What a look sees of a file."""

    size_bytes: int
    modified_ns: int
    """Modification time, nanoseconds since 1970."""


@dataclass(frozen=True)
class Watched:
    """What is remembered of an exposure file between two looks."""

    phase: Phase
    stamp: FileStamp | None
    """None for a failed file that is not there, and for one known only by name."""
    changed_at: datetime
    """When it was last seen to change."""
    read_at: datetime | None = None
    problem: Problem | None = None
    absences: int = 0


def see(watched: Watched | None, stamp: FileStamp | None, now: datetime) -> Watched | None:
    """Return what is to be remembered after a look at `now` saw `stamp`; None for what never was there."""
    if watched is None:
        return None if stamp is None else Watched(Phase.GROWING, stamp, now)
    if watched.phase is Phase.READY:
        return watched
    if stamp is None:
        return _unseen(watched)
    if stamp != watched.stamp:
        return Watched(Phase.GROWING, stamp, now)
    if watched.phase is Phase.GROWING:
        return replace(watched, phase=Phase.STILL if watched.absences == 0 else Phase.GROWING, absences=0)
    return replace(watched, absences=0)


def _unseen(watched: Watched) -> Watched:
    if watched.phase is Phase.FAILED:
        return replace(watched, stamp=None)
    absences = watched.absences + 1
    if absences >= ABSENCES:
        return replace(watched, phase=Phase.FAILED, stamp=None, problem=VANISHED, absences=0)
    return replace(watched, phase=Phase.GROWING, absences=absences)


def is_due(watched: Watched, now: datetime, patience: timedelta) -> bool:
    """Return whether a file should be read now: at once when it stands still, then at growing intervals."""
    if watched.phase is not Phase.STILL:
        return False
    stood = now - watched.changed_at
    return watched.read_at is None or stood >= patience or now - watched.read_at >= stood * READING_SHARE


def judge(watched: Watched, readiness: Readiness, now: datetime, patience: timedelta) -> Watched:
    """Return what follows from the workload's `readiness` for a file that stands still."""
    if readiness.is_complete:
        return replace(watched, phase=Phase.READY, read_at=now, problem=None)
    problem = readiness.problem or INCOMPLETE
    is_over = readiness.is_final or now - watched.changed_at >= patience
    return replace(watched, phase=Phase.FAILED if is_over else Phase.STILL, read_at=now, problem=problem)


def folder_problem(folder: str, names: Set[str], known: Collection[str], *, is_same_device: bool) -> Problem | None:
    """Return why a raw folder that could be listed is still not the one that was watched.

    A mount that has vanished is an empty folder, or shows what lies beneath it: on another device, without any
    of the known files. A folder whose old files were taken away while new ones came is fine.

    Parameters
    ----------
    folder
        Its path, for the sentence.
    names
        Everything in the folder now.
    known
        The exposures seen in it before.
    is_same_device
        Whether it lies on the device where those were seen.
    """
    is_suspect = not names or not is_same_device
    if not is_suspect or not known or any(name in names for name in known):
        return None
    return Problem(
        "raw-folder-vanished",
        f"The {len(known)} exposures seen in the raw folder {folder} are gone, all at once.",
        "Its file system is probably not mounted: mount it again. Processing goes on by itself.",
    )
