"""Undoing displacements, frame by frame: tiles are read where the specimen was, all at once, and added to the sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import TILE
from cloudlet.cryoem.numerics.gpu.weighting import TorchSums
from cloudlet.cryoem.numerics.interpolation import PHASES, TAPS, kernel
from cloudlet.cryoem.numerics.padding import padded_size

__all__ = ["gather"]

_BEFORE = TAPS // 2 - 1
"""Pixels of the kernel before the one that holds the place."""


def gather(
    frame_at: Callable[[int], torch.Tensor],
    shape: tuple[int, int],
    displacements: NDArray[np.float32],
    shares: NDArray[np.float32],
    device: torch.device,
) -> TorchSums:
    """Sum displaced frames; see `cloudlet.cryoem.numerics.device.Stack.gathered`.

    Parameters
    ----------
    frame_at
        Returns a frame times the gain, shape (rows, columns).
    shape
        Of the frames.
    displacements, shares
        As there.
    device
        Where the frames are.

    Raises
    ------
    ValueError
        A displacement is no number: no place could be read for it.
    """
    if not np.isfinite(displacements).all():
        raise ValueError("displacements must be finite")
    rows, columns = shape
    sums = torch.zeros((len(shares), padded_size(rows), padded_size(columns)), dtype=torch.float32, device=device)
    taps = torch.from_numpy(kernel()).to(device)
    for frame in np.flatnonzero(np.any(shares != 0, axis=0)):
        moved = _moved(frame_at(int(frame)), displacements[frame], taps)
        for number, share in enumerate(shares[:, frame]):
            if share != 0:
                sums[number, :rows, :columns].add_(moved, alpha=float(share))
    return TorchSums(sums, shape)


def _moved(image: torch.Tensor, displacements: NDArray[np.float32], taps: torch.Tensor) -> torch.Tensor:
    """Return an image with all tiles moved back, by displacements (tile rows, tile columns, 2)."""
    down, across = displacements.shape[:2]
    whole = np.floor(displacements)
    phase = torch.from_numpy(((displacements - whole) * PHASES + 0.5).astype(np.int64)).to(image.device)
    starts = whole.astype(np.int64) - _BEFORE
    starts[..., 0] += TILE[0] * np.arange(down)[:, None]
    starts[..., 1] += TILE[1] * np.arange(across)
    y, x = (
        (torch.from_numpy(starts[..., axis]).to(image.device)[..., None] + _steps(TILE[axis], image.device)).clamp(
            0, image.shape[axis] - 1
        )
        for axis in (0, 1)
    )
    pieces = image[y[..., :, None], x[..., None, :]]
    across_taps, down_taps = (taps[phase[..., axis]][..., None, None, :] for axis in (1, 0))
    lines = across_taps[..., 0] * pieces[..., : TILE[1]]
    for tap in range(1, TAPS):
        lines += across_taps[..., tap] * pieces[..., tap : tap + TILE[1]]
    tiles = down_taps[..., 0] * lines[..., : TILE[0], :]
    for tap in range(1, TAPS):
        tiles += down_taps[..., tap] * lines[..., tap : tap + TILE[0], :]
    moved = tiles.permute(0, 2, 1, 3).reshape(down * TILE[0], across * TILE[1])
    return moved[: image.shape[0], : image.shape[1]]


def _steps(size: int, device: torch.device) -> torch.Tensor:
    return torch.arange(size + TAPS - 1, device=device)
