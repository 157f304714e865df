"""What comes before and after a transform: a window that fades an image towards its edges, and frequencies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["edge", "radial_frequency"]


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


def edge(size: int, fraction: float = 0.1) -> NDArray[np.float32]:
    """Return a window of 1 that falls towards 0 at both ends as a raised cosine over a fraction of its size.

    It has `size` values; the outermost ones are those half a pixel from where it is 0.
    """
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
    rise = np.minimum(distance / max(1.0, fraction * size), 1.0)
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * rise)).astype(np.float32)
    return window
