"""How the specimen moves while a movie is taken: one global path and a smooth field around it.

Displacements are in pixels as (y, x): content drawn at p is seen at p + d. The global path counts from the middle of
frame 0. The local field is 0 in the mean over the frames, because it is the finished picture that is deformed: a field
left in the sum would stretch the rings of the transfer function, and 1 % looks like 200 Å of astigmatism at 1 µm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.models import CameraModel, Dials

__all__ = ["Motion", "draw_motion", "field_basis"]

Floats = NDArray[np.float64]

BURST_SHARE_OF_KNOB = 0.15
"""How much of the drift knob's excess reaches the burst: five-fold drift makes it 1.6 times as large.

More would move the first frame so far while it is exposed that nobody could measure it.
"""

LONGEST_STEP_PX = 0.7
"""A frame is averaged over positions no further apart than this, so that fast motion blurs."""

FIELD_TERMS = 5


@dataclass(frozen=True)
class Motion:
    """The path of a movie with K frames."""

    edges: Floats
    """Global displacement at the K + 1 moments between frames, shape (K + 1, 2)."""

    growth: Floats
    """Factor of the local field at these moments, shape (K + 1); the middles of the frames have mean 0."""

    field: Floats
    """Coefficients of the local field's (y, x) for the terms of `field_basis`, shape (2, 5)."""

    @property
    def shifts(self) -> Floats:
        """Global displacement at the middle of each frame, shape (K, 2)."""
        return middles(self.edges)

    @property
    def local_growth(self) -> Floats:
        """Factor of the local field at the middle of each frame, shape (K)."""
        return middles(self.growth)

    def reach(self) -> float:
        """Return a bound of every displacement along either axis."""
        corner = np.abs(self.field).sum(axis=1).max()
        return float(np.abs(self.edges).max() + np.abs(self.growth).max() * corner)

    def within(self, frame: int, y: Floats, x: Floats) -> Floats:
        """Return where places are during a frame, shape (moments, 2, y.size, x.size).

        `y` and `x` are the places' rows and columns in -1..1.
        """
        start, end = self.edges[frame], self.edges[frame + 1]
        moments = max(1, math.ceil(float(np.hypot(*(end - start))) / LONGEST_STEP_PX))
        part = (np.arange(moments) + 0.5) / moments
        path = start + part[:, None] * (end - start)
        growth = self.growth[frame] + part * (self.growth[frame + 1] - self.growth[frame])
        field = np.tensordot(self.field, field_basis(y, x), axes=1)
        return np.asarray(path[:, :, None, None] + growth[:, None, None, None] * field)


def field_basis(y: Floats, x: Floats) -> Floats:
    """Return the terms x, y, x² - 1/3, y² - 1/3 and xy on a grid, shape (5, y.size, x.size)."""
    rows, columns = np.meshgrid(y, x, indexing="ij")
    return np.stack([columns, rows, columns**2 - 1 / 3, rows**2 - 1 / 3, rows * columns])


def draw_motion(model: CameraModel, dials: Dials, rng: np.random.Generator) -> Motion:
    """Draw a movie's motion: a burst that slows down, steady drift, jitter, and the local field."""
    properties, pixel = model.motion, model.pixel_size_angstrom
    dose = np.linspace(0.0, dials.dose, dials.frames + 1)
    slowing = 1.0 - np.exp(-dose / properties.burst_dose)
    burst = properties.burst_angstrom * (1 + BURST_SHARE_OF_KNOB * (dials.drift - 1)) * slowing
    steady = properties.drift_angstrom_per_dose * dials.drift * dose
    directions = rng.uniform(0.0, 2 * math.pi, 2)
    steps = rng.normal(0.0, properties.jitter_angstrom, (dials.frames, 2))
    edges = np.zeros((dials.frames + 1, 2))
    edges[1:] = np.cumsum(steps, axis=0)
    for length, direction in zip((burst, steady), directions, strict=True):
        edges += length[:, None] * (math.sin(direction), math.cos(direction))
    return Motion(
        edges / pixel - middles(edges / pixel)[0],
        slowing - middles(slowing).mean(),
        draw_field(properties.local_angstrom / pixel, rng),
    )


def middles(values: Floats) -> Floats:
    """Return values at the middles of the frames from those at their edges."""
    return np.asarray((values[1:] + values[:-1]) / 2)


def draw_field(largest: float, rng: np.random.Generator) -> Floats:
    """Draw a smooth field whose largest component is `largest`, shape (2, 5)."""
    coefficients = rng.normal(size=(2, FIELD_TERMS))
    grid = np.linspace(-1.0, 1.0, 33)
    values = np.tensordot(coefficients, field_basis(grid, grid), axes=1)
    return np.asarray(coefficients * (largest / np.abs(values).max()))
