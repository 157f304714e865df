"""Power spectra of micrographs."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = ["power_spectrum", "radial_mean", "tile_size_for"]

TILE_ANGSTROM = 650.0
"""Rings at 3 angstrom and 2 um of defocus are 1/320 angstrom apart; a tile this long still resolves them."""


def tile_size_for(shape: tuple[int, int], pixel_size_angstrom: float) -> int:
    """Return the smallest of 256, 512, 1024, 2048 pixels that reaches `TILE_ANGSTROM`, at most the image's side."""
    wanted = next((n for n in (256, 512, 1024) if n * pixel_size_angstrom >= TILE_ANGSTROM), 2048)
    return min(wanted, shape[0] // 2 * 2, shape[1] // 2 * 2)


def power_spectrum(image: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
    """Return the mean power of square tiles that overlap by half (Welch, https://doi.org/10.1109/TAU.1967.1161901).

    Parameters
    ----------
    image
        Shape (rows, columns), each at least `tile`.
    tile
        Side of a tile in pixels, even.

    Returns
    -------
    numpy.ndarray
        Power per pixel, in squared units of the image, laid out as ``rfft2``: shape (tile, tile // 2 + 1).
    """
    line = np.sqrt(np.hanning(tile + 2)[1:-1])
    window = np.outer(line, line).astype(np.float32)
    total = np.zeros((tile, tile // 2 + 1), np.float32)
    corners = [(y, x) for y in _starts(image.shape[0], tile) for x in _starts(image.shape[1], tile)]
    for y, x in corners:
        piece = image[y : y + tile, x : x + tile]
        transform = scipy.fft.rfft2((piece - piece.mean()) * window)
        total += transform.real**2 + transform.imag**2
    return total / np.float32(len(corners) * np.square(window).sum())


def radial_mean(spectrum: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean over rings of one pixel's width, shape (tile // 2,); element i is i pixels from the middle."""
    tile = spectrum.shape[0]
    rows, columns = np.fft.fftfreq(tile, 1 / tile)[:, None], np.arange(tile // 2 + 1)[None, :]
    ring = (np.hypot(rows, columns) + 0.5).astype(np.intp).ravel()
    totals = np.bincount(ring, spectrum.ravel())[: tile // 2]
    counts = np.bincount(ring)[: tile // 2]
    mean: NDArray[np.float64] = totals / counts
    return mean


def _starts(size: int, tile: int) -> list[int]:
    count = max(1, int(np.ceil((size - tile) / (tile // 2))) + 1)
    return [int(start) for start in np.linspace(0, size - tile, count)]
