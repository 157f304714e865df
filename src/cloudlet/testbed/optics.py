"""The microscope's lens: from the specimen's scattering to the image on the camera, in one pass over Fourier space.

Contrast is linear in the specimen (weak phase), with amplitude contrast as a constant phase. All that depends on the
length of the spatial frequency k alone is tabulated first; what is left per Fourier pixel is one sine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.models import CameraModel
from cloudlet.testbed.scattering import carbon_power, elastic_contrast, ice_power, protein_amplitude

__all__ = ["Lens", "RadialTables", "form_images", "lens", "phase", "radial_tables", "wavelength_angstrom"]

Floats = NDArray[np.float64]

TABLE_ENTRIES = 4096
ANGSTROM_PER_MM = 1e7
LOWEST_DQE = 0.05
SMALLEST_SPLAT_RESPONSE = 0.3


class Lens(NamedTuple):
    """What decides the phase of the contrast transfer function."""

    wavelength_angstrom: float
    cs_angstrom: float
    amplitude_phase: float
    """asin of the amplitude contrast, in rad."""

    defocus_angstrom: float
    """Mean underfocus."""

    astigmatism_x: float
    """Half the difference of the defoci times cos 2 angle, in Å."""

    astigmatism_y: float
    """The same times sin 2 angle."""


@dataclass(frozen=True)
class RadialTables:
    """What the lens does to signal and ice as a function of k, from 0 in steps of `step`."""

    step: float
    """1/Å between entries."""

    k: Floats
    particle: Floats
    """Contrast per Å of scattering length and pixel, before -sin chi."""

    noise_mean: Floats
    """Power of ice and carbon averaged over chi: variance of contrast per pixel."""

    noise_ringing: Floats
    """What times cos 2 chi is taken off `noise_mean`: the Thon rings."""


def wavelength_angstrom(voltage_kv: float) -> float:
    """Return the relativistic wavelength of electrons (CODATA constants; doi:10.1007/978-0-387-76501-3, eq. 1.6)."""
    volts = voltage_kv * 1e3
    return 12.2642598 / math.sqrt(volts + 0.97845e-6 * volts**2)


def lens(model: CameraModel, defocus_angstrom: float, astigmatism_angstrom: float, angle_degrees: float) -> Lens:
    """Return the lens at a mean underfocus with so much difference between its axes."""
    half, twice = astigmatism_angstrom / 2, math.radians(2 * angle_degrees)
    return Lens(
        wavelength_angstrom(model.voltage_kv),
        model.cs_mm * ANGSTROM_PER_MM,
        math.asin(model.amplitude_contrast),
        defocus_angstrom,
        half * math.cos(twice),
        half * math.sin(twice),
    )


@nb.njit(cache=True, nogil=True)
def phase(kx: float, ky: float, optics: Lens) -> float:
    """Return chi in rad at (kx, ky) in 1/Å; the transfer function is -sin chi, underfocus positive.

    chi = pi lambda k² (z - lambda² k² Cs / 2) + asin w, with z(angle) as Rohou & Grigorieff have it
    (doi:10.1016/j.jsb.2015.08.008).
    """
    k2 = kx * kx + ky * ky
    wave = math.pi * optics.wavelength_angstrom
    tilted = optics.astigmatism_x * (kx * kx - ky * ky) + optics.astigmatism_y * 2.0 * kx * ky
    spherical = 0.5 * optics.cs_angstrom * optics.wavelength_angstrom**2 * k2 * k2
    return wave * (optics.defocus_angstrom * k2 + tilted - spherical) + optics.amplitude_phase


def envelope(k: Floats, model: CameraModel) -> Floats:
    """Return what focal spread, B factor and camera leave of the contrast, 1 at k = 0.

    The camera's shot noise stays white, so that its DQE appears as the square root on the signal.
    """
    spread = math.pi * wavelength_angstrom(model.voltage_kv) * model.focal_spread_angstrom * k**2
    slope = model.dqe_nyquist - model.dqe_zero
    dqe = np.maximum(model.dqe_zero + slope * k * 2 * model.pixel_size_angstrom, LOWEST_DQE)
    blur = np.exp(-model.b_factor_angstrom2 * k**2 / 4 - 0.5 * spread**2)
    return np.asarray(blur * np.sqrt(dqe / model.dqe_zero))


def radial_tables(model: CameraModel, ice_angstrom: float) -> RadialTables:
    """Tabulate signal and noise through ice of a thickness.

    A slab of ice spreads over a range of heights, so that its rings fade: sin² chi becomes
    (1 - sinc(lambda t k²) cos 2 chi) / 2, as in CTFFIND5 (Elferich et al., eLife 2024). The carbon film is thin.
    """
    k = np.linspace(0.0, 0.75 / model.pixel_size_angstrom, TABLE_ENTRIES)
    wave = wavelength_angstrom(model.voltage_kv)
    contrast = 2 * elastic_contrast(ice_angstrom) * wave * envelope(k, model)
    area = model.pixel_size_angstrom**2
    ice = ice_power(k, ice_angstrom) / 2 * contrast**2 / area
    carbon = carbon_power(k, model.specimen.carbon_angstrom) / 2 * contrast**2 / area
    thinning = np.sinc(wave * ice_angstrom * k**2)
    particle = contrast * protein_amplitude(k) / area
    return RadialTables(float(k[1]), k, particle, ice + carbon, thinning * ice + carbon)


def splat_response(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what sharing atoms between neighbouring pixels leaves at frequencies in cycles per pixel."""
    return np.asarray(np.sinc(frequencies) ** 2)


