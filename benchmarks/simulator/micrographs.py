"""Micrographs without motion, for the CTF: ice in slices through the depth of the specimen, and particles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from benchmarks.simulator.drawing import count
from benchmarks.simulator.optics import transfer

__all__ = ["MicrographSpec", "Simulated", "simulate_micrograph"]

_SLICE = 80.0
"""Angstrom of depth that share a focus."""
_ICE_CONTRAST = 0.05
"""Of 300 angstrom; grows with the root of the thickness."""
_BLUR = 18.0
_HALO, _HALO_HEIGHT = 3.7, 0.35
"""Angstrom of water's diffuse ring, and how much more it scatters there."""


@dataclass(frozen=True)
class MicrographSpec:
    """One micrograph."""

    rows: int
    columns: int
    pixel_size_angstrom: float
    voltage_kv: float
    defocus: tuple[float, float, float]
    """Largest, smallest in angstrom, angle in degrees."""
    thickness_angstrom: float
    dose: float


@dataclass(frozen=True)
class Simulated:
    """What was drawn."""

    image: NDArray[np.float32]
    spec: MicrographSpec


def simulate_micrograph(spec: MicrographSpec, seed: int) -> Simulated:
    """Draw one micrograph as the sum of all frames."""
    rng = np.random.default_rng((seed, 29))
    shape = spec.rows, spec.columns
    y = np.fft.fftfreq(spec.rows, spec.pixel_size_angstrom)[:, None]
    x = np.fft.rfftfreq(spec.columns, spec.pixel_size_angstrom)[None, :]
    k = np.hypot(y, x).astype(np.float32)
    envelope = np.exp(-_BLUR * k**2) * (1 + _HALO_HEIGHT * np.exp(-0.5 * ((k - 1 / _HALO) / 0.02) ** 2))
    slices = max(1, round(spec.thickness_angstrom / _SLICE))
    total = np.zeros(k.shape, np.complex64)
    for number in range(slices):
        depth = (number - (slices - 1) / 2) * spec.thickness_angstrom / slices
        focus = spec.defocus[0] + depth, spec.defocus[1] + depth, spec.defocus[2]
        noise = scipy.fft.rfft2(rng.standard_normal(shape, np.float32), workers=2)
        total += noise * transfer(shape, spec.pixel_size_angstrom, spec.voltage_kv, focus) * envelope
    total[0, 0] = 0
    picture = scipy.fft.irfft2(total, s=shape, workers=2)
    contrast = _ICE_CONTRAST * np.sqrt(spec.thickness_angstrom / 300)
    rate = 0.8 * spec.dose * spec.pixel_size_angstrom**2
    rates = rate * (1 + contrast * picture / picture.std())
    counts = np.empty(shape, np.uint8)
    count(rates, np.ones(shape, np.float32), counts, seed + 1)
    return Simulated(counts.astype(np.float32), spec)
