"""Something fetched from the provider and kept for a while.

States by age of what is kept: fresh (under an hour) is used as it is; aged (under 24 hours) is fetched again
and used all the same when the provider does not answer; older is not used. One fetch is under way at a time: who has
something aged meanwhile uses it, who has nothing waits for that fetch, and nobody who gives up ends it for the others.
After a failure nobody asks again for five seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cloudlet.clock import Clock
from cloudlet.identity.errors import ProviderUnreachable

__all__ = ["CachedFetch"]

FRESH = timedelta(hours=1)
USABLE = timedelta(hours=24)
PAUSE = timedelta(seconds=5)

T = TypeVar("T")


class CachedFetch(Generic[T]):
    """The last good answer of `fetch`; to be used by the tasks of one event loop.

    Parameters
    ----------
    fetch
        Gets it anew and ends within seconds; raises `ProviderUnreachable` when it cannot, any other error at once to
        the caller.
    clock
        Source of the present time.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._cached: tuple[T, datetime] | None = None
        self._failed: tuple[ProviderUnreachable, datetime] | None = None
        self._renewed_at: datetime | None = None
        self._under_way: asyncio.Future[T] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether something under 24 hours old is kept, so that at most one of those who want it waits for a fetch."""
        return self._younger_than(USABLE) is not None

    async def get(self) -> T:
        """Return what is kept, fetched anew where it is no longer fresh.

        Raises
        ------
        ProviderUnreachable
            The provider does not answer, and nothing younger than 24 hours is kept.
        """
        fresh, usable = self._younger_than(FRESH), self._younger_than(USABLE)
        if fresh is not None:
            return fresh[0]
        if usable is not None and self._under_way is not None:
            return usable[0]
        return await self._get_anew()

    async def renewed(self) -> T:
        """Return it fetched anew, unless somebody did so in the last five seconds.

        Raises
        ------
        ProviderUnreachable
            As for `get`.
        """
        now = self._clock()
        usable = self._younger_than(USABLE)
        is_new = self._renewed_at is not None and now - self._renewed_at < PAUSE
        if usable is not None and is_new and self._under_way is None:
            return usable[0]
        if not is_new:
            self._renewed_at = now
        return await self._get_anew()

    async def _get_anew(self) -> T:
        try:
            return await self._fetched()
        except ProviderUnreachable:
            usable = self._younger_than(USABLE)
            if usable is not None:
                return usable[0]
            raise

    async def _fetched(self) -> T:
        if self._failed is not None and self._clock() - self._failed[1] < PAUSE:
            error = self._failed[0]
            raise ProviderUnreachable(error.message, error.remedy) from error
        if self._under_way is None:
            self._under_way = asyncio.ensure_future(self._fetch_once())
            self._under_way.add_done_callback(_note_failure)
        return await asyncio.shield(self._under_way)

    async def _fetch_once(self) -> T:
        try:
            value = await self._fetch()
        except ProviderUnreachable as error:
            self._failed = (error, self._clock())
            raise
        finally:
            self._under_way = None
        self._failed, self._cached = None, (value, self._clock())
        return value

    def _younger_than(self, age: timedelta) -> tuple[T, datetime] | None:
        if self._cached is None or self._clock() - self._cached[1] >= age:
            return None
        return self._cached


def _note_failure(fetch: asyncio.Future[T]) -> None:
    """Take the outcome of a fetch that everybody has ceased to wait for, which asyncio would complain about."""
    if not fetch.cancelled():
        fetch.exception()
