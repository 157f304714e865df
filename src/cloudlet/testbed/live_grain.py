"""The live view's own exposure: grain averaged with that of the pictures before, and drawn.

A movie's exposure counts every electron, from a table that other work pushes out of the caches between two pictures of
the live view. Here a dozen counts a pixel are taken as normally distributed, which nobody can tell from Poisson's
distribution once they are averaged, and the picture costs a fifth.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.exposure import TAPS, add_interpolated, interpolation_taps

__all__ = ["add_grain", "interpolated", "show"]

BYTES_MEAN, BYTES_DEVIATION = 510.0, math.sqrt(4 * (256**2 - 1) / 12)
"""Of the sum of four random bytes, which is nearly normal and goes 3.45 deviations to either side."""


def interpolated(window: NDArray[np.float32], down: float, left: float) -> NDArray[np.float32]:
    """Return the inside of `window`, moved by a part of a pixel.

    Parameters
    ----------
    window
        Contrast, shape (height + 7, width + 7): three rows and columns before the picture's first, four behind its
        last.
    down, left
        How far the content moves towards row 0 and column 0, in pixels from 0 to 1.

    Returns
    -------
    NDArray[np.float32]
        Shape (height, width).
    """
    taps = interpolation_taps()
    phases = len(taps) - 1
    height, width = window.shape[0] - TAPS + 1, window.shape[1] - TAPS + 1
    between, picture = np.empty((len(window), width), np.float32), np.zeros((height, width), np.float32)
    add_interpolated(window, taps[round(down * phases)], taps[round(left * phases)], between, picture)
    return picture


@nb.njit(fastmath=True, cache=True, nogil=True)
def add_grain(mean: NDArray[np.float32], contrast: NDArray[np.float32], rate: float, share: float, seed: int) -> None:
    """Move `mean` in place towards the counts of a new picture.

    Random numbers are the finaliser of MurmurHash3 (Appleby, 2011) of each pixel's number.

    Parameters
    ----------
    mean
        Counts of the pictures so far, shape (height, width).
    contrast
        What is looked at, of the same shape.
    rate
        Expected count of a pixel without contrast.
    share
        Weight of this picture, from 0 to 1.
    seed
        Of 32 bits; fixes the picture's grain.
    """
    weight, expected = np.float32(share), np.float32(rate)
    middle, scale = np.float32(BYTES_MEAN), np.float32(1 / BYTES_DEVIATION)
    start = np.uint32(seed) * np.uint32(0x9E3779B1)
    for y in range(mean.shape[0]):
        for x in range(mean.shape[1]):
            bits = np.uint32(start + np.uint32(y * mean.shape[1] + x))
            bits = np.uint32((bits ^ (bits >> np.uint32(16))) * np.uint32(0x85EBCA6B))
            bits = np.uint32((bits ^ (bits >> np.uint32(13))) * np.uint32(0xC2B2AE35))
            bits = np.uint32(bits ^ (bits >> np.uint32(16)))
            low, high = bits & np.uint32(0x00FF00FF), (bits >> np.uint32(8)) & np.uint32(0x00FF00FF)
            total = np.uint32(low + high)
            total = np.uint32((total & np.uint32(0xFFFF)) + (total >> np.uint32(16)))
            normal = (np.float32(total) - middle) * scale
            electrons = max(expected * (np.float32(1.0) + contrast[y, x]), np.float32(0.0))
            mean[y, x] += weight * (electrons + math.sqrt(electrons) * normal - mean[y, x])


@nb.njit(fastmath=True, cache=True, nogil=True)
def show(mean: NDArray[np.float32], black: float, white: float, picture: NDArray[np.uint8]) -> None:
    """Draw `mean` into `picture`, smoothed over 3 x 3 pixels, row 0 of the mean at the bottom of the picture.

    Parameters
    ----------
    mean
        Counts, shape (height, width).
    black, white
        Counts that are drawn as 0 and as 255.
    picture
        Grey, of the same shape; overwritten.
    """
    height, width = mean.shape
    scale, floor = np.float32(255.0 / (9.0 * (white - black))), np.float32(9.0 * black)
    for y in range(1, height - 1):
        line = picture[height - 1 - y]
        for x in range(1, width - 1):
            total = mean[y - 1, x - 1] + mean[y - 1, x] + mean[y - 1, x + 1]
            total += mean[y, x - 1] + mean[y, x] + mean[y, x + 1]
            total += mean[y + 1, x - 1] + mean[y + 1, x] + mean[y + 1, x + 1]
            line[x] = np.uint8(min(max((total - floor) * scale, np.float32(0.0)), np.float32(255.0)))
    picture[0], picture[height - 1] = picture[1], picture[height - 2]
    picture[:, 0], picture[:, width - 1] = picture[:, 1], picture[:, width - 2]
