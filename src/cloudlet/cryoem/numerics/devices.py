"""Which processor does the work."""

from __future__ import annotations

from functools import cache

from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import Device

__all__ = ["device_with"]


@cache
def device_with(threads: int) -> Device:
    """Return the host's processor, the same each time: it keeps its room from one movie to the next."""
    return CpuDevice(threads)
