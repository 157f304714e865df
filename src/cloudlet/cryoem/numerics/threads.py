"""Dividing a loop among threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

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
            running = [self._pool.submit(work, item) for item in range(items)]
            wait(running, return_when=FIRST_EXCEPTION)
            for one in running:
                one.cancel()
            wait(running)  # none may go on in room that is handed out again
            for one in running:
                if not one.cancelled():
                    one.result()

    def slices(self, work: Callable[[int, int], None], size: int) -> None:
        """Call `work` with the starts and ends of stretches that make up 0...`size`.

        There are four for each thread where `size` allows, so that a slow one holds nobody up.
        """
        pieces = max(1, min(size, 4 * self.count if self.count > 1 else 1))
        step = math.ceil(size / pieces)
        self.each(lambda piece: work(min(piece * step, size), min((piece + 1) * step, size)), pieces)
