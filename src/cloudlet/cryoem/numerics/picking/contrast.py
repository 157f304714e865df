"""How much each place of a micrograph looks like a particle: a matched filter, and the noise of what it gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.constants import c, e, h, m_e
from scipy.ndimage import uniform_filter

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.fourier import edge, radial_frequency

__all__ = ["ContrastMap", "ball", "contrast_map", "interaction"]

Floats = NDArray[np.float64]

PROTEIN_VOLTS = 3.0
"""Mean inner potential of protein over that of vitreous ice. Sums over isolated atoms (Peng et al., Acta Cryst. 1996,
A52:257, https://doi.org/10.1107/S0108767395014371) give 8.0 V for protein of 1.37 g/cm3 and 4.5 V for ice; bonds and
the shell of water take some of the difference away."""

_SOFTNESS = 0.15
_TILE = 128
_FINEST, _COARSE = 0.6, 2.0
"""Share of the spectrum below that where noise is measured; and diameters beyond which structure is no particle."""
_AROUND = 3.0
"""Diameters of the neighbourhood, whose illumination and thickness are taken out."""
_DARKEST = 1e-3
"""Of the typical neighbourhood: what is darker is as good as black."""
_QUIETEST = 1e-12
"""Power of noise relative to the mean: no camera comes near."""
_OUTLIER = 8.0
"""Standard deviations beyond which a coarse pixel is no specimen."""


@dataclass(frozen=True)
class ContrastMap:
    """The comparison with a ball of protein."""

    contrast: NDArray[np.float32]
    """1 where there is a particle as expected, shape (rows, columns)."""
    sigma: float
    """Standard deviation of its noise."""
    response: NDArray[np.float32]
    """What one particle of contrast 1 makes of the map around it, zero shift at [0, 0], of the same shape."""
    steepness: float
    """Variance of the slope of the noise along an axis, per pixel squared, over its own variance."""


def interaction(voltage_kv: float) -> float:
    """Return the phase that a potential gives to an electron, in radians per volt and angstrom.

    ``2 pi m e lambda / h^2`` with the relativistic mass (Reimer & Kohl 2008, equation 3.9); 6.53e-4 at 300 kV.
    """
    gamma = 1 + e * voltage_kv * 1e3 / (m_e * c**2)
    wavelength = Optics(voltage_kv, 0.0, 0.0).wavelength_angstrom * 1e-10
    return float(2 * np.pi * gamma * m_e * e * wavelength / h**2) * 1e-10


def ball(frequency: Floats, diameter_angstrom: float) -> Floats:
    """Return the Fourier transform of a soft ball of density 1, in cubic angstrom, at frequencies in 1/angstrom.

    Particles are no balls: over all their shapes and orientations the surface is blurred, by `_SOFTNESS` diameters.
    """
    radius = 0.5 * diameter_angstrom
    x = np.maximum(2 * np.pi * frequency * radius, 1e-3)
    blur = np.exp(-2 * np.square(np.pi * _SOFTNESS * diameter_angstrom * frequency))
    transform: Floats = 4 * np.pi * radius**3 * (np.sin(x) - x * np.cos(x)) / x**3 * blur
    return transform


def contrast_map(
    image: NDArray[np.float32],
    pixel_size_angstrom: float,
    diameter_angstrom: float,
    optics: Optics,
    defocus_angstrom: float,
) -> ContrastMap:
    """Compare every place with a ball of protein.

    The estimate at a place is ``sum(T* Y / P) / sum(|T|^2 / P)`` over all frequencies, with the expected transform T,
    that of the micrograph Y and the power of the noise P: the most probable contrast under Gaussian noise.

    Parameters
    ----------
    image
        Shape (rows, columns); only its values relative to their mean matter.
    pixel_size_angstrom
        Of it.
    diameter_angstrom
        Of the particles.
    optics, defocus_angstrom
        Underfocus is positive.
    """
    shape = image.shape[0], image.shape[1]
    relative = _relative(image, diameter_angstrom / pixel_size_angstrom)
    margin = 0.5 * diameter_angstrom / pixel_size_angstrom
    relative *= edge(shape[0], margin / shape[0])[:, None] * edge(shape[1], margin / shape[1])
    frequency = radial_frequency(shape, pixel_size_angstrom).astype(np.float64)
    lens = -np.sin(optics.phase(np.square(frequency), defocus_angstrom))
    potential = PROTEIN_VOLTS * interaction(optics.voltage_kv) * ball(frequency, diameter_angstrom)
    expected = 2 * potential * lens / pixel_size_angstrom**2
    power = np.interp(frequency, *_noise(relative, pixel_size_angstrom, diameter_angstrom))
    information = np.square(expected) / power
    information[0, 0] = 0
    twice = np.full(information.shape[1], 2.0)
    twice[0] = 1
    if shape[1] % 2 == 0:
        twice[-1] = 1
    total = float((information * twice).sum()) / image.size
    filtered = scipy.fft.rfft2(relative) * (expected / power / total).astype(np.float32)
    filtered[0, 0] = 0
    rows = np.square(2 * np.pi * np.fft.fftfreq(shape[0]))[:, None]
    return ContrastMap(
        contrast=scipy.fft.irfft2(filtered, s=shape).astype(np.float32),
        sigma=1 / np.sqrt(total),
        response=scipy.fft.irfft2(information / total, s=shape).astype(np.float32),
        steepness=float((information * twice * rows).sum() / (information * twice).sum()),
    )


def _relative(image: NDArray[np.float32], diameter: float) -> NDArray[np.float32]:
    """Return values over those of the neighbourhood less 1, with outliers brought near; 0 where there is no light."""
    size = round(_AROUND * diameter)
    around = uniform_filter(uniform_filter(image, size, mode="reflect"), size, mode="reflect")
    middle = float(np.median(around))
    if middle <= 0:
        return np.zeros_like(image)  # nothing that electrons have made
    relative = image / np.maximum(around, np.float32(_DARKEST * middle)) - 1
    spread = 1.4826 * float(np.median(np.abs(relative)))
    clipped: NDArray[np.float32] = np.clip(relative, -_OUTLIER * spread, _OUTLIER * spread)
    return clipped


def _noise(image: NDArray[np.float32], pixel_size_angstrom: float, diameter_angstrom: float) -> tuple[Floats, Floats]:
    """Return frequencies in 1/angstrom and the power of the noise per pixel there.

    It is the median over tiles, so that a few with contamination do no harm. Particles have power too, and must not be
    taken for noise: where theirs is, noise is as it is at the finest frequencies. Coarser than that it is as measured:
    gradients of the illumination and of the ice.
    """
    tile = min(_TILE, *image.shape)
    starts = [np.linspace(0, size - tile, max(1, round(2 * size / tile) - 1)).astype(int) for size in image.shape]
    window = np.outer(edge(tile, 0.5), edge(tile, 0.5))
    tiles = np.array([image[r : r + tile, c : c + tile] for r in starts[0] for c in starts[1]])
    tiles = (tiles - tiles.mean(axis=(1, 2), keepdims=True)) * window
    spectra = np.abs(scipy.fft.rfft2(tiles)) ** 2 / float(np.square(window).sum())
    radius = np.rint(radial_frequency((tile, tile), 1 / tile)).astype(int)
    rings = tile // 2 + 1
    counts = np.bincount(radius.ravel())[:rings]
    by_ring = np.array([np.bincount(radius.ravel(), one.ravel())[:rings] for one in spectra]) / counts
    power = np.median(by_ring, axis=0)
    frequency = np.arange(rings) / (tile * pixel_size_angstrom)
    finest = float(np.median(power[round(_FINEST * rings) :]))
    power[frequency > 1 / (_COARSE * diameter_angstrom)] = finest
    return frequency, np.maximum(power, max(finest, _QUIETEST))
