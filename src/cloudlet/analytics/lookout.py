"""A watcher that is always there: replaced when it ends, and when a file or the whole folder hangs it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from cloudlet.analytics.models import Problem
from cloudlet.analytics.settings import AnalyticsSettings
from cloudlet.analytics.watch import Watch
from cloudlet.analytics.watcher_messages import Afresh, Assignment, FolderScan, Order, Reading
from cloudlet.compute import Channel

__all__ = ["Lookout"]

RESTART_SECONDS = 1.0
"""Rest before a watcher that ended is replaced."""

UNREADABLE = Problem(
    "exposure-unreadable",
    "Looking into the file hangs or crashes its reader.",
    "Check the file; it is taken up again when it changes.",
)

logger = logging.getLogger(__name__)


class Lookout:
    """What is known of a raw folder at present, and the watcher that it is known from.

    Theory of operation: a watcher says before it opens a file which one that is. One that then falls silent for
    long is replaced by a watcher that leaves this file alone. When the folder answers the new one soon, it was the
    file that hung; when it does not, the folder did, and the file is looked at again. A file in whose reading two
    watchers ended is treated alike.

    Parameters
    ----------
    brief
        Makes the assignment of a new watcher from what the rows say then.
    convict
        Called with a file's name and what is wrong with it, when it is the file's fault.
    settings
        How long silence is suffered.
    """

    def __init__(
        self,
        brief: Callable[[], Assignment],
        convict: Callable[[str, Problem], None],
        settings: AnalyticsSettings,
    ) -> None:
        self._brief = brief
        self._convict = convict
        self._settings = settings
        self._suspect: Reading | None = None
        self._accused: Reading | None = None
        self._replace_at: float | None = None
        self._watch = self._new_watch()
        self.scan: FolderScan | None = None
        """The last look; None while it is not known how the folder is."""
        self.problem: Problem | None = None
        """Why nothing can be processed at present."""

    @property
    def channel(self) -> Channel | None:
        """What becomes readable when the watcher speaks; None while there is none."""
        return None if self._watch.is_lost else self._watch.channel

    @property
    def is_clear(self) -> bool:
        """Whether the folder answers and exposures in it can be processed."""
        return self.scan is not None and self.scan.problem is None

    def go_on(self) -> list[FolderScan]:
        """Return the looks that have ended since the last call, and see to the watcher."""
        scans = self._watch.hear()
        for scan in scans:
            self.scan, self.problem = scan, scan.problem
            self._decide_on_suspect(scan)
        if self._watch.is_lost:
            self._replace_lost()
        else:
            self._check_silence()
        return scans

    def doubt(self) -> None:
        """Forget the last look: a worker found the folder gone."""
        self.scan = None

    def send(self, order: Order) -> None:
        """Give the watcher an order."""
        self._watch.send(order)

    def close(self) -> None:
        """End the watcher."""
        self._watch.close()

    def _check_silence(self) -> None:
        silence = self._watch.silence_seconds()
        if silence >= self._settings.silence_seconds:
            self.scan = None
            self.problem = self._silent(silence)
        if self._watch.reading is not None and silence >= self._settings.reading_seconds:
            self._suspect = self._watch.reading
            self._replace()

    def _replace_lost(self) -> None:
        if self._replace_at is None:
            logger.warning("watcher %d ended", self._watch.pid)
            self._accuse(self._watch.reading)
            self.scan = None
            self.problem = Problem(
                "watcher-lost", "The watcher of the raw folder ended.", "It is started again by itself."
            )
            self._replace_at = time.monotonic() + RESTART_SECONDS
        elif time.monotonic() >= self._replace_at:
            self._replace_at = None
            self._replace()

    def _accuse(self, reading: Reading | None) -> None:
        """Remember in whose reading a watcher ended; at the second time running that file is suspect."""
        if reading is not None and reading == self._accused:
            self._suspect = reading
        self._accused = reading

    def _replace(self) -> None:
        self._watch.close()
        self._watch = self._new_watch()

    def _new_watch(self) -> Watch:
        assignment = self._brief()
        if self._suspect is not None:
            known = assignment.known
            held = {**known.held, self._suspect.name: self._suspect.stamp}
            known = replace(known, held=held, arriving=known.arriving - {self._suspect.name})
            assignment = replace(assignment, known=known)
        return Watch(assignment)

    def _decide_on_suspect(self, scan: FolderScan) -> None:
        if self._suspect is None or scan.problem is not None:
            return
        suspect, self._suspect = self._suspect, None
        if self._watch.age_seconds() < self._settings.silence_seconds:
            self._convict(suspect.name, UNREADABLE)
        else:
            self._watch.send(Afresh(suspect.name))

    def _silent(self, seconds: float) -> Problem:
        step = self._settings.silence_seconds
        return Problem(
            "raw-folder-silent",
            f"The raw folder has not answered for {seconds // step * step:g} s.",
            "Check the file server and the network. Processing goes on by itself when it answers.",
        )
