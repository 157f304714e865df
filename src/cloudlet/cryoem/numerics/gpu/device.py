"""A torch device as a `cloudlet.cryoem.numerics.device.Device`."""

from __future__ import annotations

import torch

from cloudlet.cryoem.numerics.device import Layout
from cloudlet.cryoem.numerics.gpu.stack import TorchStack

__all__ = ["TorchDevice"]


class TorchDevice:
    """One graphics card, or the host's processor by torch's means, which tests compare; one movie at a time.

    A K3 movie of 40 frames takes about 4 GB of the card's memory, one of super-resolution 15 GB.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._device = torch.device(name)
        self._room: TorchStack | None = None
        # products of 32 bits are not to be made of 19
        torch.backends.cuda.matmul.allow_tf32 = False

    def stack(self, layout: Layout) -> TorchStack:
        """Return room for one movie; the one before, where it is alike."""
        if self._room is None or self._room.layout != layout:
            self._room = None  # so that the old one is given back before the new one is asked for
            self._room = TorchStack(layout, self._device)
        return self._room
