"""The engine's end of a watcher: what it says, how long it has been silent, and how it is replaced."""

from __future__ import annotations

import time
from collections.abc import Callable

from cloudlet.analytics.watcher import watch
from cloudlet.analytics.watcher_messages import Assignment, FolderScan, Order, Reading
from cloudlet.compute import ONE_THREAD, Channel, Child

__all__ = ["Watch"]


class Watch:
    """One watcher process and what was heard from it last.

    Parameters
    ----------
    assignment
        What it watches.
    monotonic
        Returns seconds that only ever grow: nobody is to blame when the host's clock is set or the host was asleep.

    Raises
    ------
    OSError
        The process could not be started.
    """

    def __init__(self, assignment: Assignment, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._child = Child(watch, assignment, environment=ONE_THREAD)
        self._monotonic = monotonic
        self._heard_at = monotonic()
        self._first_heard_at: float | None = None
        self.reading: Reading | None = None
        """The file that it was about to open when it was heard last."""
        self.is_lost = False
        """Whether the process has ended."""

    @property
    def channel(self) -> Channel:
        """What becomes readable when it speaks."""
        return self._child.channel

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.pid

    def age_seconds(self) -> float:
        """Return how long ago it was heard first; 0 before that."""
        return 0.0 if self._first_heard_at is None else self._monotonic() - self._first_heard_at

    def silence_seconds(self) -> float:
        """Return how long nothing was heard."""
        return self._monotonic() - self._heard_at

    def hear(self) -> list[FolderScan]:
        """Return the looks that have ended since the last call; never waits."""
        scans = []
        try:
            while self.channel.poll():
                word = self.channel.recv()
                self._heard_at = self._monotonic()
                if self._first_heard_at is None:
                    self._first_heard_at = self._heard_at
                self.reading = word if isinstance(word, Reading) else None
                if isinstance(word, FolderScan):
                    scans.append(word)
        except (EOFError, OSError):
            self.is_lost = True
        return scans

    def send(self, order: Order) -> None:
        """Give the watcher an order; one that has gone learns it from the rows when it is replaced."""
        try:
            self.channel.send(order)
        except OSError:
            self.is_lost = True

    def close(self) -> None:
        """End the process at once; it holds nothing worth keeping."""
        self._child.kill()
        self._child.close()
