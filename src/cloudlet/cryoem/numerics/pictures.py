"""Arrays made fit for the eye: 8-bit grey, still with row 0 at the bottom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.device import HalfPlane, RadialTable
from cloudlet.cryoem.numerics.fourier import radial_frequency

__all__ = ["SHOWN_ANGSTROM", "micrograph_picture", "spectrum_picture"]

SHOWN_ANGSTROM = 4.0
"""A spectrum is shown so far: further out rings are too faint to be seen."""

_ENTRIES = 1024

RING_SMOOTHING = 1.2
"""Pixels; makes rings stand out from the grain."""


def micrograph_picture(
    plane: HalfPlane, shape: tuple[int, int], pixel_size_angstrom: float, low_pass_angstrom: float, longest_side: int
) -> NDArray[np.uint8]:
    """Return a micrograph low-passed, made smaller where it is too large, and stretched to 8 bits.

    Parameters
    ----------
    plane
        Its transform.
    shape
        (rows, columns) of the micrograph.
    pixel_size_angstrom
        Of its pixels.
    low_pass_angstrom
        Where the Gaussian filter has fallen to exp(-1/2).
    longest_side
        Of the picture, in pixels; a smaller image is not enlarged.
    """
    step = 1 / _ENTRIES
    frequency = np.arange(_ENTRIES) * step / pixel_size_angstrom
    curve = np.exp(-0.5 * np.square(frequency * low_pass_angstrom)).astype(np.float32)
    scale = min(1.0, longest_side / max(shape))
    rows, columns = (max(2, round(size * scale)) for size in shape)
    return _stretched(plane.image(rows, columns, RadialTable(curve[None], step)))


def spectrum_picture(
    spectrum: NDArray[np.float32],
    background: NDArray[np.float64],
    pixel_size_angstrom: float,
    optics: Optics,
    defocus: Defocus,
) -> NDArray[np.uint8]:
    """Return the rings of a power spectrum over its background to the right, the fitted ones to the left.

    Parameters
    ----------
    spectrum
        Power laid out as ``rfft2``, shape (tile, tile // 2 + 1).
    background
        Power without rings by radius in pixels, shape (tile // 2,).
    pixel_size_angstrom
        Of the image it was made of.
    optics, defocus
        The fit.

    Returns
    -------
    numpy.ndarray
        Shape (2 reach, 2 reach), zero frequency in the middle, out to `SHOWN_ANGSTROM` or Nyquist.
    """
    tile = spectrum.shape[0]
    reach = min(tile // 2, round(tile * pixel_size_angstrom / SHOWN_ANGSTROM))
    radius = tile * pixel_size_angstrom * radial_frequency((tile, tile), pixel_size_angstrom)
    rings = gaussian_filter(spectrum / np.interp(radius, np.arange(tile // 2), background), RING_SMOOTHING, mode="wrap")
    model = np.square(ctf(tile, pixel_size_angstrom, optics, defocus))
    shown = (radius > 8) & (radius < reach)
    low, high = np.percentile(rings[shown], [2, 98])
    right = _half_plane(_stretched_between(rings, float(low), float(high)), reach)[:, :-1]
    left = _half_plane(_stretched_between(model, 0.0, 1.4), reach)[::-1, :0:-1]  # each point through the middle
    return np.concatenate([left[:-1], right[:-1]], axis=1)


def _half_plane(values: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """Return rows -reach...reach and columns 0...reach about zero frequency; the Nyquist row stands at both ends."""
    rows = np.arange(-reach, reach + 1)
    return values[rows][:, : reach + 1]


def _stretched(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(image[::2, ::2], [0.5, 99.5])
    return _stretched_between(image, float(low), float(high))


def _stretched_between(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    grey: NDArray[np.uint8] = (np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255).astype(np.uint8)
    return grey
