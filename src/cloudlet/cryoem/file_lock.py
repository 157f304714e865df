"""Taking turns with the other processes of this user, and waiting for what they let go."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_lock", "wait_for"]

_PATIENCE, _PAUSE = 600.0, 0.05
"""Seconds."""


@contextmanager
def file_lock(name: str) -> Iterator[None]:
    """Wait for one's turn at what is called `name`, and have it while the block lasts; a process that dies gives it up.

    Raises
    ------
    OSError
        The folder for temporary files cannot be written, or somebody else's file lies there.
    """
    path = Path(tempfile.gettempdir()) / f"cloudlet-{os.getuid()}-{name}.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def wait_for(is_there: Callable[[], bool], patience: float = _PATIENCE) -> bool:
    """Look every so often whether something is there; tell whether it came within so many seconds."""
    begin = time.monotonic()
    while not is_there():
        if time.monotonic() - begin > patience:
            return False
        time.sleep(_PAUSE)
    return True
