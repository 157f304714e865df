"""The foil at low magnification: a lattice of round holes, ice in them, crystals on them.

The field wraps around: the holes' lattice is turned by atan(1/5) and so repeats after sqrt(26) pitches along both axes.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.testbed.scattering import MEAN_FREE_PATH_ANGSTROM

__all__ = ["FIELD_UM", "foil_field"]

Floats = NDArray[np.float64]

PITCH_UM = 2.5
HOLE_UM = 1.2
LATTICE = (5, 1)
"""Holes along x and y from one corner of the field to the next."""

FIELD_UM = PITCH_UM * math.hypot(*LATTICE)
"""Width and height after which the picture repeats."""

FOIL_EDGE_UM = 0.006
FOIL_STOPS = 0.22
"""Fraction of the beam that the foil takes beside its ice."""

FRINGE = 0.06
FRINGE_UM = 0.013
"""Bright Fresnel fringe along the holes' edges."""

ICE_MIDDLE_ANGSTROM = 350.0
ICE_RISE_ANGSTROM = 250.0
"""Ice is thicker by so much at a hole's edge than in its middle."""

ICE_WAVES_ANGSTROM = 60.0
"""Standard deviation of the thickness from place to place."""

ICE_WAVES_UM = 0.8
CRYSTALS = 60
CRYSTAL_UM = (0.025, 0.09)
CRYSTAL_STOPS = 0.55
GRAIN = 0.012


def foil_field(pixels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the contrast of a square field of `FIELD_UM`, shape (pixels, pixels), mean 0, without a seam."""
    axis = (np.arange(pixels) / pixels - 0.5) * FIELD_UM
    distance = from_hole_centre(axis)
    radius = HOLE_UM / 2
    foil = 1 / (1 + np.exp(np.clip((radius - distance) / FOIL_EDGE_UM, -50, 50)))
    ice = ICE_MIDDLE_ANGSTROM + ICE_RISE_ANGSTROM * np.clip(distance / radius, 0, 1) ** 2
    ice += ICE_WAVES_ANGSTROM * waves(pixels, rng)
    bright = np.exp(-ice / MEAN_FREE_PATH_ANGSTROM) * (1 - FOIL_STOPS * foil)
    bright += FRINGE * np.exp(-(((distance - radius) / FRINGE_UM) ** 2))
    for _ in range(CRYSTALS):
        add_crystal(bright, axis, rng)
    bright += GRAIN * rng.standard_normal(bright.shape)
    return np.asarray(bright / bright.mean() - 1, np.float32)


def from_hole_centre(axis: Floats) -> Floats:
    """Return every place's distance in µm from the nearest hole's centre."""
    y, x = np.meshgrid(axis, axis, indexing="ij")
    along, across = LATTICE[0] / math.hypot(*LATTICE), LATTICE[1] / math.hypot(*LATTICE)
    u, v = (along * x + across * y) / PITCH_UM, (along * y - across * x) / PITCH_UM
    return np.asarray(np.hypot(u - np.round(u), v - np.round(v)) * PITCH_UM)


def waves(pixels: int, rng: np.random.Generator) -> Floats:
    """Draw a smooth random surface with mean 0 and standard deviation 1 that wraps around."""
    rough = scipy.fft.rfft2(rng.standard_normal((pixels, pixels), dtype=np.float32))
    k = scipy.fft.fftfreq(pixels, FIELD_UM / pixels)
    smoothing = np.exp(-2 * (math.pi * ICE_WAVES_UM * k) ** 2)
    smooth = scipy.fft.irfft2(rough * np.outer(smoothing, smoothing[: pixels // 2 + 1]), s=(pixels, pixels))
    return np.asarray((smooth - smooth.mean()) / smooth.std())


def add_crystal(bright: Floats, axis: Floats, rng: np.random.Generator) -> None:
    """Let one six-cornered crystal of ice darken the field, in place."""
    y, x = (wrapped(axis - centre) for centre in rng.uniform(-FIELD_UM / 2, FIELD_UM / 2, 2))
    radius, turn = rng.uniform(*CRYSTAL_UM), rng.uniform(0, math.pi / 3)
    rows, columns = (np.flatnonzero(np.abs(near) < 2 * radius) for near in (y, x))
    dy, dx = np.meshgrid(y[rows], x[columns], indexing="ij")
    sixth = np.mod(np.arctan2(dy, dx) - turn, math.pi / 3) - math.pi / 6
    outline = radius * math.cos(math.pi / 6) / np.cos(sixth)
    edge = (np.hypot(dy, dx) - outline) / FOIL_EDGE_UM
    bright[np.ix_(rows, columns)] *= 1 - CRYSTAL_STOPS / (1 + np.exp(np.clip(edge, -50, 50)))


def wrapped(distance: Floats) -> Floats:
    """Return distances along an axis to the nearest repetition, in µm."""
    return distance - FIELD_UM * np.round(distance / FIELD_UM)
