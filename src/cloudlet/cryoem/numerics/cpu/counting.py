"""Kernels over raw counts: their sum over the frames, and frames binned with the gain.

Both go through a movie by rows, with all frames of a row one after the other, so that sums and gain stay in the cache.
numba compiles each for the type of the counts.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_frames", "bin_frames"]

_FAST = {"reassoc", "contract", "nsz", "arcp"}
"""All of fastmath but what takes NaN and infinity for impossible."""


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def add_frames(counts, total, first, last):  # type: ignore[no-untyped-def]
    """Sum rows `first`...`last` of counts (frames, rows, columns) over the frames into total (rows, columns)."""
    frames, _, columns = counts.shape
    for row in range(first, last):
        line = total[row]
        for column in range(columns):
            line[column] = 0
        for frame in range(0, frames - 3, 4):
            a, b, c, d = counts[frame, row], counts[frame + 1, row], counts[frame + 2, row], counts[frame + 3, row]
            for column in range(columns):
                line[column] += (np.float32(a[column]) + np.float32(b[column])) + (
                    np.float32(c[column]) + np.float32(d[column])
                )
        for frame in range(frames // 4 * 4, frames):
            here = counts[frame, row]
            for column in range(columns):
                line[column] += np.float32(here[column])


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def bin_frames(counts, gain, factor, binned, sums, first, last):  # type: ignore[no-untyped-def]
    """Sum squares of counts times gain into rows `first`...`last` of binned; add each frame's total to sums.

    Counts are (frames, rows, columns), binned (frames, rows, columns) too, gain (rows, columns) or (1, 1) for none.
    """
    frames, _, columns = binned.shape
    width = columns * factor
    line = np.empty(width, np.float32)
    scale = np.ones((factor, width), np.float32)
    for row in range(first, last):
        if gain.shape[0] > 1:
            for part in range(factor):
                scale[part, :] = gain[row * factor + part, :width]
        for frame in range(frames):
            top = row * factor
            if factor == 4:
                a, b, c, d = counts[frame, top], counts[frame, top + 1], counts[frame, top + 2], counts[frame, top + 3]
                e, f, g, h = scale[0], scale[1], scale[2], scale[3]
                for x in range(width):
                    line[x] = (np.float32(a[x]) * e[x] + np.float32(b[x]) * f[x]) + (
                        np.float32(c[x]) * g[x] + np.float32(d[x]) * h[x]
                    )
            else:
                a, e = counts[frame, top], scale[0]
                for x in range(width):
                    line[x] = np.float32(a[x]) * e[x]
                for part in range(1, factor):
                    a, e = counts[frame, top + part], scale[part]
                    for x in range(width):
                        line[x] += np.float32(a[x]) * e[x]
            sums[frame] += _sum_neighbours(line, factor, binned[frame, row])


@numba.njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _sum_neighbours(line, factor, binned):  # type: ignore[no-untyped-def]
    """Sum each `factor` neighbours of a line into one; frequent factors as plain expressions, which vectorise."""
    total = np.float32(0)
    columns = binned.shape[0]
    if factor == 4:
        for x in range(columns):
            binned[x] = (line[4 * x] + line[4 * x + 1]) + (line[4 * x + 2] + line[4 * x + 3])
    elif factor == 3:
        for x in range(columns):
            binned[x] = line[3 * x] + line[3 * x + 1] + line[3 * x + 2]
    elif factor == 2:
        for x in range(columns):
            binned[x] = line[2 * x] + line[2 * x + 1]
    else:
        for x in range(columns):
            value = np.float32(0)
            for part in range(factor):
                value += line[x * factor + part]
            binned[x] = value
    for x in range(columns):
        total += binned[x]
    return np.float64(total)
