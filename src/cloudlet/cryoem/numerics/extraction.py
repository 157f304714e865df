"""Particles cut out of a micrograph, as RELION's programs want them: normalised, and white on black."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.padding import cropped

__all__ = ["extract", "fits"]

Floats = NDArray[np.float64]

_AT_ONCE = 64
"""Particles that are held in full size."""


def fits(shape: tuple[int, int], rows: Floats, columns: Floats, box: int) -> NDArray[np.bool_]:
    """Tell particles whose box lies within a micrograph of that shape; others would be cut at its edge."""
    top, left = _corners(rows, columns, box)
    inside: NDArray[np.bool_] = (top >= 0) & (left >= 0) & (top + box <= shape[0]) & (left + box <= shape[1])
    return inside


def extract(
    micrograph: NDArray[np.float32], rows: Floats, columns: Floats, box: int, side: int, diameter: float
) -> NDArray[np.float32]:
    """Cut out particles.

    Each is the box whose pixel (box / 2, box / 2) lies nearest to the particle's place; nothing is interpolated. What
    lies outside of the particle has mean 0 and variance 1 in each of them, and dark becomes bright.

    Parameters
    ----------
    micrograph
        Shape (rows, columns).
    rows, columns
        Middles in pixels, shape (n,); all of them fit.
    box
        Pixels of the micrograph along the side of the box, even.
    side
        Pixels along the side of the result, even and at most `box`; smaller ones are cropped in Fourier space.
    diameter
        Of the circle that belongs to the particle, in pixels of the micrograph.

    Returns
    -------
    numpy.ndarray
        Shape (n, side, side).
    """
    stack = np.empty((len(rows), side, side), np.float32)
    top, left = _corners(rows, columns, box)
    middle = np.arange(side) - side // 2
    is_outside = np.hypot(middle[:, None], middle[None, :]) > 0.5 * diameter * side / box
    for first in range(0, len(stack), _AT_ONCE):
        corners = zip(top[first : first + _AT_ONCE], left[first : first + _AT_ONCE], strict=True)
        boxes = np.array([micrograph[y : y + box, x : x + box] for y, x in corners])
        cut = boxes if side == box else _made_smaller(boxes, side)
        around = cut[:, is_outside]
        mean, spread = around.mean(axis=1, dtype=np.float64), around.std(axis=1, dtype=np.float64)
        scale = 1 / np.where(spread > 0, spread, 1)
        stack[first : first + _AT_ONCE] = (mean[:, None, None] - cut) * scale[:, None, None]
    return stack


def _corners(rows: Floats, columns: Floats, box: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.rint(rows).astype(np.intp) - box // 2, np.rint(columns).astype(np.intp) - box // 2


def _made_smaller(boxes: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    smaller: NDArray[np.float32] = scipy.fft.irfft2(cropped(scipy.fft.rfft2(boxes), (side, side)), s=(side, side))
    return smaller
