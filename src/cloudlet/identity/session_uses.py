"""Uses of web sessions on their way into the database, which no page waits for.

Theory of operation. A use counts in this process at once: `seen_at` returns it until its row says the same. A thread
writes what has come together, one write for all, as soon as it gets the turn to write; while the database is busy it
tries again, so that a use is late and not lost. The thread ends when nothing is left to write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from cloudlet.database import Database, DatabaseUnusable
from cloudlet.identity.sessions import note_use

__all__ = ["SessionUses"]

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.5
"""Short, because whoever writes in this process stands behind this thread meanwhile."""
AGAIN_SECONDS = 2.0
TRIES = 150
"""Five minutes; the next use of a session then begins afresh."""


class SessionUses:
    """What was used and is not written yet.

    Parameters
    ----------
    database
        Where the sessions are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._pending: dict[str, datetime] = {}
        self._is_writing = False

    def seen_at(self, session_id: str) -> datetime | None:
        """Return when the session was used, where that is not written yet."""
        with self._lock:
            return self._pending.get(session_id)

    def note(self, session_id: str, at: datetime) -> None:
        """Note that the session was used at `at`, at once here and soon in the database."""
        with self._lock:
            self._pending[session_id] = at
            if self._is_writing:
                return
            self._is_writing = True
        # a daemon: nobody who stops the process waits for a use to be noted
        threading.Thread(target=self._write_all, name="session uses", daemon=True).start()

    def _write_all(self) -> None:
        attempt = 0
        while uses := self._next(attempt):
            self._write(uses, is_first=attempt == 0)
            attempt += 1

    def _next(self, attempt: int) -> dict[str, datetime]:
        """Return what is to be written; nothing where this thread is done."""
        with self._lock:
            uses = dict(self._pending) if attempt < TRIES else {}
            self._is_writing = bool(uses)
            return uses

    def _write(self, uses: Mapping[str, datetime], *, is_first: bool) -> None:
        try:
            with self._database.write(turn_seconds=TURN_SECONDS) as work:
                for session_id, at in uses.items():
                    note_use(work, session_id, at)
        except DatabaseUnusable:
            with self._lock:
                self._pending.clear()  # the process ends
            return
        except SQLAlchemyError as stall:
            if is_first:
                logger.warning("uses of web sessions cannot be written yet: %s", stall)
            time.sleep(AGAIN_SECONDS)
            return
        with self._lock:
            for session_id, at in uses.items():
                if self._pending.get(session_id) == at:
                    del self._pending[session_id]
