"""How many threads of a process may wait to write while nobody gets there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

__all__ = ["QueueLimit"]

STALLED_SECONDS = 0.5
"""A queue that has not moved for so long stands still: a unit of work takes milliseconds."""


class QueueLimit:
    """Refuses at once who would only wait in vain, so that threads are left for those who read.

    Parameters
    ----------
    most
        Threads that may wait while the queue stands still; with None there is no limit.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._count = 0
        self._moved_at = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count this thread among those that write or wait for it.

        Raises
        ------
        sqlalchemy.exc.OperationalError
            Enough wait already, and nobody has written for a while.
        """
        with self._lock:
            now = time.monotonic()
            if self._count == 0:
                self._moved_at = now
            if self._most is not None and self._count >= self._most and now - self._moved_at > STALLED_SECONDS:
                raise OperationalError("BEGIN", None, TimeoutError("too many threads wait to write already"))
            self._count += 1
        try:
            yield
            self._moved_at = time.monotonic()
        finally:
            with self._lock:
                self._count -= 1
