"""Power spectra of micrographs, from tiles that share no pixel."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.fourier import edge

__all__ = ["TileSpectra", "radial_mean", "tile_size_for", "tile_spectra"]

TILE_ANGSTROM = 600.0
"""Rings at 3 angstrom and 3 um of defocus are 1/220 angstrom apart; a tile this long still resolves them."""

CELLS = 5
"""Cells along each side of the micrograph that local spectra are made of."""

_FADE = 0.15
"""Share of a tile's side, at each end, over which it is faded out: a flat top wastes less of the pixels than a bell."""
_SMALLEST_TILE = 256


@dataclass(frozen=True)
class TileSpectra:
    """Mean power per pixel, laid out as ``rfft2`` of a tile: shape (tile, tile // 2 + 1) each."""

    whole: NDArray[np.float32]
    """Of all tiles."""
    halves: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Of the tiles of either colour, as of a chess board."""
    cells: NDArray[np.float32]
    """Of the tiles that lie in each of 5 x 5 cells, by their share in it; shape (5, 5, tile, tile // 2 + 1).

    NaN where none does: between tiles that do not fit a third time.
    """

    @property
    def tile(self) -> int:
        """Side of a tile in pixels."""
        return int(self.whole.shape[0])


def tile_size_for(shape: tuple[int, int], pixel_size_angstrom: float) -> int:
    """Return the smallest size that reaches `TILE_ANGSTROM` and transforms fast; at least two tiles along each side."""
    wanted = max(_SMALLEST_TILE, int(np.ceil(TILE_ANGSTROM / pixel_size_angstrom)))
    size = int(scipy.fft.next_fast_len(wanted, True))
    while size % 2:
        size = int(scipy.fft.next_fast_len(size + 1, True))
    smallest: int = min(size, shape[0] // 4 * 2, shape[1] // 4 * 2)
    return smallest


def tile_spectra(image: NDArray[np.float32], tile: int) -> TileSpectra:
    """Return spectra of square tiles that cover an image without overlapping.

    Parameters
    ----------
    image
        Shape (rows, columns), each at least twice `tile`.
    tile
        Side of a tile in pixels, even.
    """
    line = edge(tile, _FADE)
    window = np.outer(line, line)
    starts = [_starts(size, tile) for size in image.shape]
    shape = tile, tile // 2 + 1
    halves, counts = np.zeros((2, *shape), np.float32), np.zeros(2)
    cells, shares = np.zeros((CELLS, CELLS, *shape), np.float32), np.zeros((CELLS, CELLS))
    for (row, y), (column, x) in itertools.product(enumerate(starts[0]), enumerate(starts[1])):
        power = _power(image[y : y + tile, x : x + tile], window)
        colour = (row + column) % 2
        halves[colour] += power
        counts[colour] += 1
        for cell, share in _cells_of(y, x, tile, (image.shape[0], image.shape[1])):
            cells[cell] += np.float32(share) * power
            shares[cell] += share
    whole = (halves[0] + halves[1]) / np.float32(counts.sum())
    is_reached = shares > 0
    cells[is_reached] /= shares[is_reached][:, None, None].astype(np.float32)
    cells[~is_reached] = np.nan
    first, second = (half / np.float32(count) for half, count in zip(halves, counts, strict=True))
    return TileSpectra(whole, (first, second), cells)


def radial_mean(spectrum: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean over rings of one pixel's width, shape (tile // 2,); element i is i pixels from the middle."""
    tile = spectrum.shape[0]
    rows, columns = np.fft.fftfreq(tile, 1 / tile)[:, None], np.arange(tile // 2 + 1)[None, :]
    ring = (np.hypot(rows, columns) + 0.5).astype(np.intp).ravel()
    totals = np.bincount(ring, spectrum.ravel())[: tile // 2]
    counts = np.bincount(ring)[: tile // 2]
    mean: NDArray[np.float64] = totals / counts
    return mean


def _power(piece: NDArray[np.float32], window: NDArray[np.float32]) -> NDArray[np.float32]:
    transform = scipy.fft.rfft2((piece - piece.mean()) * window)
    power: NDArray[np.float32] = transform.real**2
    power += transform.imag**2
    power /= np.float32(np.square(window).sum())
    return power


def _starts(size: int, tile: int) -> list[int]:
    """Return where tiles begin: as many as fit, with equal gaps between them."""
    count = size // tile
    return [int(start) for start in np.linspace(0, size - tile, count)]


def _cells_of(y: int, x: int, tile: int, shape: tuple[int, int]) -> list[tuple[tuple[int, int], float]]:
    """Return the cells that a tile reaches into, each with the share of the tile's area that lies there."""
    along = [
        _shares(start / size * CELLS, (start + tile) / size * CELLS) for start, size in zip((y, x), shape, strict=True)
    ]
    return [((row, column), a * b) for row, a in along[0] for column, b in along[1]]


def _shares(begin: float, end: float) -> list[tuple[int, float]]:
    first, last = int(begin), min(CELLS - 1, int(np.ceil(end)) - 1)
    return [(n, (min(end, n + 1) - max(begin, n)) / (end - begin)) for n in range(first, last + 1)]
