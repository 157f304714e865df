"""A bounded number of places for each of many, such as the live streams of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cloudlet.portal.errors import TooManyStreams

__all__ = ["StreamLimits"]


class StreamLimits:
    """Places for each key; to be used by the tasks of one event loop.

    Parameters
    ----------
    each
        How many a key has.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, key: str) -> Iterator[None]:
        """Take one of the places of `key` for as long as the block lasts.

        Raises
        ------
        TooManyStreams
            All are taken.
        """
        if self._taken[key] >= self._each:
            raise TooManyStreams(
                f"You follow runs in {self._each} places already.", "Close some of those tabs, then try again."
            )
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
