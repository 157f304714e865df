"""A card's memory, which several processes share: each waits until there is room for its whole movie."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import DeviceFull, Layout

__all__ = ["host_array", "reserve", "room_for", "translate_memory_errors"]

P = ParamSpec("P")
T = TypeVar("T")

_IMAGES, _BINNED = 16, 5
"""Images of 32 bits that the sums and their transform take at most, and binned movies that a match does."""
_MARGIN = 1 << 30
"""Left free, so that other processes can come to the card and ask."""


def room_for(layout: Layout) -> int:
    """Return how many bytes of the card a movie takes at most: a K3 movie of 40 frames 2.7 GB."""
    image, binned = layout.rows * layout.columns, layout.frames * layout.binned_shape[0] * layout.binned_shape[1]
    counts = layout.frames * image * layout.dtype.itemsize
    return int(counts + 4 * binned + 4 * max(_IMAGES * image, _BINNED * binned))


def reserve(device: torch.device, needed: int, wait_for: Callable[[Callable[[], bool]], bool]) -> None:
    """Take so many bytes of the card once they are free: what is made from now on is made of them.

    Parameters
    ----------
    device
        The card.
    needed
        Bytes.
    wait_for
        Waits until something is so, and tells whether it came about.

    Raises
    ------
    DeviceFull
        The card is smaller, or others have left no room.
    """
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    if needed + _MARGIN > total:
        raise DeviceFull(f"needs {needed / 1e9:.1f} GB of the graphics card, which has {total / 1e9:.1f} GB in all")
    if not wait_for(lambda: torch.cuda.mem_get_info(device)[0] >= needed + _MARGIN):
        raise DeviceFull(f"needs {needed / 1e9:.1f} GB of the graphics card, where others have left no room for long")
    # torch keeps what is let go for what comes next
    torch.empty(needed, dtype=torch.uint8, device=device)


def translate_memory_errors(work: Callable[P, T]) -> Callable[P, T]:
    """Let a function raise `DeviceFull` where the card has no room."""

    @wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except RuntimeError as cause:
            # torch has an error of its own for its allocator; the driver's and cuFFT's are known by their words alone
            if not any(words in str(cause) for words in ("out of memory", "ALLOC_FAILED")):
                raise
            raise DeviceFull("found no room left on the graphics card") from cause

    return wrapped


def host_array(tensor: torch.Tensor) -> NDArray[Any]:
    """Return a tensor's values in the host's memory, in pages that a card can write to directly."""
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.device.type == "cuda")
    host.copy_(tensor)
    return np.asarray(host.numpy())
