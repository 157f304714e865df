"""Fields of view with particles in ice, for picking: potentials in volts, an exit wave, and a lens.

A particle is a globule of Gaussian balls, each with its own shape and orientation, of the volume that its mass has in
protein: 1.21 cubic angstrom a dalton (Harpaz et al. 1994). Protein stands 2.4 V above vitreous ice; isolated atoms
(Peng et al. 1996) give 3.5 V, what is measured of proteins in ice less. Ice is noise of the strength that the number of
water molecules and their compressibility give. Contamination is ice crystals on the surface, and a carbon film.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.simulator.drawing import count
from benchmarks.simulator.optics import wavelength

__all__ = ["FieldSpec", "SimulatedField", "simulate_field"]

_VOLUME_PER_DALTON, _PROTEIN_VOLTS, _ICE_VOLTS, _CARBON_VOLTS = 1.21, 2.4, 4.5, 9.0
_MOLECULES, _VOLUME_OF_WATER = 0.031, 32.2
"""Per cubic angstrom; and cubic angstrom each."""
_COMPRESSED = 0.06
"""Structure factor of amorphous ice at low angles."""
_BALLS, _BALL_SIGMA = 60, 9.0
_PASSED = 0.8
"""Of the electrons that are not lost to the energy filter."""
_AMPLITUDE = 0.1
_CROWDED = 1.15
"""Diameters between two particles, at least."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FieldSpec:
    """One field of view."""

    particles: int
    defocus_angstrom: float
    rows: int = 4092
    columns: int = 5760
    pixel_size_angstrom: float = 0.83
    mass_kilodalton: float = 200.0
    dose: float = 50.0
    thickness_angstrom: float = 300.0
    crystals: int = 0
    has_carbon: bool = False


@dataclass(frozen=True)
class SimulatedField:
    """What was drawn."""

    image: NDArray[np.float32]
    rows: Floats
    """Of the particles' middles, in pixels."""
    columns: Floats
    spec: FieldSpec

    @property
    def diameter_angstrom(self) -> float:
        """Of a ball of the particles' volume."""
        return _diameter(self.spec.mass_kilodalton)


def simulate_field(spec: FieldSpec, seed: int) -> SimulatedField:
    """Draw one micrograph as the sum of all frames, at 300 kV."""
    rng = np.random.default_rng((seed, 41))
    shape, pixel = (spec.rows, spec.columns), spec.pixel_size_angstrom
    y, x = _places(spec, rng)
    volts = np.zeros(shape, np.float32)  # times angstrom: projected along the beam
    for row, column in zip(y, x, strict=True):
        _add_particle(volts, row, column, spec, rng)
    volts = gaussian_filter(volts, _BALL_SIGMA / pixel, mode="wrap")
    volts += _contamination(spec, rng)
    per_molecule = _ICE_VOLTS * _VOLUME_OF_WATER
    molecules = _MOLECULES * spec.thickness_angstrom * _COMPRESSED / pixel**2
    volts += per_molecule * np.float32(np.sqrt(molecules)) * rng.standard_normal(shape, np.float32)
    rate = np.float32(_PASSED * spec.dose * pixel**2) * _imaged(volts, spec)
    counts = np.empty(shape, np.uint8)
    count(rate, np.ones(shape, np.float32), counts, seed + 1)
    return SimulatedField(counts.astype(np.float32), y, x, spec)


def _diameter(mass_kilodalton: float) -> float:
    return float(2 * (3 * _VOLUME_PER_DALTON * 1e3 * mass_kilodalton / (4 * np.pi)) ** (1 / 3))


