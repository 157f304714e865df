"""Taking turns with the other processes of this user."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["turn"]


@contextmanager
def turn(name: str) -> Iterator[None]:
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
