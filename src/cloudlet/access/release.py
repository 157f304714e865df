"""Letting go of what stayed pressed on an instrument when the connection to it, or the gateway itself, was lost.

What a gateway that was killed had recorded of it is found by `presence_store`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.models import AbandonedConsole
from cloudlet.access.rfb import Pointer, all_keys_up
from cloudlet.access.upstream_connector import UpstreamConnector

__all__ = ["Releaser"]

logger = logging.getLogger(__name__)

PAUSES_SECONDS = (0, 3, 5, 10, 30, 60, 120, 300)
"""Before each try; an instrument that is gone for longer was restarted, and holds nothing."""


class Releaser:
    """Opens a connection to send what lets go, unless somebody comes to operate: then it goes over theirs.

    Parameters
    ----------
    connectors
        The way to each instrument, by key.
    is_operated
        Returns whether somebody has control of an instrument again.
    """

    def __init__(self, connectors: Mapping[str, UpstreamConnector], is_operated: Callable[[str], bool]) -> None:
        self._connectors = connectors
        self._is_operated = is_operated
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._pending: defaultdict[str, list[bytes]] = defaultdict(list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry out what is asked for as long as the block lasts; what is left undone then is given up."""
        async with asyncio.TaskGroup() as self._tasks:
            yield
            for task in self._running:
                task.cancel()

    def release_abandoned(self, abandoned: AbandonedConsole) -> None:
        """Let go of the keys, and of the buttons where the pointer is known, of an operator whose gateway was killed.

        It is not asked what was recorded as held, because the press may have been newer than the record: whatever the
        operator had ever pressed, and every usual key, is let go of. Nothing else was pressed: what the record does not
        tell of waits for it (`rfb.filter`).
        """
        trace = abandoned.trace
        buttons = b"" if trace.pointer is None else Pointer(0, trace.pointer.x, trace.pointer.y).encode()
        keys = all_keys_up(trace.keysyms, has_scan_codes=trace.has_scan_codes)
        self.schedule(abandoned.instrument, buttons + keys)

    def schedule(self, instrument: str, release: bytes) -> None:
        """Send `release` to `instrument` as soon as it can be reached."""
        if self._tasks is None or instrument not in self._connectors:
            logger.warning("nobody can let go of what is held on %s", instrument)
            return
        self._pending[instrument].append(release)
        task = self._tasks.create_task(self._release(instrument, release))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def take_pending(self, instrument: str) -> bytes:
        """Return what still has to be let go of, for a new operator's connection to begin with."""
        return b"".join(self._pending.pop(instrument, ()))

    async def _release(self, instrument: str, release: bytes) -> None:
        for pause in PAUSES_SECONDS:
            await asyncio.sleep(pause)
            if self._is_operated(instrument) or await self._arrive(instrument, release):
                break
        else:
            logger.error("what was held on %s could not be let go", instrument)
        if release in self._pending[instrument]:
            self._pending[instrument].remove(release)

    async def _arrive(self, instrument: str, release: bytes) -> bool:
        try:
            upstream = await self._connectors[instrument].open()
        except ConsoleUnreachable as unreachable:
            logger.warning("%s: %s", instrument, unreachable)
            return False
        is_needed = not self._is_operated(instrument)  # somebody may have taken control while it was opened
        if is_needed:
            upstream.write(release)
        return await upstream.close() or not is_needed
