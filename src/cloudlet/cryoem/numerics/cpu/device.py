"""The host's processor as a `cloudlet.cryoem.numerics.device.Device`."""

from __future__ import annotations

from cloudlet.cryoem.numerics.cpu.stack import CpuStack
from cloudlet.cryoem.numerics.device import Layout
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["CpuDevice"]


class CpuDevice:
    """So many threads of the host's processor; one movie at a time."""

    name = "cpu"

    def __init__(self, threads: int = 1) -> None:
        self.threads = Threads(threads)
        self._room: CpuStack | None = None

    def stack(self, layout: Layout) -> CpuStack:
        """Return room for one movie; the one before, where it is alike."""
        if self._room is None or self._room.layout != layout:
            self._room = None  # so that the old one is given back before the new one is asked for
            self._room = CpuStack(layout, self.threads)
        return self._room

    def rest(self) -> None:
        """Keep the room: it is this process's own."""
