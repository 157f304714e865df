"""Dividing a loop among the threads of a device."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["Threads"]


class Threads:
    """So many threads; with one, everything is done by the caller itself."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def each(self, work: Callable[[int], None], items: int) -> None:
        """Call `work` with 0 to `items` - 1, several at a time; raises what one of them raised."""
        if self._pool is None:
            for item in range(items):
                work(item)
        else:
            list(self._pool.map(work, range(items)))

    def slices(self, work: Callable[[int, int], None], size: int, finest: int = 1) -> None:
        """Call `work` with the starts and ends of stretches that make up 0...`size`.

        There are four for each thread where `size` allows, so that a slow one holds nobody up; the bounds are
        multiples of `finest`.
        """
        pieces = max(1, min(math.ceil(size / finest), 4 * self.count if self.count > 1 else 1))
        step = math.ceil(size / pieces / finest) * finest
        self.each(lambda piece: work(min(piece * step, size), min((piece + 1) * step, size)), pieces)
