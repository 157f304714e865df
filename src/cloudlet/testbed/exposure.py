"""One frame: the contrast moved, blurred while it moves, and counted.

A frame is recorded tile by tile. Each tile's piece of the contrast is interpolated at the tile's displacement at
several moments of the frame, their mean is turned into a rate, and the rate into a count.
"""

from __future__ import annotations

import math
from functools import cache

import numba as nb
import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.counting import count_table

__all__ = [
    "BEFORE",
    "TAPS",
    "TILE",
    "add_interpolated",
    "interpolation_taps",
    "record_frame",
    "tile_centres",
]

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]

TILE = 32
"""Pixels along a square within which a frame's displacement is the same."""

TAPS = 8
BEFORE = TAPS // 2 - 1
"""Taps before the one that belongs to the pixel itself."""

TAP_PHASES = 256
KAISER_BETA = 5.0
UNIFORM_BITS = 12
"""Of a random number, to choose a column of the count table."""

DITHER_BITS = 16
"""Likewise, to choose between two of its rows."""


def tile_centres(pixels: int) -> Floats:
    """Return the centres of the tiles along an axis of so many pixels, which runs from -1 to 1."""
    tiles = -(-pixels // TILE)
    return np.asarray(((np.arange(tiles) + 0.5) * TILE / pixels - 0.5) * 2)


@cache
def interpolation_taps() -> Picture:
    """Return a Kaiser-windowed sinc at each of 257 positions from one pixel to the next, shape (257, 8).

    Each row sums to 1; its fourth value belongs to the pixel itself.
    """
    at = np.arange(TAPS) - BEFORE - np.arange(TAP_PHASES + 1)[:, None] / TAP_PHASES
    inside = np.sqrt(np.maximum(0.0, 1 - (at / (TAPS / 2)) ** 2))
    taps = np.sinc(at) * np.i0(KAISER_BETA * inside)
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


def record_frame(
    contrast: Picture,
    displacements: Floats,
    margin: int,
    rate: float,
    sensitivity: Picture,
    seed: int,
    frame: NDArray[np.uint8],
) -> None:
    """Count one frame's electrons into `frame`, shape (height, width), in place.

    Parameters
    ----------
    contrast
        At displacement 0, shape (height + 2 margin, width + 2 margin) or more.
    displacements
        Where each tile's content is at several moments, in pixels, shape (moments, 2, tiles along y, tiles along
        x), y first. None may come within `TAPS` of `margin`.
    rate
        Expected count of a pixel without contrast whose gain is 1.
    sensitivity
        1 / gain, shape (height, width).
    seed
        Of 64 bits at most; fixes the frame's shot noise.
    """
    table = count_table(rate)
    rows = np.float32(rate * table.rows_per_count) * sensitivity
    expose(contrast, displacements, margin, rows, table.counts, interpolation_taps(), np.uint64(seed), frame)


@nb.njit(cache=True, nogil=True)
def mixed(number: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits: the finaliser of SplitMix64 (doi:10.1145/2660193.2660195)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@nb.njit(fastmath=True, cache=True, nogil=True)
def add_interpolated(patch: Picture, taps_y: Picture, taps_x: Picture, between: Picture, tile: Picture) -> None:
    """Add `patch`, 7 rows and columns larger, to `tile`, interpolated along x and then along y."""
    a, b, c, d = taps_x[0], taps_x[1], taps_x[2], taps_x[3]
    e, f, g, h = taps_x[4], taps_x[5], taps_x[6], taps_x[7]
    for y in range(tile.shape[0] + TAPS - 1):
        s = patch[y]
        for x in range(tile.shape[1]):
            left = a * s[x] + b * s[x + 1] + c * s[x + 2] + d * s[x + 3]
            between[y, x] = left + e * s[x + 4] + f * s[x + 5] + g * s[x + 6] + h * s[x + 7]
    a, b, c, d = taps_y[0], taps_y[1], taps_y[2], taps_y[3]
    e, f, g, h = taps_y[4], taps_y[5], taps_y[6], taps_y[7]
    for y in range(tile.shape[0]):
        s = between[y : y + TAPS]
        for x in range(tile.shape[1]):
            lower = a * s[0, x] + b * s[1, x] + c * s[2, x] + d * s[3, x]
            tile[y, x] += lower + e * s[4, x] + f * s[5, x] + g * s[6, x] + h * s[7, x]


@nb.njit(fastmath=True, cache=True, nogil=True)
def count(
    contrast: Picture,
    share: np.float32,
    rows: Picture,
    table: NDArray[np.uint8],
    state: NDArray[np.uint64],
    frame: NDArray[np.uint8],
) -> None:
    """Turn a tile's summed contrast into counts; `state` is that of xorshift128+ (doi:10.1016/j.cam.2016.11.006)."""
    dither = np.float32(2.0**-DITHER_BITS)
    last = np.float32(table.shape[0] - 1)
    first, second = state[0], state[1]
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            shifted = first ^ (first << np.uint64(23))
            first = second
            second = shifted ^ first ^ (shifted >> np.uint64(18)) ^ (first >> np.uint64(5))
            bits = first + second
            row = rows[y, x] * (np.float32(1.0) + share * contrast[y, x])
            row += dither * np.float32(bits >> np.uint64(64 - DITHER_BITS))
            row = min(max(row, np.float32(0.0)), last)
            column = (bits >> np.uint64(30)) & np.uint64((1 << UNIFORM_BITS) - 1)
            frame[y, x] = table[int(row), np.int64(column)]
    state[0], state[1] = first, second


@nb.njit(fastmath=True, cache=True, nogil=True)
def expose(
    contrast: Picture,
    displacements: Floats,
    margin: int,
    rows: Picture,
    table: NDArray[np.uint8],
    taps: Picture,
    seed: np.uint64,
    frame: NDArray[np.uint8],
) -> None:
    """Record a frame as `record_frame` describes it; `rows` are the table's rows without contrast."""
    height, width = frame.shape
    phases = taps.shape[0] - 1
    between = np.empty((TILE + TAPS - 1, TILE), np.float32)
    tile = np.empty((TILE, TILE), np.float32)
    state = np.empty(2, np.uint64)
    state[0] = mixed(seed + np.uint64(0x9E3779B97F4A7C15))
    state[1] = mixed(state[0] ^ np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
    moments = displacements.shape[0]
    for row in range(displacements.shape[2]):
        for column in range(displacements.shape[3]):
            bottom, left = row * TILE, column * TILE
            high, wide = min(TILE, height - bottom), min(TILE, width - left)
            part = tile[:high, :wide]
            part[:] = 0.0
            for moment in range(moments):
                y = margin - displacements[moment, 0, row, column]
                x = margin - displacements[moment, 1, row, column]
                at_y, at_x = math.floor(y), math.floor(x)
                low, first = bottom + at_y - BEFORE, left + at_x - BEFORE
                piece = contrast[low : low + high + TAPS - 1, first : first + wide + TAPS - 1]
                taps_y = taps[int((y - at_y) * phases + 0.5)]
                taps_x = taps[int((x - at_x) * phases + 0.5)]
                add_interpolated(piece, taps_y, taps_x, between, part)
            count(
                part,
                np.float32(1.0 / moments),
                rows[bottom : bottom + high, left : left + wide],
                table,
                state,
                frame[bottom : bottom + high, left : left + wide],
            )
