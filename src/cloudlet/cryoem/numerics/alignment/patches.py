"""Windows for the local field, and the Gaussian process between them.

What a window shows is the mean displacement over its area, so the covariance between two windows is averaged over
both, and that between a place and a window over the window: fields that bend within a window are not flattened by it.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.priors import matern
from cloudlet.cryoem.numerics.device import Window

__all__ = ["Patches", "patch_windows"]

Floats = NDArray[np.float64]

OVERLAP = 1.25
"""Side of a window over the distance between two: what one fades out, its neighbour sees."""

_PARTS = np.array([-0.27, 0.0, 0.27])
_SHARES = np.array([0.25, 0.5, 0.25])
"""Three places along each side of a window stand for its area; its middle counts most, for the edges are faded."""


def patch_windows(shape: tuple[int, int], grid: tuple[int, int]) -> list[Window]:
    """Return overlapping windows of one size, `grid` (rows, columns) of them, row by row.

    Parameters
    ----------
    shape
        Of the binned frames.
    grid
        Number of windows along y and x.
    """
    sides = [min(size, int(size / count * OVERLAP) // 2 * 2) for size, count in zip(shape, grid, strict=True)]
    starts = [
        [int(np.clip((n + 0.5) * size / count - side / 2, 0, size - side)) for n in range(count)]
        for size, count, side in zip(shape, grid, sides, strict=True)
    ]
    return [Window(row, column, sides[0], sides[1]) for row, column in itertools.product(*starts)]


class Patches:
    """Where windows lie, in angstrom, and how alike places move."""

    def __init__(self, windows: list[Window], pixel_size_angstrom: float) -> None:
        corners = np.array([(window.row, window.column) for window in windows], float)
        sides = np.array([windows[0].rows, windows[0].columns], float)
        parts = np.array(list(itertools.product(_PARTS, _PARTS)))
        self._places = ((corners + sides / 2)[:, None, :] + parts[None] * sides) * pixel_size_angstrom
        self._shares = np.outer(_SHARES, _SHARES).ravel()

    def root(self, length: float) -> Floats:
        """Return the lower square root of the covariance between windows, shape (windows, windows)."""
        flat = self._places.reshape(-1, 2)
        count, parts = self._places.shape[:2]
        between = matern(_distances(flat, flat), length).reshape(count, parts, count, parts)
        covariance = np.einsum("a,iajb,b->ij", self._shares, between, self._shares)
        return np.linalg.cholesky(covariance + 1e-6 * np.eye(count))

    def towards(self, places_angstrom: Floats, length: float) -> Floats:
        """Return the covariance between places (n, 2) and windows, shape (n, windows)."""
        flat = self._places.reshape(-1, 2)
        between = matern(_distances(places_angstrom, flat), length)
        covariance: Floats = between.reshape(len(places_angstrom), *self._places.shape[:2]) @ self._shares
        return covariance


def _distances(a: Floats, b: Floats) -> Floats:
    distances: Floats = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    return distances
