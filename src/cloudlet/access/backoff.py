"""Remembering that the instrument said no, so that nobody asks again too soon.

TigerVNC blocks an address after five failed handshakes, and all viewers come from the gateway's address: a wrong
password, tried anew by every reconnecting page, would lock everybody out. After a refused password the same
password is not tried again for a while that doubles each time; another one, from a corrected file, is. A server
that does not answer, or has no room at this moment, counts nothing and is asked again soon: otherwise whoever fills
it once would keep everybody else away for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cloudlet.access.errors import ConsoleUnreachable

__all__ = ["Backoff"]

AFTER_REFUSAL = timedelta(seconds=30)
LONGEST = timedelta(minutes=5)
AFTER_SILENCE = timedelta(seconds=2)
"""Enough for those who waited behind a server that does not answer to hear so at once."""


@dataclass(frozen=True)
class _Failure:
    error: ConsoleUnreachable
    password: str | None
    until: datetime


class Backoff:
    """What is remembered of one instrument's refusals; the password stays in memory only."""

    def __init__(self) -> None:
        self._last: _Failure | None = None
        self._pause = AFTER_REFUSAL

    def check(self, password: str | None, now: datetime) -> None:
        """Raise the remembered error where it is too soon to try again with `password`.

        Raises
        ------
        ConsoleUnreachable
            The last try failed a short while ago.
        """
        last = self._last
        if last is not None and last.password == password and now < last.until:
            raise ConsoleUnreachable(last.error.message, last.error.remedy)

    def silent(self, error: ConsoleUnreachable, password: str | None, now: datetime) -> None:
        """Note that the instrument did not answer, or had no room."""
        self._last = _Failure(error, password, now + AFTER_SILENCE)

    def refused(self, error: ConsoleUnreachable, password: str | None, now: datetime) -> None:
        """Note that the instrument counts a failed attempt against the gateway."""
        self._last = _Failure(error, password, now + self._pause)
        self._pause = min(2 * self._pause, LONGEST)

    def reached(self) -> None:
        """Forget all failures."""
        self._last = None
        self._pause = AFTER_REFUSAL
