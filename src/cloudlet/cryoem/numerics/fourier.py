"""Frequencies of a half-plane transform, and moving an image by a fraction of a pixel."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = ["edge", "radial_frequency", "shift_phases", "shifted", "taper"]


def radial_frequency(shape: tuple[int, int], pixel_size_angstrom: float) -> NDArray[np.float32]:
    """Return the spatial frequency of every coefficient of ``rfft2`` of an image, in 1/angstrom.

    Parameters
    ----------
    shape
        (rows, columns) of the image; the result is (rows, columns // 2 + 1).
    pixel_size_angstrom
        Side of a pixel.
    """
    rows = np.fft.fftfreq(shape[0], pixel_size_angstrom)[:, None]
    columns = np.fft.rfftfreq(shape[1], pixel_size_angstrom)[None, :]
    radius: NDArray[np.float32] = np.hypot(rows, columns).astype(np.float32)
    return radius


def shift_phases(
    shape: tuple[int, int], shift: NDArray[np.float64]
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return the two factors, of rows and of columns, whose product moves an image by `shift` in its transform.

    Parameters
    ----------
    shape
        (rows, columns) of the image.
    shift
        (y, x) in pixels; content moves towards higher indices where positive.

    Returns
    -------
    tuple
        Complex factors of shapes (rows, 1) and (1, columns // 2 + 1).
    """
    rows = np.exp(-2j * np.pi * np.fft.fftfreq(shape[0]) * shift[0])
    columns = np.exp(-2j * np.pi * np.fft.rfftfreq(shape[1]) * shift[1])
    return rows.astype(np.complex64)[:, None], columns.astype(np.complex64)[None, :]


def shifted(image: NDArray[np.float32], shift: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return `image` moved by `shift` (y, x) pixels; what leaves at one edge enters at the opposite one."""
    rows, columns = shift_phases((image.shape[0], image.shape[1]), shift)
    moved: NDArray[np.float32] = scipy.fft.irfft2(scipy.fft.rfft2(image) * rows * columns, s=image.shape)
    return moved


def taper(shape: tuple[int, int], fraction: float = 0.1) -> NDArray[np.float32]:
    """Return a window of 1 that falls to 0 at the edges as a raised cosine.

    Parameters
    ----------
    shape
        (rows, columns).
    fraction
        Share of each side, at each end, over which the window falls.
    """
    return np.outer(edge(shape[0], fraction), edge(shape[1], fraction))


def edge(size: int, fraction: float = 0.1) -> NDArray[np.float32]:
    """Return one side of `taper`, shape (size,)."""
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
    rise = np.minimum(distance / max(1.0, fraction * size), 1.0)
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * rise)).astype(np.float32)
    return window
