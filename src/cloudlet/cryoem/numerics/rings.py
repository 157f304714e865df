"""Rings of equal width about zero frequency, over which power is summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RINGS", "Rings", "cropped_frequencies", "rings_of", "within"]

RINGS = 60
"""Fine enough to follow the rise of noise and the fall of signal, coarse enough to hold many frequencies each."""


@dataclass(frozen=True)
class Rings:
    """Which ring each coefficient of a cropped half-plane transform belongs to."""

    number: NDArray[np.int32]
    """0 at the middle to `RINGS` - 1 at the limit, shape (rows, columns)."""
    share: NDArray[np.float32]
    """How much a coefficient counts: 1, and 1/2 in the first column, where each stands beside its own mirror image;
    0 for the mean and beyond the limit. Shape (rows, columns)."""
    count: NDArray[np.float64]
    """Sum of shares, shape (rings,)."""
    middle: NDArray[np.float64]
    """Frequency half way through each ring, in the unit of the limit, shape (rings,)."""
    along: NDArray[np.float64]
    """Sums of shares times the squared frequency along rows and along columns, shape (2, rings)."""

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return one value a ring as an image of shares times values, shape (rows, columns)."""
        image: NDArray[np.float32] = values.astype(np.float32)[self.number] * self.share
        return image


def rings_of(rows: NDArray[np.float64], columns: NDArray[np.float64], limit: float) -> Rings:
    """Divide the frequencies up to `limit` into rings.

    Parameters
    ----------
    rows
        Frequencies along y, shape (rows,).
    columns
        Frequencies along x, 0 and positive, shape (columns,).
    limit
        In the same unit.
    """
    radius = np.hypot(rows[:, None], columns[None, :])
    number = np.minimum(radius / limit * RINGS, RINGS - 1).astype(np.int32)
    share = np.where(columns[None, :] == 0, 0.5, 1.0) * ((radius > 0) & (radius <= limit))
    flat = number.ravel()
    along = [np.bincount(flat, (share * np.square(part)).ravel(), RINGS) for part in (rows[:, None], columns[None, :])]
    return Rings(
        number=number,
        share=share.astype(np.float32),
        count=np.bincount(flat, share.ravel(), RINGS).astype(np.float64),
        middle=(np.arange(RINGS) + 0.5) * limit / RINGS,
        along=np.stack(along),
    )


def cropped_frequencies(shape: tuple[int, int], limit: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the frequencies along rows and columns of a transform of an image of `shape`, up to `limit`."""
    rows, columns = (min(int(limit * size), (size - 1) // 2) for size in shape)
    y = np.concatenate([np.arange(rows + 1), np.arange(-rows, 0)])
    return y / shape[0], np.arange(columns + 1) / shape[1]


def within(rows: NDArray[np.float64], columns: NDArray[np.float64], limit: float) -> tuple[NDArray[np.intp], int]:
    """Return which of the rows of `cropped_frequencies`, and how many of its columns, lie below a lower limit."""
    reach = int(np.count_nonzero((rows >= 0) & (rows <= limit))) - 1
    kept: NDArray[np.intp] = np.r_[0 : reach + 1, len(rows) - reach : len(rows)]
    return kept, int(np.count_nonzero(columns <= limit))
