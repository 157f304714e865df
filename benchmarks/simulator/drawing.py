"""Kernels: scatterers drawn as cubic B-splines, and counts drawn from rates."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_scatterers", "count"]


@numba.njit(nogil=True, cache=True)
def add_scatterers(image, y, x, height):  # type: ignore[no-untyped-def]
    """Add scatterers at (y, x) to an image that wraps around; each is a cubic B-spline of volume `height`."""
    rows, columns = image.shape
    wy = np.empty(4, np.float32)
    wx = np.empty(4, np.float32)
    for i in range(y.size):
        top, left = np.floor(y[i]), np.floor(x[i])
        _weights(y[i] - top, wy)
        _weights(x[i] - left, wx)
        for a in range(4):
            row = (int(top) - 1 + a) % rows
            for b in range(4):
                image[row, (int(left) - 1 + b) % columns] += height[i] * wy[a] * wx[b]


@numba.njit(nogil=True, cache=True)
def _weights(part, weights):  # type: ignore[no-untyped-def]
    rest = 1 - part
    weights[0] = rest**3 / 6
    weights[1] = (3 * part**3 - 6 * part**2 + 4) / 6
    weights[2] = (3 * rest**3 - 6 * rest**2 + 4) / 6
    weights[3] = part**3 / 6


@numba.njit(nogil=True, cache=True)
def count(rates, gain, counts, seed):  # type: ignore[no-untyped-def]
    """Draw Poisson counts of rates (rows, columns) over a gain, by Knuth's products of uniform numbers."""
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    for row in range(rates.shape[0]):
        for column in range(rates.shape[1]):
            limit = np.exp(-max(rates[row, column] / gain[row, column], 0.0))
            product = 1.0
            number = -1
            while product > limit:
                state ^= state >> np.uint64(12)
                state ^= state << np.uint64(25)
                state ^= state >> np.uint64(27)
                drawn = (state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)
                product *= (float(drawn) + 0.5) * (1.0 / 9007199254740992.0)
                number += 1
            counts[row, column] = min(number, 255)
