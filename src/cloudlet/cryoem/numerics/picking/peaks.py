"""Peaks of a map, the highest first, each taken away before the next is looked for.

As CLEAN does with stars (Hogbom, Astron. Astrophys. Suppl. 1974, 15:417): rings around a strong particle are part of
what it explains, and are no particles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Peaks", "find_peaks"]

_BLOCK = 16
"""Side of the blocks whose highest places are kept, so that a search looks at few pixels."""


@dataclass(frozen=True)
class Peaks:
    """In the order they were found: mostly the highest first."""

    rows: NDArray[np.intp]
    """Shape (n,)."""
    columns: NDArray[np.intp]
    """Shape (n,)."""
    heights: NDArray[np.float32]
    """Each over what stronger ones explain, shape (n,)."""
    left: NDArray[np.float32]
    """What none of them explains: the map's shape."""


def find_peaks(
    height: NDArray[np.float32], response: NDArray[np.float32], apart: float, threshold: float, margin: int, most: int
) -> Peaks:
    """Find peaks above a threshold.

    Parameters
    ----------
    height
        The map, shape (rows, columns).
    response
        What a peak of height 1 at (0, 0) makes of the map, zero shift at its middle, of odd size (2 reach + 1) squared.
    apart
        Pixels that two peaks have at least between them.
    threshold
        Lowest peak that is wanted; positive.
    margin
        Pixels at the edges where none is looked for.
    most
        Peaks at the most.
    """
    left = np.ascontiguousarray(height, np.float32).copy()
    places = np.empty((most, 2), np.intp)
    heights = np.empty(most, np.float32)
    found = _clean(left, np.ascontiguousarray(response, np.float32), apart, threshold, margin, places, heights)
    return Peaks(places[:found, 0], places[:found, 1], heights[:found], left)


@numba.njit(nogil=True, cache=True)
def _clean(left, response, apart, threshold, margin, places, heights):  # type: ignore[no-untyped-def]
    rows, columns = left.shape
    reach = response.shape[0] // 2
    is_open = np.zeros((rows, columns), np.bool_)
    is_open[margin : rows - margin, margin : columns - margin] = True
    down, across = (rows + _BLOCK - 1) // _BLOCK, (columns + _BLOCK - 1) // _BLOCK
    best = np.empty((down, across), np.float32)
    where = np.zeros((down, across), np.int64)
    for block_row in range(down):
        for block_column in range(across):
            _look(left, is_open, block_row, block_column, best, where)
    near = int(np.ceil(apart))
    for found in range(places.shape[0]):
        highest = np.argmax(best)
        height = best.flat[highest]
        if not height > threshold:
            return found
        row, column = divmod(where.flat[highest], columns)
        places[found, 0], places[found, 1], heights[found] = row, column, height
        for y in range(max(0, row - reach), min(rows, row + reach + 1)):
            for x in range(max(0, column - reach), min(columns, column + reach + 1)):
                left[y, x] -= height * response[y - row + reach, x - column + reach]
        for y in range(max(0, row - near), min(rows, row + near + 1)):
            for x in range(max(0, column - near), min(columns, column + near + 1)):
                if (y - row) ** 2 + (x - column) ** 2 < apart * apart:
                    is_open[y, x] = False
        change = max(reach, near)
        for block_row in range(max(0, row - change) // _BLOCK, min(rows - 1, row + change) // _BLOCK + 1):
            for block_column in range(
                max(0, column - change) // _BLOCK, min(columns - 1, column + change) // _BLOCK + 1
            ):
                _look(left, is_open, block_row, block_column, best, where)
    return places.shape[0]


@numba.njit(nogil=True, cache=True, inline="always")
def _look(left, is_open, block_row, block_column, best, where):  # type: ignore[no-untyped-def]
    """Note the highest place of a block that is open."""
    rows, columns = left.shape
    height, place = np.float32(-np.inf), np.int64(0)
    for y in range(block_row * _BLOCK, min(rows, (block_row + 1) * _BLOCK)):
        for x in range(block_column * _BLOCK, min(columns, (block_column + 1) * _BLOCK)):
            if is_open[y, x] and left[y, x] > height:
                height, place = left[y, x], np.int64(y * columns + x)
    best[block_row, block_column] = height
    where[block_row, block_column] = place
