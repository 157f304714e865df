"""A torch device as a `cloudlet.cryoem.numerics.device.Device`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

from cloudlet.cryoem.numerics.device import Layout
from cloudlet.cryoem.numerics.gpu.memory import reserve, room_for, translate_memory_errors
from cloudlet.cryoem.numerics.gpu.stack import TorchStack

__all__ = ["TorchDevice"]


class TorchDevice:
    """One graphics card, or the host's processor by torch's means, which tests compare; one movie at a time."""

    def __init__(
        self,
        name: str,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        wait_for: Callable[[Callable[[], bool]], bool] = lambda is_there: is_there(),
    ) -> None:
        """Open a device by torch's name for it.

        Where processes share it, `turn` lets one at a time ask for memory, and `wait_for` waits until there is some;
        it tells whether it came about.
        """
        self.name, self._turn, self._waited_for = name, turn, wait_for
        self._device = torch.device(name)
        # products of 32 bits are not to be made of 19
        torch.backends.cuda.matmul.allow_tf32 = False

    @translate_memory_errors
    def stack(self, layout: Layout) -> TorchStack:
        """Return room for one movie; waits for it where other processes have taken the card's memory."""
        if self._device.type == "cuda":
            with self._turn():
                reserve(self._device, room_for(layout), self._waited_for)
        return TorchStack(layout, self._device)

    def rest(self) -> None:
        """Give the card's memory back."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
