"""Letting go of what stayed pressed on an instrument when the line to it, or the gateway itself, was lost."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from cloudlet.access.errors import ConsoleUnreachable
from cloudlet.access.models import Abandoned
from cloudlet.access.rfb import Pointer, all_keys_up
from cloudlet.access.upstream import Door

__all__ = ["Releaser"]

log = logging.getLogger(__name__)

PAUSES_SECONDS = (0, 3, 5, 10, 30, 60, 120, 300)
"""Before each try; an instrument that is gone for longer was restarted, and holds nothing."""


class Releaser:
    """Opens a line of its own to send what lets go, unless somebody comes to operate, over whose line it goes then.

    Parameters
    ----------
    doors
        The way to each instrument, by key.
    is_operated
        Tells whether somebody has control of an instrument again.
    """

    def __init__(self, doors: Mapping[str, Door], is_operated: Callable[[str], bool]) -> None:
        self._doors = doors
        self._is_operated = is_operated
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._owed: defaultdict[str, list[bytes]] = defaultdict(list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry out what is asked for as long as the block lasts; what is left undone then is given up."""
        async with asyncio.TaskGroup() as self._tasks:
            yield
            for task in self._running:
                task.cancel()

    def clear_up(self, abandoned: Abandoned) -> None:
        """Let go of the keys, and of the buttons where the pointer is known, of an operator whose gateway was killed.

        It is not asked what was noted as held: the press may have been newer than the note, and keys are not noted.
        A key that only a QEMU message can let go of is left to the server, which knows best what it pressed.
        """
        pointer = abandoned.pointer
        buttons = b"" if pointer is None else Pointer(0, pointer.x, pointer.y).encode()
        self.later(abandoned.instrument, buttons + all_keys_up())

    def later(self, instrument: str, release: bytes) -> None:
        """Send `release` to `instrument` as soon as it can be reached."""
        if self._tasks is None or instrument not in self._doors:
            log.warning("nobody can let go of what is held on %s", instrument)
            return
        self._owed[instrument].append(release)
        task = self._tasks.create_task(self._let_go(instrument, release))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def take_over(self, instrument: str) -> bytes:
        """Return what still has to be let go of, for a new operator's line to begin with; it is theirs from then on."""
        return b"".join(self._owed.pop(instrument, ()))

    async def _let_go(self, instrument: str, release: bytes) -> None:
        for pause in PAUSES_SECONDS:
            await asyncio.sleep(pause)
            if self._is_operated(instrument) or await self._arrived(instrument, release):
                break
        else:
            log.error("what was held on %s could not be let go", instrument)
        if release in self._owed[instrument]:
            self._owed[instrument].remove(release)

    async def _arrived(self, instrument: str, release: bytes) -> bool:
        try:
            line = await self._doors[instrument].open()
        except ConsoleUnreachable as unreachable:
            log.warning("%s: %s", instrument, unreachable)
            return False
        is_needed = not self._is_operated(instrument)  # somebody may have taken control while the line was opened
        if is_needed:
            line.write(release)
        return await line.close() or not is_needed