def form_images(
    particles: NDArray[np.complex64],
    noise: NDArray[np.complex64],
    fading: Floats,
    optics: Lens,
    tables: RadialTables,
    pixel_size_angstrom: float,
) -> NDArray[np.complex64]:
    """Return the transforms of the contrast of particles and surroundings.

    Parameters
    ----------
    particles
        Real transform of the projected scattering lengths, shape (height, width // 2 + 1).
    noise
        White noise of variance 1 per pixel, transformed likewise.
    fading
        Radial factors, shape (rank, entries of `tables`): the particles' image comes once with each.

    Returns
    -------
    numpy.ndarray
        Shape (rank + 1, height, width // 2 + 1); the last is ice and carbon. All have mean 0.
    """
    height, columns = particles.shape
    width = 2 * (columns - 1)
    cycles_y = np.fft.fftfreq(height).astype(np.float64)
    cycles_x = np.fft.rfftfreq(width).astype(np.float64)
    signal = np.ascontiguousarray(fading * tables.particle)
    images = np.empty((len(fading) + 1, height, columns), np.complex64)
    transfer(
        particles,
        noise,
        signal,
        tables.noise_mean,
        tables.noise_ringing,
        tables.step,
        optics,
        cycles_y / pixel_size_angstrom,
        cycles_x / pixel_size_angstrom,
        splat_response(cycles_y),
        splat_response(cycles_x),
        images,
    )
    images[:, 0, 0] = 0
    return images


@nb.njit(cache=True, nogil=True)
def transfer(
    particles: NDArray[np.complex64],
    noise: NDArray[np.complex64],
    signal: Floats,
    noise_mean: Floats,
    noise_ringing: Floats,
    step: float,
    optics: Lens,
    ky: Floats,
    kx: Floats,
    response_y: Floats,
    response_x: Floats,
    images: NDArray[np.complex64],
) -> None:
    """Fill `images` as `form_images` describes it."""
    rank, entries = signal.shape
    for y in range(ky.size):
        for x in range(kx.size):
            at = math.sqrt(kx[x] ** 2 + ky[y] ** 2) / step
            low = min(int(at), entries - 2)
            part = at - low
            sine = math.sin(phase(kx[x], ky[y], optics))
            mean = noise_mean[low] + part * (noise_mean[low + 1] - noise_mean[low])
            ringing = noise_ringing[low] + part * (noise_ringing[low + 1] - noise_ringing[low])
            power = max(mean - ringing * (1.0 - 2.0 * sine * sine), 0.0)
            images[rank, y, x] = noise[y, x] * np.float32(math.sqrt(power))
            weight = -sine / max(response_y[y] * response_x[x], SMALLEST_SPLAT_RESPONSE)
            for r in range(rank):
                radial = signal[r, low] + part * (signal[r, low + 1] - signal[r, low])
                images[r, y, x] = particles[y, x] * np.float32(weight * radial)
