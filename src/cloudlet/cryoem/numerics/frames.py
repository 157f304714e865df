"""From raw counts to corrected frames: gain reference and hot pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Defects", "find_defects"]

HOT_SIGMAS = 9.0
"""A pixel of a Poisson image of a million pixels does not exceed this by chance."""

_SAMPLE = 500_000
"""Pixels, about, that tell what the image is like."""

_REACH = 2
"""How many pixels around a hot one are its neighbourhood."""
_AT_A_TIME = 1 << 16
"""Pixels whose neighbourhoods are looked at together."""
_NEAR = (2, 4)
"""How many pixels away a stand-in is looked for, the nearest first: a bad column may be several wide."""
_FAR, _TRIES = 256, 64
"""The same for pixels in the middle of something larger, and how many places are tried."""


@dataclass(frozen=True)
class Defects:
    """Pixels that cannot be used, and for each of them a good neighbour that stands in."""

    rows: NDArray[np.intp]
    """Shape (n,)."""
    columns: NDArray[np.intp]
    """Shape (n,)."""
    stand_in_rows: NDArray[np.intp]
    """Shape (n,)."""
    stand_in_columns: NDArray[np.intp]
    """Shape (n,)."""

    def __len__(self) -> int:
        return len(self.rows)


def find_defects(
    total: NDArray[np.float32], gain: NDArray[np.float32] | None, known: NDArray[np.bool_] | None = None
) -> Defects:
    """Find hot pixels, and join them with those that are known and those the gain reference marks as dead by 0.

    A pixel is hot when it stands above both the whole image and three quarters of its own neighbourhood, so that a
    hole in the specimen, which is bright as a whole, is left alone up to its corners. Dark pixels are never taken for
    defects: they may be the grid bar.

    Parameters
    ----------
    total
        The sum of all gain-corrected frames, shape (rows, columns).
    gain
        The gain reference of the same shape, None where there is none.
    known
        Pixels that are bad for sure, of the same shape; None where nobody says so.
    """
    bad = np.zeros(total.shape, bool) if known is None else known.copy()
    if gain is not None:
        bad |= gain == 0
    bad |= _hot_pixels(total, bad)
    rows, columns = np.nonzero(bad)
    stand_in_rows, stand_in_columns = _stand_ins(bad, rows, columns)
    return Defects(rows, columns, stand_in_rows, stand_in_columns)


def _hot_pixels(total: NDArray[np.float32], bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    step = max(1, math.isqrt(total.size // _SAMPLE))
    sample = total[::step, ::step]
    median = float(np.median(sample))
    spread = 1.4826 * float(np.median(np.abs(sample - median)))
    limit = HOT_SIGMAS * max(spread, np.sqrt(max(median, 0.0)))
    hot: NDArray[np.bool_] = (total > median + limit) & ~bad
    rows, columns = np.nonzero(hot)
    reach = np.arange(-_REACH, _REACH + 1)
    for first in range(0, len(rows), _AT_A_TIME):
        row, column = rows[first : first + _AT_A_TIME], columns[first : first + _AT_A_TIME]
        y, x = _mirrored(row[:, None] + reach, total.shape[0]), _mirrored(column[:, None] + reach, total.shape[1])
        around = total[y[:, :, None], x[:, None, :]].reshape(len(row), -1)
        hot[row, column] = total[row, column] > np.percentile(around, 75, axis=1) + limit
    return hot


def _mirrored(places: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return places within 0...`size` - 1: those beyond an edge are mirrored at its pixels."""
    inside: NDArray[np.intp] = np.abs(places)
    return np.minimum(inside, 2 * (size - 1) - inside)


def _stand_ins(
    bad: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each defect a good pixel near by; the defect itself where there is none."""
    found_rows, found_columns = rows.copy(), columns.copy()
    left = np.arange(len(rows))
    for y, x in _places(rows, columns):
        row, column = y[left], x[left]
        is_good = (row >= 0) & (row < bad.shape[0]) & (column >= 0) & (column < bad.shape[1])
        is_good[is_good] = ~bad[row[is_good], column[is_good]]
        found_rows[left[is_good]], found_columns[left[is_good]] = row[is_good], column[is_good]
        left = left[~is_good]
        if not len(left):
            break
    return found_rows, found_columns


def _places(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield places to look at for each defect: spread over its neighbours, and the same every time."""
    mixed = 7919 * rows + 104_729 * columns
    for reach in _NEAR:
        side = 2 * reach + 1
        for step in range(side**2):
            place = (mixed + step) % side**2
            yield rows + place // side - reach, columns + place % side - reach
    for step in range(_TRIES):
        place = (mixed + step * 15_485_863) * 32_452_843 % (2 * _FAR + 1) ** 2
        yield rows + place // (2 * _FAR + 1) - _FAR, columns + place % (2 * _FAR + 1) - _FAR
