"""Undoing displacements: every tile of every frame is read where the specimen was, and added to several sums at once.

All frames of a tile are done before the next tile, so that sums stay in the cache; counts are read once.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.cpu.weighting import CpuSums
from cloudlet.cryoem.numerics.device import TILE
from cloudlet.cryoem.numerics.interpolation import PHASES, TAPS, kernel
from cloudlet.cryoem.numerics.padding import padded_size
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["gather", "sums_shape"]

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_ROWS, _COLUMNS, _TAPS, _PHASES = 64, 64, 8, 512
"""Loops have constant lengths, multiples of a vector register's: a remainder would cost as much as the rest."""
if (*TILE, TAPS, PHASES) != (_ROWS, _COLUMNS, _TAPS, _PHASES):
    # they stand here once more because numba keeps what it has compiled until this very file changes
    raise AssertionError("the kernel's constants are not those of tiles and interpolation")

_READ = _COLUMNS + _TAPS
_BEFORE = _TAPS // 2 - 1
"""Pixels of the kernel before the one that holds the place."""


def gather(
    counts: NDArray[np.generic],
    gain: NDArray[np.float32] | None,
    displacements: NDArray[np.float32],
    shares: NDArray[np.float32],
    threads: Threads,
    room: NDArray[np.float32] | None = None,
) -> CpuSums:
    """Sum displaced frames; see `cloudlet.cryoem.numerics.device.Stack.gathered`.

    Parameters
    ----------
    room
        Where sums go, of `sums_shape`; by default they get their own.

    Raises
    ------
    ValueError
        A displacement is no number: no place could be read for it.
    """
    if not np.isfinite(displacements).all():
        raise ValueError("displacements must be finite")
    rows, columns = counts.shape[1:]
    sums = np.empty(sums_shape(len(shares), rows, columns), np.float32) if room is None else room
    scale = np.ones((1, 1), np.float32) if gain is None else np.ascontiguousarray(gain)
    shares, displacements = np.ascontiguousarray(shares), np.ascontiguousarray(displacements)
    used = np.flatnonzero(np.any(shares != 0, axis=0))
    taps = kernel()

    def gather_rows(first: int, last: int) -> None:
        for tile_row in range(first, last):
            _gather_row(counts, scale, displacements, shares, used, taps, tile_row, sums)

    threads.slices(gather_rows, displacements.shape[1])
    return CpuSums(sums, (rows, columns), threads)


def sums_shape(count: int, rows: int, columns: int) -> tuple[int, int, int]:
    """Return the shape of so many sums of images, padded to sizes that transform fast."""
    return count, padded_size(rows), padded_size(columns)


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _gather_row(counts, gain, displacements, shares, used, taps, tile_row, sums):  # type: ignore[no-untyped-def]
    """Gather one row of tiles into sums (sums, rows or more, columns or more)."""
    _, rows, columns = counts.shape
    top = tile_row * _ROWS
    height = min(_ROWS, rows - top)
    piece = np.empty((_ROWS + _TAPS - 1, _READ), np.float32)
    across = np.empty((_ROWS + _TAPS - 1, _COLUMNS), np.float32)
    line = np.empty(_COLUMNS, np.float32)
    here = np.empty((sums.shape[0], _ROWS, _COLUMNS), np.float32)
    for tile_column in range(displacements.shape[2]):
        left = tile_column * _COLUMNS
        here[:] = 0
        for frame in used:
            y = displacements[frame, tile_row, tile_column, 0]
            x = displacements[frame, tile_row, tile_column, 1]
            whole_y, whole_x = int(np.floor(y)), int(np.floor(x))
            _read(counts[frame], gain, top + whole_y - _BEFORE, left + whole_x - _BEFORE, height + _TAPS - 1, piece)
            _interpolate_rows(piece, taps[int((x - whole_x) * _PHASES + 0.5)], height + _TAPS - 1, across)
            k = taps[int((y - whole_y) * _PHASES + 0.5)]
            for row in range(height):
                _interpolate_columns(across, k, row, line)
                for number in range(sums.shape[0]):
                    share, total = shares[number, frame], here[number, row]
                    for n in range(_COLUMNS):
                        total[n] += share * line[n]
        width = min(_COLUMNS, columns - left)
        for number in range(sums.shape[0]):
            for row in range(height):
                sums[number, top + row, left : left + width] = here[number, row, :width]


@numba.njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _interpolate_rows(piece, k, rows, across):  # type: ignore[no-untyped-def]
    k0, k1, k2, k3, k4, k5, k6, k7 = k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7]
    for row in range(rows):
        p, a = piece[row], across[row]
        for n in range(_COLUMNS):
            a[n] = ((k0 * p[n] + k1 * p[n + 1]) + (k2 * p[n + 2] + k3 * p[n + 3])) + (
                (k4 * p[n + 4] + k5 * p[n + 5]) + (k6 * p[n + 6] + k7 * p[n + 7])
            )


@numba.njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _interpolate_columns(across, k, row, line):  # type: ignore[no-untyped-def]
    k0, k1, k2, k3, k4, k5, k6, k7 = k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7]
    for n in range(_COLUMNS):
        line[n] = (
            (k0 * across[row, n] + k1 * across[row + 1, n]) + (k2 * across[row + 2, n] + k3 * across[row + 3, n])
        ) + ((k4 * across[row + 4, n] + k5 * across[row + 5, n]) + (k6 * across[row + 6, n] + k7 * across[row + 7, n]))


@numba.njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _read(counts, gain, top, left, height, piece):  # type: ignore[no-untyped-def]
    """Read counts times gain of a rectangle into piece; beyond the edges it reads the pixels at the edges."""
    rows, columns = counts.shape
    has_gain = gain.shape[0] > 1
    if top >= 0 and left >= 0 and top + height <= rows and left + _READ <= columns:
        for row in range(height):
            source, p = counts[top + row, left : left + _READ], piece[row]
            if has_gain:
                scale = gain[top + row, left : left + _READ]
                for n in range(_READ):
                    p[n] = np.float32(source[n]) * scale[n]
            else:
                for n in range(_READ):
                    p[n] = np.float32(source[n])
        return
    for row in range(height):
        y = min(max(top + row, 0), rows - 1)
        for n in range(_READ):
            x = min(max(left + n, 0), columns - 1)
            piece[row, n] = np.float32(counts[y, x]) * (gain[y, x] if has_gain else np.float32(1))
