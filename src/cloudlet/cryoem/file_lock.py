"""Taking turns with the other processes of this user, and waiting for what they let go."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudlet.cryoem.errors import TurnNotHad

__all__ = ["file_lock", "wait_for"]

_PATIENCE, _PAUSE, _TURN_PAUSE = 600.0, 0.05, 0.01
"""Seconds."""


@contextmanager
def file_lock(name: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Wait for one's turn at what is called `name`, and have it while the block lasts; a process that dies gives it up.

    The file lies where every account of the host may put one. So it is ours alone to open, or it is refused: whoever
    else could open it could hold it for ever.

    Raises
    ------
    cloudlet.cryoem.errors.TurnNotHad
        The file cannot be made, is somebody else's or open to others, or another process has its turn for longer than
        `patience` seconds.
    """
    path = Path(tempfile.gettempdir()) / f"cloudlet-{os.getuid()}-{name}.lock"
    lock = _opened(path)
    try:
        if not wait_for(lambda: _is_had(lock), patience, _TURN_PAUSE):
            raise TurnNotHad(
                f"Other processes of the cloudlet have kept {path} locked for {patience:.0f} s.",
                "Retry; if it happens again, look which process holds it (lslocks).",
            )
        yield
    finally:
        os.close(lock)


def wait_for(is_there: Callable[[], bool], patience: float = _PATIENCE, pause: float = _PAUSE) -> bool:
    """Look every `pause` seconds whether something is there; tell whether it came within `patience` seconds."""
    begin = time.monotonic()
    while not is_there():
        if time.monotonic() - begin > patience:
            return False
        time.sleep(pause)
    return True


def _opened(path: Path) -> int:
    try:
        # without waiting, should it be a pipe
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as cause:
        raise _unusable(path, os.strerror(cause.errno or 0)) from cause
    if not _is_ours_alone(os.fstat(lock)):
        os.close(lock)
        raise _unusable(path, "it is no file of this user alone")
    return lock


def _is_ours_alone(status: os.stat_result) -> bool:
    is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
    return stat.S_ISREG(status.st_mode) and is_private and status.st_nlink == 1


def _is_had(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: Path, why: str) -> TurnNotHad:
    return TurnNotHad(
        f"The lock file {path} cannot be used: {why}.",
        "Remove it, or set TMPDIR to a folder of this user alone, and retry.",
    )
