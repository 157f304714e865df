"""The simulator's own transfer function, written from the textbook (Reimer & Kohl 2008, chapter 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["squared_frequency", "transfer", "wavelength"]


def wavelength(voltage_kv: float) -> float:
    """Return the electron's wavelength in angstrom."""
    volts = 1e3 * voltage_kv
    return 12.2643 / float(np.sqrt(volts + 0.97845e-6 * volts**2))


def squared_frequency(
    shape: tuple[int, int], pixel_size_angstrom: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return squared frequencies in 1/angstrom^2 along rows (n, 1) and columns (1, n // 2 + 1) of a half plane."""
    y = np.fft.fftfreq(shape[0], pixel_size_angstrom)[:, None]
    x = np.fft.rfftfreq(shape[1], pixel_size_angstrom)[None, :]
    return np.square(y).astype(np.float32), np.square(x).astype(np.float32)


def transfer(
    shape: tuple[int, int],
    pixel_size_angstrom: float,
    voltage_kv: float,
    defocus: tuple[float, float, float],
    cs_mm: float = 2.7,
    amplitude: float = 0.1,
) -> NDArray[np.float32]:
    """Return minus the sine of the aberration phase on a half plane.

    Parameters
    ----------
    shape, pixel_size_angstrom
        Of the image.
    voltage_kv
        Of the electrons.
    defocus
        Largest and smallest underfocus in angstrom, and the angle of the largest from the x axis in degrees,
        counter-clockwise with row 0 at the bottom.
    cs_mm, amplitude
        Spherical aberration and share of amplitude contrast.
    """
    y = np.fft.fftfreq(shape[0], pixel_size_angstrom)[:, None]
    x = np.fft.rfftfreq(shape[1], pixel_size_angstrom)[None, :]
    k2, length = y**2 + x**2, wavelength(voltage_kv)
    largest, smallest, angle = defocus
    towards = np.arctan2(y, x) - np.deg2rad(angle)
    focus = largest * np.cos(towards) ** 2 + smallest * np.sin(towards) ** 2
    phase = np.pi * length * k2 * focus - 0.5 * np.pi * cs_mm * 1e7 * length**3 * k2**2
    return (-np.sin(phase + np.arcsin(amplitude))).astype(np.float32)
