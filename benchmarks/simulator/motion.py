"""Families of motion: a drift with a random walk, a dome that settles, and a rough field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.simulator.models import MovieSpec, Truth

__all__ = ["draw_motion"]

_GRID = 64
_DRIFT, _WALK = 12.0, 0.12
"""Pixels over the movie, and pixels a frame."""


def draw_motion(spec: MovieSpec, rng: np.random.Generator) -> Truth:
    """Draw the motion of a movie."""
    time = np.arange(spec.frames) / spec.frames
    settled = 1 - np.exp(-time * 40 / 6)
    angle = rng.uniform(0, 2 * np.pi)
    drift = _DRIFT * (0.7 * settled + 0.3 * time)[:, None] * (np.sin(angle), np.cos(angle))
    walk = np.cumsum(rng.normal(0, _WALK, (spec.frames, 2)), axis=0)
    path = drift + walk
    path -= path[0]
    growth, maps = _local(spec, settled, rng)
    return Truth(path, growth - growth[0] if len(growth) else growth, maps, (spec.rows, spec.columns))


def _local(
    spec: MovieSpec, settled: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if spec.motion == "drift":
        return np.zeros((spec.frames, 0)), np.zeros((0, 2, _GRID, _GRID))
    if spec.motion == "smooth":
        return settled[:, None], 2.0 * _smooth_maps(1, 0.35, rng)
    slow = np.cumsum(rng.normal(0, 1, spec.frames)) / np.sqrt(spec.frames)
    return np.stack([settled, slow - slow[0]], axis=1), np.concatenate(
        [2.0 * _smooth_maps(1, 0.16, rng), 0.5 * _smooth_maps(1, 0.2, rng)]
    )


def _smooth_maps(count: int, length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return random maps of standard deviation 1 and a correlation length in parts of the field."""
    maps = gaussian_filter(
        rng.standard_normal((count, 2, _GRID, _GRID)), (0, 0, length * _GRID, length * _GRID), mode="reflect"
    )
    maps -= maps.mean(axis=(2, 3), keepdims=True)
    return np.asarray(maps / maps.std(axis=(2, 3), keepdims=True))
