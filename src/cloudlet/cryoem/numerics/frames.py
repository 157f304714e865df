"""From raw counts to corrected frames: gain reference and hot pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Defects", "binned", "corrected", "find_defects"]

HOT_SIGMAS = 9.0
"""A pixel of a Poisson image of a million pixels does not exceed this by chance."""

_REACH = 2
"""How many pixels away a stand-in may be taken from."""


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


def find_defects(total: NDArray[np.float32], gain: NDArray[np.float32] | None) -> Defects:
    """Find hot pixels, and those the gain reference marks as dead by 0.

    A pixel is hot when it stands above both the whole image and three quarters of its own neighbourhood, so that a
    hole in the specimen, which is bright as a whole, is left alone up to its corners. Dark pixels are never taken for
    defects: they may be the grid bar.

    Parameters
    ----------
    total
        The sum of all gain-corrected frames, shape (rows, columns).
    gain
        The gain reference of the same shape, None where there is none.
    """
    hot = _hot_pixels(total)
    bad = hot if gain is None else hot | (gain == 0)
    rows, columns = np.nonzero(bad)
    stand_in_rows, stand_in_columns = _stand_ins(bad, rows, columns)
    return Defects(rows, columns, stand_in_rows, stand_in_columns)


def corrected(
    frame: NDArray[np.generic], gain: NDArray[np.float32] | None, defects: Defects | None = None
) -> NDArray[np.float32]:
    """Return one frame as float32, multiplied by `gain` and with its defects replaced.

    Each defect takes the value of one good neighbour rather than a mean, so that its noise is that of the others.

    Parameters
    ----------
    frame
        Raw counts, shape (rows, columns), any real type.
    gain
        Multiplicative, same shape; None for frames that are corrected already.
    defects
        From `find_defects`; None to leave all pixels as they are.
    """
    image = frame.astype(np.float32)
    if gain is not None:
        image *= gain
    if defects is not None:
        image[defects.rows, defects.columns] = image[defects.stand_in_rows, defects.stand_in_columns]
    return image


def binned(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Sum squares of `factor` x `factor` pixels; rows and columns that fill no square are dropped.

    Parameters
    ----------
    image
        Shape (rows, columns).
    factor
        1 returns the image itself.
    """
    if factor == 1:
        return image
    rows, columns = image.shape[0] // factor, image.shape[1] // factor
    whole = image[: rows * factor, : columns * factor]
    tall = sum((whole[start::factor] for start in range(1, factor)), whole[::factor])
    return sum((tall[:, start::factor] for start in range(1, factor)), tall[:, ::factor])


def _hot_pixels(total: NDArray[np.float32]) -> NDArray[np.bool_]:
    sample = total[::3, ::3]
    median = float(np.median(sample))
    spread = 1.4826 * float(np.median(np.abs(sample - median)))
    limit = HOT_SIGMAS * max(spread, np.sqrt(max(median, 0.0)))
    hot: NDArray[np.bool_] = total > median + limit
    for row, column in np.argwhere(hot):
        around = total[_window(row, total.shape[0]), _window(column, total.shape[1])]
        hot[row, column] = total[row, column] > float(np.percentile(around, 75)) + limit
    return hot


def _stand_ins(
    bad: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    chosen = [_stand_in(bad, int(row), int(column)) for row, column in zip(rows, columns, strict=True)]
    pairs = np.array(chosen, dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _stand_in(bad: NDArray[np.bool_], row: int, column: int) -> tuple[int, int]:
    near_rows, near_columns = _window(row, bad.shape[0]), _window(column, bad.shape[1])
    good = np.argwhere(~bad[near_rows, near_columns])
    if len(good) == 0:
        return row, column
    pick = good[(7919 * row + 104729 * column) % len(good)]  # spread over the neighbours, the same every time
    return int(near_rows.start + pick[0]), int(near_columns.start + pick[1])


def _window(position: int, size: int) -> slice:
    return slice(max(0, position - _REACH), min(size, position + _REACH + 1))
