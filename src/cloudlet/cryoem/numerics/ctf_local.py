"""Defocus by place: the specimen is seldom flat, and never quite level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.ctf import Defocus, Optics
from cloudlet.cryoem.numerics.ctf_background import Flattened
from cloudlet.cryoem.numerics.ctf_resolution import equiphase_bins

__all__ = ["LocalDefocus", "local_defocus"]

REACH_ANGSTROM = 1500.0
"""No place is further from the whole micrograph's defocus."""
_STEP = 20.0


@dataclass(frozen=True)
class LocalDefocus:
    """Mean defocus of each cell, and the plane through them."""

    cells: NDArray[np.float64]
    """In angstrom, shape (rows, columns) of cells, row 0 at the bottom; NaN where no tile lies."""
    tilt_degrees: float
    """Of the specimen against the level, from the plane."""
    spread_angstrom: float
    """Root mean square of what the plane leaves."""
    plane: tuple[float, float, float]
    """Mean in angstrom, and slopes along y and x."""

    def at(self, y_angstrom: NDArray[np.float64], x_angstrom: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the plane's defocus in angstrom at distances from the middle of the micrograph."""
        return self.plane[0] + self.plane[1] * y_angstrom + self.plane[2] * x_angstrom


def local_defocus(
    cells: NDArray[np.float32],
    flattened: Flattened,
    pixel_size_angstrom: float,
    optics: Optics,
    defocus: Defocus,
    limits: tuple[float, float],
    size_angstrom: tuple[float, float],
) -> LocalDefocus:
    """Find the mean defocus of every cell, with the astigmatism of the whole.

    Parameters
    ----------
    cells
        Power spectra, shape (rows, columns, tile, tile // 2 + 1).
    flattened
        Background and amplitude of the whole micrograph's rings, by radius in pixels.
    pixel_size_angstrom
        Of the micrograph.
    optics, defocus
        Of the whole.
    limits
        Lowest and highest frequency that are compared, in 1/angstrom.
    size_angstrom
        Height and width of the micrograph.
    """
    rows, columns, tile, _ = cells.shape
    bins = equiphase_bins(tile, pixel_size_angstrom, optics, defocus)
    frequency = bins.frequency
    places = np.arange(len(flattened.background)) / (tile * pixel_size_angstrom)
    background = np.interp(frequency, places, flattened.background)
    used = (frequency >= limits[0]) & (frequency <= limits[1])
    weight = frequency * np.interp(frequency, places, flattened.amplitude)
    steps = np.arange(-REACH_ANGSTROM, REACH_ANGSTROM + _STEP, _STEP)
    phase = 2 * optics.phase(frequency[used] ** 2, (defocus.mean_angstrom + steps)[:, None])
    model = -np.cos(phase)
    norm = np.sqrt(np.square(model) @ weight[used])
    found = np.full((rows, columns), np.nan)
    for row, column in np.argwhere(np.isfinite(cells[:, :, 0, 0])):
        rings = bins.average(cells[row, column]) / background - 1
        match = model @ (weight * rings)[used] / norm
        found[row, column] = defocus.mean_angstrom + _top(match, steps)
    return _with_plane(found, size_angstrom)


def _top(match: NDArray[np.float64], steps: NDArray[np.float64]) -> float:
    best = int(np.clip(match.argmax(), 1, len(match) - 2))
    before, top, after = match[best - 1 : best + 2]
    bend = 2 * top - before - after
    part = 0.5 * (after - before) / bend if bend > 0 else 0.0
    return float(steps[best] + part * _STEP)


def _with_plane(cells: NDArray[np.float64], size_angstrom: tuple[float, float]) -> LocalDefocus:
    rows, columns = cells.shape
    y, x = np.meshgrid(
        ((np.arange(rows) + 0.5) / rows - 0.5) * size_angstrom[0],
        ((np.arange(columns) + 0.5) / columns - 0.5) * size_angstrom[1],
        indexing="ij",
    )
    known = np.isfinite(cells)
    terms = np.stack([np.ones(np.count_nonzero(known)), y[known], x[known]], axis=1)
    plane = np.linalg.lstsq(terms, cells[known], rcond=None)[0]
    rest = cells[known] - terms @ plane
    tilt = math.degrees(math.atan(math.hypot(plane[1], plane[2])))
    spread = float(np.sqrt(np.square(rest).mean()))
    return LocalDefocus(cells, tilt, spread, (float(plane[0]), float(plane[1]), float(plane[2])))
