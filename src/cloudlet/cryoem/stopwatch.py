"""Time by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stopwatch"]


class Stopwatch:
    """Wall seconds by stage; implements `cloudlet.cryoem.correction.StageTimer`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, key: str) -> Iterator[None]:
        """Take the time of the block, where it ends well."""
        start = time.perf_counter()
        yield
        self.seconds[key] = time.perf_counter() - start
