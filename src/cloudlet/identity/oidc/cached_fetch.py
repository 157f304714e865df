"""Something fetched from the provider and kept for a while.

States by age of what is kept: fresh (under an hour) is used as it is; aged (under 24 hours) is fetched again
and used all the same when the provider does not answer; older is not used. After a failure nobody asks again
for five seconds, so that a provider that swallows connections cannot hold every thread of the portal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from cloudlet.clock import Clock
from cloudlet.identity.errors import ProviderUnreachable

__all__ = ["CachedFetch"]

FRESH = timedelta(hours=1)
USABLE = timedelta(hours=24)
PAUSE = timedelta(seconds=5)

T = TypeVar("T")


class CachedFetch(Generic[T]):
    """The last good answer of `fetch`.

    Parameters
    ----------
    fetch
        Gets it anew; raises `ProviderUnreachable` when it cannot, any other error at once to the caller.
    clock
        Tells the present instant.
    """

    def __init__(self, fetch: Callable[[], T], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._cached: tuple[T, datetime] | None = None
        self._failed: tuple[ProviderUnreachable, datetime] | None = None
        self._renewed_at: datetime | None = None

    def get(self) -> T:
        """Return what is kept, fetched anew where it is no longer fresh.

        Raises
        ------
        ProviderUnreachable
            The provider does not answer, and nothing younger than 24 hours is kept.
        """
        with self._lock:
            fresh = self._younger_than(FRESH)
            return self._get_anew() if fresh is None else fresh[0]

    def renewed(self) -> T:
        """Return it fetched anew, unless somebody did so in the last five seconds.

        Raises
        ------
        ProviderUnreachable
            As for `get`.
        """
        with self._lock:
            now = self._clock()
            usable = self._younger_than(USABLE)
            if usable is not None and self._renewed_at is not None and now - self._renewed_at < PAUSE:
                return usable[0]
            self._renewed_at = now
            return self._get_anew()

    def _get_anew(self) -> T:
        usable = self._younger_than(USABLE)
        try:
            value = self._fetched()
        except ProviderUnreachable:
            if usable is not None:
                return usable[0]
            raise
        self._cached = (value, self._clock())
        return value

    def _fetched(self) -> T:
        if self._failed is not None and self._clock() - self._failed[1] < PAUSE:
            error = self._failed[0]
            raise ProviderUnreachable(error.message, error.remedy) from error
        try:
            value = self._fetch()
        except ProviderUnreachable as error:
            self._failed = (error, self._clock())
            raise
        self._failed = None
        return value

    def _younger_than(self, age: timedelta) -> tuple[T, datetime] | None:
        if self._cached is None or self._clock() - self._cached[1] >= age:
            return None
        return self._cached
