"""The picture that the lens throws onto the camera, before anything moves or is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.testbed.models import CameraModel
from cloudlet.testbed.optics import Lens, RadialTables, form_images

__all__ = ["Specimen", "fast_size", "rendered", "weighted_sum", "white_noise"]


@dataclass(frozen=True, eq=False)
class Specimen:
    """What lies in the beam, transformed; its picture wraps around at the edges."""

    particles: NDArray[np.complex64]
    """Transform of the particles' scattering lengths in Å per pixel, shape (height, width // 2 + 1)."""

    surroundings: NDArray[np.complex64]
    """White noise of variance 1 per pixel, likewise, from which ice and carbon are made."""

    @classmethod
    def of(cls, potential: NDArray[np.float32], rng: np.random.Generator) -> Specimen:
        """Put particles into ice and carbon drawn for them; `potential` has an even number of columns."""
        return cls(scipy.fft.rfft2(potential), white_noise(potential.shape, rng))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, columns = self.particles.shape
        return height, 2 * (columns - 1)


def fast_size(pixels: int) -> int:
    """Return the next even size that transforms fast."""
    size = pixels + pixels % 2
    while scipy.fft.next_fast_len(size, real=True) != size:
        size += 2
    return size


def white_noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.complex64]:
    """Draw the real transform of white noise of variance 1 per pixel, for a picture of even width."""
    height, width = shape
    parts = rng.standard_normal((height, width // 2 + 1, 2), dtype=np.float32)
    parts *= np.float32(np.sqrt(height * width / 2))
    return parts.view(np.complex64)[..., 0]


def rendered(
    specimen: Specimen,
    model: CameraModel,
    optics: Lens,
    tables: RadialTables,
    fading: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the contrast of the particles, once with each row of `fading`, and last of ice and carbon.

    Parameters
    ----------
    fading
        Radial factors at the `tables`' frequencies, shape (rank, entries).

    Returns
    -------
    numpy.ndarray
        Shape (rank + 1, height, width); a contrast of 0 is the mean count.
    """
    images = form_images(specimen.particles, specimen.surroundings, fading, optics, tables, model.pixel_size_angstrom)
    return np.stack([scipy.fft.irfft2(image, s=specimen.shape) for image in images])


@nb.njit(fastmath=True, cache=True, nogil=True)
def weighted_sum(images: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of `images`, shape (terms, height, width), each times its weight, shape (terms)."""
    terms, height, width = images.shape
    total = np.empty((height, width), np.float32)
    for y in range(height):
        row, weight, source = total[y], weights[0], images[0, y]
        for x in range(width):
            row[x] = weight * source[x]
        for term in range(1, terms):
            weight, source = weights[term], images[term, y]
            for x in range(width):
                row[x] += weight * source[x]
    return total
