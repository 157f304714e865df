"""Which processor does the work."""

from __future__ import annotations

from cloudlet.cryoem.errors import DeviceUnavailable
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import Device

__all__ = ["device_named"]

_present: dict[tuple[str, int], Device] = {}


def device_named(name: str, threads: int, worker: int = 0) -> Device:
    """Return a device, the same each time: it keeps its room from one movie to the next.

    Parameters
    ----------
    name
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    threads
        That it may keep busy, where it is the host's processor.
    worker
        Number of the process among those that share the cards: each takes its own in turn.

    Raises
    ------
    DeviceUnavailable
        A card is asked for that is not there.
    """
    if name not in {"auto", "cpu"}:
        raise DeviceUnavailable(f"This version has no engine for {name}.", "Set the device to auto or cpu.")
    return _present.setdefault(("cpu", threads), CpuDevice(threads))
