"""What is simulated, and what was true of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

__all__ = ["CAMERAS", "MovieSpec", "Truth"]


@dataclass(frozen=True)
class MovieSpec:
    """One kind of movie."""

    rows: int
    columns: int
    frames: int
    pixel_size_angstrom: float
    rate: float
    """Counts per pixel and frame."""
    dose: float = 50.0
    """Electrons per square angstrom in all."""
    voltage_kv: float = 300.0
    defocus_angstrom: float = 15_000.0
    motion: Literal["drift", "smooth", "rough"] = "drift"
    strength: float = 1.0
    """Of the specimen's contrast: 3 makes RELION's patches converge."""
    gain_error: float = 0.0
    """Standard deviation of the gain reference about the gain: what it leaves stands still in every frame."""


@dataclass(frozen=True)
class Truth:
    """How the specimen had moved."""

    path: NDArray[np.float64]
    """(y, x) of the whole field in pixels, shape (frames, 2)."""
    growth: NDArray[np.float64]
    """Factors of the maps in each frame, shape (frames, maps)."""
    maps: NDArray[np.float64]
    """Local displacements in pixels on a grid over the whole field, shape (maps, 2, n, n)."""
    shape: tuple[int, int]

    def at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the displacement of places, given by rows and columns (n,): shape (frames, n, 2)."""
        n = self.maps.shape[-1]
        grid = [np.clip((p + 0.5) / size * n - 0.5, 0, n - 1) for p, size in zip((y, x), self.shape, strict=True)]
        local = np.array([[map_coordinates(one, grid, order=1) for one in pair] for pair in self.maps])
        moved = np.einsum("km,man->kna", self.growth, local) if len(local) else 0.0
        return self.path[:, None, :] + moved


CAMERAS = {
    "k3": MovieSpec(4092, 5760, 40, 0.83, 0.86),
    "k2": MovieSpec(3710, 3838, 40, 1.06, 1.40),
    "superres": MovieSpec(8184, 11520, 40, 0.415, 0.215),
    "small": MovieSpec(1024, 1024, 24, 1.06, 2.0),
}