def _places(spec: FieldSpec, rng: np.random.Generator) -> tuple[Floats, Floats]:
    apart = _CROWDED * _diameter(spec.mass_kilodalton) / spec.pixel_size_angstrom
    found: list[tuple[float, float]] = []
    for _ in range(200 * spec.particles):
        if len(found) == spec.particles:
            break
        here = rng.uniform(0, spec.rows), rng.uniform(0, spec.columns)
        if all(np.hypot(here[0] - r, here[1] - c) > apart for r, c in found):
            found.append(here)
    places = np.array(found).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _add_particle(
    volts: NDArray[np.float32], row: float, column: float, spec: FieldSpec, rng: np.random.Generator
) -> None:
    """Add one particle's balls as points, which are blurred all together later."""
    pixel = spec.pixel_size_angstrom
    axes = _diameter(spec.mass_kilodalton) / 2 * np.array([1.25, 1.0, 0.8])
    inside = rng.standard_normal((_BALLS, 3))
    inside *= (rng.uniform(0, 1, _BALLS) ** (1 / 3) / np.linalg.norm(inside, axis=1))[:, None]
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    balls = (inside * (axes - 0.8 * _BALL_SIGMA)) @ turned
    balls -= balls.mean(axis=0)
    whole = _PROTEIN_VOLTS * _VOLUME_PER_DALTON * 1e3 * spec.mass_kilodalton / pixel**2
    for dy, dx, _ in balls / pixel:
        r, c = round(row + dy) % spec.rows, round(column + dx) % spec.columns
        volts[r, c] += whole / _BALLS


def _contamination(spec: FieldSpec, rng: np.random.Generator) -> NDArray[np.float32]:
    shape, pixel = (spec.rows, spec.columns), spec.pixel_size_angstrom
    volts = np.zeros(shape, np.float32)
    y, x = np.arange(spec.rows)[:, None] * pixel, np.arange(spec.columns)[None, :] * pixel
    for _ in range(spec.crystals):
        size, thickness = rng.uniform(120, 500), rng.uniform(100, 400)
        middle = rng.uniform(0, spec.rows * pixel), rng.uniform(0, spec.columns * pixel)
        inside = np.ones(shape, bool)
        for angle in np.arange(6) * np.pi / 3 + rng.uniform(0, np.pi):  # a hexagon
            inside &= (y - middle[0]) * np.sin(angle) + (x - middle[1]) * np.cos(angle) < size / 2
        volts[inside] += _ICE_VOLTS * thickness
    if spec.has_carbon:
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.3) * spec.columns * pixel
        side = (y - y.mean()) * np.sin(angle) + (x - x.mean()) * np.cos(angle) - away
        grain = gaussian_filter(rng.standard_normal(shape, np.float32), 2.0 / pixel, mode="wrap")
        film = _CARBON_VOLTS * 150 * (1 + 0.03 * grain / grain.std())
        volts += np.where(side > 0, film, 0).astype(np.float32)
    return gaussian_filter(volts, 8 / pixel, mode="nearest") if spec.crystals or spec.has_carbon else volts


def _imaged(volts: NDArray[np.float32], spec: FieldSpec) -> NDArray[np.float32]:
    """Return the intensity behind the lens, about 1: an exit wave of phase and some amplitude, and its aberration."""
    shape, pixel = (spec.rows, spec.columns), spec.pixel_size_angstrom
    length = wavelength(300.0)
    phase = np.float32(6.53e-4) * (volts - volts.mean())  # radians per volt and angstrom at 300 kV
    wave = np.exp((1j - _AMPLITUDE) * phase).astype(np.complex64)
    k2 = (
        np.fft.fftfreq(shape[0], pixel).astype(np.float32)[:, None] ** 2
        + np.fft.fftfreq(shape[1], pixel).astype(np.float32)[None, :] ** 2
    )
    aberration = -np.pi * length * spec.defocus_angstrom * k2 + 0.5 * np.pi * 2.7e7 * length**3 * k2**2
    transform = scipy.fft.fft2(wave, workers=2)
    transform *= np.exp(-1j * aberration) * np.exp(-20 * k2)
    behind = scipy.fft.ifft2(transform, workers=2)
    return (behind.real**2 + behind.imag**2).astype(np.float32)
