"""The contrast transfer function.

Phases as in Rohou & Grigorieff, J. Struct. Biol. 2015, 192:216, https://doi.org/10.1016/j.jsb.2015.08.008:
``chi(k) = pi lambda k^2 (df - lambda^2 k^2 Cs / 2) + asin(w)`` and ``CTF = -sin(chi)``, with underfocus positive
and ``df(theta) = (u + v + (u - v) cos 2(theta - angle)) / 2``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import c, e, h, m_e

__all__ = ["Defocus", "Optics", "ctf"]


@dataclass(frozen=True)
class Optics:
    """What the CTF needs to know of the microscope."""

    voltage_kv: float
    cs_mm: float
    amplitude_contrast: float
    """Share of amplitude contrast, 0...1."""
    phase_shift: float = 0.0
    """Of a phase plate, in radians."""

    @property
    def wavelength_angstrom(self) -> float:
        """Wavelength of the electron: ``lambda = h / sqrt(2 m e V (1 + e V / (2 m c^2)))``, constants from CODATA."""
        energy = e * self.voltage_kv * 1e3
        return 1e10 * float(h) / math.sqrt(2 * m_e * energy * (1 + energy / (2 * m_e * c**2)))

    @property
    def amplitude_phase(self) -> float:
        """Phase shift that stands for the amplitude contrast, in radians."""
        return math.asin(self.amplitude_contrast)

    @property
    def phase_offset(self) -> float:
        """Phase at frequency 0: of the amplitude contrast and the phase plate, in radians."""
        return self.amplitude_phase + self.phase_shift

    @property
    def focus_factor(self) -> float:
        """Phase per angstrom of defocus and squared frequency: ``pi lambda``, in angstrom."""
        return math.pi * self.wavelength_angstrom

    @property
    def aberration_factor(self) -> float:
        """Phase per fourth power of frequency: ``-pi lambda^3 Cs / 2``, in angstrom to the fourth; negative."""
        return -0.5 * math.pi * self.wavelength_angstrom**3 * self.cs_mm * 1e7

    def phase(
        self, squared_frequency: NDArray[np.float64], defocus_angstrom: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Return chi in radians at squared frequencies in 1/angstrom^2; shapes are broadcast."""
        k2 = squared_frequency
        return k2 * (self.focus_factor * defocus_angstrom + self.aberration_factor * k2) + self.phase_offset


@dataclass(frozen=True)
class Defocus:
    """An astigmatic defocus; underfocus is positive."""

    u_angstrom: float
    """Along `angle_degrees`; the larger of the two."""
    v_angstrom: float
    """Across it."""
    angle_degrees: float
    """From the x axis, counter-clockwise, -90...90."""

    @property
    def mean_angstrom(self) -> float:
        """Half way between u and v."""
        return 0.5 * (self.u_angstrom + self.v_angstrom)

    @property
    def astigmatism_angstrom(self) -> float:
        """The difference of u and v, never negative."""
        return self.u_angstrom - self.v_angstrom

    @classmethod
    def from_vector(cls, mean: float, cosine: float, sine: float) -> Defocus:
        """Build from the mean and the two components ``(u - v) / 2`` times cos and sin of twice the angle."""
        half = math.hypot(cosine, sine)
        return cls(mean + half, mean - half, math.degrees(0.5 * math.atan2(sine, cosine)))

    def along(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the defocus in angstrom along directions `theta` in radians."""
        turned = np.cos(2 * (theta - math.radians(self.angle_degrees)))
        return self.mean_angstrom + 0.5 * self.astigmatism_angstrom * turned


def ctf(tile: int, pixel_size_angstrom: float, optics: Optics, defocus: Defocus) -> NDArray[np.float32]:
    """Return the CTF of a square image of `tile` pixels, laid out as ``rfft2``: shape (tile, tile // 2 + 1)."""
    y = np.fft.fftfreq(tile, pixel_size_angstrom)[:, None]
    x = np.fft.rfftfreq(tile, pixel_size_angstrom)[None, :]
    chi = optics.phase(y**2 + x**2, defocus.along(np.arctan2(y, x)))
    return (-np.sin(chi)).astype(np.float32)
