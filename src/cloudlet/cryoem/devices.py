"""Which processor does the work: the settings' word for it, and what this host has."""

from __future__ import annotations

from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from cloudlet.cryoem.errors import DeviceMissing
from cloudlet.cryoem.file_lock import file_lock, wait_for
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import Device

__all__ = ["device_for"]

_DRIVER = Path("/dev/nvidiactl")
"""There where a card's driver is loaded; looked at first, because loading torch takes seconds."""


@cache
def device_for(name: str, threads: int, number: int) -> Device:
    """Return a device, the same each time: it keeps its room from one movie to the next.

    Parameters
    ----------
    name
        ``cpu``; ``cuda:N`` for one graphics card; ``cuda`` for any of them; ``auto`` for any of them, or the host's
        processor where there is none that can be used.
    threads
        Of the host's processor.
    number
        Of this worker among those that work at the same time, which are spread over the cards.

    Raises
    ------
    DeviceMissing
        There is no such card, or torch is not installed.
    """
    if name == "cpu" or (name == "auto" and not (_DRIVER.exists() and find_spec("torch") and _cards())):
        return CpuDevice(threads)
    if find_spec("torch") is None:
        raise DeviceMissing(
            f"{name} needs torch, which is not installed.",
            "Install it by pip install 'cloudlet[gpu]', or set device to cpu.",
        )
    chosen, cards = name.partition(":")[2], _cards()
    if int(chosen or 0) >= cards:
        there = "no graphics card" if cards == 0 else "only cuda:0" if cards == 1 else f"cuda:0 to cuda:{cards - 1}"
        raise DeviceMissing(f"There is no {name}: torch finds {there}.", "Set device to one that is there, or to cpu.")
    return _card(int(chosen or number % cards))


def _card(number: int) -> Device:
    import torch

    from cloudlet.cryoem.numerics.gpu import TorchDevice

    card = f"{torch.cuda.get_device_properties(number).uuid}"
    return TorchDevice(f"cuda:{number}", partial(file_lock, card), wait_for)


def _cards() -> int:
    import torch

    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0
